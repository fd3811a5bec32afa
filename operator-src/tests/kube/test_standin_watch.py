"""What a watch tells, in process as by the real client over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    DNS_RECORDS,
    LEASES,
    EventType,
    GoneError,
    InvalidObjectError,
    ServerError,
    UnreachableError,
)
from kube.sites import Site, config_map, lease, record, told, version
from standin import NoAnswerError, Refusal

Play = Callable[..., None]


def elapsed() -> float:
    """Virtual seconds since the beginning."""
    return asyncio.get_running_loop().time()


def test_what_changes(play_both: Play) -> None:
    """A watch tells what changed after the version it was begun from, in order, and ends in time."""

    async def scenario(site: Site) -> None:
        store = site.model.store
        store.create(DNS_RECORDS, "esddns", record("before"))
        _, since = await site.cluster.list(DNS_RECORDS)
        store.create(DNS_RECORDS, "esddns", record("home"))
        store.create(CONFIG_MAPS, "esddns", config_map("another-kind"))
        store.namespaces.add("other")
        store.create(DNS_RECORDS, "other", {"metadata": {"name": "elsewhere"}})
        store.patch(DNS_RECORDS, "esddns", "before", {"spec": {"ttl": 600}})
        asyncio.get_running_loop().call_later(3, store.delete, DNS_RECORDS, "esddns", "home")
        assert await told(site.watch(DNS_RECORDS, since=since)) == [
            ("ADDED", "home"),
            ("MODIFIED", "before"),
            ("DELETED", "home"),
        ]
        assert elapsed() == 10
        assert site.client.events == {"dnsrecords": 3}

    play_both(scenario)


def test_one_object(play_both: Play) -> None:
    """With a name nothing is told of others."""

    async def scenario(site: Site) -> None:
        store = site.model.store
        for name in ("other", "wan-ip"):
            store.create(CONFIG_MAPS, "esddns", config_map(name))
        assert await told(site.watch(CONFIG_MAPS, name="wan-ip")) == [("ADDED", "wan-ip")]

    play_both(scenario)


@pytest.mark.parametrize("since", ["", "0"])
def test_from_what_there_is(play_both: Play, since: str) -> None:
    """Without a version a watch begins with what there is."""

    async def scenario(site: Site) -> None:
        store = site.model.store
        store.create(LEASES, "esddns", lease())
        asyncio.get_running_loop().call_later(
            1, store.patch, LEASES, "esddns", "leader", {"spec": {"holderIdentity": "b"}}
        )
        seen = await told(site.watch(LEASES, since=since))
        assert seen == [("ADDED", "leader"), ("MODIFIED", "leader")]

    play_both(scenario)


def test_bookmarks(play_both: Play) -> None:
    """A quiet watch is told every minute how far it is, though nothing of its own changed."""

    async def scenario(site: Site) -> None:
        store = site.model.store
        asyncio.get_running_loop().call_later(30, store.create, CONFIG_MAPS, "esddns", config_map())
        at = str(store.version)
        seen = [event async for event in site.watch(LEASES, since=at, seconds=130)]
        assert [event.type for event in seen] == [EventType.BOOKMARK] * 2
        assert version(seen[0].object) == str(store.version)
        assert site.client.bookmarks == {"leases": 2}
        assert site.client.events == {}

    play_both(scenario)


def test_too_old(play_both: Play) -> None:
    """A version that is forgotten is Gone, though the object itself has it still."""

    async def scenario(site: Site) -> None:
        store = site.model.store
        quiet = version(store.create(LEASES, "esddns", lease()))
        store.namespaces.add("kube-node-lease")
        store.create(LEASES, "kube-node-lease", {"metadata": {"name": "node-1"}})
        for number in range(5):
            patch = {"spec": {"renewTime": str(number)}}
            store.patch(LEASES, "kube-node-lease", "node-1", patch)
        with pytest.raises(GoneError, match="watch Lease esddns/leader: HTTP 410: too old"):
            await anext(aiter(site.watch(LEASES, name="leader", since=quiet)))
        _, since = await site.cluster.list(LEASES)
        assert await told(site.watch(LEASES, name="leader", since=since)) == []

    play_both(scenario, window=3)


def test_no_version(play_both: Play) -> None:
    """What is no version is refused."""

    async def scenario(site: Site) -> None:
        with pytest.raises(InvalidObjectError, match="400"):
            await anext(aiter(site.watch(LEASES, since="yesterday")))

    play_both(scenario)


def test_a_version_to_come(play_both: Play) -> None:
    """After etcd went back, a watch from a later version hears nothing until that has passed."""

    async def scenario(site: Site) -> None:
        store = site.model.store
        backup = store.snapshot()
        store.create(LEASES, "esddns", lease())
        since = version(store.patch(LEASES, "esddns", "leader", {"spec": {"leaseTransitions": 1}}))
        site.model.restore(backup)
        loop = asyncio.get_running_loop()
        for number in range(3):
            body = {"metadata": {"name": f"l{number}"}}
            loop.call_later(1 + number, store.create, LEASES, "esddns", body)
        assert await told(site.watch(LEASES, since=since)) == [("ADDED", "l2")]
        assert len((await site.cluster.list(LEASES))[0]) == 3

    play_both(scenario)


_ENDS: dict[str, tuple[Callable[[Site], Any], type[Exception]]] = {
    "compacted": (lambda site: site.model.end_watches(Refusal(410, "too old")), GoneError),
    "broken": (lambda site: site.model.end_watches(Refusal(500, "decoding")), ServerError),
    "restart": (lambda site: site.model.end_watches(NoAnswerError()), UnreachableError),
    "refused": (lambda site: site.client.refuse(), UnreachableError),
    "outage": (lambda site: site.model.outage(), UnreachableError),
    "restored": (lambda site: site.model.restore(site.model.store.snapshot()), UnreachableError),
}


@pytest.mark.parametrize(("end", "error"), _ENDS.values(), ids=_ENDS)
def test_ends_in_the_middle(
    play_both: Play, end: Callable[[Site], Any], error: type[Exception]
) -> None:
    """A watch that ends in the middle says why, at once and after what it had to tell."""

    async def scenario(site: Site) -> None:
        site.model.store.create(LEASES, "esddns", lease())
        async with aclosing(site.watch(LEASES, seconds=600)) as events:
            assert (await anext(events)).type is EventType.ADDED
            asyncio.get_running_loop().call_later(7, end, site)
            with pytest.raises(error, match=r"watch Lease esddns/\*: "):
                await anext(events)
        assert elapsed() == 7
        assert site.client.watches == []

    play_both(scenario)


def test_silence(play_both: Play) -> None:
    """A watch from which nothing comes any more ends with an error a little after its time."""

    async def scenario(site: Site) -> None:
        site.model.store.create(LEASES, "esddns", lease())
        async with aclosing(site.watch(LEASES, seconds=60)) as events:
            await anext(events)
            site.model.outage(silent=True)
            with pytest.raises(UnreachableError, match="no answer within"):
                await anext(events)
        assert elapsed() == 65

    play_both(scenario)


def test_late_and_twice(play_both: Play) -> None:
    """Events may come late, in order, and twice; what waited for a way arrives when there is one."""

    async def scenario(site: Site) -> None:
        store, loop = site.model.store, asyncio.get_running_loop()
        site.client.way.event_delay = 2.0
        site.client.way.duplicate = True
        times: list[tuple[float, str]] = []

        async def reads() -> None:
            async for event in site.watch(CONFIG_MAPS, seconds=50):
                times.append((elapsed(), event.object["metadata"]["name"]))  # noqa: PERF401 - when, too

        reading = asyncio.create_task(reads())
        loop.call_later(1, store.create, CONFIG_MAPS, "esddns", config_map("a"))
        await asyncio.sleep(10)
        site.client.cut(back=True)
        store.create(CONFIG_MAPS, "esddns", config_map("b"))
        await asyncio.sleep(10)
        site.client.heal()
        await reading
        assert times == [(3, "a"), (3, "a"), (20, "b"), (20, "b")]

    play_both(scenario)


def test_left_early(play_both: Play) -> None:
    """A watch that its reader leaves is closed on both sides."""

    async def scenario(site: Site) -> None:
        site.model.store.create(LEASES, "esddns", lease())
        async with aclosing(site.watch(LEASES, seconds=600)) as events:
            await anext(events)
            assert len(site.client.watches) == 1
        await asyncio.sleep(1)
        assert site.client.watches == []

    play_both(scenario)
