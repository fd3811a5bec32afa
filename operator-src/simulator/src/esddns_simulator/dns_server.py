"""DNS over UDP and TCP on one port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from esddns_simulator.echo import Family
from esddns_simulator.ports import family_of, on_one_port
from esddns_simulator.udp_server import UdpServer

DnsAnswer = Callable[[bytes, Family, bool], bytes | None]
"""(packet, family it came over, whether by TCP) to the answer, None for silence."""


class DnsServer:
    """Answers DNS packets on one port, the same over UDP and TCP, of one or more addresses of this host."""

    def __init__(self, answer: DnsAnswer) -> None:
        self._answer = answer
        self._udp = UdpServer(lambda packet, family, _: answer(packet, family, False))
        self._tcp: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, hosts: Sequence[str], port: int = 0) -> int:
        """Bind and return the port; OSError where it is taken."""

        async def bind(port: int) -> int:
            port = await self._udp.start(hosts, port)
            try:
                for host in hosts:
                    self._tcp.append(await self._listen(host, port))
            except OSError:
                await self.stop()
                raise
            return port

        return await on_one_port(port, bind)

    async def stop(self) -> None:
        """Close the sockets and the connections."""
        self._udp.stop()
        for server in self._tcp:
            server.close()
        self._tcp.clear()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _listen(self, host: str, port: int) -> asyncio.Server:
        family = family_of(host)

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._serve(reader, writer, family))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
            # Not in the task: one that is cancelled before it ran would leave the connection open.
            task.add_done_callback(lambda _: writer.close())

        return await asyncio.start_server(connected, host, port)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, family: Family
    ) -> None:
        # The client ends the connection, in whatever way it likes.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int.from_bytes(await reader.readexactly(2))  # RFC 1035 section 4.2.2
                answer = self._answer(await reader.readexactly(size), family, True)
                if answer is not None:
                    writer.write(len(answer).to_bytes(2) + answer)
                    await writer.drain()
