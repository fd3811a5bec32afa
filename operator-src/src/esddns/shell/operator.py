"""The operator, while leading: DNSRecords into what is kept, and how that stands back into their status."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from esddns.config.settings import Settings, is_gandi
from esddns.core.address import AcceptPolicy
from esddns.core.claims import ObjectId
from esddns.core.desired import Desired, Known, desired
from esddns.core.dnsrecord import (
    FINALIZER,
    DeletionPolicy,
    DnsRecord,
    InvalidDnsRecordError,
    Metadata,
    ServiceRef,
)
from esddns.core.dnsrecord_read import read_dnsrecord
from esddns.core.dnsrecord_standing import Reason as StandingReason
from esddns.core.dnsrecord_standing import Standing
from esddns.core.dnsrecord_status import read_status, status_of
from esddns.core.kube_event import Regarding
from esddns.core.model import RRType
from esddns.core.state import RecordState, format_time
from esddns.core.story import Progress, story
from esddns.core.target import Wan
from esddns.shell.clock import Now
from esddns.shell.health import Health
from esddns.shell.keeper import Keeper
from esddns.shell.kube.feed import Feed
from esddns.shell.kube.seam import DNS_RECORDS, Cluster
from esddns.shell.memory import Memory
from esddns.shell.objects import Objects
from esddns.shell.publish import MayWrite
from esddns.shell.report import Reporter
from esddns.shell.services import Services
from esddns.shell.statuses import Statuses
from esddns.shell.tracked import Tracked

_GATHER = 0.2  # seconds in which changes come together before they are decided on


class Operator:
    """Runs until cancelled. `home`: its namespace. `on_pass` is to be called after each pass."""

    def __init__(
        self,
        home: str,
        settings: Settings,
        cluster: Cluster,
        feed: Feed,
        memory: Memory,
        *,
        now: Now,
        rng: random.Random,
        reporter: Reporter,
        health: Health,
        may_write: MayWrite,
    ) -> None:
        self._home = home
        self._settings = settings
        self._cluster = cluster
        self._memory = memory
        self._now = now
        self._rng = rng
        self._reporter = reporter
        self._keeper: Keeper | None = None
        self._changed = asyncio.Event()
        self._leaving = False
        self._known: dict[ObjectId, Known] = {}
        self._desired: Desired | None = None
        self._removed: dict[ObjectId, set[RRType]] = {}  # deleted, and not yet so in the status
        self._asked: dict[
            ObjectId, tuple[str, set[str]]
        ] = {}  # reconcile: its value, what is to be looked at
        namespaces = sorted({home, *settings.namespaces})
        self._objects = Objects(
            cluster, feed, namespaces, rng, health, self._changed.set,
            lambda one: self._statuses.mark([one]),
        )  # fmt: skip
        self._statuses = Statuses(
            cluster, self._objects, rng, health, self._status_of, self._wants_finalizer,
            may_write=may_write,
        )  # fmt: skip

    async def run(self, keeper: Keeper) -> None:
        """Bring about what the objects ask for, and tell them. Nothing is kept before all were listed."""
        self._keeper = keeper
        async with asyncio.TaskGroup() as group:
            refusal = AcceptPolicy.of(self._settings.detection.accept_networks).refusal
            services = Services(
                self._cluster, self._rng, refusal, group.create_task, self._changed.set
            )
            group.create_task(self._objects.run())
            group.create_task(self._statuses.run())
            group.create_task(self._decide_again(services))

    async def _decide_again(self, services: Services) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(_GATHER)
            self._changed.clear()
            if self._objects.complete:
                self._decide(services)

    def _decide(self, services: Services) -> None:
        assert self._keeper is not None  # noqa: S101  # set before anything runs
        self._known = {one: self._read(one, found) for one, found in self._objects.known.items()}
        reads = [known.read for known in self._known.values()]
        services.watch(
            {
                r.source
                for r in reads
                if isinstance(r, DnsRecord) and isinstance(r.source, ServiceRef)
            }
        )
        self._desired = desired(
            self._settings.records,
            self._known.values(),
            services.values,
            self._wan_problem,
            lambda key: bool(self._state(key).may_hold),
            home=self._home,
            allowed=self._settings.namespaces,
        )
        self._keeper.follow(self._desired.targets)
        kept = [t.record for t in self._keeper.tracked if not t.leaves]
        self._reporter.records(kept, self._memory.state)
        for one, known in self._known.items():
            self._ask(one, known)
        self._statuses.mark(self._known)

    def _wan_problem(self, source: Wan, rrtype: RRType) -> str | None:
        detection = self._settings.detection
        if rrtype.family not in detection.families:
            return f"the WAN's {rrtype.family} is not detected: add it to [detection] families"
        if source.nat66 and rrtype is RRType.AAAA and detection.ipv6_suffix is not None:
            return "nat66: true publishes the address as it is, but [detection] ipv6-suffix is set"
        return None

    def _read(self, one: ObjectId, found: Mapping[str, Any]) -> Known:
        status = read_status(found.get("status"))
        if self._leaving and one[0] == self._home:
            metadata = {**found["metadata"], "deletionTimestamp": format_time(self._now())}
            found = {**found, "metadata": metadata}
        removed = self._removed.get(one, set())
        self._removed[one] = removed = removed & set(status.published)
        published = {t: rrset for t, rrset in status.published.items() if t not in removed}
        try:
            read = read_dnsrecord(found, real_gandi=is_gandi(self._settings.gandi.url))
        except InvalidDnsRecordError as error:
            return Known(error, status)
        return Known(read, replace(status, published=published))

    def _ask(self, one: ObjectId, known: Known) -> None:
        """Look at an object's records at once where its annotation has a new value."""
        assert self._keeper is not None and self._desired is not None  # noqa: S101, PT018
        metadata = known.metadata
        value = metadata.reconcile if metadata else None
        if value is None or value == known.status.last_reconcile:
            self._asked.pop(one, None)
            return
        if one in self._asked and self._asked[one][0] == value:
            self._asked[one][1].intersection_update(self._kept_by(known))
            return
        keys = self._kept_by(known)
        self._asked[one] = (value, keys)
        for key in keys:
            self._keeper.look(key)

    def _kept_by(self, known: Known) -> set[str]:
        assert self._keeper is not None and self._desired is not None  # noqa: S101, PT018
        if not isinstance(known.read, DnsRecord):
            return set()
        kept = {t.record.key for t in self._keeper.tracked if t.actionable}
        return {r.key for r in self._desired.claims.kept_by(known.read)} & kept

    def on_pass(self, tracked: Tracked) -> None:
        """Tell the object whose record that was."""
        if self._desired is None:
            return
        key = tracked.record.key
        if tracked.leaves:
            one = self._desired.removals.get(key)
            if one is not None and tracked.outcome is not None and tracked.outcome.in_sync:
                self._removed.setdefault(one, set()).add(tracked.record.type)
                self._changed.set()
        else:
            winner = self._desired.claims.winners.get(key)
            one = winner.id if isinstance(winner, DnsRecord) else None
        if one is not None:
            self._asked.get(one, ("", set()))[1].discard(key)
            self._statuses.mark([one])

    async def leave(self) -> None:
        """Take the objects of its own namespace as deleted; return when none waits for that any more."""
        self._leaving = True
        self._changed.set()
        while any(  # noqa: ASYNC110  # once, at the end of the process
            FINALIZER in (found["metadata"].get("finalizers") or ())
            for (namespace, _), found in self._objects.known.items()
            if namespace == self._home
        ):
            await asyncio.sleep(_GATHER)

    def regarding(self, key: str) -> Regarding | None:
        """The object that an Event about a record is about; None for one of dns.ini."""
        metadata = self.object_of(key)
        if metadata is None:
            return None
        kind = DNS_RECORDS
        return Regarding(kind.api_version, kind.kind, *metadata.id, metadata.uid)

    def object_of(self, key: str) -> Metadata | None:
        """The object that keeps a record, or whose removal of it waits; None for one of dns.ini."""
        if self._desired is None:
            return None
        winner = self._desired.claims.winners.get(key)
        one = winner.id if isinstance(winner, DnsRecord) else self._desired.removals.get(key)
        known = self._known.get(one) if one else None
        return known.metadata if known else None

    def set_aside(self) -> list[tuple[Metadata, str | None, Standing]]:
        """Objects whose RRsets nobody keeps, each with its name in DNS, where that is known, and why."""
        if self._keeper is None or self._desired is None:
            return []
        aside = []
        for one, known in self._known.items():
            if (metadata := known.metadata) is None or metadata.deleting:
                continue
            fqdn = known.read.fqdn if isinstance(known.read, DnsRecord) else None
            progress = functools.partial(self._progress, one, deleting=False)
            for told in story(known.read, self._desired.claims, progress, self._state):
                kept = self._keeper.by_key.get(f"{fqdn}/{told.type}")
                if kept is None or told.reason is StandingReason.CLAIMED:
                    aside.append((metadata, fqdn, told))
        return aside

    def _wants_finalizer(self, one: ObjectId) -> bool | None:
        known = self._known.get(one)
        if known is None or known.metadata is None or self._desired is None:
            return None
        if isinstance(known.read, InvalidDnsRecordError):
            return False if known.metadata.deleting and known.metadata.release else None
        if known.read.deleting:
            return one in self._desired.removals.values() or self._waits_for_others(
                known.read, known
            )
        return known.read.deletion is DeletionPolicy.DELETE

    def _waits_for_others(self, record: DnsRecord, known: Known) -> bool:
        """Whether another deleted object's removal comes first: both published the same RRset."""
        assert self._desired is not None  # noqa: S101  # asked after a decision only
        if record.deletion is not DeletionPolicy.DELETE or record.release or record.suspend:
            return False
        return any(f"{record.fqdn}/{t}" in self._desired.removals for t in known.status.published)

    def _status_of(self, one: ObjectId) -> Mapping[str, Any] | None:
        known, found = self._known.get(one), self._objects.known.get(one)
        if known is None or found is None or known.metadata is None or self._desired is None:
            return None
        told = story(
            known.read,
            self._desired.claims,
            functools.partial(self._progress, one, deleting=known.metadata.deleting),
            self._state,
        )
        if known.metadata.deleting and not told:
            return None
        value, waiting = self._asked.get(one, (None, set()))
        return status_of(
            known.metadata,
            read_status(found.get("status")),
            told,
            self._now(),
            handled=None if waiting else value,
            forget=self._removed.get(one, set()),
        )

    def _progress(self, one: ObjectId, key: str, *, deleting: bool) -> Progress | None:
        """Where the keeping of an RRset is; another's removal is only the business of who waits for it."""
        assert self._keeper is not None and self._desired is not None  # noqa: S101, PT018
        tracked = self._keeper.by_key.get(key)
        if tracked is None:
            return None
        if tracked.leaves and not deleting and self._desired.removals.get(key) != one:
            return None
        now = asyncio.get_running_loop().time()
        return tracked.progress(now, self._settings.detection.interval)

    def _state(self, key: str) -> RecordState:
        return self._memory.state.records.get(key, RecordState())
