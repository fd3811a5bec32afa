"""Real Kopf, in its thread, against the stand-in over HTTP: what it tells, and what it leaves alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from esddns.shell.kube.feed import FeedError, FeedStuckError
from esddns.shell.kube.kopf_feed import KopfFeed
from esddns.shell.kube.seam import DNS_RECORDS, EVENTS, EventType, WatchEvent
from kube.sites import AGENT, NAMESPACE, kubeconfig, record
from standin import ApiServerModel, Fault, HttpStandIn
from standin.refusal import Refusal

WITHIN = 20.0  # seconds that something may take on a busy machine; nothing waits that long


class Scene:
    """A stand-in, and what the feed told of it."""

    def __init__(self, model: ApiServerModel, config: str) -> None:
        self.model = model
        self.feed = KopfFeed(kubeconfig=config)
        self.seen: list[WatchEvent] = []
        self.told = asyncio.Event()
        self.thread = threading.current_thread()

    def on_event(self, seen: WatchEvent) -> None:
        """Take an event, on the main loop's thread."""
        assert threading.current_thread() is self.thread
        self.seen.append(seen)
        self.told.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something was told."""
        async with asyncio.timeout(WITHIN):
            while not holds():
                self.told.clear()
                await self.told.wait()

    @asynccontextmanager
    async def following(self, *namespaces: str) -> AsyncIterator[asyncio.Task[None]]:
        """Follow, and end it as the leader does."""
        task = asyncio.create_task(self.feed.follow(namespaces or (NAMESPACE,), self.on_event))
        try:
            yield task
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    def names(self, kind: EventType) -> list[str]:
        """Which objects were told of so."""
        return [s.object["metadata"]["name"] for s in self.seen if s.type is kind]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A stand-in over HTTP, on the machine's own clock."""
    model = ApiServerModel(lambda: datetime.now(UTC))
    async with HttpStandIn(model) as standin:
        with kubeconfig(standin.url, standin.admit(AGENT)) as config:
            yield Scene(model, config)


async def test_everything_is_told(scene: Scene) -> None:
    """What stands there is told at first, then every change, as it is, on the caller's thread."""
    store = scene.model.store
    store.create(DNS_RECORDS, NAMESPACE, record("first"))
    async with scene.following():
        await scene.until(lambda: scene.names(EventType.MODIFIED) == ["first"])
        made = store.create(DNS_RECORDS, NAMESPACE, record("second"))
        await scene.until(lambda: scene.names(EventType.ADDED) == ["second"])
        assert scene.seen[-1].object == made
        store.patch(DNS_RECORDS, NAMESPACE, "second", {"spec": {"ttl": 600}})
        await scene.until(lambda: "second" in scene.names(EventType.MODIFIED))
        store.delete(DNS_RECORDS, NAMESPACE, "first")
        await scene.until(lambda: scene.names(EventType.DELETED) == ["first"])


async def test_nothing_is_written(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf leaves no annotation, no finalizer and no Event, and asks for nothing but DNSRecords.

    Nor does it need its user to have a name, as a pod's has not.
    """
    monkeypatch.setattr("getpass.getuser", pytest.fail)
    store = scene.model.store
    made = store.create(DNS_RECORDS, NAMESPACE, record("first"))
    async with scene.following():
        await scene.until(lambda: bool(scene.seen))
        store.delete(DNS_RECORDS, NAMESPACE, "first")
        await scene.until(lambda: scene.names(EventType.DELETED) == ["first"])
        gone = scene.seen[-1].object
    gone["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    assert gone == made
    assert not store.select(EVENTS, NAMESPACE)
    asked = set(scene.model.requests)
    assert asked == {("list", "dnsrecords"), ("watch", "dnsrecords")}


async def test_several_namespaces_and_no_other(scene: Scene) -> None:
    """Each namespace that is named is followed, and objects of another are never told of."""
    store = scene.model.store
    store.namespaces |= {"team-a", "team-b"}
    for namespace in ("team-a", "team-b", NAMESPACE):
        store.create(DNS_RECORDS, namespace, record(f"of-{namespace}", namespace=namespace))
    async with scene.following(NAMESPACE, "team-a"):
        await scene.until(lambda: len(scene.seen) == 2)
        assert set(scene.names(EventType.MODIFIED)) == {f"of-{NAMESPACE}", "of-team-a"}


async def test_again_in_the_same_process(scene: Scene) -> None:
    """A second term follows as the first did, and nothing of the first goes on."""
    store = scene.model.store
    store.create(DNS_RECORDS, NAMESPACE, record("first"))
    for count in (1, 2):
        async with scene.following():
            await scene.until(lambda count=count: len(scene.seen) == count)  # type: ignore[misc]
        assert not [thread for thread in threading.enumerate() if thread.name == "kopf"]


async def test_a_forgotten_version(scene: Scene) -> None:
    """After a 410 it lists again and goes on."""
    store = scene.model.store
    store.create(DNS_RECORDS, NAMESPACE, record("first"))
    async with scene.following():
        await scene.until(lambda: bool(scene.seen))
        scene.model.end_watches(Refusal(410, "too old resource version"))
        store.create(DNS_RECORDS, NAMESPACE, record("second"))
        await scene.until(lambda: "second" in {s.object["metadata"]["name"] for s in scene.seen})


@pytest.mark.parametrize("status", [403, 404])
async def test_refused(scene: Scene, status: int) -> None:
    """Without the right, or the CRD, it ends and says so: nothing is followed in silence."""
    scene.model.faults.append(Fault(status=status, kind=DNS_RECORDS, count=10**6))
    with pytest.raises(FeedError, match="Kopf"):
        async with asyncio.timeout(WITHIN):
            await scene.feed.follow([NAMESPACE], scene.on_event)


async def test_one_that_does_not_end(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Kopf does not end when it is told to, that is said, so that the process can end."""
    release, started = threading.Event(), threading.Event()

    async def stuck(*_: object) -> None:
        started.set()
        release.wait()

    feed = KopfFeed(grace=0.05)
    monkeypatch.setattr(feed, "_operate", stuck)
    task = asyncio.create_task(feed.follow([NAMESPACE], scene.on_event))
    await asyncio.get_running_loop().run_in_executor(None, started.wait, WITHIN)
    task.cancel()
    with pytest.raises(FeedStuckError):
        await task
    release.set()
