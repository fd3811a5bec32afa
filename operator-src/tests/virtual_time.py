"""An event loop whose time jumps to the next timer: hours of waiting cost nothing, and repeat exactly."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class DeadlockError(AssertionError):
    """Nothing is scheduled and nothing runs: whatever is awaited would never come."""


class _TimelessSelector(selectors.DefaultSelector):
    """Never blocks: what the loop would have waited is added to its clock."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Give what is ready, and let the time pass if nothing is."""
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise DeadlockError("virtual time: nothing is scheduled and nothing runs")
        self.passed += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its `time()` starts at 0 and advances only when everybody waits."""

    def __init__(self) -> None:
        self._timeless = _TimelessSelector()
        super().__init__(self._timeless)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._timeless.passed


def run_virtual(main: Coroutine[Any, Any, T], *, limit: float = 86400 * 30) -> T:
    """Run `main` on virtual time; fails after `limit` virtual seconds."""

    async def bounded() -> T:
        async with asyncio.timeout(limit):
            return await main

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(bounded())
