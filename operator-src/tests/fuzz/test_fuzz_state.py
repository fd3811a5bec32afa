"""Kept state and the cache: what was written, or the one error; never half of it, never what nobody wrote."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esddns.core import cache
from esddns.core.cache import Cache, render
from esddns.core.dnscheck import LastWrite
from esddns.core.model import Family, Record, RRset, RRType
from esddns.core.state import AddressState, Change, RecordState, State, StateError, loads, to_json
from esddns.core.target import Target, Wan
from esddns.shell.cacheview import CacheView
from esddns.shell.memory import Memory
from fuzz.damage import dumped, encoded, spoilt, spoilt_bytes, spoilt_json, spoilt_text, wild_texts
from fuzz.refusal import check_words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOUR, SIX = IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")
HOME = RRset(frozenset({str(FOUR)}), 300)
FULL = State(
    addresses={
        Family.IPV4: AddressState(FOUR, NOW, ("Amazon", "ipify")),
        Family.IPV6: AddressState(SIX, NOW, ("Amazon",)),
    },
    records={
        "home.example.com/A": RecordState(
            zone="example.com",
            ours=HOME,
            attempted=RRset(frozenset({"192.0.2.2"}), 300),
            last_write=LastWrite(NOW, HOME),
            putbacks=(NOW,),
            dns_differs_since=NOW,
            in_sync_since=NOW,
        ),
        "www.example.com/CNAME": RecordState(),
    },
    changes=(Change(Family.IPV4, None, FOUR, NOW), Change(Family.IPV6, SIX, SIX, NOW)),
    wan=(
        Target(Record("home.example.com", RRType.A, 300, "example.com")),
        Target(Record("home.example.com", RRType.AAAA), Wan(IPv6Address("::1"))),
    ),
)
KEPT = to_json(FULL)
WRITTEN = render(Cache(FULL, NOW, 3))
OTHER = render(
    Cache(
        State().with_address(Family.IPV4, IPv4Address("198.51.100.2"), ("ipify",), NOW),
        NOW + timedelta(minutes=5),
        5,
    )
)


def check_state(state: State) -> None:
    """A state that was read can be kept, and says what its types say."""
    for family, known in state.addresses.items():
        assert known.address.version == family.version
        assert "%" not in str(known.address)
        assert known.since.tzinfo is UTC
    assert len(state.changes) <= 20
    for target in state.wan:
        assert isinstance(target.source, Wan)
        assert "%" not in str(target.source.ipv6_suffix)
    kept = json.dumps(to_json(state))
    assert json.dumps(to_json(loads(kept))) == kept


def read_state(text: str) -> None:
    """Read it: a state, or StateError in plain words."""
    try:
        state = loads(text)
    except StateError as error:
        check_words(str(error), says=("not a state of version 1",))
    else:
        check_state(state)


def with_address(text: str) -> str:
    """The state with another address, as JSON."""
    state = to_json(FULL)
    state["addresses"]["ipv6"]["address"] = text
    return json.dumps(state)


@given(spoilt_json(KEPT))
@example(json.dumps(KEPT))
@example(with_address("2001:db8::1%x"))
@example(with_address("2001:db8::1\u2028"))
@example("[" * 100_000)
@example('{"version": 1' + "0" * 5000 + "}")
def test_state(text: str) -> None:
    """Damaged JSON is a state that can be kept again, or StateError."""
    read_state(text)


@given(st.sampled_from(["since", "at"]), wild_texts)
@example("since", "0001-01-01T00:00+23:59")
@example("since", "2026-11-22\n00:00")
def test_times_in_state(key: str, text: str) -> None:
    """A time that is none, or lies outside the calendar, is StateError."""
    state = to_json(FULL)
    (state["addresses"]["ipv4"] if key == "since" else state["changes"][0])[key] = text
    read_state(json.dumps(state))


@given(st.data())
def test_state_file(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever the state file holds, the program starts: with that state, or without, and keeps the file."""
    text = json.dumps(KEPT).encode()
    content = data.draw(spoilt_bytes(text) | encoded(json.dumps(KEPT)) | st.binary(max_size=60))
    folder = tmp_path_factory.getbasetemp()
    file, aside = folder / "state.json", folder / "state.unreadable.json"
    aside.unlink(missing_ok=True)
    file.write_bytes(content)
    state = Memory(file).state
    check_state(state)
    kept = file if file.exists() else aside
    assert kept.read_bytes() == content
    if kept == aside:
        assert state == State()


def said(data: dict[str, str]) -> dict[str, tuple[str, str, str]]:
    """What the keys for people say of each address: read here without the product's own reader."""
    found = {}
    for end in ("", "ipv6"):
        keys = [f"{k}_{end}".rstrip("_") for k in ("current", "detected_at", "agreed")]
        keys[0] = "current_ipv6" if end else "current_ip"
        if keys[0] in data:
            found[data[keys[0]]] = (data[keys[0]], data[keys[1]], data[keys[2]])
    return found


def see(data: dict[str, str]) -> Cache | None:
    """Read the keys: what is believed is what all of them say; else StateError in plain words."""
    try:
        read = cache.read(data)
    except StateError as error:
        check_words(str(error), says=(cache.NAME, "not a state of version 1"))
        return None
    check_state(read.state)
    assert read.nodes >= 1
    assert render(read) == data
    believed = {str(known.address) for known in read.state.addresses.values()}
    assert believed == set(said(data))
    kept = json.loads(data["state"])
    for known in kept["addresses"].values():
        assert said(data)[known["address"]][1:] == (known["since"], ", ".join(known["agreed"]))
    published = {
        value
        for record in read.state.records.values()
        for rrset in record.may_hold
        for value in rrset.values
    }
    assert published <= {
        value
        for record in kept["records"].values()
        for rrset in (record["ours"], record["attempted"])
        if rrset
        for value in rrset["values"]
    }
    return read


def state_with_agreed(*agreed: str) -> str:
    """The state as the cache has it, with other operators that agreed."""
    state = to_json(FULL)
    state["addresses"]["ipv4"]["agreed"] = list(agreed)
    return json.dumps(state, sort_keys=True)


@given(st.data())
def test_cache(data: st.DataObject) -> None:
    """A key that was edited, dropped, added or exchanged makes the cache unbelieved, or changes nothing."""
    keys = dict(WRITTEN)
    for _ in range(data.draw(st.integers(1, 3))):
        key = data.draw(st.sampled_from([*WRITTEN, "current_ip"]))
        match data.draw(st.integers(0, 4)):
            case 0:
                keys.pop(key, None)
            case 1:
                keys[data.draw(wild_texts)] = data.draw(wild_texts)
            case 2:
                keys[key] = data.draw(spoilt_text(keys.get(key, "")))
            case 3:
                keys["state"] = data.draw(spoilt_json(KEPT))
            case _:
                keys["state"] = json.dumps(data.draw(spoilt(KEPT)), sort_keys=True)
    see(keys)


@given(st.sets(st.sampled_from(sorted({*WRITTEN, *OTHER}))))
def test_keys_of_two_caches(from_other: set[str]) -> None:
    """Keys that are partly of one cache and partly of another are neither: nothing is believed."""
    mixed = {key: OTHER[key] for key in from_other if key in OTHER}
    mixed |= {key: WRITTEN[key] for key in WRITTEN if key not in from_other}
    read = see(mixed)
    # Who says when the last attempt was, and how many agents there are, says nothing else.
    free = {"checked_at", "nodes"}
    alone = [
        {key: value for key, value in keys.items() if key not in free}
        for keys in (mixed, WRITTEN, OTHER)
    ]
    assert (read is not None) == (alone[0] in alone[1:] and free <= mixed.keys())


def test_a_cache_of_half_a_character() -> None:
    """Operators that cannot be written as UTF-8, which JSON can spell, make it unbelieved, and no more."""
    assert see({**WRITTEN, "state": state_with_agreed("\ud800")}) is None


def test_a_cache_beyond_what_fits() -> None:
    """More than the cache may hold, in a ConfigMap that holds twice that, makes it unbelieved."""
    assert see({**WRITTEN, "state": state_with_agreed(*["a"] * 120_000)}) is None


OBJECT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": cache.NAME, "resourceVersion": "17"},
    "data": WRITTEN,
}


def _of_a_config_map(found: Any) -> bool:
    """Whether an API server could send it: it holds every ConfigMap to the types of its fields."""
    if not isinstance(found, dict):
        return False
    metadata, data = found.get("metadata"), found.get("data")
    return (metadata is None or isinstance(metadata, dict)) and (
        data is None or (isinstance(data, dict) and all(isinstance(v, str) for v in data.values()))
    )


@given(spoilt(OBJECT).filter(_of_a_config_map))
@example({**OBJECT, "data": {**WRITTEN, "state": state_with_agreed("\ud800")}})
@example({**OBJECT, "data": None, "metadata": None})
def test_view_of_the_cache(found: dict[str, Any]) -> None:
    """An agent that sees a damaged ConfigMap goes on with the last good one, and says why."""

    async def look() -> None:
        view = CacheView()
        await view.see(OBJECT)
        good = view.cache
        assert good is not None
        await view.see(found)
        assert view.cache is not None
        if view.problem is None:
            assert render(view.cache) == found["data"]
        else:
            check_words(view.problem)
            assert view.cache == good
            assert view.stale(interval=3600)

    asyncio.run(look())


def test_the_documents_are_whole() -> None:
    """What the tests here damage is read as it was meant: else they would try refusals alone."""
    assert loads(dumped(KEPT)) == FULL
    assert cache.read(WRITTEN).state == FULL
    assert cache.read(OTHER).nodes == 5
    assert Memory(Path("/nonexistent/state.json")).state == State()
