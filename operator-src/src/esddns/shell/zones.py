"""Which zone of the account a name is in, found by asking the provider."""

from __future__ import annotations

import asyncio

from esddns.core.errors import BlockedError, ForbiddenError, NoSuchZoneError, ProviderError
from esddns.core.names import candidate_zones
from esddns.shell.seams import Provider

_KEPT = 300.0  # seconds that an answer holds for the other names below it


class ZoneFinder:
    """Asks for each candidate, and no more often than every five minutes, however many records want it."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._known: dict[str, tuple[float, bool]] = {}

    async def find(self, fqdn: str) -> str:
        """Find the longest zone of the account that the name is in. Raises ProviderError.

        A token that is limited to some domains may get 403 for a candidate that is no zone at all, so a
        shorter one may still be right.
        """
        candidates = candidate_zones(fqdn)
        refused: ProviderError = NoSuchZoneError(
            f"{fqdn}: none of {', '.join(candidates)} is a zone of this Gandi account: check the name, "
            f"and that the token belongs to the organisation that owns the domain"
        )
        for candidate in candidates:
            try:
                if await self._exists(candidate):
                    return candidate
            except (ForbiddenError, BlockedError) as error:
                if isinstance(error, BlockedError) and not error.zone_only:
                    raise
                refused = error
        raise refused

    def forget(self, zone: str) -> None:
        """Ask again: an answer said otherwise."""
        self._known.pop(zone, None)

    async def _exists(self, zone: str) -> bool:
        now = asyncio.get_running_loop().time()
        until, exists = self._known.get(zone, (now, False))
        if until <= now:
            exists = await self._provider.zone_exists(zone)
            self._known[zone] = (now + _KEPT, exists)
        return exists
