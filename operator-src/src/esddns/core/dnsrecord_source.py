"""The source of a DNSRecord, and which types it can give."""

from __future__ import annotations

import enum
import ipaddress
import re
from ipaddress import IPv6Address

from esddns.core import names
from esddns.core.address import parse_address
from esddns.core.dnsrecord import ServiceRef, Source, Static
from esddns.core.dnsrecord_fields import Fields, shown
from esddns.core.model import Family, RRType, SourceError
from esddns.core.target import Wan

_MOST_VALUES = 16
_INTERFACE_BITS = 64
_LABEL = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)  # RFC 1123: names of Services, namespaces

WAN_IPV6_NEEDS = (
    "AAAA from the WAN needs source.wan.ipv6Suffix or source.wan.nat66: true, for without NAT every node "
    "sees only an IPv6 address of its own: add one of them, or use source.type: Service"
)


class _Kind(enum.StrEnum):
    WAN = "WAN"
    SERVICE = "Service"
    STATIC = "Static"


def read_source(spec: Fields, fqdn: str, types: tuple[RRType, ...], namespace: str) -> Source:  # noqa: PLR0911  # a way out for each kind, and for none
    """Read `spec.source`, by default the WAN. `namespace` is the record's own; what is wrong is noted."""
    if not spec.has("source"):
        return _wan(spec.child("source"), types)
    source = spec.child("source")
    kind = source.text("type")
    if not kind:
        return Wan()
    if kind not in list(_Kind):
        source.problem("type", f"found {shown(kind)}, allowed: {', '.join(_Kind)}")
        return Wan()
    for other in _Kind:
        if other != kind and source.has(other.lower()):
            source.problem(other.lower(), f"goes with type: {other} only, found type: {kind}")
    if kind == _Kind.WAN:
        return _wan(source, types)
    if not source.has(kind.lower()):
        source.problem(kind.lower(), f"missing, it is needed with type: {kind}")
        return Wan()
    if kind == _Kind.SERVICE:
        return _service(source.child("service"), namespace)
    return _static(source.child("static"), fqdn, types)


def _wan(source: Fields, types: tuple[RRType, ...]) -> Wan:
    if not all(rrtype.is_address for rrtype in types):
        source.problem("type", "the WAN gives addresses: only types A and AAAA go with it")
    wan = source.child("wan")
    nat66 = wan.flag("nat66")
    suffix = _suffix(wan) if wan.has("ipv6Suffix") else None
    if suffix and nat66:
        wan.problem("nat66", "ipv6Suffix and nat66: true exclude each other: remove one of them")
    if RRType.AAAA in types and not nat66 and not wan.has("ipv6Suffix"):
        source.problem("wan", WAN_IPV6_NEEDS)
    return Wan(suffix, nat66)


def _suffix(wan: Fields) -> IPv6Address | None:
    text = wan.text("ipv6Suffix")
    address = _address(text)
    if isinstance(address, IPv6Address) and 0 < int(address) < 1 << _INTERFACE_BITS:
        return address
    if text:
        wan.problem(
            "ipv6Suffix",
            f"found {shown(text)}, an IPv6 address with only its low 64 bits set is expected: ::1",
        )
    return None


def _service(service: Fields, namespace: str) -> ServiceRef:
    ref = ServiceRef(service.text("namespace", namespace), service.text("name"))
    for field, text in (("namespace", ref.namespace), ("name", ref.name)):
        if text and not _LABEL.fullmatch(text):
            service.problem(
                field, f"found {shown(text)}, lower-case letters, digits and hyphens are expected"
            )
    return ref


def _static(static: Fields, fqdn: str, types: tuple[RRType, ...]) -> Static:
    given = static.items("values", None, _MOST_VALUES)
    if not given or not types:
        return Static(frozenset())
    if all(rrtype.is_address for rrtype in types):
        return _addresses(static, given, types)
    name = host_value(given[0])
    if len(given) > 1 or name not in {given[0], f"{given[0]}."} or name == f"{fqdn}.":
        static.problem(
            "values",
            f"found {shown(list(given))}: with {types[0]} exactly one full host name is expected, "
            f"in lower case and not fqdn itself: lb.example.net",
        )
    return Static(frozenset({name or ""}))


def _addresses(static: Fields, given: tuple[str, ...], types: tuple[RRType, ...]) -> Static:
    values: dict[RRType, set[str]] = {rrtype: set() for rrtype in types}
    for text in given:
        address = _address(text)
        rrtype = None
        if address is not None:
            rrtype = RRType.AAAA if isinstance(address, IPv6Address) else RRType.A
        if rrtype is None or rrtype not in values:
            static.problem(
                "values", f"found {shown(text)}, which is no address for {' or '.join(types)}"
            )
        else:
            values[rrtype].add(str(address))
    for rrtype, addresses in values.items():
        if not addresses:
            static.problem(
                "values", f"has no address for {rrtype}: give one, or remove it from types"
            )
    return Static(frozenset().union(*values.values()))


def _address(text: str) -> ipaddress.IPv4Address | IPv6Address | None:
    for family in Family:
        try:
            address = parse_address(text, family)
        except SourceError:
            continue
        return address if text == text.strip() else None
    return None


def host_value(text: str) -> str | None:
    """Give a host name as the value of a CNAME or ALIAS: lower case, with its final dot; None for no name.

    Without the final dot Gandi takes it as relative to the zone.
    """
    try:
        name = names.normalise(text, wildcard=False)
    except names.InvalidNameError:
        return None
    if not names.candidate_zones(name) or _address(name) is not None:
        return None
    return f"{name}."
