"""Runs an engine with what belongs beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from esddns.shell.engine import Engine
from esddns.shell.gandi.client import WRITE_DEADLINE
from esddns.shell.seams import Outside
from esddns.shell.waiting import all_ended, raise_first


async def work(engine: Engine, outside: Outside, *beside: Coroutine[Any, Any, object]) -> None:
    """Run an engine until cancelled, or until something beside it ends; its write is waited for.

    What any of them died of is raised, even when it was to end: nothing dies quietly.
    """
    told = asyncio.Event()
    working = asyncio.ensure_future(engine.run(told, WRITE_DEADLINE))
    others = [asyncio.ensure_future(one) for one in beside]
    try:
        await asyncio.wait({working, *others}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.set()
        try:
            await all_ended([working])
        finally:
            for other in others:
                other.cancel()
            try:
                await all_ended(others)
            finally:
                outside.account.close()
                raise_first([working, *others])
