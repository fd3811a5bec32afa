"""An event loop whose time jumps to the next timer: hours of waiting cost nothing, and repeat exactly.

    run_virtual(scenario(), limit=3600)

Sockets work, as long as both ends are in this process: what is on its way arrives before time passes. While
a thread works for the loop (`run_in_executor`, `asyncio.to_thread`), time stands still.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_LONGEST_WORK = 30.0  # real seconds that a thread may work
_AFTERWARDS = 3600.0  # virtual seconds that what is cancelled at the end may take
Ready = list[tuple[selectors.SelectorKey, int]]


class VirtualTimeError(AssertionError):
    """The scenario cannot go on."""


class DeadlockError(VirtualTimeError):
    """Nothing is scheduled and nothing runs: whatever is awaited would never come."""


class LimitError(VirtualTimeError):
    """More virtual time went by than the scenario was given."""


class _TimelessSelector(selectors.DefaultSelector):
    """Waits for nobody but threads: what the loop would have waited is added to its clock."""

    passed = 0.0
    limit = float("inf")
    working = 0  # threads at work for the loop
    pending: Callable[[], str]

    def select(self, timeout: float | None = None) -> Ready:
        """Give what is ready, and let the time pass if nothing is."""
        ready: Ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.working:
            ready = super().select(_LONGEST_WORK)
            if not ready:
                raise VirtualTimeError(f"a thread worked for more than {_LONGEST_WORK:g} s")
            return ready
        if timeout is None:
            raise DeadlockError(
                f"at {self.passed:g} s nothing is scheduled and nothing runs; waiting: {self.pending()}"
            )
        if self.passed + timeout > self.limit:
            limit, self.limit = self.limit, self.passed + _AFTERWARDS
            raise LimitError(f"not done after {limit:g} virtual s; waiting: {self.pending()}")
        self.passed += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its `time()` starts at 0 and advances only when everybody waits; past `limit` seconds it fails."""

    def __init__(self, limit: float = float("inf")) -> None:
        self._timeless = _TimelessSelector()
        self._timeless.limit = limit
        self._timeless.pending = self._pending
        super().__init__(self._timeless)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._timeless.passed

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        """Run in a thread; time stands still until it is done."""
        self._timeless.working += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._worked)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        """Wait for the threads, as `asyncio.Runner` does at its end."""
        self._timeless.working += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._timeless.working -= 1

    def _worked(self, _future: asyncio.Future[Any]) -> None:
        self._timeless.working -= 1

    def _pending(self) -> str:
        return ", ".join(sorted(map(_place, asyncio.all_tasks(self)))) or "nobody"


def run_virtual(main: Coroutine[Any, Any, T], *, limit: float = 86400 * 30) -> T:
    """Run `main` on virtual time; fails after `limit` virtual seconds, and in a deadlock."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(limit)) as runner:
        return runner.run(main)


def _place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    where = f"{frames[0].f_code.co_filename}:{frames[0].f_lineno}" if frames else "?"
    return f"{task.get_name()} at {where}"
