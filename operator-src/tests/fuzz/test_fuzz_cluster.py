"""What stands at the API server in the Lease's place, and what something before it may answer."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esddns.core.lease import LONGEST_YIELD_PAUSE, Lease
from esddns.shell.kube import client
from esddns.shell.kube.leases import NAME, YIELDED_AT, YIELDS, LeaseStore, read_lease
from esddns.shell.kube.seam import LEASES, Cluster, ClusterError, EventType
from esddns.shell.objects import _id, _uid, _version
from fuzz.damage import dumped, junk, pages, spoilt, spoilt_bytes, texts, wild_texts
from standin import ApiServerModel, ModelCluster

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMESPACE = "esddns"

# The first and the last day of the calendar are another matter: below.
times = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
counts = st.integers().map(str) | texts
# What an API server lets into a Lease: the fields have their types, the annotations are any text.
leases = st.fixed_dictionaries(
    {
        "apiVersion": st.just(LEASES.api_version),
        "kind": st.just(LEASES.kind),
        "metadata": st.fixed_dictionaries(
            {"name": st.just(NAME), "namespace": st.just(NAMESPACE)},
            optional={
                "annotations": st.fixed_dictionaries(
                    {},
                    optional={
                        YIELDS: counts,
                        YIELDED_AT: times.map(datetime.isoformat)
                        | texts.filter(lambda text: not text.startswith(("0001", "9999"))),
                    },
                )
            },
        ),
    },
    optional={
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "holderIdentity": texts,
                "leaseDurationSeconds": st.integers(1, 2**31 - 1),
                "leaseTransitions": st.integers(0, 2**31 - 2),
                "renewTime": times.map(str),
                "acquireTime": times.map(str),
            },
        )
    },
)


def check_lease(lease: Lease) -> None:
    """A Lease that was read says what its types say."""
    for text in (lease.version, lease.holder, lease.renewed, lease.acquired):
        assert isinstance(text, str)
    assert not (lease.released and lease.holder)
    assert lease.yields.count >= 0
    assert (lease.yields.wait(300) == 0) == (lease.yields.count == 0)
    assert lease.yields.wait(300) == 0 or 300 <= lease.yields.wait(300) <= LONGEST_YIELD_PAUSE


async def take_over(found: dict[str, Any]) -> None:
    """Read, take, renew and release the Lease as it stands there, as an agent would."""
    cluster: Cluster = ModelCluster(ApiServerModel(lambda: NOW), "agent-1", NAMESPACE)
    await cluster.create(LEASES, found)
    store = LeaseStore(cluster, NAMESPACE, lambda: NOW)
    seen = await store.read()
    assert seen is not None
    check_lease(seen)
    held = await store.take(seen, "agent-1/x")
    assert held.holder == "agent-1/x"
    assert held.transitions == seen.transitions + 1
    held = await store.renew(held, held.yields.after(NOW.timestamp()))
    assert 1 <= held.yields.count <= seen.yields.count + 1
    await store.release(held, held.yields)
    left = await store.read()
    assert left is not None
    assert left.released


@given(leases)
def test_leases(found: dict[str, Any]) -> None:
    """Whatever was edited in a Lease by hand, an agent reads it, and can take, renew and release it."""
    asyncio.run(take_over(found))


def edited(yielded_at: str, yields: str = "3") -> dict[str, Any]:
    """A Lease whose annotations somebody edited."""
    notes = {YIELDS: yields, YIELDED_AT: yielded_at}
    metadata = {"name": NAME, "namespace": NAMESPACE, "annotations": notes}
    return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": {}}


@pytest.mark.parametrize(
    ("yielded_at", "yields"),
    [("0001-01-01T00:00:00+23:59", "3"), ("2026-11-22T12:00:00Z", "9" * 4300)],
    ids=["before the calendar", "a number of 4300 digits"],
)
def test_a_lease_that_cannot_be_written_back(yielded_at: str, yields: str) -> None:
    """A yield that lies outside the calendar, or a count beyond all bounds, keeps nobody from leading."""
    asyncio.run(take_over(edited(yielded_at, yields)))


OBJECT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "x", "namespace": NAMESPACE, "uid": "8a", "resourceVersion": "17"},
}
STATUS = {"kind": "Status", "code": 403, "message": "a cannot get b", "reason": "Forbidden"}
EVENT = {"type": "MODIFIED", "object": OBJECT}
CALL = client._Call("get", LEASES, NAMESPACE, "x")


def lines(document: Any) -> st.SearchStrategy[bytes]:
    """JSON of a damaged document, or other bytes."""
    return st.one_of(
        spoilt(document).map(dumped).map(str.encode),
        spoilt_bytes(json.dumps(document).encode()),
        junk.map(dumped).map(str.encode),
        pages("192.0.2.1"),
        st.binary(max_size=40),
    )


@given(lines(OBJECT), lines(STATUS), st.integers(200, 599))
def test_answers_of_an_api_server(answer: bytes, refusal: bytes, status: int) -> None:
    """A body is an object or none; one that refuses is an error of the seam, whatever it says."""
    found = client._read_object(answer)
    assert found is None or isinstance(found, dict)
    for body in (answer, refusal):
        assert isinstance(client._refusal(CALL, status, body), ClusterError)


@given(lines(EVENT) | lines({"type": "ERROR", "object": STATUS}))
@example(json.dumps({"type": "ERROR", "object": {"code": True}}).encode())
def test_events_of_a_watch(line: bytes) -> None:
    """A line of a watch is an event with an object, or an error of the seam."""
    try:
        event = client._read_event(CALL, line)
    except ClusterError:
        return
    assert event.type in EventType
    assert isinstance(event.object, dict)


def test_a_body_of_brackets() -> None:
    """A body that nests beyond Python's stack is no object, and breaks nothing."""
    assert client._read_object(b"[" * 100_000) is None


versions = st.none() | wild_texts | st.integers().map(str)


@given(st.fixed_dictionaries({}, optional={"resourceVersion": versions, "uid": versions}))
def test_versions_of_objects(metadata: dict[str, Any]) -> None:
    """A version is a number, 0 where it is none."""
    found = {"metadata": metadata}
    assert _version(found) >= 0
    assert isinstance(_uid(found), str)
    assert _id(found) == ("", "")


def test_the_documents_are_whole() -> None:
    """What is damaged here is read where it is whole: else the tests would try refusals alone."""
    at = NOW - timedelta(minutes=1)
    assert read_lease(edited(at.isoformat())).yields.at == at.timestamp()
    assert read_lease(edited(at.isoformat())).yields.count == 3
    assert client._read_object(json.dumps(OBJECT).encode()) == OBJECT
    assert client._read_event(CALL, json.dumps(EVENT).encode()).object == OBJECT
    asyncio.run(take_over(edited(at.isoformat())))
