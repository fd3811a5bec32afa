"""A web server on loopback that says and does whatever a test wants of it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

GIVE_UP = 5.0  # seconds until a test fails that waits for a condition


@dataclass
class Connection:
    """One request and the way to answer it."""

    path: str
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self, within: float = GIVE_UP) -> bool:
        """Say whether the client closed the connection within that many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                return await self.reader.read(1) == b""
        return False


Handler = Callable[[Connection], Awaitable[None]]


@dataclass
class LyingHttp:
    """Counts the requests it gets; `url` has no path."""

    handler: Handler
    url: str = ""
    seen: list[Connection] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        # OSError, IncompleteReadError: a client that refuses this certificate, or has had enough.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
            fields = (line.partition(": ") for line in head[1:] if line)
            connection = Connection(
                head[0].split()[1], {k.lower(): v for k, _, v in fields}, reader, writer
            )
            self.seen.append(connection)
            await self.handler(connection)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def reply(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Write an HTTP answer; header names have _ for -."""
    fields = {"Content-Type": "text/plain", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in fields.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("ascii") + body


def saying(body: bytes, status: str = "200 OK", **headers: str) -> Handler:
    """Make a handler that sends one answer."""

    async def handler(connection: Connection) -> None:
        await connection.send(reply(body, status, **headers))

    return handler


@contextlib.asynccontextmanager
async def lying_http(
    handler: Handler, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[LyingHttp]:
    """Serve with `handler`; at the end every client must have closed its connection."""
    liar = LyingHttp(handler)
    server = await asyncio.start_server(liar.serve, host, 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    liar.url = f"{'https' if tls else 'http'}://{shown}:{port}"
    try:
        yield liar
    finally:
        server.close()
        async with asyncio.timeout(GIVE_UP):
            await asyncio.gather(*liar.tasks)
            await server.wait_closed()
