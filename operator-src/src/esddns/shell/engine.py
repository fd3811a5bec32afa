"""Detection and publishing together, over whatever they are given to talk to: the work of one writer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime

from esddns.config.settings import Settings
from esddns.core.decide import Status
from esddns.core.errors import ErrorReason
from esddns.core.model import Family
from esddns.core.plan import LEFT_ALONE
from esddns.core.target import Target
from esddns.shell.clock import Now
from esddns.shell.detect import Round
from esddns.shell.gated import GatedProvider
from esddns.shell.health import Health
from esddns.shell.heartbeat import Heartbeat
from esddns.shell.keeper import Keeper
from esddns.shell.memory import Memory
from esddns.shell.publish import MayWrite, Publisher
from esddns.shell.report import Reporter
from esddns.shell.seams import Outside
from esddns.shell.tracked import Terms, Tracked
from esddns.shell.watch import AddressWatch, OnRound

# Seconds after the start of a term at which every RRset is asked for at the API: what the leader before had
# on the wire when it was stopped may still have landed.
VERIFY_NEW_TERM = (0.0, 30.0)
SOLO_JITTER = 10.0  # seconds that agents without a leader wait before they look at the record


class Engine:
    """Runs until it is told to stop. `targets`: what it keeps from the start; None: its keeper is told later.

    `new_term`: another process may have written until just now, and made its last attempt at finding the
    address then (None: nobody knows when). `solo`: others do the same beside it, and nobody leads.
    """

    def __init__(
        self,
        settings: Settings,
        outside: Outside,
        memory: Memory,
        now: Now,
        rng: random.Random,
        reporter: Reporter,
        health: Health,
        *,
        may_write: MayWrite = lambda: None,
        on_round: OnRound = lambda _family, _round: None,
        targets: Sequence[Target] | None = None,
        on_pass: Callable[[Tracked], None] = lambda _tracked: None,
        new_term: bool = False,
        attempted_before: datetime | None = None,
        solo: bool = False,
    ) -> None:
        self._outside = outside
        self._tell = on_round
        self._health = health
        self._now = now
        # The last full round of each family, and when it ended.
        self.rounds: dict[Family, tuple[datetime, Round]] = {}
        gated = self._gated = GatedProvider(outside.account, rng, reporter.credential)
        if solo:  # many do this at once: the token is tried when it is needed
            gated.last_good = asyncio.get_running_loop().time()
        self.keeper = Keeper(
            Publisher(
                gated, outside.authority, now, dry_run=settings.gandi.dry_run, may_write=may_write
            ),
            gated,
            memory,
            now,
            reporter,
            health,
            settings,
            _terms(rng, new_term=new_term, solo=solo),
            on_pass=on_pass,
        )
        if targets is not None:
            self.keeper.follow(targets)
        self._heartbeat = (
            Heartbeat(outside.ping, self._all_is_well, reporter.metrics.heartbeat)
            if outside.ping is not None
            else None
        )
        self._watches = {
            family: AddressWatch(
                family,
                detector,
                settings.detection,
                memory,
                now,
                reporter,
                health,
                self._on_round,
                attempted_before=attempted_before,
            )
            for family, detector in outside.detectors.items()
        }

    @property
    def cannot_connect_since(self) -> float | None:
        """Loop time since when a write waits for a provider that cannot be reached; None where none does."""
        waits = any(
            t.wanted is not None
            and t.outcome is not None
            and not t.outcome.in_sync
            and t.outcome.action not in LEFT_ALONE
            and t.outcome.reason is not ErrorReason.INVALID
            for t in self.keeper.tracked
        )
        return self._gated.unreachable_since if waits else None

    def _on_round(self, family: Family, result: Round) -> None:
        self.rounds[family] = (self._now(), result)
        self.keeper.on_round(family, result)
        if self._heartbeat is not None:
            self._heartbeat.checked()
        self._tell(family, result)

    def _all_is_well(self) -> bool:
        """Whether each family was decided last, and each record is as it should be."""
        decided = all(r.decision.status is not Status.UNDECIDED for _, r in self.rounds.values())
        return decided and all(
            t.outcome is not None and t.outcome.in_sync for t in self.keeper.tracked if not t.leaves
        )

    async def run(self, until: asyncio.Event, grace: float) -> None:
        """Run until `until` is set; a pass that is under way then has `grace` seconds before it is cut.

        What a loop dies of is raised: nothing dies quietly.
        """
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(watch.run()) for watch in self._watches.values()]
            if self._heartbeat is not None:
                watching.append(group.create_task(self._heartbeat.run()))
            keeping = group.create_task(self.keeper.run())
            await until.wait()
            for task in watching:
                task.cancel()
            self.keeper.stop()
            done, _late = await asyncio.wait({keeping}, timeout=grace)
            if not done:
                self._outside.account.abort()
                keeping.cancel()
        self._health.clear()


def _terms(rng: random.Random, *, new_term: bool, solo: bool) -> Terms:
    if solo:
        return Terms("solo", solo_jitter=lambda: rng.uniform(0, SOLO_JITTER))
    return Terms("leader", VERIFY_NEW_TERM) if new_term else Terms()
