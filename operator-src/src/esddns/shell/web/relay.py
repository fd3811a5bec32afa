"""The front of the service: owns the public sockets, and passes on to the WSGI server behind it.

A WSGI server has no TLS here, and a thread or a buffer for whoever says nothing would soon be all there are.
So bytes are passed on only once a request's head is complete, at the pace at which its reader reads.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from esddns.shell.door import Door, Head, Visit
from esddns.shell.web.codec import Codec

_HIGH_WATER = 64 * 1024  # bytes that wait for a reader before no more are taken


@dataclass(slots=True)
class Way:
    """The way to the server behind: where it listens, who may come in, and who may ask it something."""

    behind: str
    door: Door
    busy: Door
    fronts: set[Front] = field(default_factory=set)
    opening: set[asyncio.Task[None]] = field(default_factory=set)


class Front(asyncio.Protocol):
    """One connection from outside."""

    def __init__(self, way: Way, make_codec: Callable[[], Codec]) -> None:
        self._way = way
        self._make_codec = make_codec
        self._codec: Codec | None = None  # once they say something: who does not shall cost nothing
        self._head = Head()
        self._waiting = bytearray()
        self._visits: list[Visit] = []
        self._outside: asyncio.Transport | None = None
        self._back: Back | None = None
        self._opening = False
        self._ended = False
        self._asked = False  # something that is not answered yet, nor being answered

    @property
    def done(self) -> bool:
        """Whether nothing is under way here."""
        return not self._asked and (
            self._outside is None or self._outside.get_write_buffer_size() == 0
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # of a stream server
        self._outside = transport
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        self._visits.append(self._way.door.admit(self.abort))
        self._way.fronts.add(self)

    def data_received(self, data: bytes) -> None:
        """They say something."""
        codec = self._codec = self._codec or self._make_codec()
        try:
            meant = codec.receive(data)
        except ssl.SSLError:
            self._send(codec.pending())  # the alert that says why
            self.finish()
            return
        self._send(codec.pending())
        if meant:
            self._asked = True
            self._pass_on(meant)
        if codec.ended:
            self.eof_received()

    def eof_received(self) -> bool:
        """They will say no more, and may still wait for the answer: the server behind knows what to do."""
        self._ended = True
        if self._back is not None:
            self._back.end()
        elif not self._opening:
            self.finish()
        return True

    def connection_lost(self, _exc: Exception | None) -> None:
        """They have gone."""
        for visit in self._visits:
            visit.leave()
        self._way.fronts.discard(self)
        self._outside = None
        if self._back is not None:
            self._back.abort()

    def pause_writing(self) -> None:
        """They read slowly: the answer waits where it is made."""
        if self._back is not None:
            self._back.pause_reading()

    def resume_writing(self) -> None:
        """They read again."""
        if self._back is not None:
            self._back.resume_reading()

    def pause_reading(self) -> None:
        """Take no more of what they say."""
        if self._outside is not None:
            self._outside.pause_reading()

    def resume_reading(self) -> None:
        """Listen again."""
        if self._outside is not None:
            self._outside.resume_reading()

    def answer(self, data: bytes) -> None:
        """Pass on what the server behind says."""
        self._asked = False
        assert self._codec is not None  # noqa: S101  # it was asked something
        try:
            self._send(self._codec.send(data))
        except ssl.SSLError:
            self.abort()

    def finish(self) -> None:
        """Close, once all was sent that there is."""
        if self._outside is not None:
            if self._codec is not None:
                self._send(self._codec.close())
            self._outside.close()

    def abort(self) -> None:
        """Close at once."""
        if self._outside is not None:
            self._outside.abort()

    def _send(self, wire: bytes) -> None:
        if wire and self._outside is not None:
            self._outside.write(wire)

    def _pass_on(self, meant: bytes) -> None:
        if self._back is not None:
            self._back.write(meant)
            return
        self._waiting += meant
        if not self._opening and self._head.ends_in(meant):
            self._visits[0].spoke()
            self._visits.append(self._way.busy.admit(self.abort))
            self._opening = True
            task = asyncio.get_running_loop().create_task(self._open())
            self._way.opening.add(task)
            task.add_done_callback(self._way.opening.discard)
        if self._opening:
            self.pause_reading()

    async def _open(self) -> None:
        """Connect to the server behind, and let it have what was said so far."""
        loop = asyncio.get_running_loop()
        try:
            _, back = await loop.create_unix_connection(lambda: Back(self), self._way.behind)
        except OSError:  # it has ended, or has its hands full
            self.abort()
            return
        if self._outside is None:
            back.abort()
            return
        self._back = back
        back.write(bytes(self._waiting))
        self._waiting.clear()
        if self._ended:
            back.end()
        self.resume_reading()


class Back(asyncio.Protocol):
    """The same connection's other half, to the server behind."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._inside: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It listens."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # of a stream connection
        self._inside = transport

    def data_received(self, data: bytes) -> None:
        """It answers."""
        self._front.answer(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        """It has said all."""
        self._inside = None
        self._front.finish()

    def pause_writing(self) -> None:
        """It has its hands full."""
        self._front.pause_reading()

    def resume_writing(self) -> None:
        """It listens again."""
        self._front.resume_reading()

    def write(self, data: bytes) -> None:
        """Ask it."""
        if self._inside is not None:
            self._inside.write(data)

    def end(self) -> None:
        """Tell it that nothing more will be asked."""
        if self._inside is not None and self._inside.can_write_eof():
            self._inside.write_eof()

    def abort(self) -> None:
        """Leave it."""
        if self._inside is not None:
            self._inside.abort()

    def pause_reading(self) -> None:
        """Have it wait."""
        if self._inside is not None:
            self._inside.pause_reading()

    def resume_reading(self) -> None:
        """Have it go on."""
        if self._inside is not None:
            self._inside.resume_reading()
