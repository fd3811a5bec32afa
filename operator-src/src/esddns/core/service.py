"""What a Service's load balancer gives a record: addresses, or a host name."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv6Address
from typing import Any

from esddns.core.dnsrecord import ServiceRef
from esddns.core.dnsrecord_fields import shown
from esddns.core.dnsrecord_source import host_value
from esddns.core.model import IPAddress, RRType
from esddns.core.target import Values

_LONGEST_SAID = 300  # characters of an object's own words that a message repeats as they are
_MOST_REFUSED = 3  # addresses of which a message says why they are refused

# Says why an address may not be published, or None where it may.
Refusal = Callable[[IPAddress], str | None]


def values_of(
    ref: ServiceRef, service: Mapping[str, Any] | None, rrtype: RRType, refusal: Refusal
) -> Values:
    """Read what the Service gives a record of this type; `service` None: there is none.

    Unknown is not a value (rule 1): a Service that is gone, or lost its address, changes nothing.
    """
    if service is None:
        return Values(None, f"there is no Service {ref}: create it, or name another")
    kind = _mapping(service.get("spec")).get("type")
    if kind != "LoadBalancer":
        found = _said(str(kind or "ClusterIP"))
        return Values(None, f"Service {ref} is of type {found}, not LoadBalancer")
    points = list(_ingress(service))
    if not points:
        return Values(None, f"Service {ref} has no load balancer address yet")
    if rrtype.is_address:
        return _addresses(ref, points, rrtype, refusal)
    return _host_name(ref, points, rrtype)


def _addresses(
    ref: ServiceRef, points: list[Mapping[str, Any]], rrtype: RRType, refusal: Refusal
) -> Values:
    found, refused = set(), []
    for point in points:
        address = _address(point.get("ip"))
        if address is None or isinstance(address, IPv6Address) is not (rrtype is RRType.AAAA):
            continue
        if (why := refusal(address)) is not None:
            refused.append(why)
        else:
            found.add(str(address))
    if found:
        return Values(frozenset(found))
    if refused:
        hint = "publish it by [detection] accept-networks, or use source.type: WAN behind NAT"
        return Values(None, f"Service {ref}: {'; '.join(refused[:_MOST_REFUSED])}: {hint}")
    if any(point.get("hostname") for point in points):
        hint = "its load balancer has a host name: use types: [CNAME], or [ALIAS] at an apex"
        return Values(None, f"Service {ref} has no address for {rrtype}: {hint}")
    return Values(None, f"Service {ref} has no address for {rrtype}")


def _host_name(ref: ServiceRef, points: list[Mapping[str, Any]], rrtype: RRType) -> Values:
    given = (str(point["hostname"]) for point in points if point.get("hostname"))
    names = {name.lower().removesuffix(".") for name in given}
    if not names:
        hint = "its load balancer has addresses: use types: [A], [AAAA] or both"
        return Values(None, f"Service {ref} has no host name for {rrtype}: {hint}")
    if len(names) > 1 or (value := host_value(name := names.pop())) is None:
        listed = _said(", ".join(sorted(names))) or ascii(name)[:100]
        return Values(None, f"Service {ref}: one full host name is expected, found {listed}")
    return Values(frozenset({value}))


def _ingress(service: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    balancer = _mapping(_mapping(service.get("status")).get("loadBalancer"))
    given = balancer.get("ingress")
    for point in given if isinstance(given, list) else ():
        if isinstance(point, Mapping) and (point.get("ip") or point.get("hostname")):
            yield point


def has_address(service: Mapping[str, Any] | None) -> bool:
    """Whether its load balancer gave a Service an address or a host name."""
    return service is not None and next(_ingress(service), None) is not None


def _said(text: str) -> str:
    """Give words of an object as they are, or quoted where a log or a terminal would not take them well."""
    return text if text.isprintable() and len(text) <= _LONGEST_SAID else shown(text)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _address(text: Any) -> IPAddress | None:
    try:
        # A zone index (%eth0) means nothing elsewhere.
        return ipaddress.ip_address(text) if isinstance(text, str) and "%" not in text else None
    except ValueError:
        return None
