"""Who is let in, and for how long: the rules on virtual time, and what they are worth on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from esddns.shell.door import LARGEST_HEAD, Closed, Door, Head, Limits, Visit
from esddns.shell.server import Endpoints
from virtual_time import run_virtual
from web.canned import healthy, record
from web.web_site import TIME, FakeAgent, Site, agents_of, get, read_answer, serving, talk

SHORT = Limits(connections=8, lifetime=2.0, head=0.3)
CROWD = 10_000
AT_ONCE = 2 * 32  # that are just coming in, and those that just went for them


class Hall:
    """A door, and who was put out, and why."""

    def __init__(self, limits: Limits) -> None:
        self.why: list[Closed] = []
        self.out: list[int] = []
        self.door = Door(limits, self.why.append)

    def come(self, number: int) -> Visit:
        """Somebody comes in."""
        return self.door.admit(lambda: self.out.append(number))


def test_the_silent_make_room_first() -> None:
    """Where it is full, who has been silent the longest goes; who said what it wants stays."""

    async def scenario() -> None:
        hall = Hall(Limits(connections=4))
        visits = [hall.come(number) for number in range(4)]
        visits[0].spoke()
        for number in (4, 5):
            hall.come(number)
        assert (hall.out, hall.why) == ([1, 2], [Closed.FULL, Closed.FULL])
        assert len(hall.door) == 4

    run_virtual(scenario())


def test_those_who_spoke_make_room_for_others() -> None:
    """Where more than half have said what they want, the first of them goes, so that new ones may."""

    async def scenario() -> None:
        hall = Hall(Limits(connections=4))
        for number in range(4):
            hall.come(number).spoke()
        hall.come(4)
        assert hall.out == [0]
        hall.come(5)
        assert hall.out == [0, 1]
        hall.come(6)
        assert hall.out == [0, 1, 4]

    run_virtual(scenario())


def test_time_is_limited() -> None:
    """Who does not say what it wants in time is put out, and everybody at the end; who left is not."""

    async def scenario() -> None:
        hall = Hall(Limits(connections=4, lifetime=30, head=10))
        visits = [hall.come(number) for number in range(3)]
        visits[1].spoke()
        visits[2].leave()
        await asyncio.sleep(9.9)
        assert hall.out == []
        await asyncio.sleep(0.2)
        assert (hall.out, hall.why) == ([0], [Closed.SLOW])
        await asyncio.sleep(19.8)
        assert hall.out == [0]
        await asyncio.sleep(0.2)
        assert (hall.out, hall.why) == ([0, 1], [Closed.SLOW, Closed.OLD])
        assert len(hall.door) == 0

    run_virtual(scenario())


def test_the_end_of_a_head() -> None:
    """The empty line is found wherever the pieces are cut, and one that is too large counts as complete."""
    head = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    for cut in range(1, len(head)):
        one = Head()
        assert not one.ends_in(head[:cut])
        assert one.ends_in(head[cut:])
    by_byte = Head()
    assert [by_byte.ends_in(head[i : i + 1]) for i in range(len(head))].index(True) == len(head) - 1
    large = Head()
    assert not large.ends_in(b"x" * (LARGEST_HEAD - 1))
    assert large.ends_in(b"x")


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    """The leader, which is well."""
    async with agents_of(healthy()) as (leader,):
        yield leader


@asynccontextmanager
async def connected(
    port: int, *, small: bool = False
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Hold one connection open; a `small` one has next to no room for what comes in the kernel."""
    one = socket.socket()
    if small:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.setblocking(False)
    await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=one, limit=4096)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(
    "said", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 5000]
)
async def test_who_does_not_come_to_the_point(agent: FakeAgent, said: bytes) -> None:
    """A connection that does not finish its request's head in time is closed, and counted."""
    async with serving(agent, limits=SHORT) as site, connected(site.port) as (reader, writer):
        writer.write(said)
        async with asyncio.timeout(TIME):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        assert (await site.metrics())['esddns_connections_closed_total{reason="slow"}'] == 1


async def test_who_stays_too_long(agent: FakeAgent) -> None:
    """A connection that is kept open ends with its lifetime, however often it asks something."""
    async with serving(agent, limits=SHORT) as site, connected(site.port) as (reader, writer):
        answers = 0
        async with asyncio.timeout(TIME):
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 200")
                    await reader.readexactly(3)
                    answers += 1
                    await asyncio.sleep(0.05)
        assert answers > 10
        assert (await site.metrics())['esddns_connections_closed_total{reason="old"}'] == 1


async def test_a_full_house(agent: FakeAgent) -> None:
    """More silent connections than may be there: the page is served, and they make room."""
    async with serving(agent, limits=Limits(connections=8)) as site:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(50):
                await stack.enter_async_context(connected(site.port))
            assert (await site.get("/")).status == 200
        assert (await site.metrics())['esddns_connections_closed_total{reason="full"}'] >= 42


async def test_slow_readers_hold_no_memory_and_nobody_up(agent: FakeAgent) -> None:
    """Who asks for a large document and does not read it: little waits for it, and others are served."""
    state = healthy()
    state["records"] = [record(f"{number}.{'x' * 200}.example.com") for number in range(900)]
    agent.say(state)
    async with serving(agent) as site:
        large = await site.get("/raw")
        assert len(large.body) > 800_000
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(30):
                _, writer = await stack.enter_async_context(connected(site.port, small=True))
                writer.transport.pause_reading()  # type: ignore[attr-defined]
                writer.write(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
            way = site.service._way
            await site.until(lambda _raw: len(way.busy) >= 30)
            for path in ("/healthz", "/raw"):
                assert (await site.get(path)).status == 200
            waiting = [
                front._outside.get_write_buffer_size() for front in way.fronts if front._outside
            ]
            assert 0 < sum(waiting) < 30 * 400 * 1024
        assert (await site.get("/raw")).body == large.body


async def test_a_large_answer_at_leisure(agent: FakeAgent) -> None:
    """Who reads slowly, but reads, gets all of it."""
    state = healthy()
    state["records"] = [record(f"{number}.{'x' * 200}.example.com") for number in range(900)]
    agent.say(state)
    async with serving(agent) as site, connected(site.port, small=True) as (reader, writer):
        writer.write(b"GET /raw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        wire = b""
        while piece := await reader.read(20_000):
            wire += piece
            await asyncio.sleep(0.001)
        answer = read_answer(wire)
        assert len(answer.body) == int(answer.headers["content-length"]) > 800_000


async def test_tls_that_is_not_shaken(agent: FakeAgent, tmp_path: Path) -> None:
    """A handshake that is not finished in time is cut, as is what is no TLS; who does it right is served."""
    limits = Limits(connections=64, head=0.5)
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    async with serving(agent, tls_dir=tmp_path, limits=limits) as site:
        async with connected(site.tls_port) as (reader, writer), asyncio.timeout(TIME):
            writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01")
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        assert b"HTTP" not in await talk(site.tls_port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await get(site.tls_port, "/healthz", tls=tls)).status == 200
        assert (await site.metrics())['esddns_connections_closed_total{reason="slow"}'] == 1


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as a crowd needs; a system that gives them not cannot show it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = CROWD + 2000
    if before[1] < needed:
        pytest.skip(f"{needed} open files are needed, and {before[1]} allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(needed, before[0]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def crowd(port: int, stack: contextlib.ExitStack) -> None:
    """Open very many connections that say nothing."""
    for number in range(CROWD):
        one = stack.enter_context(socket.socket())
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            one.connect(("127.0.0.1", port))
        if number % 100 == 99:
            await asyncio.sleep(0)


@pytest.mark.usefixtures("many_files")
async def test_ten_thousand_that_say_nothing(agent: FakeAgent, tmp_path: Path) -> None:
    """10 000 idle connections to either port: /healthz answers, and no more are held than may be."""
    async with serving(agent, tls_dir=tmp_path) as site:
        for port in (site.port, site.tls_port):
            with contextlib.ExitStack() as stack:
                await crowd(port, stack)
                assert (await site.get("/healthz")).status == 200
                assert len(site.service._way.fronts) <= Limits().connections + AT_ONCE
            await site.until(lambda _raw: len(site.service._way.fronts) <= 1)


@pytest.mark.usefixtures("many_files")
async def test_ten_thousand_at_an_agent() -> None:
    """10 000 idle connections to an agent: /healthz answers, and no more are held than may be."""
    endpoints = Endpoints(CollectorRegistry(), dict, list, list)
    _, port = await endpoints.start("127.0.0.1", 0)
    try:
        with contextlib.ExitStack() as stack:
            await crowd(port, stack)
            assert (await get(port, "/healthz")).status == 200
            assert endpoints._runner is not None
            assert endpoints._runner.server is not None
            held = [one for one in endpoints._runner.server.connections if one.transport]
            assert 0 < len(held) <= 64 + AT_ONCE
        for _ in range(100):  # whoever still comes in goes out again
            if endpoints._runner.server.connections:
                await get(port, "/healthz")
    finally:
        await endpoints.stop()


async def test_an_agent_s_limits() -> None:
    """An agent's endpoints are behind the same door: who does not come to the point is closed, or stays."""
    endpoints = Endpoints(CollectorRegistry(), dict, list, list, Limits(8, lifetime=0.8, head=0.2))
    _, port = await endpoints.start("127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    try:
        for said, at_least in ((b"GET / HT", 0.15), (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0.7)):
            started = loop.time()
            async with connected(port) as (reader, writer), asyncio.timeout(TIME):
                writer.write(said)
                with contextlib.suppress(ConnectionError):
                    await reader.read()
            assert at_least < loop.time() - started < at_least + 1
    finally:
        await endpoints.stop()


async def test_no_more_files(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server behind cannot be reached, it is closed; the next is served."""
    with monkeypatch.context() as patch:
        patch.setattr(site.service._way, "behind", "\0nobody-listens-here")
        with contextlib.suppress(ConnectionError):
            assert await talk(site.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    assert (await site.get("/")).status == 200
