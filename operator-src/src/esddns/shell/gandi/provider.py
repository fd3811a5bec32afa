"""The Gandi client in a thread of its own, so that a slow API holds nothing else up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from esddns.core.errors import UnavailableError
from esddns.core.model import RRset
from esddns.shell.gandi.client import GandiClient
from esddns.shell.gandi.token import TokenSource

T = TypeVar("T")

# Beyond a call's own deadline: only a resolver that hangs is not bounded by that.
_SLACK = 2.0  # seconds
_LONGEST_CALL = 60.0 + _SLACK  # seconds; [gandi] timeout allows 60
# Seconds that a write may wait for the thread. A lease has that much to spare beyond the write's deadline.
_LATEST_WRITE = 1.0


class GandiProvider:
    """LiveDNS as a `Provider`. One call at a time: Gandi counts requests, and nobody is in a hurry."""

    def __init__(self, client: GandiClient, tokens: TokenSource) -> None:
        self._client = client
        self._tokens = tokens
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gandi")

    @property
    def token_version(self) -> int:
        """Grows when the token changes; 0 while there is none."""
        return self._tokens.version

    async def zones(self) -> tuple[str, ...]:
        """List the zones that the token may see."""
        return await self._run(self._client.zones)

    async def zone_exists(self, zone: str) -> bool:
        """Whether the account has `zone`."""
        return await self._run(lambda: self._client.zone_exists(zone))

    async def rrsets(self, zone: str, name: str) -> Mapping[str, RRset]:
        """Give all RRsets at `name`, by type."""
        return await self._run(lambda: self._client.rrsets(zone, name))

    async def put(self, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        """Replace one RRset."""
        await self._write(lambda: self._client.put(zone, name, rrtype, rrset))

    async def delete(self, zone: str, name: str, rrtype: str) -> None:
        """Delete one RRset."""
        await self._write(lambda: self._client.delete(zone, name, rrtype))

    def abort(self) -> None:
        """End the call that is under way: its outcome is then unknown."""
        self._client.abort()

    def close(self) -> None:
        """Cut what is under way and end the thread."""
        self._client.abort()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    async def _write(self, call: Callable[[], None]) -> None:
        asked = time.monotonic()

        def unless_late() -> None:
            if time.monotonic() - asked > _LATEST_WRITE:
                raise UnavailableError("not sent: an earlier call to Gandi had not ended in time")
            call()

        await self._run(unless_late)

    async def _run(self, call: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_LONGEST_CALL):
                return await loop.run_in_executor(self._thread, call)
        except TimeoutError:
            raise UnavailableError("Gandi did not answer, or its name was not resolved") from None
