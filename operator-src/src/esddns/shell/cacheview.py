"""What an agent sees of the cache, and whether it is still fresh: judged by its own clock."""

from __future__ import annotations

import asyncio
import logging

from esddns.core.cache import Cache, read
from esddns.core.state import StateError
from esddns.shell.kube.seam import Object
from esddns.shell.log import event

_log = logging.getLogger("esddns")


class CacheView:
    """The last good cache (None before the first), and what stands in the ConfigMap now.

    `checked_changed_at`: loop time when the leader was last seen to have made an attempt. `problem` says why
    what stands there now is not believed.
    """

    def __init__(self) -> None:
        self.cache: Cache | None = None
        self.data: dict[str, str] | None = None
        self.version = ""
        self.problem: str | None = "the cache was not read yet"
        self.checked_changed_at = asyncio.get_running_loop().time()
        self.changed = asyncio.Event()

    async def see(self, found: Object | None) -> None:
        """Take note of the ConfigMap as it stands now (None: there is none)."""
        metadata = (found or {}).get("metadata") or {}
        data = (found or {}).get("data") or {}
        self.data = dict(data) if found is not None else None
        self.version = str(metadata.get("resourceVersion", ""))
        self.changed.set()
        try:
            cache = self._read(found, data)
        except StateError as error:
            if self.problem != str(error):
                event(_log, logging.WARNING, "the cache is not believed", problem=error)
            self.problem = str(error)
            return
        self.problem = None
        if self.cache is None or cache.checked_at != self.cache.checked_at:
            self.checked_changed_at = asyncio.get_running_loop().time()
        self.cache = cache

    @staticmethod
    def _read(found: Object | None, data: dict[str, str]) -> Cache:
        if found is None:
            raise StateError("there is no cache")
        return read(data)

    def stale(self, interval: float) -> bool:
        """Whether the leader made no attempt for two intervals, or what it left cannot be read."""
        silent = asyncio.get_running_loop().time() - self.checked_changed_at
        return self.problem is not None or silent > 2 * interval

    @property
    def nodes(self) -> int:
        """How many agents there should be; 1 where nobody said."""
        return self.cache.nodes if self.cache else 1
