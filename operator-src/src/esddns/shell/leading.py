"""What the leader does during one term: finds the address, keeps the records, shares what it knows."""

from __future__ import annotations

import asyncio
import functools
import logging
import random
from collections.abc import Callable

from esddns.config.settings import Settings
from esddns.core.cache import NAME, Cache
from esddns.core.decide import Undecided
from esddns.core.kube_event import Reason
from esddns.core.model import Family
from esddns.core.recall import recall
from esddns.core.service import has_address
from esddns.shell.cachekeeper import CacheKeeper
from esddns.shell.cacheview import CacheView
from esddns.shell.clock import Now
from esddns.shell.configuration import Configuration
from esddns.shell.detect import Round
from esddns.shell.elector import Elector
from esddns.shell.engine import Engine
from esddns.shell.gandi.client import WRITE_DEADLINE
from esddns.shell.health import Health
from esddns.shell.kube.feed import Feed
from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    DAEMON_SETS,
    SERVICES,
    Cluster,
    ClusterError,
    Object,
)
from esddns.shell.kube.watched import WatchedObject
from esddns.shell.log import event
from esddns.shell.memory import Memory
from esddns.shell.operator import Operator
from esddns.shell.report import Reporter
from esddns.shell.seams import Outside
from esddns.shell.working import work

_log = logging.getLogger("esddns")

DAEMON_SET = "esddns-operator-daemon"
SERVICE = "esddns-service"
# Seconds that a write waits for a way to Gandi before another node shall try.
_CANNOT_CONNECT = 15.0
_LOOKS_AT_CACHE = 5

# Makes what a leader talks to, anew for each term and configuration.
Connect = Callable[[Settings], Outside]


class Leading:
    """`run` does the work of a term. `operator` and `engine` are there while it runs."""

    def __init__(
        self,
        namespace: str,
        configuration: Configuration,
        cluster: Cluster,
        feed: Feed,
        connect: Connect,
        *,
        view: CacheView,
        memory: Memory,
        now: Now,
        rng: random.Random,
        reporter: Reporter,
        health: Health,
    ) -> None:
        self._namespace = namespace
        self._configuration = configuration
        self._cluster = cluster
        self._feed = feed
        self._connect = connect
        self._view = view
        self._memory = memory
        self._now = now
        self._rng = rng
        self._reporter = reporter
        self._health = health
        self._nodes = 1
        self._owner: Object | None = None
        self.operator: Operator | None = None
        self.engine: Engine | None = None

    @property
    def owner(self) -> Object | None:
        """The DaemonSet as an ownerReference, as far as it was seen."""
        return self._owner

    async def run(self, elector: Elector) -> None:
        """Lead until cancelled, whatever configuration there is meanwhile; a write is waited for."""
        await self._look_at_cache()
        before = self._view.cache
        if before is not None:
            self._memory.state = recall(before.state, self._memory.state)
        await self._look_at_owner()
        try:
            while True:
                await self._configured(elector, before)
                before = None  # from here on this process is the one that led before
        finally:
            self._memory.on_change = lambda: None
            self.operator = self.engine = None
            self._health.clear()  # nothing of the term's is to be waited for
            self._reporter.end_of_term()

    async def _configured(self, elector: Elector, before: Cache | None) -> None:
        """Work with the settings as they are, until they change."""
        settings, changed = self._configuration.settings, self._configuration.changed
        outside = self._connect(settings)
        may_write = functools.partial(elector.may_write, WRITE_DEADLINE)
        cache = CacheKeeper(
            self._cluster,
            self._namespace,
            self._view,
            self._memory,
            self._now,
            self._rng,
            lambda: self._nodes,
            lambda: self._owner,
            may_write=may_write,
            tell=self._reporter.tell,
        )
        operator = self.operator = Operator(
            self._namespace,
            settings,
            self._cluster,
            self._feed,
            self._memory,
            now=self._now,
            rng=self._rng,
            reporter=self._reporter,
            health=self._health,
            may_write=may_write,
        )
        silent: set[Family] = set()

        def on_round(family: Family, result: Round) -> None:
            cache.attempted()
            silent.discard(family)
            if result.decision.why is Undecided.NO_ANSWER:
                silent.add(family)
            if silent == set(outside.detectors):
                self._yield(elector, "sources", "no source answers this node")
            elif result.decision.address is not None and engine.cannot_connect_since is None:
                elector.work_is_good()

        engine = self.engine = Engine(
            settings,
            outside,
            self._memory,
            self._now,
            self._rng,
            self._reporter,
            self._health,
            may_write=may_write,
            on_round=on_round,
            on_pass=operator.on_pass,
            new_term=True,
            attempted_before=before.checked_at if before else None,
        )
        self._memory.on_change = cache.changed
        await work(
            engine,
            outside,
            cache.run(),
            operator.run(engine.keeper),
            changed.wait(),
            self._watch_the_way_out(elector, engine),
            WatchedObject(
                self._cluster, DAEMON_SETS, DAEMON_SET, self._rng, self._see_daemon_set
            ).run(),
            WatchedObject(self._cluster, SERVICES, SERVICE, self._rng, self._see_service).run(),
        )

    async def _watch_the_way_out(self, elector: Elector, engine: Engine) -> None:
        """Yield where a write waits and Gandi cannot be reached from this node."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            since = engine.cannot_connect_since
            if since is not None and loop.time() - since >= _CANNOT_CONNECT:
                why = "Gandi cannot be reached from this node, and a write waits"
                self._yield(elector, "gandi", why)

    def _yield(self, elector: Elector, reason: str, why: str) -> None:
        """Let another node lead, if the fleet has not done so too often of late."""
        if elector.may_yield():
            self._reporter.metrics.yields.labels(reason).inc()
            self._reporter.tell(Reason.LEADER_YIELDED, None, why)
            elector.give_up(why)

    async def _look_at_cache(self) -> None:
        """Know what the leader before knew, and not what its watch told before it was cut off.

        A term that begins without that would write over it.
        """
        cache = WatchedObject(self._cluster, CONFIG_MAPS, NAME, self._rng, self._view.see)
        for _ in range(_LOOKS_AT_CACHE):
            try:
                await cache.read()
            except ClusterError:
                await asyncio.sleep(1)
            else:
                return

    async def _look_at_owner(self) -> None:
        """Know the owner before the cache is made."""
        try:
            await self._see_daemon_set(await self._cluster.get(DAEMON_SETS, DAEMON_SET))
        except ClusterError as error:
            event(_log, logging.WARNING, "the cache will have no owner", error=error)

    async def _see_daemon_set(self, found: Object | None) -> None:
        if found is None:
            return
        status = found.get("status") or {}
        self._nodes = int(status.get("desiredNumberScheduled") or 1)
        self._owner = {
            "apiVersion": DAEMON_SETS.api_version,
            "kind": DAEMON_SETS.kind,
            "name": DAEMON_SET,
            "uid": found["metadata"]["uid"],
        }
        agents = self._reporter.metrics.agents
        agents.labels("desired").set(self._nodes)
        agents.labels("ready").set(int(status.get("numberReady") or 0))

    async def _see_service(self, found: Object | None) -> None:
        metric = self._reporter.metrics.load_balancer
        if found is not None and (found.get("spec") or {}).get("type") != "LoadBalancer":
            metric.clear()  # none is awaited
        else:
            metric.labels(SERVICE).set(has_address(found))
