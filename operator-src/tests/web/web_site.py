"""Agents that say what a test wants, the status service in front of them, and a client that looks closely."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from esddns.shell.door import Limits
from esddns.shell.web.agents import Pace
from esddns.shell.web.service import ServiceOptions, StatusService
from web.canned import State, healthy

TIME = 20.0  # seconds that anything may take
FAST = Pace(every=0.05, timeout=0.5)


class FakeAgent:
    """Serves one answer at `/state`. `answer` is replaced by a test; `delay` holds it back."""

    def __init__(self, state: State | None = None) -> None:
        self.answer = b""
        self.say(healthy() if state is None else state)
        self.delay: asyncio.Event | None = None
        self.asked = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def say(self, state: Mapping[str, Any]) -> None:
        """Say that from now on."""
        self.say_bytes(json.dumps(state).encode())

    def say_bytes(self, body: bytes, status: str = "200 OK") -> None:
        """Say just that."""
        head = f"HTTP/1.0 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.answer = head.encode() + body

    async def start(self, host: str = "127.0.0.1") -> None:
        """Answer from now on."""
        self._server = await asyncio.start_server(self._serve, host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        if self.delay is not None:
            self.delay.set()
        for writer in self._open.values():
            writer.transport.abort()
        if self._open:
            await asyncio.wait(self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            await self._say(reader, writer)
        finally:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            del self._open[task]

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.delay is not None:
                await self.delay.wait()
            writer.write(self.answer)
            writer.write_eof()
            await writer.drain()
            await reader.read()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def read_answer(wire: bytes) -> Answer:
    """Take one answer apart; header names in lower case."""
    head, _, body = wire.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    return Answer(int(first.split()[1]), {name.lower(): value for name, value in pairs}, body)


async def talk(
    port: int, wire: bytes, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> bytes:
    """Send bytes, and give all that comes back until the end."""
    async with asyncio.timeout(TIME):
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        try:
            writer.write(wire)
            return await reader.read()
        finally:
            writer.transport.abort()


async def get(
    port: int,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Ask for one page."""
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    wire = f"{method} {path} HTTP/1.1\r\nHost: status.test\r\nConnection: close\r\n{more}\r\n"
    return read_answer(await talk(port, wire.encode("latin-1"), tls))


@dataclass(slots=True)
class Site:
    """A service under test."""

    service: StatusService
    port: int
    tls_port: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def get(self, path: str, method: str = "GET", **more: Any) -> Answer:
        """Ask for one page."""
        return await get(self.port, path, method, **more)

    async def metrics(self) -> dict[str, float]:
        """What `/metrics` says, by series."""
        text = (await self.get("/metrics")).text
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {series: float(value) for series, _, value in lines}

    async def until(self, holds: Callable[[Any], bool | Awaitable[bool]]) -> dict[str, Any]:
        """Wait until `/raw` is so, looked at after each look at the agents; gives it."""
        raw: dict[str, Any] = {}
        try:
            async with asyncio.timeout(TIME):
                while True:
                    self.changed.clear()
                    raw = (await self.get("/raw")).json
                    held = holds(raw)
                    if held if isinstance(held, bool) else await held:
                        return raw
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"not so: {json.dumps(raw, indent=1)}") from None


def utc() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


@asynccontextmanager
async def serving(
    *agents: FakeAgent,
    tls_dir: Path | None = None,
    state_dir: Path | None = None,
    limits: Limits | None = None,
    pace: Pace = FAST,
    now: Callable[[], datetime] = utc,
) -> AsyncIterator[Site]:
    """Run the service in the test's loop; its first look at the agents is over."""
    options = ServiceOptions(
        [("127.0.0.1", agent.port) for agent in agents],
        ("127.0.0.1", 0),
        tls_listen=("127.0.0.1", 0) if tls_dir else None,
        tls_dir=tls_dir or Path("none"),
        state_dir=state_dir,
        limits=limits or Limits(),
        pace=pace,
    )
    service = StatusService(options, now)
    listening, secure = await service.start()
    site = Site(service, listening[1], secure[1] if secure else 0)
    show = service.agents._on_snapshot

    def on_snapshot(snapshot: Any) -> None:
        show(snapshot)
        site.changed.set()

    service.agents._on_snapshot = on_snapshot
    running = asyncio.create_task(service.run())
    try:
        async with asyncio.timeout(TIME):
            await site.changed.wait()
        yield site
        if running.done():
            running.result()
    finally:
        running.cancel()
        await asyncio.wait([running])
        await service.stop()


@asynccontextmanager
async def agents_of(*states: State) -> AsyncIterator[list[FakeAgent]]:
    """One agent for each state."""
    agents = [FakeAgent(state) for state in states]
    for agent in agents:
        await agent.start()
    try:
        yield agents
    finally:
        for agent in agents:
            await agent.stop()
