"""Keeps the records on the address: compares after every full round, writes when it differs.

One pass at a time. What is due is a time for each record; the record that waits longest goes first, so
one that always fails does not hold the others up.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from esddns.config.settings import Settings
from esddns.core.decide import Status
from esddns.core.dnscheck import LAG
from esddns.core.errors import BlockedError, ErrorReason, ProviderError
from esddns.core.model import Drift, Family, Record, RRset
from esddns.core.names import candidate_zones
from esddns.core.outcome import Outcome
from esddns.core.state import RecordState
from esddns.shell.clock import Now
from esddns.shell.detect import Round
from esddns.shell.gated import GatedProvider
from esddns.shell.health import Health
from esddns.shell.memory import Memory
from esddns.shell.publish import Publisher, Wish
from esddns.shell.report import Reporter

# Seconds between looks at DNS after a write: close together first, the last just past the lag allowed.
_LOOKS = (0.5, 0.5, 1, 2, 4, 8, 15, 30, 30, 31)
_TOKEN_POLL = 5.0  # seconds; a kubelet takes a minute to bring a changed Secret
_IDLE = 60.0  # seconds after which an idle loop shows that it lives
_REFUSED_FOR = 3600.0  # seconds that a record Gandi calls wrong (400) rests, unless it changes


@dataclass(slots=True)
class Tracked:
    """One record and where its keeping stands. Times are loop times; `due` inf: when something happens.

    `verify`: times at which the API is asked whatever DNS says.
    """

    record: Record
    wanted: RRset | None = None
    confirmed: bool = False
    outcome: Outcome | None = None
    due: float = math.inf
    looks: int = 0
    decided_at: float | None = None
    compared_at: float = -math.inf
    refused: RRset | None = None
    refused_until: float = field(default=-math.inf)
    verify: list[float] = field(default_factory=list)


class Keeper:
    """Runs until stopped. `rounds` tell it the address; `provider` is behind a gate."""

    def __init__(
        self,
        publisher: Publisher,
        provider: GatedProvider,
        memory: Memory,
        now: Now,
        reporter: Reporter,
        health: Health,
        settings: Settings,
        *,
        verify: Sequence[float] = (),
        solo_jitter: Callable[[], float] | None = None,
    ) -> None:
        now_ = asyncio.get_running_loop().time()
        self.tracked = tuple(
            Tracked(record, verify=[now_ + seconds for seconds in verify])
            for record in settings.records
        )
        self._by_turns = itertools.cycle(self.tracked)
        self._publisher = publisher
        self._provider = provider
        self._memory = memory
        self._now = now
        self._reporter = reporter
        self._health = health
        self._credential_check = settings.gandi.credential_check
        self._interval = settings.detection.interval
        # A pass may have to ask for every zone that the name could be in, and then GET and PUT.
        calls = 2 + max((len(candidate_zones(r.fqdn)) for r in settings.records), default=0)
        self._longest_pass = calls * (settings.gandi.timeout + 2)
        self._solo_jitter = solo_jitter
        self._credential_retry = -math.inf
        self._token_version = provider.token_version
        self._wake = asyncio.Event()
        self._stopping = False

    def on_round(self, family: Family, result: Round) -> None:
        """Take the outcome of a full round: every record of the family is compared.

        Undecided rounds come every probe interval: they compare no more often than others do. The last
        good address stands, unconfirmed: a change that was decided and not written yet still is.
        """
        now = asyncio.get_running_loop().time()
        decided = result.decision.status is not Status.UNDECIDED
        address = result.decision.address or self._memory.state.address(family)
        for tracked in self.tracked:
            if tracked.record.type.family is not family:
                continue
            # Beside other agents nothing is made or repaired: only what was published last is replaced.
            tracked.confirmed = decided and self._solo_jitter is None
            if address is not None:
                wanted = RRset(frozenset({str(address)}), tracked.record.ttl)
                if wanted != tracked.wanted:
                    tracked.decided_at = now
                tracked.wanted = wanted
            due = now if decided else max(now, tracked.compared_at + self._interval)
            if self._solo_jitter is not None:
                due += self._solo_jitter()
            if tracked.wanted is not None:
                tracked.due = min(tracked.due, due)
        self._wake.set()

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
                await self._wait(min(until - loop.time(), _TOKEN_POLL))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _look_at_token(self) -> None:
        """A new token is a new chance for everything that the old one was refused."""
        if (version := self._provider.token_version) != self._token_version:
            self._token_version = version
            self._credential_retry = -math.inf
            now = asyncio.get_running_loop().time()
            for tracked in self.tracked:
                if tracked.wanted is not None:
                    tracked.due = now

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
        if tracked.wanted is not None:
            outcome = await self._pass(tracked, ask_api=True)
            if outcome is not None and outcome.retry_at is not None:
                self._credential_retry = outcome.retry_at
            elif outcome is not None and outcome.transient:
                self._credential_retry = self._provider.not_before
            return
        state = self._state_of(tracked.record)
        try:
            zone = tracked.record.zone or state.zone
            if zone is None:
                zone = await self._publisher.find_zone(tracked.record.fqdn)
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
        assert tracked.wanted is not None  # noqa: S101  # only what is wanted is ever due
        tracked.due = math.inf
        tracked.compared_at = loop.time()
        if tracked.wanted == tracked.refused and loop.time() < tracked.refused_until:
            return None
        record, known = tracked.record, self._state_of(tracked.record)
        # With drift = report all hangs on what is ours, and DNS alone cannot tell: asked once.
        unsure = known.ours is None and record.drift is Drift.REPORT
        if tracked.verify and tracked.verify[0] <= loop.time():
            tracked.verify.pop(0)
            unsure = True
        outcome, state = await self._publisher.sync(
            Wish(record, tracked.wanted, tracked.confirmed),
            known,
            remember=lambda state: self._remember(record, state),
            ask_api=ask_api or unsure,
        )
        self._remember(record, state)
        if outcome.wrote:
            tracked.looks = 0
        tracked.due = min(tracked.due, self._next(tracked, outcome, state), *tracked.verify[:1])
        tracked.outcome = outcome
        self._reporter.outcome(outcome)
        if outcome.in_sync and not outcome.awaiting_dns and tracked.decided_at is not None:
            if outcome.desired == tracked.wanted:
                self._reporter.converged(outcome, loop.time() - tracked.decided_at)
            tracked.decided_at = None
        return outcome

    def _next(self, tracked: Tracked, outcome: Outcome, state: RecordState) -> float:
        """Loop time of the next pass that this one calls for; inf: none before the next round."""
        now = asyncio.get_running_loop().time()
        if outcome.reason is ErrorReason.INVALID:
            tracked.refused, tracked.refused_until = outcome.desired, now + _REFUSED_FOR
        elif outcome.retry_at is not None:
            return outcome.retry_at
        elif outcome.transient:
            return self._provider.not_before
        elif self._awaits_dns(outcome, state) and tracked.looks < len(_LOOKS):
            tracked.looks += 1
            return now + _LOOKS[tracked.looks - 1]
        return math.inf

    def _awaits_dns(self, outcome: Outcome, state: RecordState) -> bool:
        """Whether the name servers are only late with our last write: then they are looked at again soon."""
        wrote = state.last_write
        late = outcome.in_sync and outcome.awaiting_dns and state.dns_differs_since is None
        return late and wrote is not None and self._now() - wrote.at <= 2 * LAG

    def _state_of(self, record: Record) -> RecordState:
        return self._memory.state.records.get(record.key, RecordState())

    def _remember(self, record: Record, state: RecordState) -> None:
        self._memory.state = self._memory.state.with_record(record.key, state)
