"""What a STUN server says, and whether it is believed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import struct
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from ipaddress import ip_address
from typing import Any

import pytest

from esddns.config.settings import StunTarget
from esddns.core.model import FailureReason, Family
from esddns.shell.sources.udp import exchange
from sources.asking import closed_port, failure, hosts_of_ipv6, needs_ipv6, source

# 198.51.100.7 and 2001:db8::7, not combined with anything, at port 1.
IPV4 = b"\x00\x01\x00\x01" + ip_address("198.51.100.7").packed
IPV6 = b"\x00\x02\x00\x01" + ip_address("2001:db8::7").packed

Answerer = Callable[[bytes], Sequence[bytes]]


@pytest.fixture(autouse=True)
async def _nothing_is_left_open() -> AsyncIterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()


class Server(asyncio.DatagramProtocol):
    """Answers every request with what the test makes of it, and notes when each came."""

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer
        self.requests: list[tuple[float, bytes]] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.requests.append((asyncio.get_running_loop().time(), data))
        for answer in self.answerer(data):
            self.transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def serving(answerer: Answerer, host: str = "127.0.0.1") -> AsyncIterator[Server]:
    """Serve STUN, or something like it, on a port of `host`."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: Server(answerer), local_addr=(host, 0)
    )
    try:
        yield server
    finally:
        transport.close()


def answer(request: bytes, value: bytes, *, attribute: int = 1, kind: int = 0x0101) -> bytes:
    """Build a response to `request` with one attribute."""
    body = struct.pack("!HH", attribute, len(value)) + value + bytes(-len(value) % 4)
    return struct.pack("!HH", kind, len(body)) + request[4:20] + body


async def test_the_servers_word_is_the_address() -> None:
    """A Binding response gives the address."""
    async with serving(lambda request: [answer(request, IPV4)]) as server:
        address = await source(StunTarget("127.0.0.1", server.port)).ask(Family.IPV4, 5)
    assert address == ip_address("198.51.100.7")


@needs_ipv6
async def test_ipv6_is_asked_over_ipv6() -> None:
    """The server is reached at ::1, by address and by name."""
    async with serving(lambda request: [answer(request, IPV6)], host="::1") as server:
        for host in hosts_of_ipv6():
            address = await source(StunTarget(host, server.port)).ask(Family.IPV6, 5)
            assert address == ip_address("2001:db8::7")


async def test_the_other_family_is_malformed() -> None:
    """An IPv6 address in an answer over IPv4 is not what was asked for."""
    async with serving(lambda request: [answer(request, IPV6)]) as server:
        reason, detail = await failure(source(StunTarget("127.0.0.1", server.port)))
    assert reason is FailureReason.MALFORMED
    assert "2001:db8::7" in detail


async def test_what_is_no_answer_is_ignored() -> None:
    """Noise, an echo, another transaction and another cookie are passed over; the answer counts."""

    def answerer(request: bytes) -> list[bytes]:
        lie = answer(request, IPV4[:4] + b"\xcb\x00\x71\x42")
        other_id = lie[:8] + bytes(12) + lie[20:]
        other_cookie = lie[:4] + bytes(4) + lie[8:]
        return [b"", b"noise", request, other_id, other_cookie, answer(request, IPV4)]

    async with serving(answerer) as server:
        address = await source(StunTarget("127.0.0.1", server.port)).ask(Family.IPV4, 5)
    assert address == ip_address("198.51.100.7")


async def test_an_error_response_is_a_refusal() -> None:
    """Type 0x0111 is REFUSED, with its code."""
    refused = b"\x00\x00\x04\x14Unknown Attribute"

    def answerer(request: bytes) -> list[bytes]:
        return [answer(request, refused, attribute=9, kind=0x0111)]

    async with serving(answerer) as server:
        reason, detail = await failure(source(StunTarget("127.0.0.1", server.port)))
    assert reason is FailureReason.REFUSED
    assert "420 'Unknown Attribute'" in detail
    assert detail.startswith(f"stun:127.0.0.1 port {server.port}: ")


async def test_a_broken_answer_is_malformed() -> None:
    """Our transaction id with half an attribute is an error at once, not a wait."""
    async with serving(lambda request: [answer(request, IPV4)[:-2]]) as server:
        reason, _ = await failure(source(StunTarget("127.0.0.1", server.port)))
    assert reason is FailureReason.MALFORMED


async def test_silence_ends_at_the_deadline() -> None:
    """No answer is TIMEOUT."""
    async with serving(lambda _: []) as server:
        reason, _ = await failure(source(StunTarget("127.0.0.1", server.port)), within=0.2)
    assert reason is FailureReason.TIMEOUT


async def test_a_lost_request_is_sent_again() -> None:
    """The same request comes again after half a second."""

    def answerer(request: bytes) -> list[bytes]:
        return [answer(request, IPV4)] if len(server.requests) > 1 else []

    async with serving(answerer) as server:
        await source(StunTarget("127.0.0.1", server.port)).ask(Family.IPV4, 4)
        (first, one), (second, other) = server.requests
    assert one == other
    assert second - first > 0.45


async def test_each_wait_is_twice_the_one_before() -> None:
    """Five requests come at 0, 1, 3, 7 and 15 times the first wait, or later."""
    wait = 0.02

    async with serving(lambda _: [b"ok"] if len(server.requests) == 5 else []) as server:
        address = ("127.0.0.1", server.port)
        async with asyncio.timeout(5):
            await exchange(address, socket.AF_INET, b"?", bytes.upper, first_wait=wait)
        times = [at - server.requests[0][0] for at, _ in server.requests]
    # What comes is seen a moment after it was sent, so a gap may look a little short.
    assert all(at > wait * due - 0.01 for at, due in zip(times, (0, 1, 3, 7, 15), strict=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "a" * 70 + ".test", "::1"])
async def test_nobody_there_is_unreachable(host: str) -> None:
    """A closed port (ICMP), an impossible name and an address of the other family fail at once."""
    asked = source(StunTarget(host, closed_port(socket.SOCK_DGRAM)))
    assert (await failure(asked, within=5))[0] is FailureReason.UNREACHABLE


async def test_cancelling_leaves_nothing() -> None:
    """A cancelled ask raises CancelledError and closes its socket."""
    async with serving(lambda _: []) as server:
        task = asyncio.create_task(source(StunTarget("127.0.0.1", server.port)).ask(Family.IPV4, 5))
        async with asyncio.timeout(5):
            while not server.requests:  # noqa: ASYNC110  # nothing to wait on: a datagram on its way
                await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("steps", range(1, 7))
async def test_cancelling_at_any_moment_leaves_no_timer(steps: int) -> None:
    """Cancelled while its socket is being opened, or after, an ask is not asked again for ever."""

    class Reader:
        def __call__(self, data: bytes) -> None:
            """Make nothing of it."""

    def start() -> tuple[asyncio.Task[None], weakref.ref[Reader]]:
        reader, address = Reader(), ("127.0.0.1", server.port)
        asked = exchange(address, socket.AF_INET, b"?", reader, first_wait=60)
        return asyncio.create_task(asked), weakref.ref(reader)

    async with serving(lambda _: []) as server:
        task, held = start()
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        del task
        # The loop closes the socket in its next turns; a timer would keep what it calls.
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        assert held() is None


async def test_cancelling_twice_leaves_nothing_either() -> None:
    """Cancelled while it closes its socket, an ask ends all the same, and the loop has nothing to say."""
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    async with serving(lambda _: []) as server:
        address = ("127.0.0.1", server.port)
        asked = exchange(address, socket.AF_INET, b"?", bytes.upper, first_wait=5)
        task = asyncio.create_task(asked)
        async with asyncio.timeout(5):
            while not server.requests:  # noqa: ASYNC110  # nothing to wait on: a datagram on its way
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
    assert said == []
