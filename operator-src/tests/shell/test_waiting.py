"""What must be finished is waited for, whatever is cancelled meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from esddns.shell.waiting import all_ended
from virtual_time import run_virtual


def test_a_cancellation_comes_after_the_end() -> None:
    """Who is cancelled while it waits, however often, is so once all have ended."""

    async def scenario() -> None:
        ended: list[str] = []

        async def slow() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(5)
                ended.append("slow")

        task = asyncio.create_task(slow())
        await asyncio.sleep(1)
        task.cancel()
        waiting = asyncio.create_task(all_ended([task]))
        for _ in range(3):
            await asyncio.sleep(1)
            waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert ended == ["slow"]
        await all_ended([task])

    run_virtual(scenario())
