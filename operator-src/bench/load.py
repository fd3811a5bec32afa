"""Requests without a pause, over a few connections that are kept: how many are answered, and how fast."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered within `seconds`; `waits` are of the good answers, in seconds."""

    seconds: float
    waits: list[float]
    failed: int

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.waits) / self.seconds


async def load(url: str, seconds: float, at_once: int = 8) -> Load:
    """Ask for as long as that, so many at once."""
    waits: list[float] = []
    failed = 0
    end = time.monotonic() + seconds

    async def ask(session: aiohttp.ClientSession) -> None:
        nonlocal failed
        while time.monotonic() < end:
            began = time.perf_counter()
            try:
                async with session.get(url, ssl=False) as reply:
                    await reply.read()
                    good = reply.status == 200
            except aiohttp.ClientError:
                good = False
            if good:
                waits.append(time.perf_counter() - began)
            else:
                failed += 1

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(ask(session) for _ in range(at_once)))
    return Load(seconds, waits, failed)
