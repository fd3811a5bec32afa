"""The seconds in which the event loop could not run."""

from __future__ import annotations

import asyncio

import pytest

from esddns.shell.loop_lag import watch_lag
from virtual_time import run_virtual


def test_a_loop_that_is_held() -> None:
    """What holds the loop is counted in seconds; a timer that is a little late is not."""
    told: list[float] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        watch_lag(told.append)
        await asyncio.sleep(60)
        assert told == []
        began = loop.time()
        loop.time = lambda: began + 7.5  # type: ignore[method-assign]  # as when something blocked
        await asyncio.sleep(0)

    run_virtual(scenario())
    assert told == [pytest.approx(6.5)]
