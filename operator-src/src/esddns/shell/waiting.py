"""Waiting: for an event or a time, and for tasks that must be finished whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Any


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait until it is set, for so many seconds at most; gives whether it was."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def all_ended(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Wait until all have ended. Whoever is cancelled meanwhile is so only then.

    A clean-up that is cancelled in its middle leaves tasks behind that nobody ends any more.
    """
    cancelled: asyncio.CancelledError | None = None
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def raise_first(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Raise what the first of these ended tasks died of, if any did; one that was cancelled did not."""
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
