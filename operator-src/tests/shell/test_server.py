"""What a process shows of itself over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from esddns.shell.server import Endpoints


@dataclass
class Shown:
    """What the endpoints are to tell, and where they are."""

    state: dict[str, object] = field(default_factory=lambda: {"version": "1", "records": []})
    stalled: list[str] = field(default_factory=list)
    not_ready: list[str] = field(default_factory=list)
    url: str = ""


@contextlib.asynccontextmanager
async def serving(shown: Shown, host: str = "127.0.0.1") -> AsyncIterator[Endpoints]:
    """Serve it."""
    registry = CollectorRegistry()
    Counter("things", "Things", registry=registry).inc(3)
    endpoints = Endpoints(
        registry, lambda: shown.state, lambda: shown.stalled, lambda: shown.not_ready
    )
    bound, port = await endpoints.start(host, 0)
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bound, bound)  # noqa: S104
    shown.url = f"http://{local}:{port}"
    try:
        yield endpoints
    finally:
        await endpoints.stop()


@pytest.fixture
async def shown() -> AsyncIterator[Shown]:
    """Endpoints of a process that is well."""
    told = Shown()
    async with serving(told):
        yield told


async def ask(shown: Shown, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, content type and body."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, shown.url + path) as reply,
    ):
        return reply.status, reply.content_type, await reply.text()


async def test_state(shown: Shown) -> None:
    """`/state` is the state of the moment, as JSON."""
    status, kind, body = await ask(shown, "/state")
    assert (status, kind) == (200, "application/json")
    assert json.loads(body) == shown.state
    shown.state = {"version": "2"}
    assert json.loads((await ask(shown, "/state"))[2]) == {"version": "2"}


async def test_metrics(shown: Shown) -> None:
    """`/metrics` is what Prometheus reads."""
    status, kind, body = await ask(shown, "/metrics")
    assert (status, kind) == (200, "text/plain")
    assert "things_total 3.0" in body


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_well(shown: Shown, path: str) -> None:
    """All is well: 200."""
    assert await ask(shown, path) == (200, "text/plain", "ok\n")


async def test_a_stalled_loop(shown: Shown) -> None:
    """`/healthz` fails and names every loop; readiness is another thing."""
    shown.stalled = ["keeper", "watch-ipv4"]
    assert await ask(shown, "/healthz") == (
        503,
        "text/plain",
        "stalled: keeper\nstalled: watch-ipv4\n",
    )
    assert (await ask(shown, "/readyz"))[0] == 200


async def test_not_ready(shown: Shown) -> None:
    """`/readyz` fails and says why; the process lives on."""
    shown.not_ready = ["the token is missing"]
    assert await ask(shown, "/readyz") == (503, "text/plain", "not ready: the token is missing\n")
    assert (await ask(shown, "/healthz"))[0] == 200


async def test_the_index(shown: Shown) -> None:
    """`/` names every endpoint that there is, and each of them answers."""
    _status, _kind, body = await ask(shown, "/")
    paths = [line.split()[0] for line in body.splitlines() if line.startswith("/")]
    assert paths == ["/state", "/metrics", "/healthz", "/readyz"]
    for path in paths:
        assert (await ask(shown, path))[0] == 200


async def test_other_methods(shown: Shown) -> None:
    """HEAD is GET without the body; nothing can be changed over HTTP; other paths are not there."""
    for path in ("/", "/state", "/metrics", "/healthz", "/readyz"):
        assert (await ask(shown, path, "HEAD"))[::2] == (200, "")
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert (await ask(shown, path, method))[0] == 405
    shown.stalled = ["keeper"]
    assert (await ask(shown, "/healthz", "HEAD"))[0] == 503
    assert (await ask(shown, "/nothing"))[0] == 404


async def test_a_view_that_fails(shown: Shown) -> None:
    """A state that cannot be shown is a 500, without what went wrong in it, and the rest still answers."""
    shown.state = {"secret": object()}
    status, _kind, body = await ask(shown, "/state")
    assert status == 500
    assert "secret" not in body
    assert (await ask(shown, "/healthz"))[0] == 200


async def test_a_port_that_is_taken() -> None:
    """It says so, and leaves nothing open."""
    async with serving(taken := Shown()):
        port = int(taken.url.rpartition(":")[2])
        endpoints = Endpoints(CollectorRegistry(), dict, list, list)
        with pytest.raises(OSError, match="address already in use"):
            await endpoints.start("127.0.0.1", port)


async def test_all_addresses() -> None:
    """Without a host it listens on all of them."""
    async with serving(everywhere := Shown(), host=""):
        assert (await ask(everywhere, "/healthz"))[0] == 200


async def test_stopping_waits_for_nobody() -> None:
    """A connection that is kept open, and a request that is never finished, do not hold up the end."""
    shown = Shown()
    async with contextlib.AsyncExitStack() as stack:
        endpoints = await stack.enter_async_context(serving(shown))
        host, port = shown.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /state HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        _reader, half = await asyncio.open_connection(host, int(port))
        half.write(b"POST /state HTTP/1.1\r\nContent-Length: 10\r\n")
        async with asyncio.timeout(1):
            await endpoints.stop()
            await reader.read()
        for each in (writer, half):
            each.close()
            with contextlib.suppress(ConnectionError):
                await each.wait_closed()


async def test_stopping_what_never_started() -> None:
    """Nothing to stop is no error."""
    await Endpoints(CollectorRegistry(), dict, list, list).stop()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n" * 2, b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1500 + b"\r\n", b"431"),
        (b"\x16\x03\x01 what is no HTTP\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"400"),
    ],
    ids=["a large header", "many headers", "no HTTP", "more headers than are taken"],
)
async def test_what_strangers_send(
    shown: Shown, caplog: pytest.LogCaptureFixture, sent: bytes, status: bytes
) -> None:
    """It is refused, and nobody's log is filled with it."""
    host, port = shown.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        async with asyncio.timeout(10):
            assert (await reader.readline()).split()[1] == status
    finally:
        writer.close()
    assert not caplog.records
