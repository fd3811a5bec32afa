"""A provider that may take so much time in all, for a command that somebody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from esddns.core.errors import UnavailableError
from esddns.core.model import RRset
from esddns.shell.seams import Account

T = TypeVar("T")


class BudgetedProvider:
    """Stands before an account. A call beyond `seconds` in all is cut: its outcome is then unknown."""

    def __init__(self, account: Account, seconds: float) -> None:
        self._account = account
        self._seconds = seconds
        self.left = seconds

    @property
    def token_version(self) -> int:
        """Grows when the token changes; 0 while there is none."""
        return self._account.token_version

    async def wait(self, seconds: float) -> None:
        """Wait before a call is made again: that is on the budget, too."""
        self.left -= seconds
        await asyncio.sleep(seconds)

    async def zone_exists(self, zone: str) -> bool:
        """Whether the account has `zone`."""
        return await self._call(lambda: self._account.zone_exists(zone))

    async def rrsets(self, zone: str, name: str) -> Mapping[str, RRset]:
        """Give all RRsets at `name`, by type."""
        return await self._call(lambda: self._account.rrsets(zone, name))

    async def put(self, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        """Replace one RRset."""
        await self._call(lambda: self._account.put(zone, name, rrtype, rrset))

    async def delete(self, zone: str, name: str, rrtype: str) -> None:
        """Delete one RRset."""
        await self._call(lambda: self._account.delete(zone, name, rrtype))

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(max(0.0, self.left)):
                return await call()
        except TimeoutError:
            self._account.abort()
            raise UnavailableError(f"the {self._seconds:g} s for Gandi are used up") from None
        finally:
            self.left -= loop.time() - started
