"""One object, kept in sight: read once, then watched, begun again whenever that ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable

from esddns.core.backoff import next_attempt
from esddns.shell.kube.seam import (
    INACTIVITY,
    Cluster,
    ClusterError,
    EventType,
    Kind,
    NotFoundError,
    Object,
    UnreachableError,
    WatchEvent,
)
from esddns.shell.log import event

_log = logging.getLogger("esddns")

# Seconds that one watch lasts: with the reading before it six requests an hour. Each its own, for else all
# that begin again when the API server comes back would do so together for ever.
_WATCH = (900.0, 1500.0)
_SHORTEST = (
    1.0  # seconds from the start of one watch to the next: whatever ends it at once, none spins
)
_LONGEST_PAUSE = 30.0  # seconds after a failure

# Called with the object each time it was seen, None where there is none.
OnSeen = Callable[[Object | None], Awaitable[None]]


class WatchedObject:
    """Keeps one object in sight; `on_seen` hears of every state, `on_failure` of every reading that failed.

    The watch tells first what there is: one from the object's own version would be refused as too old where
    it changes seldom.
    """

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        name: str,
        rng: random.Random,
        on_seen: OnSeen,
        on_failure: Callable[[ClusterError], None] = lambda _error: None,
        *,
        namespace: str | None = None,
    ) -> None:
        self._cluster = cluster
        self._kind = kind
        self._name = name
        self._rng = rng
        self._on_seen = on_seen
        self._on_failure = on_failure
        self._namespace = namespace

    async def read(self) -> None:
        """Read it now. Raises ClusterError."""
        try:
            found = await self._cluster.get(self._kind, self._name, namespace=self._namespace)
        except NotFoundError:
            found = None
        await self._on_seen(found)

    async def run(self) -> None:
        """Keep it in sight until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                await self.read()
                await self._watch()
                failures = 0
            except ClusterError as error:
                failures += 1
                self._on_failure(error)
                event(_log, logging.DEBUG, "cannot be watched", kind=self._kind.kind,
                      name=self._name, error=error)  # fmt: skip
                await asyncio.sleep(min(next_attempt(failures, self._rng), _LONGEST_PAUSE))
            await asyncio.sleep(max(0.0, began + _SHORTEST - loop.time()))

    async def _watch(self) -> None:
        seconds = self._rng.uniform(*_WATCH)
        watch = self._cluster.watch(
            self._kind, name=self._name, namespace=self._namespace, since="", seconds=seconds
        )
        async with contextlib.aclosing(watch) as events:
            while (seen := await self._next(events)) is not None:
                if seen.type is not EventType.BOOKMARK:
                    gone = seen.type is EventType.DELETED
                    await self._on_seen(None if gone else seen.object)

    async def _next(self, events: AsyncGenerator[WatchEvent, None]) -> WatchEvent | None:
        """Give the next event, None at the end. Raises ClusterError, where nothing comes for long, too."""
        try:
            async with asyncio.timeout(INACTIVITY):
                return await anext(events, None)
        except TimeoutError:
            message = f"watch {self._kind.kind} {self._name}: no sign of life for {INACTIVITY:g} s"
            raise UnreachableError(message) from None
