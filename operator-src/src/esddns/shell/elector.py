"""Elects one of all agents by a Lease, and tells it for how long it may start a write.

The age of what others wrote is judged by this node's own CLOCK_BOOTTIME since it last changed, never by
the times in it. What is sent is counted from when it was sent: an answer that took long is no renewal of
now (rule 5).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from esddns.core.backoff import next_attempt
from esddns.core.lease import RENEW_EVERY, Lease, Sighting, Term, Yields, jitter
from esddns.shell.clock import Boottime, Now
from esddns.shell.kube.leases import NAME, LeaseStore, read_lease
from esddns.shell.kube.seam import (
    LEASES,
    Cluster,
    ClusterError,
    ConflictError,
    DeniedError,
    Object,
)
from esddns.shell.kube.watched import WatchedObject
from esddns.shell.log import event
from esddns.shell.waiting import all_ended, raise_first, set_within

_log = logging.getLogger("esddns")

_AGAIN = 1.0  # seconds after a renewal that got no answer
_KEPT = 60.0  # seconds after which one that may not lead asks again
# Who yielded stands back for this long, so that one with a better way out takes over.
_STAND_BACK = 20.0  # seconds

_RIGHTS = "see that Role and RoleBinding esddns-operator-daemon are there"

# What the leader does. Is cancelled when the Lease is lost or to be given up; has ended when it returns.
Lead = Callable[[], Awaitable[None]]

# Whether this agent may lead at all.
MayLead = Callable[[], Awaitable[bool]]


async def _everybody() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ElectorSettings:
    """`pod`: this agent's name. `yield_pause`: seconds between two yields of the fleet, at least."""

    pod: str
    yield_pause: Callable[[], float] = lambda: 300.0


class Elector:
    """Runs until cancelled, leading whenever it holds the Lease.

    `nodes` gives how many agents there are, `stalled` the leader's own loops that do not live: while there
    are any the Lease is not renewed. `may_lead` is asked before it is taken. `on_holder` is told who held it
    before and who does now; empty: nobody.
    """

    def __init__(
        self,
        settings: ElectorSettings,
        cluster: Cluster,
        store: LeaseStore,
        boottime: Boottime,
        now: Now,
        rng: random.Random,
        nodes: Callable[[], int],
        stalled: Callable[[], list[str]],
        *,
        may_lead: MayLead = _everybody,
        on_holder: Callable[[str, str], None] = lambda _before, _now: None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._boottime = boottime
        self._now = now
        self._rng = rng
        self._nodes = nodes
        self._stalled = stalled
        self._may_lead = may_lead
        self._on_holder = on_holder
        self._watched = WatchedObject(cluster, LEASES, NAME, rng, self._see)
        self._sighting = Sighting(None, boottime())
        self._changed = asyncio.Event()
        self._held: Lease | None = None
        self._stand_back_until = 0.0
        self._giving_up = asyncio.Event()  # or it was taken away
        self._yielding: str | None = None
        self._good = False
        self._refused = False
        self.term: Term | None = None

    @property
    def holder(self) -> str:
        """Who holds the Lease, as last seen; empty: nobody."""
        return self._sighting.lease.holder if self._sighting.lease else ""

    @property
    def yields(self) -> Yields:
        """How often leadership was given up in a row, as last seen."""
        return self._sighting.yields

    def may_write(self, deadline: float) -> str | None:
        """Say why no write that takes `deadline` seconds at most may be started now."""
        term, now = self.term, self._boottime()
        if term is None:
            return "this agent does not lead"
        if not term.may_write(now, deadline):
            return f"{max(0.0, term.time_left(now)):.1f} s are left on the Lease: too little for a write"
        return None

    def work_is_good(self) -> None:
        """Note that this leader's way out is good: the count of yields begins anew."""
        self._good = True

    def may_yield(self) -> bool:
        """Whether the fleet has not yielded too often of late, and this term is not given up already."""
        seen_for = self._boottime() - self._sighting.yields_since
        pause, now = self._settings.yield_pause(), self._now().timestamp()
        return self._yielding is None and self.yields.allowed(pause, now, seen_for)

    def give_up(self, why: str) -> None:
        """Yield: let another lead, for `why`."""
        self._yielding = why
        self._giving_up.set()

    async def run(self, lead: Lead) -> None:
        """Take the Lease whenever it is free, and lead while it is held."""
        watching = asyncio.create_task(self._watched.run())
        try:
            while True:
                await self._until_free()
                if not await self._may_lead():
                    self._stand_back_until = self._boottime() + _KEPT
                    continue
                term = await self._take()
                if term is not None:
                    await self._lead(lead, term)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _until_free(self) -> None:
        """Wait until the Lease is free, and then a jitter, unless another was seen to take it."""
        while True:
            wait = max(self._sighting.free_at(), self._stand_back_until) - self._boottime()
            if wait <= 0:
                self._changed.clear()
                seen = await self._changes_within(jitter(self._nodes(), self._rng))
                # Looked at again: what is heard in the instant that the wait ends did not end it.
                if not seen and self._sighting.free_at() <= self._boottime():
                    return
            else:
                self._changed.clear()
                await self._changes_within(wait)

    async def _changes_within(self, seconds: float) -> bool:
        return await set_within(self._changed, seconds)

    async def _take(self) -> Term | None:
        identity = f"{self._settings.pod}_{uuid.UUID(int=self._rng.getrandbits(128), version=4)}"
        sent = self._boottime()
        try:
            lease = await self._store.take(self._sighting.lease, identity)
        except ConflictError:
            await self._look()
            return None
        except ClusterError as error:
            self._say_not_taken(error)
            await asyncio.sleep(next_attempt(2, self._rng))
            await self._look()
            return None
        self._answered(lease)
        self._refused = False
        self._held, self.term = lease, Term(identity, sent)
        return self.term

    def _say_not_taken(self, error: ClusterError) -> None:
        """Warn once of a right that is missing, which waiting does not give; an outage is said elsewhere."""
        first, self._refused = not self._refused, isinstance(error, DeniedError)
        if first and self._refused:
            event(_log, logging.WARNING, "the Lease may not be taken", error=error, advice=_RIGHTS)
        else:
            event(_log, logging.DEBUG, "the Lease was not taken", error=error)

    async def _lead(self, lead: Lead, term: Term) -> None:
        self._giving_up.clear()
        self._yielding, self._good = None, False
        leading = asyncio.ensure_future(lead())
        renewing = asyncio.create_task(self._renew(term))
        giving_up = asyncio.create_task(self._giving_up.wait())
        tasks = {leading, renewing, giving_up}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.term = None  # from here on no write is started
            renewing.cancel()
            giving_up.cancel()
            leading.cancel()
            try:
                await all_ended(tasks)
            finally:
                # Only now: the write that was on the wire is done, so nobody's Lease is given away with it.
                await self._release()
                raise_first(tasks)

    async def _renew(self, term: Term) -> None:
        """Renew until the term is lost; returns then."""
        self.term = term
        while True:
            await asyncio.sleep(RENEW_EVERY)
            while (renewed := await self._renewed(term)) is None:
                if self._held is None or term.lost(self._boottime()):
                    event(_log, logging.WARNING, "the Lease was lost", holder=self.holder)
                    self._held = None
                    return
                await asyncio.sleep(_AGAIN)
            self.term = term = renewed

    async def _renewed(self, term: Term) -> Term | None:
        """Renew once; None where that did not work. Without `_held` afterwards, another one leads."""
        if self._held is None or self._stalled():
            return None
        sent = self._boottime()
        yields = Yields() if self._good and self.may_yield() else self._held.yields
        try:
            self._held = await self._store.renew(self._held, yields)
        except ConflictError:
            await self._look()
            # Edited by hand, or renewed by us with the answer lost; else another one has it.
            seen = self._sighting.lease
            self._held = seen if seen is not None and seen.holder == term.identity else None
            return None
        except ClusterError as error:
            event(_log, logging.DEBUG, "the Lease was not renewed", error=error)
            return None
        self._answered(self._held)
        return Term(term.identity, sent)

    async def _release(self) -> None:
        held, self._held, self.term = self._held, None, None
        if held is None:
            return
        if self._yielding is not None:
            self._stand_back_until = self._boottime() + _STAND_BACK
            event(_log, logging.WARNING, "leadership given up", why=self._yielding)
        with contextlib.suppress(ClusterError):  # it runs out by itself
            try:
                await self._store.release(held, self._yields_after(held))
            except ConflictError:
                # A renewal on the wire, whose answer was not waited for.
                seen = await self._store.read()
                if seen is not None and seen.holder == held.holder:
                    await self._store.release(seen, self._yields_after(seen))

    def _yields_after(self, lease: Lease) -> Yields:
        """What the Lease is to say of yields at the end of this term."""
        if self._yielding is None:
            return lease.yields
        return lease.yields.after(self._now().timestamp())

    async def _look(self) -> None:
        with contextlib.suppress(ClusterError):
            self._answered(await self._store.read())

    def _answered(self, lease: Lease | None) -> None:
        now = self._boottime()
        before, holder = self._sighting, self.holder
        self._sighting = before.next(lease, now)
        if self.holder != holder:
            self._on_holder(holder, self.holder)
        if self._sighting.since != before.since or before.lease is None:
            self._changed.set()

    def _another_holds_it(self) -> bool:
        return self.term is not None and self.holder != self.term.identity

    async def _see(self, found: Object | None) -> None:
        self._answered(None if found is None else read_lease(found))
        if self._another_holds_it():
            await self._look()  # the event may be older than the term
            if self._another_holds_it():
                event(_log, logging.WARNING, "the Lease was taken away", holder=self.holder)
                self._held = None
                self._giving_up.set()
