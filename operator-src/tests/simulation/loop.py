"""An event loop on virtual time that knows whose work it does: a host can be frozen where it stands.

Whose a callback is stands in its context. What belongs to a frozen host waits and goes on, in order, when it
thaws. A process that is killed is frozen and never thawed: not even a `finally` of it runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections.abc import Callable
from datetime import datetime
from typing import Any

from virtual_time import VirtualTimeLoop

_HOST: contextvars.ContextVar[Host] = contextvars.ContextVar("host")
EPOCH = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


class Host:
    """Whose work is done, and by which clock. `rate`: seconds of its clock for one true second."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.frozen = False
        self.rate = 1.0
        self._waiting: list[asyncio.Handle] = []

    def context(self) -> contextvars.Context:
        """Give a context in which everything is this host's."""
        context = contextvars.Context()
        context.run(_HOST.set, self)
        return context

    def thaw(self, loop: asyncio.AbstractEventLoop) -> None:
        """Go on where it was frozen."""
        self.frozen = False
        waiting, self._waiting = self._waiting, []
        for handle in waiting:
            loop.call_soon(handle._run)

    def hold(self, handle: asyncio.Handle) -> bool:
        """Whether a callback has to wait; it is kept then."""
        if self.frozen:
            self._waiting.append(handle)
        return self.frozen


def host() -> Host | None:
    """Whose work is done now; None: the world's."""
    return _HOST.get(None)


class _Handle(asyncio.Handle):
    """A callback of a host's; one that is cancelled while it waits never runs."""

    def _run(self) -> None:
        here = self._context.get(_HOST)
        if not self._cancelled and not (here and here.hold(self)):
            super()._run()


class _TimerHandle(asyncio.TimerHandle):
    def _run(self) -> None:
        here = self._context.get(_HOST)
        if not self._cancelled and not (here and here.hold(self)):
            super()._run()


class FleetLoop(VirtualTimeLoop):
    """Virtual time, as each host's own clock has it."""

    def true_time(self) -> float:
        """Seconds since the loop was made, by nobody's clock."""
        return super().time()

    def time(self) -> float:
        """Seconds since the loop was made, by the clock of whose work is done now."""
        here = _HOST.get(None)
        return super().time() * (here.rate if here else 1.0)

    def _call_soon(
        self, callback: Callable[..., object], args: Any, context: contextvars.Context | None
    ) -> asyncio.Handle:
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a callback at a time of its host's clock."""
        context = context or contextvars.copy_context()
        here = context.get(_HOST)
        # A hair later, for what is due must be due by the host's clock when it wakes.
        due = when / here.rate + 1e-6 if here else when
        timer = _TimerHandle(due, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer
