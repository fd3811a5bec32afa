"""All DNSRecords, listed and followed: what is known, whatever comes late, twice or never."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from esddns.core.claims import ObjectId
from esddns.shell.health import Health
from esddns.shell.kube.feed import Feed, FeedError, FeedStuckError, OnEvent
from esddns.shell.kube.seam import DNS_RECORDS, EventType, Object, WatchEvent
from esddns.shell.objects import RESYNC, Objects
from nodes.watch_feed import WatchFeed
from standin import ApiServerModel, Fault, ModelCluster, NoAnswerError
from virtual_time import run_virtual

MINUTE = 60
HOME, TEAM = "esddns", "team-a"
LISTER, WATCHER = "lister", "watcher"  # apart, so that one may be slow without the other
ADDED, MODIFIED, DELETED = EventType.ADDED, EventType.MODIFIED, EventType.DELETED


class HandFeed(Feed):
    """Tells and fails by hand."""

    def __init__(self) -> None:
        self.followed: list[tuple[str, ...]] = []
        self._on_event: OnEvent | None = None
        self._end: asyncio.Future[None] | None = None

    async def follow(self, namespaces: Sequence[str], on_event: OnEvent) -> None:
        """Wait to be told."""
        self.followed.append(tuple(namespaces))
        self._on_event, self._end = on_event, asyncio.get_running_loop().create_future()
        try:
            await self._end
        finally:
            self._on_event = None

    def tell(self, kind: EventType, found: Object) -> None:
        """Tell one event."""
        assert self._on_event is not None, "nobody follows"
        self._on_event(WatchEvent(kind, found))

    def fail(self, error: Exception) -> None:
        """End."""
        assert self._end is not None
        self._end.set_exception(error)


async def until(holds: Callable[[], bool], within: float) -> None:
    """Wait for a condition. Fails after `within` seconds."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    while not holds():
        assert loop.time() - started <= within + 1, f"not so after {within} s"
        await asyncio.sleep(0.1)


class Table:
    """The objects over a stand-in, and what they told."""

    def __init__(self, feed: Feed | None = None, namespaces: Sequence[str] = (HOME,)) -> None:
        self.model = ApiServerModel(lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))
        self.model.store.namespaces.update(namespaces)
        self.feed = feed or WatchFeed(ModelCluster(self.model, WATCHER, HOME))
        self.health = Health()
        self.changes: list[dict[ObjectId, str]] = []  # what was known at each `on_change`
        self.statuses: list[ObjectId] = []
        self.objects = Objects(
            ModelCluster(self.model, LISTER, HOME), self.feed, namespaces,
            random.Random(5), self.health,  # noqa: S311  # the same in each run
            lambda: self.changes.append(self.known()), self.statuses.append,
        )  # fmt: skip

    def apply(self, name: str, fqdn: str, namespace: str = HOME, **metadata: Any) -> Object:
        """Apply one with kubectl; gives what stands there then."""
        store = self.model.store
        body: Object = {
            "metadata": {"name": name, "namespace": namespace, **metadata},
            "spec": {"fqdn": fqdn},
        }
        if store.select(DNS_RECORDS, namespace, name):
            return store.patch(DNS_RECORDS, namespace, name, body)
        return store.create(DNS_RECORDS, namespace, body)

    def delete(self, name: str, namespace: str = HOME) -> None:
        """Delete one with kubectl."""
        self.model.store.delete(DNS_RECORDS, namespace, name)

    def known(self) -> dict[ObjectId, str]:
        """What is known: each object's name in DNS."""
        return {one: str(found["spec"]["fqdn"]) for one, found in self.objects.known.items()}

    def names(self) -> dict[str, str]:
        """The same, of the own namespace only."""
        return {name: fqdn for (where, name), fqdn in self.known().items() if where == HOME}

    @property
    def lists(self) -> int:
        """How often was listed."""
        return self.model.client(LISTER).requests["list", DNS_RECORDS.plural]

    async def slow_list(self, seconds: float) -> None:
        """Wait for the next list, whose answer stands and is on its way for that long, and go on then."""
        before = self.lists
        self.model.client(LISTER).way.latency_back = seconds
        await until(lambda: self.lists > before, RESYNC)
        await asyncio.sleep(0.1)

    async def list_lands(self, seconds: float) -> None:
        """Wait until a list that was slow has arrived; the next will be quick."""
        self.model.client(LISTER).way.latency_back = 0.0
        await asyncio.sleep(seconds)


@asynccontextmanager
async def running(table: Table) -> AsyncGenerator[Table, None]:
    """Run until the end of the block; what the run fails of is raised there."""
    task = asyncio.create_task(table.objects.run())
    await asyncio.sleep(0.1)
    try:
        yield table
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def play(scenario: Callable[[Table], Awaitable[None]], table: Table) -> None:
    """Run a scenario from the first list on."""

    async def main() -> None:
        async with running(table):
            await scenario(table)

    run_virtual(main(), limit=86400)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a person was told."""
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def test_nothing_is_told_before_all_are_listed() -> None:
    """An object that an answer gave meanwhile is kept, and told with the others; so is what went."""

    async def main() -> None:
        table = Table()
        table.objects.see(table.apply("early", "early.example.com"))
        gone = table.apply("gone", "gone.example.com")
        table.objects.see(gone)
        table.delete("gone")
        table.objects.forget(gone)
        assert table.changes == []
        assert not table.objects.complete
        table.apply("web", "web.example.com")
        async with running(table):
            assert table.objects.complete
            assert table.changes == [
                {(HOME, "early"): "early.example.com", (HOME, "web"): "web.example.com"}
            ]

    run_virtual(main(), limit=60)


def test_listed_and_followed() -> None:
    """What is there at the start is told once; then each change as it comes, and nothing twice."""

    async def scenario(table: Table) -> None:
        assert table.changes == [{(HOME, "web"): "web.example.com"}]
        await asyncio.sleep(10)
        assert len(table.changes) == 1  # the watch tells what there is: no news
        table.apply("mail", "mail.example.com")
        await asyncio.sleep(0.1)
        assert table.names() == {"web": "web.example.com", "mail": "mail.example.com"}
        table.apply("mail", "mx.example.com")
        await asyncio.sleep(0.1)
        assert table.names()["mail"] == "mx.example.com"
        table.delete("mail")
        await asyncio.sleep(0.1)
        assert table.names() == {"web": "web.example.com"}
        assert len(table.changes) == 4
        assert table.statuses == []
        assert table.lists == 1

    table = Table()
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_each_event_may_come_twice() -> None:
    """The second is no news."""

    async def scenario(table: Table) -> None:
        table.apply("web", "web.example.com")
        await asyncio.sleep(1)
        table.delete("web")
        await asyncio.sleep(1)
        assert table.changes == [{}, {(HOME, "web"): "web.example.com"}, {}]

    table = Table()
    table.model.client(WATCHER).way.duplicate = True
    play(scenario, table)


def test_a_status_is_told_as_such() -> None:
    """Where nothing but the status, version or fields' managers changed, nothing is decided anew."""

    async def scenario(table: Table) -> None:
        status = {"status": {"zone": "example.com"}}
        table.model.store.patch(DNS_RECORDS, HOME, "web", status, status=True)
        await asyncio.sleep(1)
        table.apply("web", "web.example.com", managedFields=[{"manager": "x"}])
        await asyncio.sleep(1)
        assert table.statuses == [(HOME, "web")] * 2
        assert table.objects.known[HOME, "web"]["status"] == {"zone": "example.com"}
        assert len(table.changes) == 1
        table.apply("web", "web.example.com", annotations={"esddns.io/reconcile": "1"})
        await asyncio.sleep(1)
        assert len(table.changes) == 2

    table = Table()
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_an_event_newer_than_a_list_is_not_undone() -> None:
    """What changed, came or was written while a list was on its way stays as the event had it."""

    async def scenario(table: Table) -> None:
        await table.slow_list(4)
        table.apply("web", "new.example.com")
        table.apply("mail", "mail.example.com")
        await asyncio.sleep(0.1)
        newest = {"web": "new.example.com", "mail": "mail.example.com"}
        assert table.names() == newest
        await table.list_lands(5)
        assert table.lists == 2
        assert table.names() == newest
        await asyncio.sleep(2 * RESYNC)
        assert table.names() == newest
        assert all(len(known) > 0 for known in table.changes)

    table = Table()
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_a_deleted_object_is_not_resurrected() -> None:
    """A list that began before it went still has it: it stays away, and one of its name may come again."""

    async def scenario(table: Table) -> None:
        await table.slow_list(4)
        table.delete("web")
        await asyncio.sleep(0.1)
        assert table.names() == {}
        told = len(table.changes)
        await table.list_lands(5)
        assert table.lists == 2
        assert table.names() == {}
        await asyncio.sleep(RESYNC)
        assert table.names() == {}
        assert all(known == {} for known in table.changes[told:])
        assert table.objects._gone == {}  # not kept for ever
        table.apply("web", "again.example.com")
        await asyncio.sleep(0.1)
        assert table.names() == {"web": "again.example.com"}

    table = Table()
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_an_object_that_an_answer_said_is_gone() -> None:
    """An event that is late does not bring it back."""

    async def scenario(table: Table) -> None:
        found = dict(table.objects.known[HOME, "web"])
        table.delete("web")
        table.objects.forget(found)
        assert table.names() == {}
        feed.tell(MODIFIED, found | {"metadata": found["metadata"] | {"resourceVersion": "99"}})
        assert table.names() == {}
        feed.tell(DELETED, found)
        assert len(table.changes) == 2

    feed = HandFeed()
    table = Table(feed)
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_what_went_while_a_list_was_on_its_way_stays_away() -> None:
    """Neither that list nor an event after it brings it back; by the next list it is forgotten."""

    async def scenario(table: Table) -> None:
        found = dict(table.objects.known[HOME, "web"])
        newer = found | {"metadata": found["metadata"] | {"resourceVersion": "99"}}
        await table.slow_list(4)
        table.delete("web")
        table.objects.forget(found)
        await table.list_lands(5)
        feed.tell(MODIFIED, newer)
        assert table.names() == {}
        await asyncio.sleep(RESYNC)
        assert table.names() == {}
        assert table.objects._gone == {}

    feed = HandFeed()
    table = Table(feed)
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_an_older_version_is_no_news() -> None:
    """Versions are numbers: the ninth is older than the tenth; the same again is none either."""

    async def scenario(table: Table) -> None:
        def at(version: str, fqdn: str) -> Object:
            metadata = {"namespace": HOME, "name": "web", "uid": "u", "resourceVersion": version}
            return {"metadata": metadata, "spec": {"fqdn": fqdn}}

        feed.tell(ADDED, at("10", "ten.example.com"))
        for version in ("9", "10", "", "x", "-11", "\u00b2"):
            feed.tell(MODIFIED, at(version, "old.example.com"))
            assert table.names() == {"web": "ten.example.com"}
        feed.tell(MODIFIED, at("100", "hundred.example.com"))
        assert table.names() == {"web": "hundred.example.com"}

    feed = HandFeed()
    play(scenario, Table(feed))


def test_a_bookmark_is_no_object() -> None:
    """Watches tell one a minute."""

    async def scenario(table: Table) -> None:
        feed.tell(EventType.BOOKMARK, {"metadata": {"resourceVersion": "7"}})
        assert table.objects.known == {}
        assert len(table.changes) == 1

    feed = HandFeed()
    play(scenario, Table(feed))


def test_a_replaced_object() -> None:
    """Deleted and made again under its name it is another object, though its versions went on."""

    async def scenario(table: Table) -> None:
        old = table.objects.known[HOME, "web"]
        table.delete("web")
        new = table.apply("web", "new.example.com")
        await asyncio.sleep(0.1)
        assert table.names() == {"web": "new.example.com"}
        assert table.objects.known[HOME, "web"]["metadata"]["uid"] == new["metadata"]["uid"]
        assert old["metadata"]["uid"] != new["metadata"]["uid"]
        table.objects.forget(old)  # an answer that came late
        assert table.names() == {"web": "new.example.com"}

    table = Table()
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_a_replaced_object_whose_events_are_out_of_order() -> None:
    """That the old one went, told after the new one came, takes nothing away."""

    async def scenario(table: Table) -> None:
        old = table.objects.known[HOME, "web"]
        table.delete("web")
        new = table.apply("web", "new.example.com")
        feed.tell(ADDED, new)
        assert table.names() == {"web": "new.example.com"}
        told = len(table.changes)
        feed.tell(DELETED, old)
        assert table.names() == {"web": "new.example.com"}
        assert len(table.changes) == told
        feed.tell(MODIFIED, old)
        assert table.names() == {"web": "new.example.com"}

    feed = HandFeed()
    table = Table(feed)
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_a_late_event_of_the_object_before() -> None:
    """A list shows the new object before the feed told the end of the old one: it is not undone by that."""

    async def scenario(table: Table) -> None:
        changed = table.apply("web", "changed.example.com")
        table.delete("web")
        table.apply("web", "new.example.com")
        await asyncio.sleep(RESYNC + 1)
        assert table.names() == {"web": "new.example.com"}
        feed.tell(MODIFIED, changed)
        assert table.names() == {"web": "new.example.com"}

    feed = HandFeed()
    table = Table(feed)
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_what_was_replaced_while_a_list_was_on_its_way() -> None:
    """The list has the old one, the event the new one: the new one stays, and so it is with the old gone."""

    async def scenario(table: Table) -> None:
        await table.slow_list(4)
        table.delete("web")
        table.apply("web", "new.example.com")
        await asyncio.sleep(0.1)
        await table.list_lands(5)
        assert table.names() == {"web": "new.example.com"}
        await asyncio.sleep(RESYNC)
        assert table.names() == {"web": "new.example.com"}

    table = Table()
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_events_that_never_came_are_made_up_for() -> None:
    """What came, changed, went or was replaced without an event is known after the next list."""

    async def scenario(table: Table) -> None:
        table.apply("added", "added.example.com")
        table.apply("changed", "new.example.com")
        table.delete("deleted")
        table.delete("replaced")
        table.apply("replaced", "new.example.com")
        await asyncio.sleep(RESYNC + 1)
        assert table.names() == {
            "added": "added.example.com", "changed": "new.example.com",
            "replaced": "new.example.com", "same": "same.example.com",
        }  # fmt: skip
        assert table.lists == 2
        assert table.changes[-1] == table.known()

    table = Table(HandFeed())
    for name in ("changed", "deleted", "replaced", "same"):
        table.apply(name, f"{name}.example.com")
    play(scenario, table)


def test_etcd_restored_from_a_backup() -> None:
    """Versions begin again further back: the next list is believed all the same."""

    async def scenario(table: Table) -> None:
        snapshot = table.model.store.snapshot()
        for number in range(5):
            table.apply("web", f"web{number}.example.com")
        table.apply("later", "later.example.com")
        await asyncio.sleep(1)
        assert table.names() == {"web": "web4.example.com", "later": "later.example.com"}
        table.model.restore(snapshot)
        await asyncio.sleep(RESYNC + 1)
        assert table.names() == {"web": "web.example.com"}
        table.apply("web", "after.example.com")
        await asyncio.sleep(1)
        assert table.names() == {"web": "after.example.com"}

    table = Table()
    table.apply("web", "web.example.com")
    play(scenario, table)


class Refusing(ModelCluster):
    """An API server that answers lists of some namespaces with an error, by its HTTP status."""

    refused: Mapping[str, int] = MappingProxyType({})

    async def list(self, kind: Any, *, namespace: str | None = None) -> tuple[list[Object], str]:
        """List, where it may be."""
        if (status := self.refused.get(str(namespace))) is not None:
            self._model.faults.append(Fault(status=status, verb="list", client=LISTER))
        return await super().list(kind, namespace=namespace)


def refusing(feed: Feed, *denied: str) -> tuple[Table, Refusing]:
    """Objects of two namespaces, some of which may not be read."""
    table = Table(feed, (HOME, TEAM))
    cluster = Refusing(table.model, LISTER, HOME)
    cluster.refused = dict.fromkeys(denied, 403)
    table.objects._cluster = cluster
    table.apply("web", "web.example.com")
    table.apply("web", "team.example.com", TEAM)
    return table, cluster


def test_a_namespace_that_is_denied(caplog: pytest.LogCaptureFixture) -> None:
    """A denial that lasts is an answer, said once: the others are followed; allowed, all are, soon."""

    async def scenario(table: Table) -> None:
        assert (
            not table.objects.complete
        )  # an API server that has just started may deny for a while
        await asyncio.sleep(3 * MINUTE)
        assert table.objects.complete
        assert table.known() == {(HOME, "web"): "web.example.com"}
        assert feed.followed == [(HOME,)]
        await asyncio.sleep(3 * RESYNC)
        said = [line for line in warnings(caplog) if line.startswith("no DNSRecords are read")]
        assert len(said) == 1
        assert "namespace team-a" in said[0]
        assert "HTTP 403" in said[0]
        feed.tell(MODIFIED, table.apply("web", "new.example.com"))
        assert table.names() == {"web": "new.example.com"}
        cluster.refused = {}
        await asyncio.sleep(MINUTE + 1)
        assert feed.followed == [(HOME,), (HOME, TEAM)]
        assert (TEAM, "web") in table.known()
        cluster.refused = {TEAM: 403}
        await asyncio.sleep(RESYNC + 3 * MINUTE)
        assert feed.followed[2:] == [(HOME,)]
        assert (TEAM, "web") in table.known()  # unknown is not a value: what was known stands

    feed = HandFeed()
    table, cluster = refusing(feed, TEAM)
    play(scenario, table)


def test_a_denial_that_passes() -> None:
    """One 403 of an API server that has just started does not make a list without the namespace complete."""

    async def scenario(table: Table) -> None:
        cluster.refused = {}
        await asyncio.sleep(5)
        assert table.objects.complete
        assert table.changes[0].keys() == table.known().keys()

    table, cluster = refusing(HandFeed(), TEAM)
    play(scenario, table)


def test_every_namespace_is_denied(caplog: pytest.LogCaptureFixture) -> None:
    """That is an answer: who waits goes on with nothing, and nobody follows anything until one is allowed."""

    async def scenario(table: Table) -> None:
        await asyncio.sleep(3 * MINUTE)
        assert table.objects.complete
        assert table.changes[0] == {}
        assert feed.followed == []
        cluster.refused = {TEAM: 403}
        await asyncio.sleep(MINUTE + 1)
        assert feed.followed == [(HOME,)]
        assert table.known() == {(HOME, "web"): "web.example.com"}
        assert len([line for line in warnings(caplog) if "no DNSRecords are read" in line]) == 2

    feed = HandFeed()
    table, cluster = refusing(feed, HOME, TEAM)
    play(scenario, table)


def test_a_crd_that_comes_later(caplog: pytest.LogCaptureFixture) -> None:
    """Without the CRD there are no objects, which is said; with it they are found within RESYNC."""

    async def scenario(table: Table) -> None:
        assert table.objects.complete
        assert feed.followed == []
        assert len(warnings(caplog)) == 1
        assert "HTTP 404" in warnings(caplog)[0]
        table.model.store.install(DNS_RECORDS)
        table.apply("web", "web.example.com")
        await asyncio.sleep(RESYNC)
        assert table.names() == {"web": "web.example.com"}
        assert feed.followed == [(HOME,)]

    feed = HandFeed()
    table = Table(feed)
    table.model.store.uninstall(DNS_RECORDS)
    play(scenario, table)


def test_a_list_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is told or followed before one came to its end; said once, tried again within a minute each."""

    async def scenario(table: Table) -> None:
        assert not table.objects.complete
        await until(lambda: table.lists == 4, 2 + 4 + 8)
        assert table.changes == []
        assert feed.followed == []
        assert len(warnings(caplog)) == 1
        assert warnings(caplog)[0].startswith(
            "DNSRecords cannot be listed, so nothing is changed: "
        )
        await asyncio.sleep(60)
        assert table.lists == 5
        assert table.changes == [{(HOME, "web"): "web.example.com"}]
        assert feed.followed == [(HOME,)]

    feed = HandFeed()
    table = Table(feed)
    table.apply("web", "web.example.com")
    table.model.faults.append(Fault(status=500, verb="list", count=4))
    play(scenario, table)


def test_one_namespace_that_fails_keeps_all_from_being_taken() -> None:
    """A list of some namespaces is no complete list: what is known stands until all came to their end."""

    async def scenario(table: Table) -> None:
        before, told = table.known(), len(table.changes)
        table.delete("web")
        cluster.refused = {TEAM: 503}
        await asyncio.sleep(2 * RESYNC)
        assert table.known() == before
        assert len(table.changes) == told
        cluster.refused = {}
        await asyncio.sleep(61)
        assert table.known() == {(TEAM, "web"): "team.example.com"}
        assert feed.followed == [(HOME, TEAM)]

    feed = HandFeed()
    table, cluster = refusing(feed)
    play(scenario, table)


def test_a_second_outage_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    """After lists that succeeded, one that fails is news again, though in the same words."""

    async def scenario(table: Table) -> None:
        for count in (1, 2):
            table.model.faults.append(Fault(status=500, verb="list", count=2))
            await asyncio.sleep(2 * RESYNC)
            assert len(warnings(caplog)) == count

    play(scenario, Table(HandFeed()))


def test_an_api_server_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    """What is known stands; when it is back, what changed meanwhile is known within two minutes."""

    async def scenario(table: Table) -> None:
        table.model.outage()
        await asyncio.sleep(2 * RESYNC)
        assert table.names() == {"web": "web.example.com"}
        assert table.health.stalled() == []
        table.apply("web", "new.example.com")
        table.apply("mail", "mail.example.com")
        table.model.recover()
        await asyncio.sleep(121)
        assert table.names() == {"web": "new.example.com", "mail": "mail.example.com"}
        table.delete("mail")
        await asyncio.sleep(1)
        assert table.names() == {"web": "new.example.com"}
        assert any("are not followed now" in text for text in warnings(caplog))

    table = Table()
    table.apply("web", "web.example.com")
    play(scenario, table)


def test_a_feed_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """It is begun again, and a list made: what the feed did not tell in between is known then."""

    async def scenario(table: Table) -> None:
        feed.fail(FeedError("Kopf ended by itself"))
        await asyncio.sleep(0)
        table.apply("web", "web.example.com")
        await asyncio.sleep(3)  # 0…2 s after a first failure
        assert feed.followed == [(HOME,)] * 2
        assert table.lists == 2
        assert table.names() == {"web": "web.example.com"}
        assert warnings(caplog) == ["DNSRecords are not followed now: Kopf ended by itself"]
        feed.fail(FeedError("Kopf ended by itself"))
        await asyncio.sleep(5)  # 0…4 s after the second
        assert feed.followed == [(HOME,)] * 3
        assert table.lists == 3
        assert len(warnings(caplog)) == 1

    feed = HandFeed()
    play(scenario, Table(feed))


def test_a_feed_that_always_fails_is_not_begun_without_end() -> None:
    """Each failure waits longer, up to a minute; one that lived for long begins again at the bottom."""

    async def scenario(_table: Table) -> None:
        began = len(feed.followed)
        end = asyncio.get_running_loop().time() + 3600
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.5)
            if feed._on_event is not None:
                feed.fail(FeedError("no"))
        assert 60 <= len(feed.followed) - began <= 200
        await asyncio.sleep(61 + RESYNC + 1)
        feed.fail(FeedError("no"))
        await asyncio.sleep(2.1)
        assert feed._on_event is not None

    feed = HandFeed()
    play(scenario, Table(feed))


@pytest.mark.parametrize(
    "error", [FeedStuckError("Kopf did not end"), RuntimeError("a mistake of ours")]
)
def test_a_feed_that_cannot_be_gone_on_from(error: Exception) -> None:
    """It ends the run: only the end of the process helps, or shows the mistake."""

    async def scenario(_table: Table) -> None:
        feed.fail(error)
        await asyncio.sleep(10)

    feed = HandFeed()
    with pytest.raises(ExceptionGroup) as caught:
        play(scenario, Table(feed))
    assert caught.value.exceptions == (error,)


def test_a_watch_that_ends() -> None:
    """However it ended, what changes afterwards is seen, and the list does not wait for RESYNC."""

    async def scenario(table: Table) -> None:
        table.model.client(WATCHER).end_watches(NoAnswerError("connection reset by peer"))
        await asyncio.sleep(0)
        table.apply("web", "web.example.com")
        await asyncio.sleep(3)
        assert table.names() == {"web": "web.example.com"}
        assert table.lists == 2

    play(scenario, Table())


def test_the_loop_shows_that_it_lives() -> None:
    """In the steady state one list in RESYNC and no alarm; a list that hangs for ever is one."""

    async def scenario(table: Table) -> None:
        for _ in range(20):
            await asyncio.sleep(RESYNC / 2)
            assert table.health.stalled() == []
        assert table.lists == 11
        table.objects._cluster = Hanging(table.model, LISTER, HOME)
        await asyncio.sleep(2 * RESYNC + 60)
        assert table.health.stalled() == ["dnsrecords"]

    play(scenario, Table())


class Hanging(ModelCluster):
    """An API server client that breaks its own time limits."""

    async def list(self, kind: Any, *, namespace: str | None = None) -> tuple[list[Object], str]:
        """Never answer."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError(kind, namespace)
