"""Keeps one family's address: full rounds, and cheap probes between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from esddns.config.settings import DetectionSettings
from esddns.core.decide import Status
from esddns.core.model import Family, IPAddress
from esddns.shell.clock import Now
from esddns.shell.detect import Detector, Probe, Round
from esddns.shell.health import Health
from esddns.shell.memory import Memory
from esddns.shell.report import Reporter

# Without probes, an undecided round is followed by another after this long at the latest.
_UNDECIDED_AGAIN = 60.0  # seconds

# A round that is due this soon makes a probe idle; timers may fire a little early, too.
_ALMOST = 0.5  # seconds

OnRound = Callable[[Family, Round], None]


class AddressWatch:
    """Runs for as long as it is not cancelled. `on_round` is called after each full round."""

    def __init__(
        self,
        family: Family,
        detector: Detector,
        settings: DetectionSettings,
        memory: Memory,
        now: Now,
        reporter: Reporter,
        health: Health,
        on_round: OnRound,
        *,
        attempted_before: datetime | None = None,
    ) -> None:
        self._family = family
        self._detector = detector
        self._settings = settings
        self._memory = memory
        self._now = now
        self._reporter = reporter
        self._health = health
        self._on_round = on_round
        self._attempted_before = attempted_before
        self._settled = False  # whether the last round came to a decision
        self._doubted: str | None = None  # the source whose probe started the round to come

    async def run(self) -> None:
        """Ask in full now and every `interval`; between, probe every `probe_interval`."""
        loop = asyncio.get_running_loop()
        interval, probing = self._settings.interval, self._settings.probe_interval
        unsettled = min(interval, _UNDECIDED_AGAIN)
        next_round = loop.time()
        while True:
            asked = loop.time()
            if asked >= next_round - _ALMOST or not await self._holds():
                await self.full_round()
                next_round = asked + (interval if self._settled or probing else unsettled)
            wake = min(next_round, asked + probing) if probing else next_round
            wait = max(0.0, wake - loop.time())
            # Besides the waiting: a probe and the round that it starts.
            self._health.beat(f"watch-{self._family}", wait + 4 * self._settings.timeout + 10)
            await asyncio.sleep(wait)

    async def full_round(self) -> Round:
        """Ask for a decision and remember it."""
        before = self._memory.state.address(self._family)
        result = await self._detector.round(before)
        if before is not None and self._is_doubtful(result):
            result = await self._confirm(result, before)
        self._attempted_before = None
        decision = result.decision
        self._settled = decision.status is not Status.UNDECIDED
        if decision.address is not None:
            self._memory.state = self._memory.state.with_address(
                self._family, decision.address, decision.agreed, self._now()
            )
        if self._doubted is not None and decision.status is Status.UNCHANGED:
            self._detector.rest_source(self._doubted)
        self._doubted = None
        self._reporter.round(self._family, result, before)
        self._on_round(self._family, result)
        return result

    def _is_doubtful(self, first: Round) -> bool:
        """Whether this process's first decision differs from what another looked at just before.

        Nodes may have different ways out of the site.
        """
        if self._attempted_before is None:
            return False
        recent = timedelta(seconds=2 * self._settings.interval)
        differs = first.decision.status is Status.DECIDED
        return differs and self._now() - self._attempted_before <= recent

    async def _confirm(self, first: Round, before: IPAddress) -> Round:
        """Ask again, and say that it had to be."""
        second = await self._detector.round(before)
        same = second.decision.address == first.decision.address
        self._reporter.egress_differs(self._family, before, first.decision.address, confirmed=same)
        return second

    async def _holds(self) -> bool:
        """Whether one cheap question found the address as it was; if not, a full round is due at once."""
        current = self._memory.state.address(self._family)
        if current is None or not self._settled:
            return False
        probe, source = await self._detector.probe(current)
        self._reporter.probe(self._family, probe)
        if probe is not Probe.CONFIRMED:
            self._doubted = source
        return probe is Probe.CONFIRMED
