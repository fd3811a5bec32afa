"""The cache's keys: read back as they were written, and nothing else believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.cache import LARGEST, Cache, CacheTooLargeError, read, render
from esddns.core.model import Family, RRset
from esddns.core.state import RecordState, State, StateError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATE = (
    State()
    .with_address(Family.IPV4, IPv4Address("192.0.2.1"), ("Amazon", "ipify"), NOW)
    .with_record("home.example.com/A", RecordState(ours=RRset(frozenset({"192.0.2.1"}), 300)))
)
CACHE = Cache(STATE, NOW, 3)


def test_the_fixed_keys() -> None:
    """`current_ip` and `detected_at` are there for whoever reads the ConfigMap, with who agreed."""
    data = render(CACHE)
    assert data["current_ip"] == "192.0.2.1"
    assert data["detected_at"] == data["checked_at"] == "2026-11-22T12:00:00.000Z"
    assert data["agreed"] == "Amazon, ipify"


def test_two_families() -> None:
    """With both families IPv4 has the fixed keys; a site with IPv6 alone has them for that."""
    six = IPv6Address("2001:db8::1")
    both = replace(CACHE, state=STATE.with_address(Family.IPV6, six, ("ipify",), NOW))
    assert render(both)["current_ip"] == "192.0.2.1"
    assert render(both)["current_ipv6"] == "2001:db8::1"
    alone = replace(CACHE, state=State().with_address(Family.IPV6, six, ("ipify",), NOW))
    assert render(alone)["current_ip"] == "2001:db8::1"


def test_read_back() -> None:
    """What was written is what is read."""
    assert read(render(CACHE)) == CACHE


@pytest.mark.parametrize("key", ["state", "checked_at", "nodes", "current_ip", "agreed"])
@pytest.mark.parametrize("value", [None, "", "192.0.2.99", "rubbish"])
def test_edited_by_hand(key: str, value: str | None) -> None:
    """A key that is missing, rubbish, or a valid but other address: the cache is not believed."""
    data = render(CACHE)
    if value is None:
        del data[key]
    else:
        data[key] = value
    with pytest.raises(StateError):
        read(data)


def test_too_large() -> None:
    """Beyond 512 KiB it is said how many records there are, and what to do."""
    record = RecordState(ours=RRset(frozenset({"192.0.2.1"}), 300))
    many = {f"{n}.example.com/A": record for n in range(5000)}
    with pytest.raises(CacheTooLargeError, match=f"5000 records .* {LARGEST} fit"):
        render(replace(CACHE, state=State(records=many)))


@given(st.dictionaries(st.sampled_from([*render(CACHE), "other"]), st.text()))
def test_whatever_stands_there(edits: dict[str, str]) -> None:
    """Whatever somebody put there, it is the cache as it was written, or an error: nothing in between."""
    data = {**render(CACHE), **edits}
    try:
        assert render(read(data)) == data
    except StateError:
        assert data != render(CACHE)
