"""Tells somebody outside that all is well: alerts from inside a house die with the house."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import aiohttp

from esddns import __version__
from esddns.shell.log import event
from esddns.shell.sources.words import in_words

_log = logging.getLogger("esddns")

_SETTLING = 15.0  # seconds that a change has after its round before records are looked at
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_HEADERS = {"User-Agent": f"esddns/{__version__} (+https://github.com/sqe/esddns)"}

# Makes one GET. Raises HeartbeatError.
Ping = Callable[[], Awaitable[None]]


class HeartbeatError(Exception):
    """The URL did not answer as it should; the message does not repeat it, for it is a secret."""


async def ping(url: str) -> None:
    """GET `url`, by a proxy where the environment names one. Raises HeartbeatError."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, headers=_HEADERS, trust_env=True) as session,
            session.get(url) as response,
        ):
            if not response.ok:
                raise HeartbeatError(f"HTTP status {response.status}")
    except TimeoutError:
        raise HeartbeatError(f"no answer within {_TIMEOUT.total:g} s") from None
    except aiohttp.ClientConnectorError as error:
        raise HeartbeatError(in_words(error.strerror or error.os_error)) from None
    except (aiohttp.ClientError, ValueError, OSError) as error:
        raise HeartbeatError(type(error).__name__) from None


class Heartbeat:
    """Runs for as long as it is not cancelled. `well`: whether every record is as it should be."""

    def __init__(self, ping: Ping, well: Callable[[], bool], count: Callable[[str], None]) -> None:
        self._ping = ping
        self._well = well
        self._count = count
        self._checked = asyncio.Event()
        self._problem: str | None = None

    def checked(self) -> None:
        """A full round ended."""
        self._checked.set()

    async def run(self) -> None:
        """After each round wait until its change is done, and tell if all is well."""
        while True:
            await self._checked.wait()
            await asyncio.sleep(_SETTLING)
            self._checked.clear()
            if self._well():
                await self._tell()

    async def _tell(self) -> None:
        try:
            await self._ping()
        except HeartbeatError as error:
            self._count("failed")
            if self._problem != str(error):
                event(_log, logging.WARNING, "the heartbeat was not taken: see heartbeat-url",
                      error=error)  # fmt: skip
            self._problem = str(error)
            return
        self._count("sent")
        if self._problem is not None:
            event(_log, logging.INFO, "the heartbeat is taken again")
        self._problem = None
