"""Keeps the records on what they should hold: compares after every full round, writes when it differs.

One pass at a time. What is due is a time for each record; the record that waits longest goes first, so
one that always fails does not hold the others up.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from esddns.config.settings import Settings
from esddns.core.decide import Status
from esddns.core.dnscheck import LAG
from esddns.core.errors import BlockedError, ErrorReason, ProviderError
from esddns.core.model import Drift, Family, IPAddress, Record
from esddns.core.outcome import Outcome
from esddns.core.state import RecordState
from esddns.core.target import Removal, Target
from esddns.shell.clock import Now
from esddns.shell.detect import Round
from esddns.shell.gated import GatedProvider
from esddns.shell.health import Health
from esddns.shell.memory import Memory
from esddns.shell.publish import Publisher, Wish, known_zone
from esddns.shell.report import Reporter
from esddns.shell.tracked import Terms, Tracked
from esddns.shell.waiting import set_within

# Seconds between looks at DNS after a write: close together first, the last just past the lag allowed.
_LOOKS = (0.5, 0.5, 1, 2, 4, 8, 15, 30, 30, 31)
_TOKEN_POLL = 5.0  # seconds; a kubelet takes a minute to bring a changed Secret
_IDLE = 60.0  # seconds after which an idle loop shows that it lives
_REFUSED_FOR = 3600.0  # seconds that a record Gandi calls wrong (400) rests, unless it changes
# Calls of the longest pass: one for each zone that the name could be in (127 labels), a GET and a PUT; most
# names have three labels, and a pass that is longer only looks stalled.
_CALLS = 10


@dataclass(frozen=True, slots=True)
class _Known:
    """What the last round of a family came to; `address` is the last good one."""

    address: IPAddress | None
    decided: bool
    why: str


class Keeper:
    """Runs until stopped. `follow` tells it what to keep, rounds tell it the address.

    `on_pass` is called after each pass over a record.
    """

    def __init__(
        self,
        publisher: Publisher,
        provider: GatedProvider,
        memory: Memory,
        now: Now,
        reporter: Reporter,
        health: Health,
        settings: Settings,
        terms: Terms,
        *,
        on_pass: Callable[[Tracked], None] = lambda _tracked: None,
    ) -> None:
        self.tracked: tuple[Tracked, ...] = ()
        self.by_key: dict[str, Tracked] = {}
        self._by_turns: Iterator[Tracked] = iter(())
        self._publisher = publisher
        self._provider = provider
        self._memory = memory
        self._now = now
        self._reporter = reporter
        self._health = health
        self._terms = terms
        self._on_pass = on_pass
        self._credential_check = settings.gandi.credential_check
        self._interval = settings.detection.interval
        self._longest_pass = _CALLS * (settings.gandi.timeout + 2)
        self._rounds: dict[Family, _Known] = {}
        self._credential_retry = -math.inf
        self._token_version = provider.token_version
        self._wake = asyncio.Event()
        self._stopping = False

    def follow(self, targets: Sequence[Target]) -> None:
        """Keep these and nothing else. A record that was kept before goes on as it stands.

        What is remembered of records that nobody names any more is forgotten: give the complete list.
        """
        self.tracked = tuple(
            self._taken_on(target, self.by_key.get(target.record.key)) for target in targets
        )
        self.by_key = {tracked.record.key: tracked for tracked in self.tracked}
        self._by_turns = itertools.cycle(self.tracked)
        self._wake.set()
        if self._terms.solo_jitter is not None:
            return  # who is alone keeps some of them only, and remembers all
        wan = tuple(Target(t.record, t.source) for t in targets if t.goes_on_alone)
        state = self._memory.state.only({t.record.key for t in targets})
        self._memory.state = replace(state, wan=wan)

    def _taken_on(self, target: Target, tracked: Tracked | None) -> Tracked:
        now = asyncio.get_running_loop().time()
        if tracked is not None and tracked.target == target:
            return tracked
        if tracked is None or tracked.leaves != isinstance(target.source, Removal):
            # A pass that is under way must not speak for the other kind of target.
            verify = [now + seconds for seconds in self._terms.verify]
            tracked = Tracked(target, confirmed_at=now, verify=verify)
            self._recall(target)
        else:
            tracked.target = target
        tracked.take_values(now)
        if tracked.family is not None:
            self._tell(tracked, self._rounds.get(tracked.family), now)
        if self._may_pass(tracked):
            tracked.due = now
        return tracked

    def _may_pass(self, tracked: Tracked) -> bool:
        """Whether there is something to do about it, and enough is known for that.

        What is ours to remove depends on the address, too: the first round is near.
        """
        awaits_round = tracked.family is not None and tracked.family not in self._rounds
        return tracked.actionable and not (tracked.leaves and awaits_round)

    def _recall(self, target: Target) -> None:
        """What an object remembers helps a writer that has no memory of its own."""
        known = self._state_of(target.record)
        if target.ours is None or target.ours in known.may_hold:
            return
        if known.ours is None:
            zone = known.zone or target.zone
            self._remember(target.record, replace(known, ours=target.ours, zone=zone))
        elif known.attempted is None:  # what is remembered is older, or newer: either may stand
            self._remember(target.record, replace(known, attempted=target.ours))

    def look(self, key: str) -> None:
        """Ask the API about one record now, whatever DNS says."""
        now = asyncio.get_running_loop().time()
        tracked = self.by_key.get(key)
        if tracked is not None and self._may_pass(tracked):
            tracked.verify.insert(0, now)
            tracked.refused = None
            tracked.due = now
        self._wake.set()

    def on_round(self, family: Family, result: Round) -> None:
        """Take the outcome of a full round: every record of the family is compared.

        Undecided rounds come every probe interval: they compare no more often than others do. The last
        good address stands, unconfirmed: a change that was decided and not written yet still is.
        """
        now = asyncio.get_running_loop().time()
        decision = result.decision
        known = self._rounds[family] = _Known(
            decision.address or self._memory.state.address(family),
            decision.status is not Status.UNDECIDED,
            decision.detail,
        )
        for tracked in self.tracked:
            if tracked.family is family:
                self._tell(tracked, known, now)
        self._wake.set()

    def _tell(self, tracked: Tracked, known: _Known | None, now: float) -> None:
        if known is None:
            return
        jitter = self._terms.solo_jitter
        # Beside other agents nothing is made or repaired: only what was published last is replaced.
        confirmed = known.decided and jitter is None
        tracked.take_address(known.address, now, confirmed=confirmed, why=known.why)
        due = now if known.decided else max(now, tracked.compared_at + self._interval)
        if jitter is not None:
            due += jitter()
        if tracked.actionable:
            tracked.due = min(tracked.due, due)

    def stop(self) -> None:
        """End after the pass that is under way."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Do what is due, until stopped."""
        loop = asyncio.get_running_loop()
        while not self._stopping:
            self._wake.clear()
            self._health.beat("keeper", _IDLE + self._longest_pass)
            self._look_at_token()
            due = min(self.tracked, key=lambda t: t.due, default=None)
            if due is not None and due.due <= loop.time():
                await self._pass(due)
            elif self._credential_due <= loop.time():
                await self._check_credential()
            else:
                until = min(due.due if due else math.inf, self._credential_due)
                await set_within(self._wake, min(until - loop.time(), _TOKEN_POLL))

    def _look_at_token(self) -> None:
        """A new token is a new chance for everything that the old one was refused."""
        if (version := self._provider.token_version) != self._token_version:
            self._token_version = version
            self._credential_retry = -math.inf
            if self._terms.solo_jitter is None:  # whether it is good, or gone, is known at once
                self._provider.last_good = -math.inf
            now = asyncio.get_running_loop().time()
            for tracked in self.tracked:
                if self._may_pass(tracked):
                    # Agents that are alone learn of it together, as of a new address.
                    tracked.due = now + (
                        self._terms.solo_jitter() if self._terms.solo_jitter else 0
                    )

    @property
    def _credential_due(self) -> float:
        """When the token is to be tried next, so that a dead one is known before it is needed."""
        due = self._provider.last_good + self._credential_check
        return max(due, self._credential_retry) if self.tracked else math.inf

    async def _check_credential(self) -> None:
        """One authenticated GET: of the record that was asked for longest ago, which checks it as well."""
        loop = asyncio.get_running_loop()
        self._credential_retry = loop.time() + _IDLE
        tracked = next(self._by_turns)
        if self._may_pass(tracked):
            outcome = await self._pass(tracked, ask_api=True)
            if outcome is not None and outcome.retry_at is not None:
                self._credential_retry = outcome.retry_at
            elif outcome is not None and outcome.transient:
                self._credential_retry = self._provider.not_before
            return
        state = self._state_of(tracked.record)
        try:
            zone = known_zone(tracked.record, state)
            if zone is None:
                zone = await self._publisher.zones.find(tracked.record.fqdn)
                self._remember(tracked.record, replace(state, zone=zone))
            else:
                await self._provider.zone_exists(zone)
        except ProviderError as error:
            self._reporter.check_failed(tracked.record, error)
            if isinstance(error, BlockedError):
                self._credential_retry = error.until
            elif error.transient:
                self._credential_retry = self._provider.not_before

    async def _pass(self, tracked: Tracked, *, ask_api: bool = False) -> Outcome | None:
        """Compare one record, and write it where it differs; None where it rests."""
        loop = asyncio.get_running_loop()
        tracked.due = math.inf
        tracked.compared_at = loop.time()
        if tracked.leaves:
            return await self._remove(tracked)
        assert tracked.wanted is not None  # noqa: S101  # only what is actionable is ever due
        if tracked.wanted == tracked.refused and loop.time() < tracked.refused_until:
            tracked.due = tracked.refused_until
            return None
        record, known = tracked.record, self._state_of(tracked.record)
        # With drift = report all hangs on what is ours, and DNS alone cannot tell: asked once.
        unsure = known.ours is None and record.drift is Drift.REPORT
        if tracked.verify and tracked.verify[0] <= loop.time():
            tracked.verify.pop(0)
            unsure = True
        outcome, state = await self._publisher.sync(
            Wish(record, tracked.wanted, tracked.confirmed, lambda: self._keeps(record)),
            known,
            remember=lambda state: self._remember(record, state),
            ask_api=ask_api or unsure,
        )
        if record.key not in self.by_key:
            return outcome  # nobody names it any more
        since = (state.in_sync_since or self._now()) if outcome.in_sync else None
        state = replace(state, in_sync_since=since)
        self._remember(record, state)
        if outcome.wrote:
            tracked.looks = 0
        tracked.due = min(tracked.due, self._next(tracked, outcome, state), *tracked.verify[:1])
        tracked.outcome, tracked.passed_at = outcome, self._now()
        self._reporter.outcome(outcome, self._terms.mode)
        if outcome.in_sync and not outcome.awaiting_dns and tracked.decided_at is not None:
            if outcome.desired == tracked.wanted:
                self._reporter.converged(outcome, loop.time() - tracked.decided_at)
            tracked.decided_at = None
        self._on_pass(tracked)
        return outcome

    def _keeps(self, record: Record) -> bool:
        """Whether somebody still names it: an object may go while its pass is under way."""
        tracked = self.by_key.get(record.key)
        return tracked is not None and not tracked.leaves

    async def _remove(self, tracked: Tracked) -> Outcome:
        record = tracked.record

        def still() -> bool:
            return self.by_key.get(record.key) is tracked

        outcome = await self._publisher.remove(
            record, self._state_of(record), tracked.wanted, still
        )
        if not outcome.wrote and not still():
            return outcome  # released, or wanted again: nothing was done, and this is nobody's any more
        if outcome.retry_at is not None:
            tracked.due = outcome.retry_at
        elif not outcome.in_sync:
            # What no waiting mends (a token that may not, dry-run) is looked at again all the same.
            now = asyncio.get_running_loop().time()
            tracked.due = self._provider.not_before if outcome.transient else now + self._interval
        else:
            self._memory.state = self._memory.state.without(record.key)
        tracked.outcome, tracked.passed_at = outcome, self._now()
        self._reporter.removed(outcome)
        self._on_pass(tracked)
        return outcome

    def _next(self, tracked: Tracked, outcome: Outcome, state: RecordState) -> float:
        """Loop time of the next pass that this one calls for; inf: none before the next round."""
        now = asyncio.get_running_loop().time()
        # No round compares what does not hang on the WAN address.
        at_leisure = math.inf if tracked.family is not None else now + self._interval
        if outcome.reason is ErrorReason.INVALID:
            tracked.refused, tracked.refused_until = outcome.desired, now + _REFUSED_FOR
        elif outcome.retry_at is not None:
            return outcome.retry_at
        elif outcome.transient:
            return self._provider.not_before
        elif self._awaits_dns(outcome, state) and tracked.looks < len(_LOOKS):
            tracked.looks += 1
            return now + _LOOKS[tracked.looks - 1]
        return at_leisure

    def _awaits_dns(self, outcome: Outcome, state: RecordState) -> bool:
        """Whether the name servers are only late with our last write: then they are looked at again soon."""
        wrote = state.last_write
        late = outcome.in_sync and outcome.awaiting_dns and state.dns_differs_since is None
        return late and wrote is not None and self._now() - wrote.at <= 2 * LAG

    def _state_of(self, record: Record) -> RecordState:
        return self._memory.state.records.get(record.key, RecordState())

    def _remember(self, record: Record, state: RecordState) -> None:
        self._memory.state = self._memory.state.with_record(record.key, state)
