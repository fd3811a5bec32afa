"""Reading what an agent says: all of it where it is well, an error that names the place where it is not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.agent import Witness
from esddns.core.agent_read import MOST_RECORDS, AgentAnswerError, read_agent
from esddns.core.dnsrecord_standing import Reason
from esddns.core.model import Family, RRset
from web.canned import ADDRESS, NOW, PODS, State, conflict, healthy, record, standby, undecided


def read(state: Any) -> Any:
    """Read it as it comes over the wire."""
    return read_agent(json.dumps(state).encode())


def test_the_leader() -> None:
    """Everything that the leader says is there, as types of ours."""
    state = read(healthy())
    assert (state.pod, state.leads, state.credential_good) == (PODS[1], True, True)
    assert [str(a.address) for a in state.addresses] == [ADDRESS, "2001:db8:51:7::10"]
    assert state.detection[0].witnesses[1] == Witness("cloudflare-trace", "Cloudflare")
    first = state.records[0]
    assert first.desired == first.ours == RRset(frozenset({ADDRESS}), 300)
    assert (first.object, first.source, first.reason) == ("esddns/example", "WAN", Reason.PUBLISHED)
    assert first.dns == (first.desired,)
    assert len(state.changes) == 6
    assert state.checked_at is not None
    assert (NOW - state.checked_at).total_seconds() == 120


def test_who_stands_by() -> None:
    """An agent that only knows the cache says of records what was published, and no reason."""
    state = read(standby(PODS[0], healthy()))
    assert not state.leads
    assert {one.reason for one in state.records} == {None}
    assert all(one.in_sync and one.desired is None and one.ours for one in state.records)


@pytest.mark.parametrize("make", [undecided, conflict])
def test_not_so_well(make: Callable[[], State]) -> None:
    """What is wrong arrives with its reason."""
    state = read(make())
    assert state.errors
    assert state.errors[0].reason is not None


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("addresses", [], "addresses: expected an object, found list"),
        ("addresses", {"ipv4": {"address": "2001:db8::1", "since": "2026-11-22T00:00:00Z"}},
         "addresses.ipv4: expected an ipv4 address, found '2001:db8::1'"),
        ("addresses", {"ipv4": {"address": ADDRESS, "since": "2026-11-22T00:00:00"}},
         "addresses.ipv4.since: expected a time with its zone, found '2026-11-22T00:00:00'"),
        ("addresses", {"ipv4": {"address": ADDRESS, "since": "0001-01-01T00:00:00+14:00"}},
         "addresses.ipv4.since: expected a time"),
        ("addresses", {"ipv4": None}, "addresses.ipv4: expected an object, found nothing"),
        ("records", {}, "records: expected a list, found dict"),
        ("records", [7], "records[0]: expected an object, found int"),
        ("records", [record("a.b"), record("x", ours={"values": ["1"], "ttl": True})],
         "records[1].ours.ttl: expected seconds, found True"),
        ("records", [record("x", ours={"values": "1.2.3.4", "ttl": 300})],
         "records[0].ours.values: expected a list, found str"),
        ("records", [record("x", fqdn=["x"])], "records[0].fqdn: expected a text, found list"),
        ("records", [record("x", object="esddns/x")], "records[0].object: expected an object"),
        ("changes", [{"family": "ipv5"}], "changes[0].family: found 'ipv5'"),
        ("errors", [{"at": 0}], "errors[0].at: expected a time"),
        ("version", 7, "version: expected a text, found int"),
        ("checked_at", "yesterday", "checked_at: expected a time with its zone, found 'yesterday'"),
    ],
)  # fmt: skip
def test_what_does_not_fit(key: str, value: Any, says: str) -> None:
    """A value of another kind is an error that says where it was, what was expected and what was found."""
    with pytest.raises(AgentAnswerError) as raised:
        read({**healthy(), key: value})
    assert str(raised.value).startswith(says)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 5000,
        b'{"version": "\xff"}',
    ],
)
def test_what_is_no_state_at_all(body: bytes) -> None:
    """Anything else that a server may answer with is an error, too."""
    with pytest.raises(AgentAnswerError):
        read_agent(body)


def test_an_empty_object() -> None:
    """An agent that knows nothing yet says nothing: that is no error."""
    state = read({})
    assert (state.records, state.addresses, state.leads) == ((), (), False)


def test_long_lists_and_texts_are_cut() -> None:
    """However much is said, so much is kept, and how many records there were."""
    state = healthy()
    state["records"] = [record(f"{'x' * 5000}.{number}") for number in range(MOST_RECORDS + 7)]
    state["errors"] = [{"at": state["time"], "subject": "x", "error": "y" * 10_000}] * 500
    state["not_ready"] = ["z"] * 500
    read_state = read(state)
    assert (len(read_state.records), read_state.records_beyond) == (MOST_RECORDS, 7)
    assert len(read_state.errors) == len(read_state.problems) == 50
    assert len(read_state.records[0].fqdn) == 260
    assert len(read_state.errors[0].text) == 600
    assert read_state.errors[0].text.endswith("…")


def test_a_word_of_another_version() -> None:
    """A reason that this version does not know is one to wait for; other fields are left out."""
    state = healthy()
    state["records"][0] |= {"reason": "Levitating", "colour": "blue"}
    state["addresses"]["ipv8"] = {"address": "x"}
    read_state = read(state)
    assert read_state.records[0].reason is Reason.WAITING
    assert [address.family for address in read_state.addresses] == list(Family)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(st.data())
def test_any_damage(data: st.DataObject) -> None:
    """Whatever is put anywhere into a good answer: it is read, or it is that one error."""
    state = healthy()
    place: Any = state
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(_JSON)
    with contextlib.suppress(AgentAnswerError):
        read(state)
