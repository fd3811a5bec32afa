"""A datagram server: one packet in, one out or none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from esddns_simulator.echo import Family
from esddns_simulator.ports import family_of, on_one_port

UdpAnswer = Callable[[bytes, Family, int], bytes | None]
"""(packet, family it came over, the client's port) to the answer, None for silence."""


class UdpServer:
    """Answers datagrams on one port of one or more addresses of this host."""

    def __init__(self, answer: UdpAnswer) -> None:
        self._answer = answer
        self._transports: list[asyncio.DatagramTransport] = []

    async def start(self, hosts: Sequence[str], port: int = 0) -> int:
        """Bind and return the port; OSError where it is taken."""

        async def bind(port: int) -> int:
            try:
                for host in hosts:
                    port = await self._bind(host, port)
            except OSError:
                self.stop()
                raise
            return port

        return await on_one_port(port, bind)

    def stop(self) -> None:
        """Close the sockets."""
        for transport in self._transports:
            transport.close()
        self._transports.clear()

    async def _bind(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        protocol = _Protocol(self._answer, family_of(host))
        transport, _ = await loop.create_datagram_endpoint(
            lambda: protocol, local_addr=(host, port)
        )
        self._transports.append(transport)
        return int(transport.get_extra_info("sockname")[1])


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, answer: UdpAnswer, family: Family) -> None:
        self._answer = answer
        self._family = family
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: Python 3.11's own transport does not derive from DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        answer = self._answer(data, self._family, addr[1])
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)
