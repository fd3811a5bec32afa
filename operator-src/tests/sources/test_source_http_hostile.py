"""A web service that stalls, floods or breaks off costs no more than the deadline and 4 KB."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

import pytest

from esddns.config.settings import HttpTarget
from esddns.core.model import FailureReason, Family
from sources.asking import failure, source
from sources.lying_http import Connection, Handler, lying_http, reply, saying

DEADLINE = 0.3
FLOOD = 50_000_000


@pytest.fixture(autouse=True)
async def _nothing_is_left_open() -> AsyncIterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()


async def stall(connection: Connection) -> None:
    """Say nothing at all."""
    assert await connection.gone()


async def stall_after_headers(connection: Connection) -> None:
    """Fall silent in the middle of the body."""
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n198.51")
    assert await connection.gone()


async def drip_headers(connection: Connection) -> None:
    """Send a header a byte at a time."""
    await connection.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not await connection.gone(within=0.01):
        await connection.send(b"a")


async def drip_body(connection: Connection) -> None:
    """Send the body a byte at a time."""
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
    while not await connection.gone(within=0.01):
        await connection.send(b" ")


async def drip_chunks(connection: Connection) -> None:
    """Send one-byte chunks."""
    await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not await connection.gone(within=0.01):
        await connection.send(b"1\r\n \r\n")


@pytest.mark.parametrize(
    "handler", [stall, stall_after_headers, drip_headers, drip_body, drip_chunks]
)
async def test_the_deadline_is_for_the_whole_ask(handler: Handler) -> None:
    """Silence and drips alike end at the deadline, and the connection is closed then."""
    async with lying_http(handler) as server:
        reason, detail = await failure(source(HttpTarget(server.url)), within=DEADLINE)
        assert reason is FailureReason.TIMEOUT
        assert "0.3 s" in detail


async def test_the_deadline_spans_redirects() -> None:
    """A stall behind a redirect does not get a deadline of its own."""

    async def handler(connection: Connection) -> None:
        if connection.path == "/":
            await connection.send(reply(b"", "302 Found", Location="/slow"))
        else:
            await stall(connection)

    async with lying_http(handler) as server:
        reason, _ = await failure(source(HttpTarget(f"{server.url}/")), within=DEADLINE)
    assert reason is FailureReason.TIMEOUT


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_flood_is_not_read(chunked: bool) -> None:
    """Of 50 MB no more is taken than what the kernel's buffers hold."""
    sent = 0

    async def handler(connection: Connection) -> None:
        nonlocal sent
        how = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {FLOOD}"
        await connection.send(f"HTTP/1.1 200 OK\r\n{how}\r\n\r\n".encode())
        piece = b"198.51.100.7 ".ljust(0x10000)
        while sent < FLOOD:
            await connection.send(b"10000\r\n" + piece + b"\r\n" if chunked else piece)
            sent += len(piece)

    async with lying_http(handler) as server:
        reason, _ = await failure(source(HttpTarget(server.url)))
    assert reason is FailureReason.TOO_LARGE
    assert sent < FLOOD / 2


async def test_one_byte_past_the_limit_is_too_large() -> None:
    """4097 bytes are refused, even of blanks after an address."""
    async with lying_http(saying(b"198.51.100.7".ljust(4097))) as server:
        reason, _ = await failure(source(HttpTarget(server.url)))
    assert reason is FailureReason.TOO_LARGE


async def test_endless_headers_are_refused() -> None:
    """A header line that never ends is given up long before the deadline, and before memory is."""

    async def handler(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with contextlib.suppress(OSError):
            while not connection.reader.at_eof():
                await connection.send(b"a" * 0x1000)

    async with lying_http(handler) as server:
        reason, _ = await failure(source(HttpTarget(server.url)))
    assert reason in {FailureReason.MALFORMED, FailureReason.UNREACHABLE}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", FailureReason.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nContent-Le", FailureReason.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n198.51.100.", FailureReason.MALFORMED),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", FailureReason.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", FailureReason.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", FailureReason.MALFORMED),
    ],
)
async def test_what_is_no_whole_answer_gives_no_address(said: bytes, reason: FailureReason) -> None:
    """A connection closed early, another protocol or a broken frame is an error, never an address."""

    async def handler(connection: Connection) -> None:
        await connection.send(said)

    async with lying_http(handler) as server:
        assert (await failure(source(HttpTarget(server.url))))[0] is reason


async def test_cancelling_closes_the_connection() -> None:
    """A cancelled ask raises CancelledError, not SourceError, and the server sees the end."""
    async with lying_http(stall) as server:
        task = asyncio.create_task(source(HttpTarget(server.url)).ask(Family.IPV4, 5))
        async with asyncio.timeout(5):
            while not server.seen:  # noqa: ASYNC110  # nothing to wait on: a request on its way
                await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
