"""One agent: follows the cache, and does the writer's work while it holds the Lease."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from esddns.config.settings import Settings
from esddns.core.cache import NAME
from esddns.core.decide import Undecided
from esddns.core.model import Family, IPAddress
from esddns.shell.cachekeeper import CacheKeeper
from esddns.shell.cacheview import CacheView
from esddns.shell.clock import Boottime, Now
from esddns.shell.detect import Detector, Round
from esddns.shell.elector import Elector, ElectorSettings
from esddns.shell.engine import Engine
from esddns.shell.follower import SOLO_AFTER, Follower
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
_CANNOT_CONNECT = (
    15.0  # seconds that a write waits for a way to Gandi before another node shall try
)


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
        # Of the leader's loops: while one is stalled the Lease is not renewed.
        self._health = Health()
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
        self._follower = Follower(
            self.view,
            self._detectors,
            self._me.settings.detection.interval,
            self.elector.silent_for,
            lambda: self.elector.term is not None,
            self._solo,
            self._rng,
            self._reporter,
        )

    def stalled(self) -> list[str]:
        """Name the leader's loops that do not live."""
        return self._health.stalled()

    @property
    def own_view(self) -> Mapping[Family, IPAddress]:
        """The addresses that this node found by itself, while it had no cache to believe."""
        return self._follower.own

    async def run(self) -> None:
        """Follow, and lead when elected. What a loop dies of is raised: nothing dies quietly."""
        watched = WatchedObject(self._cluster, CONFIG_MAPS, NAME, self._rng, self._see)
        async with asyncio.TaskGroup() as group:
            group.create_task(watched.run())
            group.create_task(self.elector.run(self._lead))
            group.create_task(self._follower.run())

    def _detectors(self) -> Mapping[Family, Detector]:
        outside = self._connect()
        outside.account.close()  # for one's own view nobody is asked but the sources
        return outside.detectors

    async def _see(self, found: Object | None) -> None:
        """Keep what the leader shares, for a time without it."""
        await self.view.see(found)
        if self.elector.term is None and self.view.problem is None and self.view.cache is not None:
            self._memory.state = self.view.cache.state

    async def _solo(self) -> None:
        """Keep to the last address without a leader, until cancelled."""
        outside = self._connect()
        engine = Engine(
            self._me.settings,
            outside,
            self._memory,
            self._now,
            self._rng,
            self._reporter,
            Health(),
            may_write=self._may_write_alone,
            solo=True,
        )
        await self._work(engine, outside)

    def _may_write_alone(self) -> str | None:
        """Why this agent may not write without the Lease: where the API server answers, the Lease decides."""
        silent = self.elector.silent_for()
        return None if silent >= SOLO_AFTER else "the API server answers: the Lease decides"

    @staticmethod
    async def _work(engine: Engine, outside: Outside, *beside: Awaitable[None]) -> None:
        """Run an engine until cancelled, or until something beside it ends; its write is waited for."""
        told = asyncio.Event()
        working = asyncio.ensure_future(engine.run(told, WRITE_DEADLINE))
        others = [asyncio.ensure_future(one) for one in beside]
        try:
            await asyncio.wait({working, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.set()
            await asyncio.wait({working})
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            outside.account.close()
        for task in (working, *others):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

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

        silent: set[Family] = set()

        def on_round(family: Family, result: Round) -> None:
            keeper.attempted()
            silent.discard(family)
            if result.decision.why is Undecided.NO_ANSWER:
                silent.add(family)
            if silent == set(outside.detectors):
                self._yield("no source answers this node")
            elif result.decision.address is not None and engine.cannot_connect_since is None:
                self.elector.work_is_good()

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
        try:
            await self._work(engine, outside, keeper.run(), self._watch_the_way_out(engine))
        finally:
            self._memory.on_change = lambda: None

    async def _watch_the_way_out(self, engine: Engine) -> None:
        """Yield where a write waits and Gandi cannot be reached from this node."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            since = engine.cannot_connect_since
            if since is not None and loop.time() - since >= _CANNOT_CONNECT:
                self._yield("Gandi cannot be reached from this node, and a write waits")

    def _yield(self, why: str) -> None:
        """Let another node lead, if the fleet has not done so too often of late."""
        if self.elector.may_yield():
            self.elector.give_up(why)

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
