"""A zone as Gandi keeps it: RRsets by name and type, and what the zone looked like a while ago."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

DEFAULT_TTL = 10800  # where none is given (facts: LiveDNS)
MIN_TTL = 300
MAX_TTL = 2592000
# https://api.gandi.net/docs/livedns/, rrset_type. SOA is listed there but not kept here: it is synthesised.
TYPES = frozenset({
    "A", "AAAA", "ALIAS", "CAA", "CDS", "CNAME", "DNAME", "DS", "HTTPS", "KEY", "LOC", "MX", "NAPTR", "NS",
    "OPENPGPKEY", "PTR", "RP", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT", "WKS",
})  # fmt: skip
_QUOTED = frozenset({"TXT", "SPF"})
_STRING_LIMIT = 255  # octets in one character-string (RFC 1035 section 3.3)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_HISTORY = 64  # changes kept of one RRset: what a lagging secondary can still show

Key = tuple[str, str]


class RejectedRRsetError(ValueError):
    """An RRset that LiveDNS does not take: `field` is the member of the body, the message says why."""

    def __init__(self, field: str, description: str) -> None:
        super().__init__(description)
        self.field = field
        self.description = description


@dataclass(frozen=True, slots=True)
class RRset:
    """The values, in the order given, and the TTL (seconds) of one name and type."""

    values: tuple[str, ...]
    ttl: int = DEFAULT_TTL


Records = Mapping[str, str | Sequence[str] | RRset]
"""RRsets by `name/type`: `{"home/A": "192.0.2.1", "@/TXT": ["a"], "w/A": RRset(("192.0.2.2",), 300)}`."""


def quoted(value: str) -> str:
    """Write a text as zone files do: quoted, in strings of at most 255 octets (recorded for TXT)."""
    if value.startswith('"'):
        return value
    pieces = [value[at : at + _STRING_LIMIT] for at in range(0, len(value), _STRING_LIMIT)] or [""]
    return " ".join('"' + p.replace("\\", "\\\\").replace('"', '\\"') + '"' for p in pieces)


def rdata(rtype: str, value: str, origin: dns.name.Name) -> dns.rdata.Rdata:
    """Parse a value; a name without final dot is relative to the zone, as in any zone file."""
    return dns.rdata.from_text(
        dns.rdataclass.IN, dns.rdatatype.from_text(rtype), value, origin=origin, relativize=False
    )


def canonical(name: str) -> str:
    """Return a name relative to its zone (`@`: apex) in lower case; RejectedRRsetError where it is none."""
    name = name.lower()
    labels = name.split(".")
    if labels[0] == "*":
        labels = labels[1:]
    if name != "@" and not all(_LABEL.fullmatch(label) for label in labels):
        raise RejectedRRsetError("rrset_name", f"{name!r} is not a valid record name")
    return name


class Zone:
    """The RRsets of one zone, in the order of their creation.

    `view(at)` shows them as they were at a time of the same clock that `put` and `drop` are given: the DNS
    side lags behind the API that way.
    """

    def __init__(self, name: str, records: Records | None = None) -> None:
        self.name = name.lower().rstrip(".")
        self.origin = dns.name.from_text(self.name)
        self.serial = 1
        self._rrsets: dict[Key, RRset] = {}
        self._history: dict[Key, list[tuple[float, RRset | None]]] = {}
        for path, value in (records or {}).items():
            record, _, rtype = path.rpartition("/")
            rrset = value if isinstance(value, RRset) else RRset(_values(value))
            self.put(record, rtype, rrset, -math.inf)

    @property
    def rrsets(self) -> Mapping[Key, RRset]:
        """The RRsets now, by (name, type)."""
        return self._rrsets

    def get(self, name: str, rtype: str) -> RRset | None:
        """Return the RRset now, or None."""
        return self._rrsets.get((name.lower(), rtype))

    def named(self, name: str) -> list[tuple[Key, RRset]]:
        """Return the RRsets of one name."""
        return [item for item in self._rrsets.items() if item[0][0] == name.lower()]

    def put(self, name: str, rtype: str, rrset: RRset, at: float) -> RRset:
        """Create or replace an RRset and return it as kept; RejectedRRsetError where LiveDNS refuses it."""
        name = canonical(name)
        self._check(name, rtype, rrset)
        kept = RRset(
            tuple(quoted(v) for v in rrset.values) if rtype in _QUOTED else rrset.values, rrset.ttl
        )
        for value in kept.values:
            self._check_value(rtype, value)
        self._rrsets[name, rtype] = kept
        self._note((name, rtype), kept, at)
        return kept

    def drop(self, name: str, rtype: str, at: float) -> bool:
        """Delete an RRset; False where there was none."""
        key = (name.lower(), rtype)
        if self._rrsets.pop(key, None) is None:
            return False
        self._note(key, None, at)
        return True

    def view(self, at: float) -> dict[Key, RRset]:
        """Return the RRsets as they were at a time (seconds of the same clock as the changes)."""
        view: dict[Key, RRset] = {}
        for key, changes in self._history.items():
            past = [rrset for time, rrset in changes if time <= at]
            if past and past[-1] is not None:
                view[key] = past[-1]
        return view

    def _note(self, key: Key, rrset: RRset | None, at: float) -> None:
        changes = self._history.setdefault(key, [])
        changes.append((at, rrset))
        del changes[:-_HISTORY]
        self.serial += 1

    def _check(self, name: str, rtype: str, rrset: RRset) -> None:
        if rtype not in TYPES:
            raise RejectedRRsetError(
                "rrset_type", f'"{rtype}" is not one of {", ".join(sorted(TYPES))}'
            )
        if not rrset.values:
            raise RejectedRRsetError("rrset_values", "Shorter than minimum length 1")
        if rrset.ttl < MIN_TTL:  # recorded
            raise RejectedRRsetError(
                "rrset_ttl", f"{rrset.ttl} is less than minimum value {MIN_TTL}"
            )
        if rrset.ttl > MAX_TTL:
            raise RejectedRRsetError(
                "rrset_ttl", f"{rrset.ttl} is greater than maximum value {MAX_TTL}"
            )
        others = {other for (owner, other) in self._rrsets if owner == name and other != rtype}
        if "CNAME" in others or (rtype == "CNAME" and (others or name == "@")):
            # Assumed: the texts. Given: that it is a 400 with an errors list.
            raise RejectedRRsetError("rrset_type", "A CNAME record cannot exist next to other data")
        if rtype == "CNAME" and len(rrset.values) > 1:
            raise RejectedRRsetError("rrset_values", "Longer than maximum length 1")

    def _check_value(self, rtype: str, value: str) -> None:
        try:
            if rtype == "A":
                IPv4Address(value)
            elif rtype == "AAAA":
                IPv6Address(value)
            else:
                rdata("CNAME" if rtype == "ALIAS" else rtype, value, self.origin)
        except (ValueError, dns.exception.DNSException) as error:
            raise RejectedRRsetError(
                "rrset_values", f'"{value}" is not a valid {rtype} value'
            ) from error


def _values(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
