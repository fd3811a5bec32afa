"""Who is let in, and for how long: the rules that keep a server answering whatever is sent to it.

A connection costs memory and says nothing for it. So: at most so many at once, and where that many are there
one makes room for the new one, which is the likelier to be served in a moment; none lives for long; and one
that does not say what it wants in time is closed. Room is made by the one that has been silent the longest:
what an honest client wants has often come before it is let in. Only where more than half of all have said
what they want, it is the one of those that came first.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass

LARGEST_HEAD = 8 * 1024  # bytes of a request line and its headers
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """`connections` at once; seconds that one may be open, and that it has to say what it wants."""

    connections: int = 256
    lifetime: float = 30.0
    head: float = 10.0


class Closed(enum.StrEnum):
    """Why a connection was closed by us: a closed set, for it becomes a metric's label."""

    FULL = "full"
    SLOW = "slow"  # it did not say in time what it wants
    OLD = "old"


OnClosed = Callable[[Closed], None]


class Door:
    """Counts those that are in. Belongs to one event loop."""

    def __init__(self, limits: Limits, on_closed: OnClosed = lambda _why: None) -> None:
        self._limits = limits
        self._on_closed = on_closed
        # In the order in which they came, and in which they spoke.
        self._silent: dict[Visit, None] = {}
        self._spoken: dict[Visit, None] = {}

    def __len__(self) -> int:
        return len(self._silent) + len(self._spoken)

    def admit(self, close: Callable[[], None]) -> Visit:
        """Let one in; `close` ends it at once. Where it is full another makes room."""
        if len(self) >= self._limits.connections:
            many = len(self._spoken) > self._limits.connections // 2
            first = self._spoken if many or not self._silent else self._silent
            self._end(next(iter(first)), Closed.FULL)
        visit = Visit(self, close)
        self._silent[visit] = None
        loop = asyncio.get_running_loop()
        visit.timers = [
            loop.call_later(self._limits.head, self._end, visit, Closed.SLOW),
            loop.call_later(self._limits.lifetime, self._end, visit, Closed.OLD),
        ]
        return visit

    def spoke(self, visit: Visit) -> None:
        """Take note that one said what it wants."""
        if visit in self._silent:
            del self._silent[visit]
            self._spoken[visit] = None
            visit.timers[0].cancel()

    def leave(self, visit: Visit) -> None:
        """Take note that one has left."""
        self._silent.pop(visit, None)
        self._spoken.pop(visit, None)
        for timer in visit.timers:
            timer.cancel()
        visit.timers = []

    def _end(self, visit: Visit, why: Closed) -> None:
        self.leave(visit)
        self._on_closed(why)
        visit.close()


class Visit:
    """One connection that was let in."""

    __slots__ = ("_door", "close", "timers")

    def __init__(self, door: Door, close: Callable[[], None]) -> None:
        self._door = door
        self.close = close
        self.timers: list[asyncio.TimerHandle] = []

    def spoke(self) -> None:
        """It said what it wants."""
        self._door.spoke(self)

    def leave(self) -> None:
        """It has gone."""
        self._door.leave(self)


class Head:
    """Finds the end of a request's head in what comes in pieces; keeps none of it but its last bytes."""

    __slots__ = ("_size", "_tail")

    def __init__(self) -> None:
        self._size = 0
        self._tail = b""

    def ends_in(self, data: bytes) -> bool:
        """Whether it is complete with this piece, or larger than any may be: then the server says so."""
        self._size += len(data)
        seen = self._tail + data
        self._tail = seen[-3:]
        return b"\r\n\r\n" in seen or b"\n\n" in seen or self.too_large

    @property
    def too_large(self) -> bool:
        """Whether no request has such a head."""
        return self._size >= LARGEST_HEAD


class Guarded(asyncio.Protocol):
    """A server's protocol behind the door: everything is passed on to it, but no head that is too large."""

    def __init__(self, door: Door, inner: asyncio.Protocol) -> None:
        self._door = door
        self._inner = inner
        self._visit: Visit | None = None
        self._head: Head | None = Head()
        self._transport: asyncio.Transport | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # of a stream server
        self._transport = transport
        self._visit = self._door.admit(transport.abort)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """They say something; how they go on after their first request is the server's own care."""
        if self._refused:
            return
        head = self._head
        if head is not None and head.ends_in(data):
            self._head = None
            if head.too_large and self._transport is not None:
                self._refused = True
                self._transport.write(_TOO_LARGE)
                self._transport.close()
                return
            if self._visit is not None:
                self._visit.spoke()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """They will say no more."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        if self._visit is not None:
            self._visit.leave()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """They read slowly."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """They read again."""
        self._inner.resume_writing()
