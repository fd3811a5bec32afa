"""Waiting that a cancellation does not cut short: for what must be finished whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any


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
