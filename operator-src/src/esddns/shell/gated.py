"""A provider that is asked only when its last answers allow it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from esddns.core.errors import ErrorReason, ProviderError, UnavailableError
from esddns.core.gate import Gate
from esddns.core.model import RRset
from esddns.shell.seams import Provider

T = TypeVar("T")

# Refusals that come from the account that the token opened.
_TOOK_THE_TOKEN = (ErrorReason.FORBIDDEN, ErrorReason.NO_SUCH_ZONE, ErrorReason.INVALID)


class GatedProvider:
    """Stands before a provider. Raises BlockedError, sending nothing, where an earlier answer says so.

    `on_credential` is told whether the token is good: True after each answer that took it, False when it is
    refused or missing.
    """

    def __init__(
        self,
        provider: Provider,
        rng: random.Random,
        on_credential: Callable[[bool], None] = lambda _good: None,
    ) -> None:
        self._provider = provider
        self._rng = rng
        self._on_credential = on_credential
        self._gate = Gate()
        self._unreachable_since: float | None = None
        self.last_good = float("-inf")  # loop time when the token was last taken

    @property
    def unreachable_since(self) -> float | None:
        """Loop time since when no call got any HTTP answer; None where the last one did."""
        return self._unreachable_since

    @property
    def token_version(self) -> int:
        """Grows when the token changes; 0 while there is none."""
        return self._provider.token_version

    @property
    def not_before(self) -> float:
        """Loop time before which nothing is sent, for all zones."""
        return self._gate.not_before

    async def zone_exists(self, zone: str) -> bool:
        """Whether the account has `zone`."""
        return await self._call(zone, lambda: self._provider.zone_exists(zone))

    async def rrsets(self, zone: str, name: str) -> Mapping[str, RRset]:
        """Give all RRsets at `name`, by type."""
        return await self._call(zone, lambda: self._provider.rrsets(zone, name))

    async def put(self, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        """Replace one RRset."""
        await self._call(zone, lambda: self._provider.put(zone, name, rrtype, rrset), write=True)

    async def delete(self, zone: str, name: str, rrtype: str) -> None:
        """Delete one RRset."""
        await self._call(zone, lambda: self._provider.delete(zone, name, rrtype), write=True)

    async def _call(self, zone: str, call: Callable[[], Awaitable[T]], *, write: bool = False) -> T:
        loop = asyncio.get_running_loop()
        version = self._provider.token_version
        if (blocked := self._gate.blocked(zone, version, loop.time())) is not None:
            raise blocked
        began = loop.time()
        try:
            result = await call()
        except ProviderError as error:
            now = loop.time()
            self._gate = self._gate.after_error(error, zone, version, now, self._rng, write=write)
            if isinstance(error, UnavailableError) and not error.answered:
                self._unreachable_since = self._unreachable_since or began
            else:
                self._unreachable_since = None
            self._judge_credential(error.reason)
            raise
        self._unreachable_since = None
        self._gate = self._gate.after_success(loop.time(), write=write)
        self._judge_credential(None)
        return result

    def _judge_credential(self, reason: ErrorReason | None) -> None:
        if reason in (None, *_TOOK_THE_TOKEN):
            self.last_good = asyncio.get_running_loop().time()
            self._on_credential(True)
        elif reason in (ErrorReason.UNAUTHORIZED, ErrorReason.CREDENTIAL_MISSING):
            self._on_credential(False)
