"""One agent: follows the cache, and does the writer's work while it holds the Lease."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from esddns.config.settings import Settings
from esddns.core.cache import NAME
from esddns.core.model import Family
from esddns.shell.cachekeeper import CacheKeeper
from esddns.shell.cacheview import CacheView
from esddns.shell.clock import Boottime, Now
from esddns.shell.detect import Round
from esddns.shell.elector import Elector, ElectorSettings
from esddns.shell.engine import Engine
from esddns.shell.gandi.client import WRITE_DEADLINE
from esddns.shell.health import Health
from esddns.shell.kube.leases import LeaseStore
from esddns.shell.kube.seam import CONFIG_MAPS, DAEMON_SETS, Cluster, ClusterError, Object
from esddns.shell.kube.watched import WatchedObject
from esddns.shell.log import event
from esddns.shell.memory import Memory
from esddns.shell.report import Reporter
from esddns.shell.seams import Outside

_log = logging.getLogger("esddns")

DAEMON_SET = "esddns-operator-daemon"


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """Who this agent is, and what all agents are told."""

    pod: str
    namespace: str
    settings: Settings


class Node:
    """Runs until cancelled. `connect` makes what a leader talks to, anew for each term."""

    def __init__(
        self,
        me: NodeSettings,
        cluster: Cluster,
        connect: Callable[[], Outside],
        memory: Memory,
        now: Now,
        boottime: Boottime,
        rng: random.Random,
        reporter: Reporter,
    ) -> None:
        self._me = me
        self._cluster = cluster
        self._connect = connect
        self._memory = memory
        self._now = now
        self._rng = rng
        self._reporter = reporter
        self._health = (
            Health()
        )  # of the leader's loops: while one is stalled the Lease is not renewed
        self.view = CacheView()
        self._nodes = 1
        self.elector = Elector(
            ElectorSettings(me.pod),
            cluster,
            LeaseStore(cluster, me.namespace, now),
            boottime,
            now,
            rng,
            lambda: self.view.nodes,
            self._health.stalled,
        )

    async def run(self) -> None:
        """Follow, and lead when elected. What a loop dies of is raised: nothing dies quietly."""
        watched = WatchedObject(self._cluster, CONFIG_MAPS, NAME, self._rng, self.view.see)
        async with asyncio.TaskGroup() as group:
            group.create_task(watched.run())
            group.create_task(self.elector.run(self._lead))

    async def _lead(self) -> None:
        """Do the writer's work until cancelled; a write on the wire is waited for."""
        event(_log, logging.INFO, "leading", pod=self._me.pod)
        if self.view.cache is not None:
            self._memory.state = self.view.cache.state
        outside = self._connect()
        keeper = CacheKeeper(
            self._cluster,
            self._me.namespace,
            self.view,
            self._memory,
            self._now,
            self._rng,
            lambda: self._nodes,
            await self._owner(),
        )

        def on_round(_family: Family, _result: Round) -> None:
            keeper.attempted()

        engine = Engine(
            self._me.settings,
            outside,
            self._memory,
            self._now,
            self._rng,
            self._reporter,
            self._health,
            may_write=lambda: self.elector.may_write(WRITE_DEADLINE),
            on_round=on_round,
            new_term=True,
        )
        self._memory.on_change = keeper.changed
        told = asyncio.Event()
        working = asyncio.ensure_future(engine.run(told, WRITE_DEADLINE))
        caching = asyncio.ensure_future(keeper.run())
        try:
            await asyncio.wait({working, caching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.set()
            await asyncio.wait({working})
            caching.cancel()
            await asyncio.gather(caching, return_exceptions=True)
            self._memory.on_change = lambda: None
            outside.account.close()
        for task in (working, caching):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _owner(self) -> Object | None:
        """The DaemonSet as an ownerReference, and how many agents it wants."""
        try:
            found = await self._cluster.get(DAEMON_SETS, DAEMON_SET)
        except ClusterError as error:
            event(_log, logging.WARNING, "the cache will have no owner", error=error)
            return None
        self._nodes = int((found.get("status") or {}).get("desiredNumberScheduled") or 1)
        return {
            "apiVersion": DAEMON_SETS.api_version,
            "kind": DAEMON_SETS.kind,
            "name": DAEMON_SET,
            "uid": found["metadata"]["uid"],
        }
