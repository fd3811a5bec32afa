"""How long the event loop could not run because something held it: then leases and deadlines run late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_EVERY = 1.0  # seconds
_USUAL = 0.05  # seconds that a timer may be late on a machine with other work


def watch_lag(blocked: Callable[[float], object]) -> None:
    """Tell `blocked` each time by how many seconds a timer was late, for as long as the loop runs."""
    loop = asyncio.get_running_loop()

    def tick(due: float) -> None:
        late = loop.time() - due
        if late > _USUAL:
            blocked(late)
        following = loop.time() + _EVERY
        loop.call_at(following, tick, following)

    tick(loop.time())
