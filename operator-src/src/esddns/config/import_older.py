"""The dns.ini of esddns before version 1 as today's has it.

Most values of its [gandi] are names of environment variables (sqe/esddns, api/dns_manager.py): RECORD_TTL,
not 300. They are looked up, but for that of the token; a value that is no such name is taken as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from esddns.config import values
from esddns.config.builtin import BUILTIN
from esddns.config.imported import Account, Candidate, Imported, Importing
from esddns.config.imported_words import label_of, seen
from esddns.config.ini import Entry, Section, read_ini
from esddns.config.report import Report
from esddns.config.settings import GANDI_URL, AuthScheme, HttpTarget
from esddns.config.values import BadValueError
from esddns.core.model import RRType

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_DIGITS = re.compile(r"[0-9]{1,12}")
_BASE, _DOMAINS = "https://api.gandi.net", "/v5/livedns/domains"

_SECTIONS = frozenset({"gandi", "wanipstate", "esddns"})
_HANDLED = frozenset({
    "api_key", "api_url_base", "api_url_domains", "api_url_domains_ns", "api_url_domains_records",
    "api_url_domains_records_create", "daemon_thread_interval", "record_name_root", "record_ttl",
    "record_type_a", "target_domain_fqdn",
})  # fmt: skip

_ADVICE: Mapping[tuple[str, str], str] = {
    ("gandi", "record_type_cname"): "not carried over: the older esddns wrote no CNAME either",
    ("esddns", "service_host"): "not carried over: see --listen of `esddns run` and `esddns web`",
    ("esddns", "service_port"): "not carried over: see --listen of `esddns run` and `esddns web`",
    (
        "wanipstate",
        "retry_attempts",
    ): "not carried over: a source that fails is asked again in a later round",
    ("wanipstate", "retry_cooldown_seconds"): "not carried over: see probe-interval in [detection]",
}
_STUN = (
    "not carried over: esddns asks the STUN servers that it knows, among other sources, and believes a "
    "quorum of operators; [source:NAME] with kind = stun adds one"
)
_LOG = "not carried over: esddns logs to stderr; see --log-format and --log-level"


def read_older(text: str, report: Report, environ: Mapping[str, str]) -> Imported:
    """Read an older dns.ini. Raises ConfigurationError where its syntax is wrong."""
    sections = {section.name.lower(): section for section in read_ini(text, report)}
    report.raise_any()
    importing = Importing()
    gandi = _Values(sections.get("gandi", Section("gandi")), environ, importing)
    _record(gandi, importing)
    interval = sections.get("esddns", Section("ESDDNS")).entry("daemon_thread_interval")
    if interval is not None:
        if _DIGITS.fullmatch(interval.value):
            importing.interval(
                interval.line, "[ESDDNS] daemon_thread_interval", int(interval.value)
            )
        else:
            message = "not carried over: found no whole number of seconds"
            importing.note(interval.line, "[ESDDNS] daemon_thread_interval", message)
    for name, section in sections.items():
        _note_section(name, section, importing)
    return importing.finish()


class _Values:
    """The values of the older [gandi], each looked up where it names a variable."""

    def __init__(self, section: Section, environ: Mapping[str, str], importing: Importing) -> None:
        self._section = section
        self._environ = environ
        self._importing = importing

    def line(self, key: str) -> int | None:
        """Give the line of a key, else that of the section."""
        entry = self._section.entry(key)
        return entry.line if entry else self._section.line

    def note(self, key: str, message: str) -> None:
        """Note something about a key."""
        self._importing.note(self.line(key), f"[gandi] {key}", message)

    def written(self, key: str) -> str:
        """Give a value as the file has it, without the quotes that some put around it."""
        entry = self._section.entry(key)
        return entry.value.strip("\"'") if entry else ""

    def get(self, key: str) -> str:
        """Give a value, of a variable where it names one; empty where there is none, and that was noted."""
        value = self.written(key)
        if not value:
            self.note(key, "found nothing")
            return ""
        if not _VARIABLE.fullmatch(value) or value in list(RRType):
            return value
        found = self._environ.get(value, "").strip()
        if not found:
            message = f"names the variable {value}, which is not set here: export it as it was for the older"
            self.note(key, f"{message} esddns, or write its value into the file, and import again")
        return found


def _record(gandi: _Values, importing: Importing) -> None:
    key = gandi.written("api_key")
    if key and not _VARIABLE.fullmatch(key):
        importing.secret(key)
    elif key:
        gandi.note(
            "api_key", f"names the variable {seen(key)}: esddns takes GANDI_API_KEY in its place"
        )
    domain, name = gandi.get("target_domain_fqdn"), gandi.get("record_name_root")
    if not domain or not name:
        return
    rrtype = gandi.get("record_type_a").upper() or RRType.A.value
    if rrtype != RRType.A:
        gandi.note(
            "record_type_a", f"found {seen(rrtype)}: an A record is written, as esddns kept IPv4"
        )
    ttl = gandi.get("record_ttl")
    if ttl and not _DIGITS.fullmatch(ttl):
        gandi.note("record_ttl", "not carried over: found no whole number of seconds")
    fqdn = domain if name == "@" else f"{name}.{domain}"
    importing.add(
        Candidate(
            line=gandi.line("target_domain_fqdn"),
            what=label_of([fqdn]),
            fqdn=fqdn,
            zone=domain,
            types=(RRType.A,),
            ttl=int(ttl) if _DIGITS.fullmatch(ttl) else None,
            account=Account(AuthScheme.APIKEY, key, _url(gandi)),
        )
    )


def _url(gandi: _Values) -> str:
    base, path = (
        gandi.written("api_url_base") or _BASE,
        gandi.written("api_url_domains") or _DOMAINS,
    )
    url = (base.rstrip("/") + path).rstrip("/").removesuffix("/domains")
    try:
        values.http_url(url, query=False)
    except BadValueError:
        gandi.note(
            "api_url_base", f"not carried over: found no URL of an API; {GANDI_URL} is asked"
        )
        return GANDI_URL
    return url


def _note_section(name: str, section: Section, importing: Importing) -> None:
    """Say what becomes of the keys of a section that have none in today's dns.ini."""
    label = label_of([section.name])
    if name in {"log", "stunconfig"}:
        importing.note(section.line, f"[{label}]", _LOG if name == "log" else _STUN)
        return
    if name not in _SECTIONS:
        message = "not carried over: the older esddns had no such section (its keys are not shown)"
        importing.note(section.line, f"[{label}]", message)
        return
    texts = [entry for entry in section.entries if entry.key.startswith("msg_")]
    if texts:
        message = f"{len(texts)} keys are not carried over: messages are not configured"
        importing.note(texts[0].line, f"[{label}] msg_…", message)
    for entry in section.entries:
        if (name, entry.key) in _ADVICE:
            what = f"[{label}] {entry.key}"
            importing.note(entry.line, what, _ADVICE[name, entry.key])
        elif (name, entry.key) == ("wanipstate", "ip_check_services"):
            _note_services(entry, importing)
        elif entry.key not in _HANDLED and not entry.key.startswith("msg_"):
            message = "not carried over: the older esddns had no such key (its value is not shown)"
            importing.note(entry.line, f"[{label}] {label_of([entry.key])}", message)


def _note_services(entry: Entry, importing: Importing) -> None:
    """Say which services are asked anyway, and how to ask the others."""
    what = "[WANIPState] ip_check_services"
    known = {
        urlsplit(target.url).hostname
        for source in BUILTIN
        for target in source.targets.values()
        if isinstance(target, HttpTarget)
    }
    try:
        urls = json.loads(entry.value)["svc"]
        hosts = [values.http_url(url, query=True).hostname or "" for url in urls]
    except (BadValueError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        importing.note(entry.line, what, 'not carried over: found no {"svc": [URL, …]}')
        return
    for host in hosts:
        if host in known:
            importing.note(entry.line, what, f"{seen(host)} is asked anyway, as a built-in source")
        else:
            message = f"not carried over: {seen(host)}; to ask it too write a section [source:NAME] with its"
            importing.note(entry.line, what, f"{message} operator, kind = http, and ipv4 = its URL")
