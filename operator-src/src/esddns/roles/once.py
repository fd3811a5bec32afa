"""`esddns once`: one pass, its outcome as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from esddns.config.settings import Settings
from esddns.core.decide import Decision
from esddns.core.errors import ErrorReason
from esddns.core.model import Family, Record, RRset
from esddns.core.names import relative_name
from esddns.core.outcome import Outcome
from esddns.core.plan import Action
from esddns.core.state import RecordState
from esddns.roles.exit_codes import Exit, first, of_outcome
from esddns.roles.wiring import connect, make_rng
from esddns.shell.budget import BudgetedProvider
from esddns.shell.clock import Now, utc_now
from esddns.shell.gandi.token import TokenSource
from esddns.shell.gated import GatedProvider
from esddns.shell.memory import Memory, file_name
from esddns.shell.publish import Publisher, Wish
from esddns.shell.seams import Outside

TRIES = 3
BUDGET = 30.0  # seconds for Gandi, in all


async def once(
    settings: Settings, tokens: TokenSource, state_dir: Path
) -> tuple[dict[str, Any], Exit]:
    """Make one pass against the real world; see `Once.run`."""
    outside = connect(settings, tokens)
    memory = Memory(state_dir / file_name(settings.gandi.url))
    try:
        return await Once(settings, outside, memory, utc_now, make_rng()).run()
    finally:
        outside.account.close()


class Once:
    """One pass over everything that `settings` name."""

    def __init__(
        self, settings: Settings, outside: Outside, memory: Memory, now: Now, rng: random.Random
    ) -> None:
        self._settings = settings
        self._outside = outside
        self._memory = memory
        self._now = now
        self._budget = BudgetedProvider(outside.account, BUDGET)
        self._gated = GatedProvider(self._budget, rng)
        self._publisher = Publisher(
            self._gated,
            outside.authority,
            now,
            dry_run=settings.gandi.dry_run,
            ask_dns_first=True,
        )

    async def run(self) -> tuple[dict[str, Any], Exit]:
        """Detect, then bring each record to the address; gives the JSON to print and the exit code."""
        decisions = await self._detect()
        outcomes, code = await self.keep(decisions)
        report = {
            "families": {str(f): family_json(decision) for f, decision in decisions.items()},
            "records": [record_json(outcome) for outcome in outcomes],
            "in_sync": all(outcome.in_sync for outcome in outcomes),
        }
        return report, code

    async def keep(self, decisions: Mapping[Family, Decision]) -> tuple[list[Outcome], Exit]:
        """Bring each record to what was decided, in their order: one at a time, the budget is for all."""
        outcomes = [
            await self._keep(record, decisions[record.type.family])
            for record in self._settings.records
        ]
        return outcomes, first(map(_code, outcomes))

    async def _detect(self) -> Mapping[Family, Decision]:
        detectors = self._outside.detectors
        rounds = await asyncio.gather(
            *(d.round(self._memory.state.address(f)) for f, d in detectors.items())
        )
        decisions = {f: r.decision for f, r in zip(detectors, rounds, strict=True)}
        for family, decision in decisions.items():
            if decision.address is not None:
                self._memory.state = self._memory.state.with_address(
                    family, decision.address, decision.agreed, self._now()
                )
        return decisions

    async def _keep(self, record: Record, decision: Decision) -> Outcome:
        if decision.address is None:
            error = f"{record.type.family} is undecided, so nothing is changed: {decision.detail}"
            return Outcome(record, Action.ERROR, zone=record.zone, error=error)
        wish = Wish(record, RRset(frozenset({str(decision.address)}), record.ttl))
        state = self._memory.state.records.get(record.key, RecordState())
        tries = 0
        while True:
            outcome, state = await self._publisher.sync(
                wish, state, remember=lambda known: self._remember(record, known)
            )
            self._remember(record, state)
            tries += outcome.reason is not ErrorReason.BLOCKED  # then nothing was sent
            again = self._gated.not_before if outcome.retry_at is None else outcome.retry_at
            wait = max(0.0, again - asyncio.get_running_loop().time())
            if not outcome.transient or tries == TRIES or wait >= self._budget.left:
                return outcome
            await self._budget.wait(wait)

    def _remember(self, record: Record, state: RecordState) -> None:
        self._memory.state = self._memory.state.with_record(record.key, state)


def _code(outcome: Outcome) -> Exit:
    if outcome.reason is ErrorReason.BLOCKED:
        return Exit.OK  # the record that met with the refusal has the code
    return Exit.UNDECIDED if outcome.undecided else of_outcome(outcome)


def family_json(decision: Decision) -> dict[str, Any]:
    """One family's decision."""
    return {
        "address": str(decision.address) if decision.address else None,
        "status": str(decision.status),
        "agreed": list(decision.agreed),
        "reason": decision.detail or None,
    }


def record_json(outcome: Outcome) -> dict[str, Any]:
    """One record's outcome; `zone` and `name` are null where nothing told the zone."""
    record, zone = outcome.record, outcome.zone
    name = None
    if zone is not None:
        with contextlib.suppress(ValueError):
            name = relative_name(record.fqdn, zone)
    return {
        "fqdn": record.fqdn,
        "type": str(record.type),
        "zone": zone,
        "name": name,
        "action": str(outcome.action),
        "values": sorted(outcome.desired.values) if outcome.desired else [],
        "ttl": record.ttl,
        "error": outcome.error,
    }
