"""Real Kopf, in its thread, against the stand-in over HTTP: what it tells, and what it leaves alone."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import pytest
from kubernetes.aio.config import incluster_config

from esddns.shell.kube import kopf_feed
from esddns.shell.kube.feed import FeedError, FeedStuckError
from esddns.shell.kube.kopf_feed import KopfFeed
from esddns.shell.kube.seam import DNS_RECORDS, EVENTS, EventType, WatchEvent
from kube.sites import AGENT, NAMESPACE, kubeconfig, record
from standin import ApiServerModel, Fault, HttpStandIn, NoAnswerError, Refusal
from standin.http_trouble import Answerer, saying, stall, streaming

T = TypeVar("T")

WITHIN = 20.0  # seconds that something may take on a busy machine; nothing waits that long
DISCOVERY = {
    "/api",
    "/apis",
    "/api/v1",
    "/apis/apiextensions.k8s.io/v1",
    "/apis/esddns.io/v1alpha1",
}
FORBIDDEN = '{"kind": "Status", "code": 403, "message": "User \\"x\\" cannot get path"}'
RESTARTED = NoAnswerError("connection reset by peer")


class Noted(list[T]):
    """Sets an event with each addition."""

    def __init__(self, told: asyncio.Event) -> None:
        super().__init__()
        self._told = told

    def append(self, item: T, /) -> None:
        """Add one."""
        super().append(item)
        self._told.set()


class Scene:
    """A stand-in, and what the feed told of it."""

    def __init__(self, http: HttpStandIn, token: str, feed: KopfFeed) -> None:
        self.http = http
        self.token = token
        self.model = http.model
        self.store = http.model.store
        self.feed = feed
        self.seen: list[WatchEvent] = []
        self.told = asyncio.Event()
        self.http.seen = Noted(self.told)
        self.model.client(AGENT).watches = Noted(self.told)
        self.thread = threading.current_thread()

    def on_event(self, seen: WatchEvent) -> None:
        """Take an event, on the main loop's thread."""
        assert threading.current_thread() is self.thread
        self.seen.append(seen)
        self.told.set()

    def create(self, name: str) -> None:
        """Somebody makes a DNSRecord."""
        self.store.create(DNS_RECORDS, NAMESPACE, record(name))

    def restart(self) -> None:
        """All watches break."""
        self.model.end_watches(RESTARTED)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something was told, or asked."""
        async with asyncio.timeout(WITHIN):
            while not holds():
                self.told.clear()
                await self.told.wait()

    async def asked(self, count: int) -> None:
        """Wait until so many requests arrived."""
        await self.until(lambda: len(self.http.seen) >= count)

    async def watching(self) -> None:
        """Wait until there is a watch."""
        await self.until(lambda: bool(self.model.client(AGENT).watches))

    async def follow(self) -> None:
        """Follow to the end, which comes by itself."""
        async with asyncio.timeout(WITHIN):
            await self.feed.follow([NAMESPACE], self.on_event)

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

    def names(self, kind: EventType | None = None) -> list[str]:
        """Which objects were told of (so)."""
        return [s.object["metadata"]["name"] for s in self.seen if kind in {None, s.type}]


def kopf_has_ended() -> bool:
    """Whether no thread of Kopf's is left, or none that does more than end."""
    threads = [thread for thread in threading.enumerate() if thread.name == "kopf"]
    for thread in threads:
        thread.join(WITHIN)
    return not any(thread.is_alive() for thread in threads)


@asynccontextmanager
async def standing_in(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpStandIn]:
    """A stand-in over HTTP, on the machine's own clock."""
    async with HttpStandIn(ApiServerModel(lambda: dt.datetime.now(dt.UTC)), tls) as http:
        yield http


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for costs the tests no time."""
    monkeypatch.setattr(kopf_feed, "_APART", 0.05)
    monkeypatch.setattr(kopf_feed, "_AGAIN", (0.01,))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A stand-in, and a feed by a kubeconfig."""
    async with standing_in() as http:
        token = http.admit(AGENT)
        with kubeconfig(http.url, token) as config:
            yield Scene(http, token, KopfFeed(kubeconfig=config))


async def test_everything_is_told(scene: Scene) -> None:
    """What stands there is told at first, then every change, as it is, on the caller's thread."""
    scene.create("first")
    async with scene.following():
        await scene.until(lambda: scene.names(EventType.MODIFIED) == ["first"])
        made = scene.store.create(DNS_RECORDS, NAMESPACE, record("second"))
        await scene.until(lambda: scene.names(EventType.ADDED) == ["second"])
        assert scene.seen[-1].object == made
        scene.store.patch(DNS_RECORDS, NAMESPACE, "second", {"spec": {"ttl": 600}})
        await scene.until(lambda: "second" in scene.names(EventType.MODIFIED))
        scene.store.delete(DNS_RECORDS, NAMESPACE, "first")
        await scene.until(lambda: scene.names(EventType.DELETED) == ["first"])


async def test_nothing_is_written(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf leaves no annotation, no finalizer and no Event, and asks for nothing but DNSRecords.

    Nor does it take away its own finalizer, or need its user to have a name, as a pod's has not.
    """
    monkeypatch.setattr("getpass.getuser", pytest.fail)
    theirs = record("theirs", finalizers=["kopf.zalando.org/KopfFinalizerMarker"])
    before = scene.store.create(DNS_RECORDS, NAMESPACE, theirs)
    made = scene.store.create(DNS_RECORDS, NAMESPACE, record("first"))
    async with scene.following():
        await scene.until(lambda: len(scene.seen) == 2)
        scene.store.delete(DNS_RECORDS, NAMESPACE, "first")
        await scene.until(lambda: scene.names(EventType.DELETED) == ["first"])
        gone = scene.seen[-1].object
        # A patch of Kopf's would be sent before what it is told next.
        scene.store.patch(DNS_RECORDS, NAMESPACE, "theirs", {"spec": {"ttl": 600}})
        await scene.until(lambda: len(scene.seen) == 4)
    gone["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    assert gone == made
    left = scene.store.get(DNS_RECORDS, NAMESPACE, "theirs")["metadata"]
    assert left["finalizers"] == before["metadata"]["finalizers"]
    assert "annotations" not in left
    assert not scene.store.select(EVENTS, NAMESPACE)
    assert set(scene.model.requests) == {("list", "dnsrecords"), ("watch", "dnsrecords")}
    records = f"/apis/esddns.io/v1alpha1/namespaces/{NAMESPACE}/dnsrecords"
    assert {(asked.method, asked.path) for asked in scene.http.seen} == {
        ("GET", path) for path in {records} | DISCOVERY
    }


async def test_several_namespaces_and_no_other(scene: Scene) -> None:
    """Each namespace that is named is followed, and objects of another are never told of."""
    scene.store.namespaces |= {"team-a", "team-b"}
    for namespace in ("team-a", "team-b", NAMESPACE):
        scene.store.create(DNS_RECORDS, namespace, record(f"of-{namespace}", namespace=namespace))
    async with scene.following(NAMESPACE, "team-a"):
        await scene.until(lambda: len(scene.seen) == 2)
        assert set(scene.names()) == {f"of-{NAMESPACE}", "of-team-a"}


async def test_again_in_the_same_process(scene: Scene) -> None:
    """A second term follows as the first did, and nothing of the first goes on."""
    scene.create("first")
    for count in (1, 2):
        async with scene.following():
            await scene.until(lambda count=count: len(scene.seen) == count)  # type: ignore[misc]
        assert kopf_has_ended()
        scene.create(f"between-{count}")
        scene.store.delete(DNS_RECORDS, NAMESPACE, f"between-{count}")


async def test_in_a_pod(tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod asks by TLS as its service account, past any proxy, and takes up a token that was renewed."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    clock = SimpleNamespace(now=dt.datetime.now)
    fake = SimpleNamespace(datetime=clock, timedelta=dt.timedelta)
    monkeypatch.setattr(incluster_config, "datetime", fake)
    async with standing_in(tls) as http:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(http.port))
        scene = Scene(http, http.admit(AGENT), KopfFeed(service_account=tmp_path))
        (tmp_path / "token").write_text(scene.token)
        shutil.copy(certificate, tmp_path / "ca.crt")
        async with scene.following():
            await scene.watching()
            (tmp_path / "token").write_text(http.admit(AGENT))
            http.revoke(scene.token)
            later = dt.datetime.now() + dt.timedelta(minutes=2)  # noqa: DTZ005 - as it does
            clock.now = lambda: later
            scene.restart()
            scene.create("first")
            await scene.until(lambda: scene.names() == ["first"])


@pytest.mark.parametrize("error", [RESTARTED, Refusal(410, "too old resource version")])
async def test_a_watch_that_ends(scene: Scene, error: Exception) -> None:
    """After an API server's restart, or a 410, it goes on by itself."""
    scene.create("first")
    async with scene.following():
        await scene.until(lambda: bool(scene.seen))
        scene.model.end_watches(error)
        scene.create("second")
        await scene.until(lambda: "second" in scene.names())


async def test_the_api_server_is_gone_for_a_while(scene: Scene) -> None:
    """While nothing answers it asks again and again, and goes on when something does."""
    async with scene.following():
        await scene.watching()
        scene.model.outage()
        await scene.asked(len(scene.http.seen) + 4)
        scene.create("meanwhile")
        scene.model.recover()
        await scene.until(lambda: scene.names() == ["meanwhile"])


async def test_silence(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch by which nothing comes, not even a bookmark, is given up, and another begun."""
    monkeypatch.setattr(kopf_feed, "INACTIVITY", 0.2)
    async with scene.following():
        await scene.watching()
        scene.model.client(AGENT).cut(back=True)
        scene.create("meanwhile")
        await scene.asked(len(scene.http.seen) + 2)
        scene.model.client(AGENT).heal()
        await scene.until(lambda: "meanwhile" in scene.names())


async def test_watches_that_end_at_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a watch ends well at once, the next is not begun before its time."""
    monkeypatch.setattr(kopf_feed, "_APART", 0.1)
    async with scene.following():
        await scene.watching()
        scene.http.spoil.extend([streaming()] * 100)
        before, began = len(scene.http.seen), asyncio.get_running_loop().time()
        scene.restart()
        await scene.asked(before + 6)
        assert asyncio.get_running_loop().time() - began >= 0.45
        scene.http.spoil.clear()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (saying(403, FORBIDDEN, "application/json"), 'HTTP 403: User "x" cannot get path'),
        (saying(502, "<html>"), "HTTP 502: <html>"),
        (saying(200, "<html>"), "HTTP 200: .*mimetype"),
        (stall, "TimeoutError"),
    ],
)
async def test_nothing_is_served(
    scene: Scene,
    spoil: Answerer,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where Kopf cannot begin it ends, and says of what; in no log stands more."""
    if spoil is stall:
        monkeypatch.setattr(kopf_feed, "_REQUEST_TIMEOUT", 0.1)
    monkeypatch.setattr(kopf_feed, "_AGAIN", ())
    scene.http.spoil.extend([spoil] * 100)
    with caplog.at_level(logging.INFO), pytest.raises(FeedError, match=said):
        await scene.follow()
    assert not caplog.records


@pytest.mark.parametrize(
    ("status", "said"), [(403, "HTTP 403: .* cannot list"), (404, "CRD"), (500, "HTTP 500")]
)
async def test_refused(scene: Scene, status: int, said: str) -> None:
    """Without the right, or the CRD, it ends and says so: nothing is followed in silence."""
    scene.model.faults.append(Fault(status=status, kind=DNS_RECORDS, count=10**6))
    with pytest.raises(FeedError, match=said):
        await scene.follow()


async def test_no_crd(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kind is not served Kopf would wait for ever: it is ended."""
    monkeypatch.setattr(kopf_feed, "_BEGIN", 0.3)
    scene.store.uninstall(DNS_RECORDS)
    with pytest.raises(FeedError, match=rf"DNSRecords of {NAMESPACE} \(is the CRD"):
        await scene.follow()


@pytest.mark.parametrize("error", [RESTARTED, Refusal(500, "etcd")])
async def test_the_crd_is_taken_away(scene: Scene, error: Exception) -> None:
    """A kind that is served no more, or a watch that fails, is told as such."""
    task = asyncio.create_task(scene.follow())
    await scene.watching()
    scene.store.uninstall(DNS_RECORDS)
    scene.model.end_watches(error)
    with pytest.raises(FeedError, match=r"is the CRD of esddns.io/v1alpha1 installed|etcd"):
        await task


async def test_no_credentials(tmp_path: Path) -> None:
    """Credentials that cannot be read are told as such, not waited for."""
    feed = KopfFeed(kubeconfig=str(tmp_path / "absent"))
    async with asyncio.timeout(WITHIN):
        with pytest.raises(FeedError, match="no API server by "):
            await feed.follow([NAMESPACE], pytest.fail)


async def test_credentials_are_refused(scene: Scene) -> None:
    """Credentials that are not taken any more are told as such, once, and stand in no message."""
    task = asyncio.create_task(scene.follow())
    await scene.watching()
    scene.http.revoke(scene.token)
    before = len(scene.http.seen)
    scene.restart()
    with pytest.raises(FeedError, match="does not take these credentials") as caught:
        await task
    assert scene.token not in str(caught.value)
    assert len(scene.http.seen) == before + 1


async def test_who_listens_fails(scene: Scene) -> None:
    """What the listener raises is raised by who follows, when Kopf has ended; and it hears no more."""
    scene.create("first")
    scene.create("second")
    heard: list[WatchEvent] = []

    def fail(seen: WatchEvent) -> None:
        heard.append(seen)
        raise ZeroDivisionError

    async with asyncio.timeout(WITHIN):
        with pytest.raises(ZeroDivisionError):
            await scene.feed.follow([NAMESPACE], fail)
    assert len(heard) == 1
    assert kopf_has_ended()


@pytest.mark.parametrize("requests", [1, 6])
async def test_ended_at_any_time(scene: Scene, requests: int) -> None:
    """It ends at once when told to, though no request of its own is answered, and hears nothing then."""
    scene.http.spoil.extend([stall] * 100 if requests < len(DISCOVERY) else [])
    scene.create("first")
    async with scene.following():
        await scene.asked(requests)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 4
    seen = len(scene.seen)
    scene.create("second")
    await asyncio.to_thread(lambda: None)
    assert len(scene.seen) == seen


async def test_one_that_does_not_end(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Kopf does not end when it is told to, that is said, so that the process can end."""
    release, started = threading.Event(), threading.Event()

    async def stuck(*_: object) -> None:
        started.set()
        release.wait()

    monkeypatch.setattr(kopf_feed._Term, "_operate", stuck)
    feed = KopfFeed(grace=0.05)
    task = asyncio.create_task(feed.follow([NAMESPACE], scene.on_event))
    await asyncio.get_running_loop().run_in_executor(None, started.wait, WITHIN)
    task.cancel()
    with pytest.raises(FeedStuckError):
        await task
    release.set()
    assert kopf_has_ended()


async def test_never_cluster_wide() -> None:
    """Without a namespace nothing is followed: Kopf would follow all."""
    with pytest.raises(ValueError, match="no namespaces"):
        await KopfFeed().follow([], pytest.fail)


def test_kopf_is_lazy() -> None:
    """Who only imports the module loads neither Kopf nor the Kubernetes client: followers never need it."""
    code = (
        "import sys, esddns.shell.kube.kopf_feed;"
        "sys.exit(bool({'kopf', 'kubernetes'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - fixed
