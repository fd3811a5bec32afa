"""What was carried over from another tool as text: dns.ini, or DNSRecord objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv6Address

from esddns.config.builtin import BUILTIN
from esddns.config.imported import Imported, ImportedRecord
from esddns.config.imported_words import label_of
from esddns.config.parse import parse
from esddns.config.settings import GANDI_URL, AuthScheme, Settings
from esddns.core.model import Family, RRType

_NAMESPACE = "esddns"
_USUAL_INTERVAL = 300  # seconds, as the base has it
_LONGEST_NAME = 240  # Kubernetes takes 253; what tells equal ones apart comes behind
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def as_ini(imported: Imported, tool: str) -> str:
    """Write dns.ini; `tool` says where it comes from. What the file did not say is left out."""
    parts = [f"; Written by `esddns import` from a file of {tool}. The token is not in it.\n"]
    account = imported.account
    parts += _section(
        "gandi",
        url=account.url if account.url != GANDI_URL else None,
        auth=account.auth.value if account.auth is not AuthScheme.BEARER else None,
    )
    families = ", ".join(imported.families)
    parts += _section(
        "detection",
        interval=imported.interval,
        families=families if families != Family.IPV4 else None,
        ipv6_suffix=imported.ipv6_suffix,
    )
    for record in imported.records:
        parts += _section(
            f"record:{record.fqdn}",
            keep=True,
            zone=record.zone,
            types=", ".join(record.types) if record.types != (RRType.A,) else None,
            ttl=record.ttl,
        )
    return "\n".join(parts)


def parsed(text: str, file: str) -> Settings:
    """Read what was written as it will be read. Raises ConfigurationError, which is a mistake of ours."""
    return parse(text, file=file, builtin=BUILTIN, require_records=True)


def as_dnsrecords(imported: Imported) -> str:
    """Write one YAML document a record. What the file did not say is left out.

    An AAAA record on the WAN needs an IPv6 suffix there: without one only A is written, or nothing.
    """
    taken: set[str] = set()
    suffix = imported.ipv6_suffix
    documents = [
        "".join(f"{line}\n" for line in _document(record, types, suffix, taken))
        for record in imported.records
        if (types := tuple(t for t in record.types if suffix or t is not RRType.AAAA))
    ]
    return "---\n".join(documents)


def beside_dnsrecords(imported: Imported) -> Iterator[str]:
    """What DNSRecords cannot say, as lines: where it belongs, and what to write there."""
    for line in _for_config_map(imported):
        yield f"for the ConfigMap esddns-config: {line}"
    names = [record.fqdn for record in imported.records if RRType.AAAA in record.types]
    if names and imported.ipv6_suffix is None:
        yield f"AAAA of {label_of(names)}: write them by hand, with source.wan.ipv6Suffix or nat66: true"


def _for_config_map(imported: Imported) -> Iterator[str]:
    account = imported.account
    if account.auth is not AuthScheme.BEARER:
        yield f"dns.ini: [gandi] auth = {account.auth}"
    if account.url != GANDI_URL:
        yield f"dns.ini: [gandi] url = {account.url}"
    if imported.interval not in {None, _USUAL_INTERVAL}:
        yield f"detection-interval: {imported.interval}"
    if Family.IPV6 in imported.families and imported.ipv6_suffix is not None:
        yield f"dns.ini: [detection] families = {', '.join(imported.families)}"
    if imported.ipv6_suffix is not None:
        yield f"dns.ini: [detection] ipv6-suffix = {imported.ipv6_suffix}"


def _section(name: str, *, keep: bool = False, **entries: object) -> list[str]:
    """Write a section with the values that there are; nothing where there is none, unless to `keep`."""
    lines = [
        f"{key.replace('_', '-')} = {value}\n"
        for key, value in entries.items()
        if value is not None
    ]
    return ["".join([f"[{name}]\n", *lines])] if lines or keep else []


def _document(
    record: ImportedRecord, types: tuple[RRType, ...], suffix: IPv6Address | None, taken: set[str]
) -> Iterator[str]:
    yield "apiVersion: esddns.io/v1alpha1"
    yield "kind: DNSRecord"
    yield "metadata:"
    yield f"  name: {_object_name(record.fqdn, taken)}"
    yield f"  namespace: {_NAMESPACE}"
    yield "spec:"
    yield f'  fqdn: "{record.fqdn}"'  # in quotes, as a * in front means something else to YAML
    if record.zone is not None:
        yield f'  zone: "{record.zone}"'
    if types != (RRType.A,):
        yield f"  types: [{', '.join(types)}]"
    if record.ttl is not None:
        yield f"  ttl: {record.ttl}"
    if RRType.AAAA in types:
        yield "  source:"
        yield "    type: WAN"
        yield "    wan:"
        yield f'      ipv6Suffix: "{suffix}"'


def _object_name(fqdn: str, taken: set[str]) -> str:
    """Make a name that Kubernetes takes, and that no other record of this file has."""
    wanted = fqdn.replace("*", "wildcard", 1) if fqdn.startswith("*") else fqdn
    plain = _NOT_IN_A_NAME.sub("-", wanted).strip("-") or "record"
    # A letter in front, so that YAML takes no name for a number.
    name = base = (plain if plain[0].isalpha() else f"record-{plain}")[:_LONGEST_NAME].rstrip("-")
    number = 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name
