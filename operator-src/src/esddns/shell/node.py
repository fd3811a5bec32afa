"""One agent: follows the cache, and does the writer's work while it holds the Lease."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass

from esddns.core.cache import NAME
from esddns.core.kube_event import Reason, Regarding
from esddns.core.model import Family, IPAddress, Record, RRType
from esddns.core.recall import recall
from esddns.core.target import Target
from esddns.shell.cacheview import CacheView
from esddns.shell.clock import Boottime, Now
from esddns.shell.configuration import Configuration
from esddns.shell.detect import Detector
from esddns.shell.elector import Elector, ElectorSettings
from esddns.shell.engine import Engine
from esddns.shell.follower import SOLO_AFTER, Follower
from esddns.shell.health import Health
from esddns.shell.kube.events import EventRecorder
from esddns.shell.kube.feed import Feed
from esddns.shell.kube.heard import HeardCluster
from esddns.shell.kube.leases import LeaseStore
from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    DAEMON_SETS,
    NAMESPACES,
    Cluster,
    ClusterError,
    Object,
)
from esddns.shell.kube.watched import WatchedObject
from esddns.shell.lead_label import LeadLabel
from esddns.shell.leading import DAEMON_SET, Connect, Leading
from esddns.shell.log import event
from esddns.shell.memory import Memory
from esddns.shell.operator import Operator
from esddns.shell.report import Reporter
from esddns.shell.working import work

_log = logging.getLogger("esddns")

# Seconds that are taken for it at most, of a pod's 20 between SIGTERM and SIGKILL.
_LEAVING = 12.0

# What every agent meets alike: one of them tells it, however many there are.
_SEEN_BY_ALL = {Reason.CONFIGURATION_INVALID, Reason.CONFIGURATION_LOADED}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this agent is: its pod, and the namespace that all of them are in.

    `node`: whose label says whether it may lead; empty: that is not looked at.
    """

    pod: str
    namespace: str
    node: str = ""


class Node:
    """Runs until cancelled. `feed` tells a leader what becomes of DNSRecords."""

    def __init__(
        self,
        me: Identity,
        configuration: Configuration,
        cluster: Cluster,
        feed: Feed,
        connect: Connect,
        *,
        memory: Memory,
        now: Now,
        boottime: Boottime,
        rng: random.Random,
        reporter: Reporter,
    ) -> None:
        self._me = me
        self._configuration = configuration
        # By a clock that stops with a suspended machine: nobody was asked meanwhile, so nobody was silent.
        cluster = self._cluster = HeardCluster(cluster, asyncio.get_running_loop().time)
        self._connect = connect
        self._memory = memory
        self._now = now
        self._rng = rng
        self._reporter = reporter
        # Of the leader's loops: while one is stalled the Lease is not renewed.
        self._health = Health()
        self._solo_health = Health()
        self._owner = ""  # the DaemonSet's uid
        self.view = CacheView()
        self.elector = Elector(
            ElectorSettings(me.pod, lambda: configuration.settings.cluster.yield_pause),
            cluster,
            LeaseStore(cluster, me.namespace, now),
            boottime,
            now,
            rng,
            lambda: self.view.nodes,
            self._health.stalled,
            may_lead=LeadLabel(cluster, me.node),
            on_holder=self._on_holder,
        )
        self._leading = Leading(
            me.namespace,
            configuration,
            cluster,
            feed,
            connect,
            view=self.view,
            memory=memory,
            now=now,
            rng=rng,
            reporter=reporter,
            health=self._health,
        )
        self._follower = Follower(
            self.view,
            self._detectors,
            lambda: configuration.settings.detection.interval,
            cluster,
            lambda: self.elector.term is not None,
            self._solo,
            rng,
            reporter,
        )
        self._events = EventRecorder(cluster, now, me.pod, rng)
        reporter.tell = self._tell

    def silent_for(self) -> float:
        """Seconds since the API server answered anything."""
        return self._cluster.silent_for()

    @property
    def operator(self) -> Operator | None:
        """The operator, while this agent leads."""
        return self._leading.operator

    @property
    def engine(self) -> Engine | None:
        """What writes, while this agent leads."""
        return self._leading.engine

    def stalled(self) -> list[str]:
        """Name the loops that do not live, of the leader or of who goes on alone."""
        return [*self._health.stalled(), *self._solo_health.stalled()]

    @property
    def own_view(self) -> Mapping[Family, IPAddress]:
        """The addresses that this node found by itself, while it had no cache to believe."""
        return self._follower.own

    async def run(self) -> None:
        """Follow, and lead when elected. What a loop dies of is raised: nothing dies quietly."""
        watched = WatchedObject(
            self._cluster, CONFIG_MAPS, NAME, self._rng, self._see, self._cannot_see
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(watched.run())
            group.create_task(self.elector.run(self._lead))
            group.create_task(self._follower.run())
            group.create_task(self._configuration.run())
            group.create_task(self._events.run())

    async def leave(self) -> None:
        """Before the end: where the namespace goes, see to it that its records to be deleted are.

        The API server ends a namespace's pods before it deletes anything else of it, so nobody could do that
        later, and their finalizers would hold the namespace up.
        """
        operator = self._leading.operator
        if operator is None or self.elector.term is None:
            return
        try:
            async with asyncio.timeout(_LEAVING):
                found = await self._cluster.get(NAMESPACES, self._me.namespace)
                if "deletionTimestamp" not in found["metadata"]:
                    return
                event(_log, logging.INFO, "the namespace is being deleted: records go as their "
                      "deletionPolicy says")  # fmt: skip
                await operator.leave()
        except ClusterError as error:
            event(
                _log, logging.DEBUG, "what becomes of the namespace is not known", error=str(error)
            )
        except TimeoutError:
            event(_log, logging.WARNING, "not all records to be deleted are: take the finalizer "
                  "esddns.io/delete-rrsets from their objects, and delete them at Gandi")  # fmt: skip

    def _tell(self, reason: Reason, record: str | None, text: str) -> None:
        """Tell it of the DNSRecord, or of the DaemonSet for all else."""
        if reason in _SEEN_BY_ALL and self.elector.term is None:
            return
        operator = self._leading.operator
        regarding = operator.regarding(record) if operator and record else None
        if regarding is None:
            owner = self._leading.owner or {}
            kind = DAEMON_SETS
            regarding = Regarding(
                kind.api_version, kind.kind, self._me.namespace, DAEMON_SET,
                str(owner.get("uid") or self._owner),
            )  # fmt: skip
            text = f"{record}: {text}" if record else text
        self._events.emit(regarding, reason, text)

    def _on_holder(self, before: str, _now: str) -> None:
        if before:
            self._reporter.metrics.leader_changes.inc()

    def _detectors(self) -> Mapping[Family, Detector]:
        outside = self._connect(self._configuration.settings)
        outside.account.close()  # for one's own view nobody is asked but the sources
        return outside.detectors

    def _cannot_see(self, _error: ClusterError) -> None:
        self._reporter.metrics.cache_reads.labels("failure").inc()

    async def _see(self, found: Object | None) -> None:
        """Keep what the leader shares, for a time without it."""
        await self.view.see(found)
        good = self.view.problem is None
        self._reporter.metrics.cache_reads.labels("success" if good else "failure").inc()
        owners = ((found or {}).get("metadata") or {}).get("ownerReferences") or [{}]
        self._owner = str(owners[0].get("uid") or self._owner)
        if self.elector.term is None and good and self.view.cache is not None:
            state = self._memory.state = recall(self.view.cache.state, self._memory.state)
            self._reporter.records([r for r in map(_record, state.records) if r], state)

    async def _solo(self) -> None:
        """Keep to the last address without a leader, until cancelled."""
        settings = self._configuration.settings
        outside = self._connect(settings)
        mine = [target for target in map(Target, settings.records) if target.goes_on_alone]
        keys = {record.key for record in settings.records}
        others = [t for t in self._memory.state.wan if t.record.key not in keys]
        engine = Engine(
            settings,
            outside,
            self._memory,
            self._now,
            self._rng,
            self._reporter,
            self._solo_health,
            targets=[*mine, *others],
            may_write=self._may_write_alone,
            solo=True,
        )
        try:
            await work(engine, outside)
        finally:
            self._solo_health.clear()
            if self.elector.term is None:
                self._reporter.end_of_term()  # what Gandi said meanwhile is the next leader's to find out

    def _may_write_alone(self) -> str | None:
        """Why this agent may not write without the Lease: where the API server answers, the Lease decides."""
        silent = self.silent_for()
        return None if silent >= SOLO_AFTER else "the API server answers: the Lease decides"

    async def _lead(self) -> None:
        """Do the writer's work until cancelled; a write on the wire is waited for."""
        event(_log, logging.INFO, "leading", pod=self._me.pod)
        self._reporter.tell(Reason.LEADER_ELECTED, None, f"{self._me.pod} leads")
        self._reporter.metrics.leads.set(1)
        try:
            await self._leading.run(self.elector)
        finally:
            self._reporter.metrics.leads.set(0)


def _record(key: str) -> Record | None:
    """Name an RRset by what identifies it in state; None for a type that this version does not know."""
    fqdn, _, rrtype = key.rpartition("/")
    return Record(fqdn, RRType(rrtype)) if rrtype in list(RRType) else None
