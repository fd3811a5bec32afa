"""What is remembered, and its JSON form."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.dnscheck import LastWrite
from esddns.core.model import Drift, Family, Record, RRset, RRType
from esddns.core.state import (
    CHANGES_KEPT,
    AddressState,
    Change,
    RecordState,
    State,
    StateError,
    format_time,
    loads,
    to_json,
)
from esddns.core.target import Target, Wan

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOME6 = Target(
    Record("home.example.com", RRType.AAAA, 600, "example.com"), Wan(IPv6Address("::1234:5678"))
)
FIRST, SECOND = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.2")

# To the millisecond, as they are kept.
times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
texts = st.text(max_size=12)
rrsets = st.builds(RRset, st.frozensets(texts, max_size=3), st.integers(0, 2**31))
addresses = {Family.IPV4: st.ip_addresses(v=4), Family.IPV6: st.ip_addresses(v=6)}
agreed = st.lists(texts, max_size=3).map(tuple)
records = st.builds(
    RecordState,
    zone=st.none() | texts,
    ours=st.none() | rrsets,
    attempted=st.none() | rrsets,
    last_write=st.none() | st.builds(LastWrite, times, st.none() | rrsets),
    putbacks=st.lists(times, max_size=4).map(tuple),
    dns_differs_since=st.none() | times,
    in_sync_since=st.none() | times,
)
targets = st.builds(
    Target,
    st.builds(Record, texts, st.sampled_from(RRType), st.integers(0, 2**31), st.none() | texts),
    st.builds(Wan, st.none() | st.ip_addresses(v=6)),
)
changes = st.sampled_from(Family).flatmap(
    lambda f: st.builds(Change, st.just(f), st.none() | addresses[f], addresses[f], times)
)
states = st.builds(
    State,
    addresses=st.fixed_dictionaries(
        {}, optional={f: st.builds(AddressState, addresses[f], times, agreed) for f in Family}
    ),
    records=st.dictionaries(texts, records, max_size=3),
    changes=st.lists(changes, max_size=4).map(tuple),
    wan=st.lists(targets, max_size=3).map(tuple),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | times.map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(states)
def test_round_trip(state: State) -> None:
    """What was written is read back as it was."""
    assert loads(json.dumps(to_json(state))) == state


def test_an_empty_state_round_trips() -> None:
    """Nothing known is a state, too."""
    assert loads(json.dumps(to_json(State()))) == State()


@given(st.text() | json_values.map(json.dumps))
def test_anything_else_is_a_state_error(text: str) -> None:
    """Text or JSON that is no state comes to StateError and to nothing else."""
    with pytest.raises(StateError, match="not a state of version 1"):
        loads(text)


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*at, key))


@given(st.data(), states)
def test_a_spoilt_state_is_refused_whole(data: st.DataObject, state: State) -> None:
    """With any value in it replaced or removed it is a state that can be kept again, or StateError."""
    spoilt = copy.deepcopy(to_json(state))
    place = data.draw(st.sampled_from([path for path in paths(spoilt) if path]))
    holder: Any = spoilt
    for key in place[:-1]:
        holder = holder[key]
    if data.draw(st.booleans()):
        del holder[place[-1]]
    else:
        holder[place[-1]] = data.draw(json_values)
    try:
        read = loads(json.dumps(spoilt))
    except StateError:
        return
    again = loads(json.dumps(to_json(read)))
    assert again.records.keys() == read.records.keys()
    assert again.addresses.keys() == read.addresses.keys()
    for record in read.records.values():
        assert record.last_write is None or record.last_write.at.tzinfo is UTC
        assert all(at.tzinfo is UTC for at in record.putbacks)
        assert record.in_sync_since is None or record.in_sync_since.tzinfo is UTC
    assert again.wan == read.wan
    assert all(type(target.record.ttl) is int for target in read.wan)


def valid() -> dict[str, Any]:
    """A state with something in each of its places."""
    written = RRset(frozenset({str(FIRST)}), 300)
    record = RecordState("example.com", written, None, LastWrite(NOW, None), (NOW,), NOW, NOW)
    state = State().with_address(Family.IPV4, FIRST, ("a", "b"), NOW).with_record("x/A", record)
    return to_json(replace(state, wan=(HOME6,)))


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (("version",), 2),
        (("addresses", "ipv4", "address"), "2001:db8::1"),
        (("addresses", "ipv4", "address"), 3221225985),
        (("addresses", "ipv4", "since"), "2026-11-22T12:00:00"),
        (("addresses", "ipv4", "since"), "0001-01-01T00:00:00+23:59"),
        (("addresses", "ipv4", "since"), "9999-12-31T23:59:59-23:59"),
        (("addresses", "ipv4", "agreed"), "ab"),
        (("addresses", "ipv5"), {}),
        (("changes",), ""),
        (("records",), []),
        (("records", "x/A", "ours"), {"values": "192.0.2.1", "ttl": 300}),
        (("records", "x/A", "ours"), {"values": ["192.0.2.1"], "ttl": True}),
        (("records", "x/A", "ours"), {"values": ["192.0.2.1"], "ttl": 3e2}),
        (("records", "x/A", "last_write"), ""),
        (("records", "x/A", "last_write"), 0),
        (("records", "x/A", "last_write"), {}),
        (("records", "x/A", "putbacks"), ""),
        (("records", "x/A", "putbacks"), {}),
        (("records", "x/A", "zone"), 5),
        (("records", "x/A"), None),
        (("records", "x/A", "in_sync_since"), "2026-11-22T12:00:00"),
        (("records", "x/A", "in_sync_since"), "yesterday"),
        (("records", "x/A", "in_sync_since"), 1795348800),
        (("records", "x/A", "in_sync_since"), ""),
        (("records", "x/A", "in_sync_since"), False),
        (("wan",), None),
        (("wan",), {}),
        (("wan",), ""),
        (("wan",), [None]),
        (("wan",), [{}]),
        (("wan",), ["home.example.com/AAAA"]),
        (("wan", 0, "fqdn"), None),
        (("wan", 0, "fqdn"), 1),
        (("wan", 0, "type"), "MX"),
        (("wan", 0, "type"), None),
        (("wan", 0, "ttl"), "300"),
        (("wan", 0, "ttl"), True),
        (("wan", 0, "ttl"), None),
        (("wan", 0, "zone"), []),
        (("wan", 0, "ipv6_suffix"), "192.0.2.1"),
        (("wan", 0, "ipv6_suffix"), ""),
        (("wan", 0, "ipv6_suffix"), 1),
    ],
)
def test_what_is_wrong_in_a_state(place: tuple[str, ...], wrong: object) -> None:
    """A wrong kind, family, time or version anywhere is refused, never half of it taken."""
    spoilt = valid()
    loads(json.dumps(spoilt))
    holder: Any = spoilt
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = wrong
    with pytest.raises(StateError):
        loads(json.dumps(spoilt))


def test_deep_nesting() -> None:
    """Not even a file that exhausts the parser's stack comes to anything else."""
    with pytest.raises(StateError):
        loads("[" * 200_000)


def test_an_address_that_changes() -> None:
    """A change is noted with what was before; the same address again changes nothing."""
    state = State().with_address(Family.IPV4, FIRST, ("a", "b"), NOW)
    later = NOW + timedelta(hours=1)
    assert state.addresses[Family.IPV4] == AddressState(FIRST, NOW, ("a", "b"))
    assert state.changes == (Change(Family.IPV4, None, FIRST, NOW),)
    assert state.with_address(Family.IPV4, FIRST, ("c", "d"), later) == state
    moved = state.with_address(Family.IPV4, SECOND, ("a",), later)
    assert moved.address(Family.IPV4) == SECOND
    assert moved.address(Family.IPV6) is None
    assert moved.changes[-1] == Change(Family.IPV4, FIRST, SECOND, later)


def test_the_last_twenty_changes_are_kept() -> None:
    """The oldest goes first, in memory and when more than that are read."""
    state = State()
    for n in range(30):
        state = state.with_address(Family.IPV4, IPv4Address(n), (), NOW)
    assert [int(change.after) for change in state.changes] == list(range(10, 30))
    kept = to_json(state)
    kept["changes"] = [kept["changes"][0]] * 5 + kept["changes"]
    assert len(kept["changes"]) > CHANGES_KEPT
    assert loads(json.dumps(kept)) == state


def test_a_put_back_counts_once_for_each_write() -> None:
    """Seen twice without a write of ours between, it is one; without any write of ours it is none."""
    assert RecordState().putback_at(NOW).putbacks == ()
    minute = timedelta(minutes=1)
    record = RecordState(last_write=LastWrite(NOW, None))
    once = record.putback_at(NOW + minute)
    assert once.putback_at(NOW + 2 * minute).putbacks == (NOW + minute,)
    written = RecordState(last_write=LastWrite(NOW + 3 * minute, None), putbacks=once.putbacks)
    assert written.putback_at(NOW + 4 * minute).putbacks == (NOW + minute, NOW + 4 * minute)
    assert written.putback_at(NOW + timedelta(hours=2)).putbacks == (NOW + timedelta(hours=2),)


def test_what_may_stand_there_by_our_doing() -> None:
    """What we left there, and a write whose reply never came."""
    ours, lost = RRset(frozenset({"a"}), 300), RRset(frozenset({"b"}), 300)
    assert RecordState().may_hold == frozenset()
    assert RecordState(ours=ours, attempted=lost).may_hold == {ours, lost}


def test_times_are_utc_to_the_millisecond() -> None:
    """Whatever zone a time was in."""
    assert format_time(NOW + timedelta(microseconds=1999)) == "2026-11-22T12:00:00.001Z"


@pytest.mark.parametrize("place", [("wan",), ("records", "x/A", "in_sync_since")])
def test_a_state_without_a_place(place: tuple[str, ...]) -> None:
    """Nothing is taken for granted: what is missing is no older form of it."""
    spoilt = valid()
    holder: Any = spoilt
    for key in place[:-1]:
        holder = holder[key]
    del holder[place[-1]]
    with pytest.raises(StateError):
        loads(json.dumps(spoilt))


def test_what_is_kept_on_the_wan_comes_back() -> None:
    """Name, type, TTL, zone and suffix, in their order: all that going on without being told takes."""
    home = Target(Record("home.example.com", RRType.A))
    state = State(wan=(HOME6, home))
    assert to_json(state)["wan"][0] == {
        "fqdn": "home.example.com",
        "type": "AAAA",
        "ttl": 600,
        "zone": "example.com",
        "ipv6_suffix": "::1234:5678",
    }
    assert loads(json.dumps(to_json(state))).wan == (HOME6, home)


def test_who_goes_on_without_being_told_makes_and_forces_nothing() -> None:
    """What a record may replace, and what its status remembers, is not for who was not told."""
    record = Record("home.example.com", RRType.A, overwrite=True, drift=Drift.REPORT)
    told = Target(record, Wan(nat66=True), RRset(frozenset({"a"}), 300), "example.com")
    (read,) = loads(json.dumps(to_json(State(wan=(told,))))).wan
    assert read == Target(Record("home.example.com", RRType.A))
    assert read.source.rrset(read.record, FIRST) == Wan(nat66=True).rrset(record, FIRST)  # type: ignore[union-attr]


def test_since_when_a_record_is_in_sync_comes_back() -> None:
    """In UTC, whatever zone it was in; None stays None."""
    record = RecordState(in_sync_since=NOW)
    state = State().with_record("x/A", record).with_record("y/A", RecordState())
    read = loads(json.dumps(to_json(state)))
    assert read.records == {"x/A": record, "y/A": RecordState()}
    shifted = to_json(state)
    shifted["records"]["x/A"]["in_sync_since"] = "2026-11-22T14:00:00+02:00"
    since = loads(json.dumps(shifted)).records["x/A"].in_sync_since
    assert since == NOW
    assert since.tzinfo is UTC


def test_records_that_nobody_names_are_forgotten() -> None:
    """Those that are named stay as they were, with addresses and history; nothing is made up."""
    state = State(wan=(HOME6,)).with_address(Family.IPV4, FIRST, ("a",), NOW)
    state = state.with_record("x/A", RecordState("x")).with_record("y/A", RecordState("y"))
    assert state.only(["x/A", "z/A"]) == replace(state, records={"x/A": RecordState("x")})
    assert state.only([]) == replace(state, records={})
    assert state.only({"x/A", "y/A"}) is state


def test_a_record_that_is_as_it_was_changes_nothing() -> None:
    """The very same state, so that nothing is kept anew."""
    state = State().with_record("x/A", RecordState("x"))
    assert state.with_record("x/A", RecordState("x")) is state
    assert state.with_record("x/A", RecordState("y")).records == {"x/A": RecordState("y")}
