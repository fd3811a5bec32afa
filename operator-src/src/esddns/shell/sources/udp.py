"""One question and its answer over UDP, asked again while nothing comes.

The socket is connected: the kernel drops what another address sends and reports a refusal (ICMP), which
an unconnected one would wait out. Time is the event loop's, so that a virtual clock drives it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Generic, TypeVar

from esddns.core.model import SourceError

T = TypeVar("T")


async def exchange(
    address: tuple[str, int],
    family: socket.AddressFamily,
    question: bytes,
    read: Callable[[bytes], T | None],
    *,
    first_wait: float,
) -> T:
    """Send `question` until `read` makes something of a datagram, and give that.

    `read` returns None for a datagram that is no answer, which is ignored, and raises SourceError for a
    wrong answer, which ends the exchange. Waits `first_wait` seconds before it asks again, then twice as
    long each time; sets no deadline: the caller does. Raises SourceError or OSError.
    """
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_datagram_endpoint(
        lambda: _Exchange(loop, question, read, first_wait), remote_addr=address, family=family
    )
    try:
        return await protocol.answer
    finally:
        await protocol.close()


class _Exchange(asyncio.DatagramProtocol, Generic[T]):
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        question: bytes,
        read: Callable[[bytes], T | None],
        wait: float,
    ) -> None:
        self.answer: asyncio.Future[T] = loop.create_future()
        # Not a future: who is cancelled while it waits would cancel that, and asyncio could not set it.
        self._closed = asyncio.Event()
        self._loop = loop
        self._question = question
        self._read = read
        self._wait = wait
        self._transport: asyncio.DatagramTransport | None = None
        self._again: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        # asyncio's stubs give every protocol the base transport, which cannot send.
        self._transport = transport
        self._send(transport)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002  # connected
        if self.answer.done():
            return
        try:
            answer = self._read(data)
        except SourceError as error:
            self.answer.set_exception(error)
        else:
            if answer is not None:
                self.answer.set_result(answer)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        # Here and not in `close`, which nobody calls where the opening of the socket was cancelled.
        if self._again:
            self._again.cancel()
        if exc is not None:
            self.error_received(exc)
        self._closed.set()

    async def close(self) -> None:
        """Leave no timer, no open socket and no unread exception behind."""
        if not self.answer.cancel() and not self.answer.cancelled():
            self.answer.exception()
        if self._transport:
            self._transport.abort()
            await self._closed.wait()

    def _send(self, transport: asyncio.DatagramTransport) -> None:
        transport.sendto(self._question)
        self._again = self._loop.call_later(self._wait, self._send, transport)
        self._wait *= 2
