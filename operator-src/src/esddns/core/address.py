"""Which text is an address, and which address may be published.

An address is believed only if it is globally routable unicast. `ipaddress.is_global` differs between
Python versions and lets multicast, NAT64, 6to4, documentation and mapped addresses through, so the list
is our own, after the IANA special-purpose registries (RFC 6890 and its updates).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from importlib import resources
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from esddns.core.model import FailureReason, Family, IPAddress, SourceError

IPNetwork = IPv4Network | IPv6Network

# A source that sends more than this on its line was not asked for it.
_LONGEST = 45  # an IPv4-mapped IPv6 address in full

# IANA IPv4 Special-Purpose Address Registry, and class D and E.
_SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT: shared, so nobody outside can reach it
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # 6to4 relay anycast, deprecated by RFC 7526
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)

# Global unicast is 2000::/3 (RFC 4291); these parts of it are special-purpose.
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments, Teredo and ORCHID among them
            "2001:db8::/32",
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)


def parse_address(text: str, family: Family) -> IPAddress:
    """Read exactly one address of `family` from `text`; white space around it is allowed, nothing else.

    Raises SourceError (malformed) for anything else: a page, two addresses, leading zeros (some
    programs read those as octal), a zone index, a mapped address, an address of the other family.
    """
    stripped = text.strip(" \t\r\n")
    try:
        if len(stripped) > _LONGEST or not stripped.isascii():
            raise ValueError(stripped)  # noqa: TRY301  # one place words the error
        address: IPAddress = (
            IPv4Address(stripped) if family is Family.IPV4 else IPv6Address(stripped)
        )
        if "%" in stripped or getattr(address, "ipv4_mapped", None) is not None:
            raise ValueError(stripped)  # noqa: TRY301  # means nothing elsewhere
    except ValueError:
        shown = ascii(text[:_LONGEST]) + ("" if len(text) <= _LONGEST else " and more")
        message = f"expected one {_family_name(family)} address and nothing else, got {shown}"
        raise SourceError(FailureReason.MALFORMED, message) from None
    return address


def _family_name(family: Family) -> str:
    return "IPv4" if family is Family.IPV4 else "IPv6"


@dataclass(frozen=True, slots=True)
class AcceptPolicy:
    """Which addresses may be published.

    `accept_networks`, when not empty, is the whole answer, whatever kind its networks are.
    Else: globally routable unicast that is not in `proxy_ranges`.
    """

    accept_networks: tuple[IPNetwork, ...] = ()
    proxy_ranges: tuple[IPNetwork, ...] = ()

    @classmethod
    def of(cls, accept_networks: tuple[IPNetwork, ...]) -> AcceptPolicy:
        """As the configuration says; the proxy ranges are those that ship with the package."""
        return cls(accept_networks, () if accept_networks else proxy_ranges())

    def refusal(self, address: IPAddress) -> str | None:
        """Say why `address` may not be published, or None where it may."""
        if self.accept_networks:
            if _in_any(address, self.accept_networks):
                return None
            return f"{address} is in none of accept-networks"
        if isinstance(address, IPv4Address):
            special: tuple[IPNetwork, ...] = _SPECIAL_IPV4
        else:
            if address not in _GLOBAL_IPV6:
                return f"{address} is not global unicast (2000::/3)"
            special = _SPECIAL_IPV6
        if network := _in_any(address, special):
            return f"{address} is in {network}, which is not globally routable"
        if network := _in_any(address, self.proxy_ranges):
            return f"{address} is in {network}, a proxy or CDN: not an address of this site"
        return None


def _in_any(address: IPAddress, networks: tuple[IPNetwork, ...]) -> IPNetwork | None:
    return next((n for n in networks if n.version == address.version and address in n), None)


def proxy_ranges() -> tuple[IPNetwork, ...]:
    """Read the refused proxy ranges that ship with the package (data/proxy-ranges.txt)."""
    text = resources.files("esddns").joinpath("data/proxy-ranges.txt").read_text("utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(ipaddress.ip_network(line) for line in lines if line)


def with_suffix(address: IPv6Address, suffix: IPv6Address) -> IPv6Address:
    """Put an interface identifier (the low 64 bits of `suffix`) behind the /64 of `address`."""
    host_bits = (1 << 64) - 1
    return IPv6Address((int(address) & ~host_bits) | (int(suffix) & host_bits))
