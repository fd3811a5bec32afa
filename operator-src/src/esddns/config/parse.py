"""The text of dns.ini, and what overrides it, into Settings; or every problem that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from esddns.config import schema, values
from esddns.config.ini import Section, read_ini
from esddns.config.namespace_sections import read_namespaces
from esddns.config.older import is_older_key, is_older_section, report_older_format
from esddns.config.record_sections import read_records
from esddns.config.report import Report, looks_like_token
from esddns.config.section import SectionValues, bad_value
from esddns.config.settings import (
    GANDI_URL,
    AuthScheme,
    ClusterSettings,
    DetectionSettings,
    DnsCheck,
    DnsSettings,
    GandiSettings,
    Settings,
    SourceSettings,
    is_gandi,
)
from esddns.config.short_form import NO_SHORT_FORM, ShortForm
from esddns.config.source_sections import Catalogue, check_quorum, read_sources
from esddns.config.values import BadValueError
from esddns.core.model import Family

# Looks whether there is a token, in the file or elsewhere; gives what is wrong, or None.
TokenProblem = Callable[[Path], str | None]

_DNS_PORT = 53
_YIELD_PAUSE = (10, 3600)  # seconds
_LONGEST_INTERVAL = 86400
_LARGEST_QUORUM = 16
_PROBE_INTERVAL = 30
_DEFAULT_FAMILIES: tuple[Family, ...] = (Family.IPV4,)


def parse(
    text: str,
    *,
    file: str,
    builtin: tuple[SourceSettings, ...],
    short: ShortForm = NO_SHORT_FORM,
    require_records: bool = False,
    in_cluster: bool = False,
    token_problem: TokenProblem = lambda _file: None,
) -> Settings:
    """Read the text of dns.ini; `file` is its path, for messages and for relative paths in it.

    `builtin` are the sources that there are without a [source:NAME] section. `require_records`: no
    record at all is a problem. `in_cluster`: IPv6 needs what makes it one address for all nodes.
    `token_problem` says what is wrong with the token that a file holds.
    Raises ConfigurationError with every problem found.
    """
    report = Report(file)
    sections = read_ini(text, report)
    older = report_older_format(sections, report)
    _check_known(sections, older=older, report=report)

    gandi_values = _section("gandi", sections, report)
    gandi = _gandi(gandi_values, Path(file).parent)
    catalogue = read_sources(sections, builtin, report)
    if gandi_values.sound("token-file") and not older:
        problem = token_problem(gandi.token_file)
        if problem is not None:
            report.add("gandi", "token-file", None, problem)
    detection_values = _section("detection", sections, report)
    detection = _detection(detection_values, catalogue, short, report)
    if in_cluster and detection_values.sound("families", "ipv6-suffix", "nat66"):
        _check_ipv6(detection_values, detection)
    dns = _dns(_section("dns", sections, report))
    cluster = _cluster(_section("cluster", sections, report))
    records = read_records(
        sections,
        short,
        families=detection.families if detection_values.sound("families") else None,
        real_gandi=gandi_values.sound("url") and is_gandi(gandi.url),
        report=report,
    )
    if require_records and not older:
        _check_any_record(sections, short, report)
    namespaces = read_namespaces(sections, report)
    report.raise_any()
    return Settings(gandi, detection, dns, cluster, records, namespaces)


def _section(name: str, sections: Iterable[Section], report: Report) -> SectionValues:
    found = next((section for section in sections if section.name == name), Section(name))
    return SectionValues(found, name, report)


def _check_known(sections: Iterable[Section], *, older: bool, report: Report) -> None:
    """Report unknown sections and keys, but not those that the message on the older format covers."""
    for section in sections:
        kind = schema.section_kind(section.name)
        if kind is None:
            if not (older and is_older_section(section.name)):
                message = schema.unknown_section(section.name)
                report.add(section.name, None, section.line, message)
            continue
        known = {key.name for key in schema.keys_of(kind)}
        for entry in section.entries:
            if entry.key in known or (older and is_older_key(section.name, entry.key)):
                continue
            report.add(section.name, entry.key, entry.line, schema.unknown_key(kind, entry.key))


def _gandi(read: SectionValues, folder: Path) -> GandiSettings:
    return GandiSettings(
        url=read.get("url", _api_url, GANDI_URL),
        auth=read.get("auth", values.choice(AuthScheme), AuthScheme.BEARER),
        token_file=read.get("token-file", partial(_token_file, folder), GandiSettings().token_file),
        timeout=read.get("timeout", values.whole_number(1, 60), 10),
        credential_check=read.get("credential-check", values.whole_number(1, 604800), 21600),
        token_expires=read.get("token-expires", values.day, None),
        dry_run=read.get("dry-run", values.boolean, default=False),
    )


def _api_url(text: str) -> str:
    values.http_url(text, query=False)
    if is_gandi(text) and urlsplit(text).scheme != "https":
        raise BadValueError("the token would be sent in clear: https is allowed")
    return text.rstrip("/")


def _token_file(folder: Path, text: str) -> Path:
    if looks_like_token(text):
        reason = "found what looks like a token (not shown): write it into a file, name that here"
        raise BadValueError(reason, show=False)
    return folder / text


def _detection(
    read: SectionValues, catalogue: Catalogue, short: ShortForm, report: Report
) -> DetectionSettings:
    interval = _interval(read, short, report)
    longest_probe = _LONGEST_INTERVAL if interval is None else interval
    families = read.get("families", values.list_of(Family), _DEFAULT_FAMILIES)
    quorum = read.get("quorum", values.whole_number(1, _LARGEST_QUORUM), 2)
    selected = read.get("sources", catalogue.choose, None)
    chosen = catalogue.sources if selected is None else catalogue.chosen(selected)
    broken = catalogue.broken if selected is None else catalogue.broken.intersection(selected)
    if read.sound("families", "quorum", "sources") and not broken:
        check_quorum(read, chosen, families, quorum)
    return DetectionSettings(
        sources=chosen,
        interval=longest_probe,
        probe_interval=read.get(
            "probe-interval",
            partial(_probe_interval, longest_probe),
            min(_PROBE_INTERVAL, longest_probe),
        ),
        quorum=quorum,
        families=families,
        ipv6_suffix=read.get("ipv6-suffix", values.interface_suffix, None),
        nat66=read.get("nat66", values.boolean, default=False),
        accept_networks=read.get("accept-networks", values.networks, ()),
        timeout=read.get("timeout", values.whole_number(1, 60), 3),
        heartbeat_url=read.get("heartbeat-url", _heartbeat_url, None),
    )


def _heartbeat_url(text: str) -> str:
    values.http_url(text, query=True)
    return text


def _check_ipv6(read: SectionValues, detection: DetectionSettings) -> None:
    """Without NAT every node sees only an address of its own: which would change with the leader."""
    if Family.IPV6 in detection.families and not detection.ipv6_suffix and not detection.nat66:
        read.problem(
            "families",
            "ipv6 in a cluster needs ipv6-suffix or nat66 = true, for without NAT every node sees only "
            "an IPv6 address of its own: add one of them, or use a DNSRecord with source.type: Service",
        )


def _interval(read: SectionValues, short: ShortForm, report: Report) -> int | None:
    """Read the interval, None where it was wrong; that from outside the file comes first."""
    convert = values.whole_number(5, _LONGEST_INTERVAL)
    interval = read.get("interval", convert, 300)
    if short.detection_interval is None:
        return interval if read.sound("interval") else None
    try:
        return convert(short.detection_interval)
    except BadValueError as error:
        message = bad_value(schema.key_of("detection", "interval"), short.detection_interval, error)
        report.add_outside(short.origins.detection_interval, message)
        return None


def _probe_interval(longest: int, text: str) -> int:
    try:
        return values.whole_number(0, longest)(text)
    except BadValueError:
        reason = f"allowed: 1…{longest} (seconds, not more than interval), or 0 for none"
        raise BadValueError(reason) from None


def _dns(read: SectionValues) -> DnsSettings:
    return DnsSettings(
        check=read.get("check", values.choice(DnsCheck), DnsCheck.AUTHORITATIVE),
        servers=read.get("servers", _servers, ()),
    )


def _cluster(read: SectionValues) -> ClusterSettings:
    usual = ClusterSettings()
    pause = read.get("yield-pause", values.whole_number(*_YIELD_PAUSE), usual.yield_pause)
    return ClusterSettings(pause)


def _servers(text: str) -> tuple[tuple[str, int], ...]:
    return tuple(values.host_port(item, _DNS_PORT) for item in values.items(text))


def _check_any_record(sections: Iterable[Section], short: ShortForm, report: Report) -> None:
    in_file = any(schema.section_kind(section.name) == schema.RECORD for section in sections)
    if not in_file and short.target_domain is None:
        report.add(
            "",
            None,
            None,
            "found no record at all: write a section [record:home.example.com] with the name to "
            "keep, or give --target-domain (ESDDNS_TARGET_DOMAIN)",
        )
