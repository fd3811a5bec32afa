"""What a server on loopback may have to bear: each attack bounded in count and time, and ended by itself."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from process import memory

_HEAD = b"GET /raw HTTP/1.1\r\nHost: localhost\r\n"
_ALIVE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_LOOK_EVERY = 0.1  # seconds between two looks at /healthz and the memory
_PATIENCE = 5.0  # seconds for an answer


@dataclass(frozen=True, slots=True)
class Server:
    """The one that is attacked."""

    pid: int
    port: int


@dataclass(slots=True)
class Bearing:
    """How it bore that: seconds that /healthz took each time, how often it did not answer, MB at most."""

    waits: list[float] = field(default_factory=list)
    unanswered: int = 0
    largest: float = 0.0


Attack = Callable[[Server, float], Awaitable[None]]


async def bear(server: Server, attack: Attack, seconds: float) -> Bearing:
    """Attack for about so long, and look meanwhile."""
    bearing = Bearing()
    under_way = asyncio.ensure_future(attack(server, seconds))
    try:
        while not under_way.done():
            await _look(server, bearing)
            await asyncio.wait({under_way}, timeout=_LOOK_EVERY)
        await under_way
    finally:
        under_way.cancel()
    return bearing


async def _look(server: Server, bearing: Bearing) -> None:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            try:
                writer.write(_ALIVE)
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        status = b""
    if b" 200 " in status:
        bearing.waits.append(time.perf_counter() - began)
    else:
        bearing.unanswered += 1
    bearing.largest = max(bearing.largest, memory(server.pid)["VmRSS"])


async def idle_connections(server: Server, seconds: float, count: int = 10_000) -> None:
    """So many connections are opened, and say nothing."""
    async with _many(server, count):
        await asyncio.sleep(seconds)


async def slow_writers(server: Server, seconds: float, count: int = 500) -> None:
    """Each sends its headers a few bytes a second, and is replaced when it is thrown out."""

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(_HEAD)
            for number in itertools.count():
                writer.write(b"X-%d: y\r\n" % number)
                await writer.drain()
                await asyncio.sleep(1)
                if reader.at_eof():
                    return
        finally:
            writer.close()

    await _again_and_again(one, count, seconds)


async def slow_readers(server: Server, seconds: float, count: int = 500) -> None:
    """Each asks for the page a hundred times over, and reads nothing of it."""

    async def one() -> None:
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(connection, ("127.0.0.1", server.port))
            await loop.sock_sendall(connection, (_HEAD + b"\r\n") * 100)
            await asyncio.sleep(seconds)

    await _again_and_again(one, count, seconds)


async def huge_headers(server: Server, seconds: float, count: int = 20) -> None:
    """So many at once send headers of a megabyte."""
    line = b"X-Large: " + b"x" * 4000 + b"\r\n"

    async def one() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(_HEAD)
            for _ in range(250):
                writer.write(line)
                await writer.drain()
        finally:
            writer.close()

    await _again_and_again(one, count, seconds)


async def malformed(server: Server, seconds: float, count: int = 20) -> None:
    """So many at once send what is no HTTP, each time something else."""
    chance = random.Random(1)  # noqa: S311

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(chance.randbytes(chance.randrange(1, 4000)) + b"\r\n\r\n")
            async with asyncio.timeout(1):
                await reader.read(1000)
        finally:
            writer.close()

    await _again_and_again(one, count, seconds)


ATTACKS: dict[str, Attack] = {
    "10 000 idle connections": idle_connections,
    "500 slow writers": slow_writers,
    "500 slow readers": slow_readers,
    "headers of 1 MB, 20 at once": huge_headers,
    "no HTTP, 20 at once": malformed,
}


@contextlib.asynccontextmanager
async def _many(server: Server, count: int) -> AsyncIterator[None]:
    sockets: list[socket.socket] = []
    loop = asyncio.get_running_loop()
    try:
        for number in range(count):
            connection = socket.socket()
            connection.setblocking(False)
            sockets.append(connection)
            with contextlib.suppress(OSError):
                await loop.sock_connect(connection, ("127.0.0.1", server.port))
            if number % 100 == 0:
                await asyncio.sleep(0)
        yield
    finally:
        for connection in sockets:
            connection.close()


async def _again_and_again(
    one: Callable[[], Awaitable[None]], at_once: int, seconds: float
) -> None:
    end = time.monotonic() + seconds

    async def repeat() -> None:
        while time.monotonic() < end:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + seconds):
                    await one()
            await asyncio.sleep(0.01)

    await asyncio.gather(*(repeat() for _ in range(at_once)))


def enough_files(count: int) -> bool:
    """Whether this process may open so many."""
    return os.sysconf("SC_OPEN_MAX") > count
