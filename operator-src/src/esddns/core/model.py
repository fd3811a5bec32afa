"""The nouns of dynamic DNS that every other module speaks in."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

IPAddress = IPv4Address | IPv6Address


class Family(enum.StrEnum):
    """An address family, detected and published on its own."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"

    @property
    def version(self) -> int:
        """The IP version, as `ipaddress` numbers it."""
        return 4 if self is Family.IPV4 else 6

    @property
    def rrtype(self) -> RRType:
        """The type of the record that carries an address of this family."""
        return RRType.A if self is Family.IPV4 else RRType.AAAA


class RRType(enum.StrEnum):
    """The record types that this program writes: addresses, or the host name of a Service or a static one."""

    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"
    ALIAS = "ALIAS"

    @property
    def is_address(self) -> bool:
        """Whether a record of this type carries addresses, and so has a family."""
        return self in {RRType.A, RRType.AAAA}

    @property
    def is_in_dns(self) -> bool:
        """Whether name servers answer with it: an ALIAS is Gandi's own, and gives only addresses there."""
        return self is not RRType.ALIAS

    @property
    def family(self) -> Family:
        """The family whose address a record of this type carries. Raises ValueError for a host name's."""
        if not self.is_address:
            raise ValueError(f"{self} carries a host name, which has no address family")
        return Family.IPV4 if self is RRType.A else Family.IPV6


class Drift(enum.StrEnum):
    """What to do about a value in DNS that is not the one we published."""

    REPAIR = "repair"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class RRset:
    """The values and the TTL (seconds) of one name and type: values are a set, order means nothing."""

    values: frozenset[str]
    ttl: int

    @classmethod
    def of(cls, rrtype: str, values: Iterable[str], ttl: int) -> RRset:
        """Make an RRset whose values are in their one canonical form, however they came.

        Addresses as RFC 5952 says, host names in lower case (RFC 4343).
        """
        return cls(frozenset(_canonical(rrtype, value) for value in values), ttl)

    def __str__(self) -> str:
        """Show values sorted, so that equal RRsets read the same in a log."""
        return f"{', '.join(sorted(self.values))} (TTL {self.ttl})"


_CANONICAL: Mapping[str, Callable[[str], object]] = {
    "A": IPv4Address,
    "AAAA": IPv6Address,
    "CNAME": str.lower,
    "ALIAS": str.lower,
}


def _canonical(rrtype: str, value: str) -> str:
    try:
        return str(_CANONICAL[rrtype](value))
    except (KeyError, ValueError):
        return value


@dataclass(frozen=True, slots=True)
class Record:
    """One RRset that somebody wants kept, whatever its values come from.

    `fqdn` is normalised (lower case, no final dot); `zone` likewise, or None where Gandi is to be asked.
    """

    fqdn: str
    type: RRType
    ttl: int = 300
    zone: str | None = None
    overwrite: bool = False
    drift: Drift = Drift.REPAIR

    @property
    def key(self) -> str:
        """What identifies the RRset in state and logs: `home.example.com/A`."""
        return f"{self.fqdn}/{self.type}"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one source said the WAN address is."""

    source: str
    operator: str
    address: IPAddress


class FailureReason(enum.StrEnum):
    """Why a source gave no address: a closed set, for it becomes a metric's label."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # no connection, no route, no such host
    REFUSED = "refused"  # it answered that it will not: HTTP status, DNS rcode, STUN error
    REDIRECT = "redirect"  # to another host or away from https
    TOO_LARGE = "too-large"
    MALFORMED = "malformed"  # an answer that is no single address of the family asked for
    NOT_ACCEPTED = "not-accepted"  # an address that may not be published


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one source gave no address. Unknown is not a value: it counts for no address."""

    source: str
    operator: str
    reason: FailureReason
    detail: str


Answer = Observation | Failure


class SourceError(Exception):
    """A source gave no address; `reason` is for metrics, the message for people."""

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
