"""A DNS server on loopback, UDP and TCP on one port, that answers whatever a test wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import dns.message
import dns.rrset
from dns.message import Message

# Gives the datagrams, or the TCP messages, that answer one question.
Answerer = Callable[[Message], Sequence[bytes]]


def say(query: Message, *values: str, rdtype: str | None = None) -> Message:
    """Answer `query` with records of its own name, class and type."""
    response = dns.message.make_response(query)
    question = query.question[0]
    if values:
        kind = rdtype or question.rdtype
        response.answer.append(
            dns.rrset.from_text(question.name, 0, question.rdclass, kind, *values)
        )
    return response


def saying(*values: str) -> Answerer:
    """Make an answerer that sends one answer with these values."""
    return lambda query: [say(query, *values).to_wire()]


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for answer in self.answerer(dns.message.from_wire(data)):
            self.transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def lying_dns(
    udp: Answerer, tcp: Answerer | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """Serve and give the port; without `tcp` nothing listens there."""
    loop = asyncio.get_running_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert tcp
        length = int.from_bytes(await reader.readexactly(2), "big")
        query = dns.message.from_wire(await reader.readexactly(length))
        for answer in tcp(query):
            writer.write(answer)
        with contextlib.suppress(OSError):
            await writer.drain()
            if not tcp(query):
                await reader.read()  # says nothing until the client has gone
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, host, 0) if tcp else None
    port = server.sockets[0].getsockname()[1] if server else 0
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(udp), local_addr=(host, port))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
        if server:
            server.close()
            await server.wait_closed()


def framed(message: bytes) -> bytes:
    """Put the length before a message, as over TCP."""
    return len(message).to_bytes(2, "big") + message
