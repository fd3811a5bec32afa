"""What is remembered from one pass to the next, and its JSON form.

The same form is kept in a file (`--state-dir`) and, in a cluster, in the cache. Times are UTC.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from esddns.core.contested import recent
from esddns.core.dnscheck import LastWrite
from esddns.core.model import Family, IPAddress, Record, RRset, RRType
from esddns.core.target import Target, Wan

VERSION = 1
CHANGES_KEPT = 20

# What reading comes to where a value is missing, of another kind, or out of range (a time beyond year 1).
_UNREADABLE = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)

T = TypeVar("T")


class StateError(Exception):
    """Kept state cannot be read: what was found, and where in it."""


@dataclass(frozen=True, slots=True)
class AddressState:
    """The last good address of a family: it stands until a quorum gives another."""

    address: IPAddress
    since: datetime
    agreed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an address; `before` is None for the first."""

    family: Family
    before: IPAddress | None
    after: IPAddress
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordState:
    """What is known of one RRset.

    `ours`: what we last left there, by a write or because it was what we wanted. `attempted`: a write whose
    reply never came; it may stand there. `last_write` is set by a 201 only. `dns_differs_since`: DNS shows
    something else while the API agrees. `in_sync_since` is None while it does not hold what it should, or
    nobody knows.
    """

    zone: str | None = None
    ours: RRset | None = None
    attempted: RRset | None = None
    last_write: LastWrite | None = None
    putbacks: tuple[datetime, ...] = ()
    dns_differs_since: datetime | None = None
    in_sync_since: datetime | None = None

    @property
    def may_hold(self) -> frozenset[RRset]:
        """The RRsets that stand there by our doing, as far as we know."""
        return frozenset(r for r in (self.ours, self.attempted) if r is not None)

    def putback_at(self, now: datetime) -> RecordState:
        """Note that another writer replaced our value, once for each of our writes."""
        if self.last_write is None:
            return self
        known = recent(self.putbacks, now)
        if known and known[-1] > self.last_write.at:
            return self
        return replace(self, putbacks=(*known, now))


@dataclass(frozen=True, slots=True)
class State:
    """Everything that is remembered. `records` are by `Record.key`; `changes` oldest first, the last 20.

    `wan` are the targets that are kept on the WAN address, for who has to go on alone.
    """

    addresses: Mapping[Family, AddressState] = field(default_factory=lambda: MappingProxyType({}))
    records: Mapping[str, RecordState] = field(default_factory=lambda: MappingProxyType({}))
    changes: tuple[Change, ...] = ()
    wan: tuple[Target, ...] = ()

    def address(self, family: Family) -> IPAddress | None:
        """The last good address of `family`, if there ever was one."""
        known = self.addresses.get(family)
        return known.address if known else None

    def with_address(
        self, family: Family, address: IPAddress, agreed: tuple[str, ...], now: datetime
    ) -> State:
        """Remember what a quorum gave; a change is added to the history.

        `agreed` stays as it was when the address was decided: every round has other witnesses, and a file
        that is written every round wears its disk out.
        """
        known = self.addresses.get(family)
        if known and known.address == address:
            return self
        change = Change(family, known.address if known else None, address, now)
        return replace(
            self,
            addresses={**self.addresses, family: AddressState(address, now, agreed)},
            changes=(*self.changes, change)[-CHANGES_KEPT:],
        )

    def with_record(self, key: str, record: RecordState) -> State:
        """Remember what is known of one RRset."""
        if self.records.get(key) == record:
            return self
        return replace(self, records={**self.records, key: record})

    def without(self, key: str) -> State:
        """Forget one RRset."""
        return self.only(self.records.keys() - {key})

    def only(self, keys: Collection[str]) -> State:
        """Forget every RRset but these."""
        kept = {key: record for key, record in self.records.items() if key in keys}
        return self if len(kept) == len(self.records) else replace(self, records=kept)


def to_json(state: State) -> dict[str, Any]:
    """Give `state` as JSON values."""
    return {
        "version": VERSION,
        "addresses": addresses_to_json(state),
        "records": {key: _record_to_json(record) for key, record in state.records.items()},
        "changes": changes_to_json(state.changes),
        "wan": [_target_to_json(target) for target in state.wan],
    }


def addresses_to_json(state: State) -> dict[str, Any]:
    """Give the last good address of each family as JSON values."""
    return {
        str(family): {
            "address": str(known.address),
            "since": format_time(known.since),
            "agreed": list(known.agreed),
        }
        for family, known in state.addresses.items()
    }


def changes_to_json(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Give changes of addresses as JSON values."""
    return [
        {
            "family": str(change.family),
            "before": str(change.before) if change.before else None,
            "after": str(change.after),
            "at": format_time(change.at),
        }
        for change in changes
    ]


def _target_to_json(target: Target) -> dict[str, Any]:
    record, source = target.record, target.source
    suffix = source.ipv6_suffix if isinstance(source, Wan) else None
    return {
        "fqdn": record.fqdn,
        "type": str(record.type),
        "ttl": record.ttl,
        "zone": record.zone,
        "ipv6_suffix": str(suffix) if suffix else None,
    }


def _record_to_json(record: RecordState) -> dict[str, Any]:
    wrote = record.last_write
    return {
        "zone": record.zone,
        "ours": rrset_to_json(record.ours),
        "attempted": rrset_to_json(record.attempted),
        "last_write": wrote
        and {"at": format_time(wrote.at), "before": rrset_to_json(wrote.before)},
        "putbacks": [format_time(at) for at in record.putbacks],
        "dns_differs_since": record.dns_differs_since and format_time(record.dns_differs_since),
        "in_sync_since": record.in_sync_since and format_time(record.in_sync_since),
    }


def rrset_to_json(rrset: RRset | None) -> dict[str, Any] | None:
    """Give an RRset as JSON values, its values sorted."""
    return {"values": sorted(rrset.values), "ttl": rrset.ttl} if rrset else None


def format_time(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond: `2026-11-22T21:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def loads(text: str) -> State:
    """Read what `to_json` gave. Raises StateError for anything else, and never returns half of it."""
    try:
        return _state(json.loads(text))
    except _UNREADABLE as error:
        message = f"not a state of version {VERSION}: {type(error).__name__}: {str(error)[:200]}"
        raise StateError(message) from None


def _state(data: Any) -> State:
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise ValueError("no object with that version")
    return State(
        addresses={
            (of := Family(family)): AddressState(
                _address(of, known["address"]), _time(known["since"]), _strings(known["agreed"])
            )
            for family, known in data["addresses"].items()
        },
        records={str(key): _record(record) for key, record in data["records"].items()},
        changes=tuple(map(_change, _list(data["changes"])[-CHANGES_KEPT:])),
        wan=tuple(map(_target, _list(data["wan"]))),
    )


def _target(data: Any) -> Target:
    record = Record(
        fqdn=_string(data["fqdn"]),
        type=RRType(data["type"]),
        ttl=_whole(data["ttl"]),
        zone=_maybe(_string, data["zone"]),
    )
    return Target(record, Wan(_maybe(_ipv6, data["ipv6_suffix"])))


def _change(data: Any) -> Change:
    family, before = Family(data["family"]), data["before"]
    return Change(
        family,
        None if before is None else _address(family, before),
        _address(family, data["after"]),
        _time(data["at"]),
    )


def _record(data: Any) -> RecordState:
    return RecordState(
        zone=_maybe(_string, data["zone"]),
        ours=_maybe(_rrset, data["ours"]),
        attempted=_maybe(_rrset, data["attempted"]),
        last_write=_maybe(_last_write, data["last_write"]),
        putbacks=tuple(map(_time, _list(data["putbacks"]))),
        dns_differs_since=_maybe(_time, data["dns_differs_since"]),
        in_sync_since=_maybe(_time, data["in_sync_since"]),
    )


def _last_write(data: Any) -> LastWrite:
    return LastWrite(_time(data["at"]), _maybe(_rrset, data["before"]))


def _maybe(read: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else read(value)


def _rrset(data: Any) -> RRset:
    return RRset(frozenset(_strings(data["values"])), _whole(data["ttl"]))


def _whole(data: Any) -> int:
    if type(data) is not int:
        raise TypeError("no whole number where one was expected")
    return data


def _ipv6(text: Any) -> ipaddress.IPv6Address:
    address = ipaddress.IPv6Address(_string(text))
    if address.scope_id is not None:
        raise ValueError("an address with a zone index (%), which means nothing elsewhere")
    return address


def _string(data: Any) -> str:
    if not isinstance(data, str):
        raise TypeError("no string where one was expected")
    return data


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError("no list where one was expected")
    return data


def _strings(data: Any) -> tuple[str, ...]:
    return tuple(map(_string, _list(data)))


def _address(family: Family, text: Any) -> IPAddress:
    if family is Family.IPV4:
        return ipaddress.IPv4Address(_string(text))
    return _ipv6(text)


def _time(text: Any) -> datetime:
    at = datetime.fromisoformat(_string(text))
    if at.tzinfo is None:
        raise ValueError(f"a time without its zone: {text!a:.60}")
    return at.astimezone(UTC)
