"""Keeps the cache as the leader knows it: written after each round, and mended when somebody touches it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from esddns.core.backoff import next_attempt
from esddns.core.cache import NAME, Cache, CacheTooLargeError, render
from esddns.core.kube_event import Reason
from esddns.shell.cacheview import CacheView
from esddns.shell.clock import Now
from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    Cluster,
    ClusterError,
    ConflictError,
    NotFoundError,
    Object,
)
from esddns.shell.log import event
from esddns.shell.memory import Memory
from esddns.shell.publish import MayWrite
from esddns.shell.report import Tell

_log = logging.getLogger("esddns")

_LONGEST_PAUSE = 30.0  # seconds after a write that failed
_LOOK_AGAIN = 1.0  # seconds after which it may be this agent's to write again


class CacheKeeper:
    """Runs while leading. `owner`: the DaemonSet's ownerReference, so that the cache goes when it does."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        view: CacheView,
        memory: Memory,
        now: Now,
        rng: random.Random,
        nodes: Callable[[], int],
        owner: Callable[[], Object | None],
        *,
        may_write: MayWrite,
        tell: Tell,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._view = view
        self._memory = memory
        self._now = now
        self._rng = rng
        self._nodes = nodes
        self._owner = owner
        self._may_write = may_write
        self._tell = tell
        self._checked_at = now()
        self._attempted = False

    def attempted(self) -> None:
        """Note that a full round was made, whatever it came to."""
        self._checked_at = self._now()
        self._attempted = True
        self._view.changed.set()

    def changed(self) -> None:
        """Note that what is remembered changed."""
        self._view.changed.set()

    async def run(self) -> None:
        """Write whenever what stands there is not what is known; until cancelled. A failure stops nothing."""
        failures = 0
        while True:
            await self._view.changed.wait()
            self._view.changed.clear()
            if not self._attempted:
                continue  # nothing of this term is known yet
            if self._may_write() is not None:
                # What a deposed leader knows is old: it must not take the place of what the new one shares.
                await asyncio.sleep(_LOOK_AGAIN)
                self._view.changed.set()
                continue
            try:
                await self._write()
                failures = 0
            except ConflictError:
                await self._look()
            except ClusterError as error:
                failures += 1
                level = logging.WARNING if failures == 1 else logging.DEBUG  # once is enough
                event(_log, level, "the cache cannot be written; publishing goes on", error=error)
                self._tell(Reason.CACHE_WRITE_FAILED, None, f"publishing goes on: {error}")
                await asyncio.sleep(min(next_attempt(failures, self._rng), _LONGEST_PAUSE))
                self._view.changed.set()
            except CacheTooLargeError as error:
                event(_log, logging.ERROR, str(error))
                self._tell(Reason.CACHE_WRITE_FAILED, None, str(error))

    async def _write(self) -> None:
        data = render(Cache(self._memory.state, self._checked_at, self._nodes()))
        if data == self._view.data:
            return
        metadata: Object = {"name": NAME, "namespace": self._namespace}
        if (owner := self._owner()) is not None:
            metadata["ownerReferences"] = [owner]
        body: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        if self._view.data is None:
            written = await self._cluster.create(CONFIG_MAPS, body)
        else:
            metadata["resourceVersion"] = self._view.version
            try:
                written = await self._cluster.replace(CONFIG_MAPS, body)
            except NotFoundError:
                # It was taken away, and after an outage the watch may be late to tell: made anew at once.
                await self._view.see(None)
                return
        await self._view.see(written)

    async def _look(self) -> None:
        """Somebody else wrote: see what, and write again."""
        try:
            await self._view.see(await self._cluster.get(CONFIG_MAPS, NAME))
        except NotFoundError:
            await self._view.see(None)
        except ClusterError:
            await asyncio.sleep(next_attempt(1, self._rng))
            self._view.changed.set()
