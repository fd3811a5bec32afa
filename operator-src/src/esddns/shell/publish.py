"""One pass over one record: compare, decide, write at most once. One piece of code, whoever calls it.

DNS is the cheap alarm; before a write one GET at the provider decides, then one PUT. The pass keeps no
state of its own: it takes what is remembered of the record and gives back what to remember.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from esddns.core.contested import contested, contested_until
from esddns.core.dnscheck import LAG, PATH_DIFFERS, LastWrite, Verdict, judge
from esddns.core.errors import BlockedError, NoSuchZoneError, ProviderError
from esddns.core.model import Record, RRset
from esddns.core.names import is_within, relative_name
from esddns.core.outcome import Outcome
from esddns.core.plan import LEFT_ALONE, WRITES, Action, Planned, plan, plan_removal
from esddns.core.state import RecordState
from esddns.shell.clock import Now
from esddns.shell.seams import Authority, Provider
from esddns.shell.zones import ZoneFinder

# Says why no write may be started now (a lease that ran out, for one), or None where it may.
MayWrite = Callable[[], str | None]

# Takes note of what is known of the record, durably.
Remember = Callable[[RecordState], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a record should hold.

    `confirmed`: the last full round still gave this value. Without that nothing is repaired: what stands
    there may be right, and we not know it. `still`: whether it is wished when the write is to begin.
    """

    record: Record
    rrset: RRset
    confirmed: bool = True
    still: Callable[[], bool] = lambda: True


class Publisher:
    """Brings records to what is wished. `authority` None: the API is asked every time."""

    def __init__(
        self,
        provider: Provider,
        authority: Authority | None,
        now: Now,
        *,
        dry_run: bool = False,
        ask_dns_first: bool = False,
        may_write: MayWrite = lambda: None,
    ) -> None:
        self._provider = provider
        self._authority = authority
        self._now = now
        self._dry_run = dry_run
        self._ask_dns_first = ask_dns_first
        self._may_write = may_write
        self.zones = ZoneFinder(provider)

    async def sync(
        self,
        wish: Wish,
        state: RecordState,
        *,
        remember: Remember,
        ask_api: bool = False,
    ) -> tuple[Outcome, RecordState]:
        """Bring one record to what is wished; `ask_api`: do not be content with what DNS says.

        `remember` is called before a write is sent: whatever happens to it or to us, it may stand there.
        Never raises for what the provider or DNS do: the outcome says it.
        """
        outcome, state = await self._compare_dns(wish, state)
        if outcome.in_sync and not ask_api:
            return outcome, state
        zone = known_zone(wish.record, state)
        try:
            zone = zone or await self.zones.find(wish.record.fqdn)
            state = replace(state, zone=zone)
            return await self._sync_api(wish, state, zone, outcome, remember)
        except ProviderError as error:
            if isinstance(error, NoSuchZoneError):
                self.zones.forget(zone or "")
                state = replace(state, zone=None)
            return _failed(replace(outcome, zone=zone or outcome.zone), error), state

    async def remove(
        self,
        record: Record,
        state: RecordState,
        kept: RRset | None,
        still: Callable[[], bool],
    ) -> Outcome:
        """Delete the RRset where it is ours; a zone that is not there has none of it either.

        Ours is also what it would be `kept` on. `still`: whether it is to go when the call is to begin.

        In sync when there is nothing of ours left there, as far as the API says. Never raises for what
        the provider does: the outcome says it.
        """
        zone = known_zone(record, state)
        outcome = Outcome(record, Action.DELETE, zone=zone)
        try:
            zone = zone or await self.zones.find(record.fqdn)
            name = relative_name(record.fqdn, zone)
            at_name = await self._provider.rrsets(zone, name)
            planned = plan_removal(record, at_name, state.may_hold | ({kept} if kept else set()))
            outcome = replace(outcome, zone=zone, action=planned.action, observed=planned.observed)
            if planned.action is Action.NONE:
                return replace(outcome, in_sync=True, error=planned.message or None)
            forbidden = "dry-run = true" if self._dry_run else self._may_write()
            if not still():
                forbidden = "it is not to go any more"
            if forbidden is not None:
                return replace(outcome, action=Action.NONE, error=forbidden)
            await self._provider.delete(zone, name, record.type)
        except NoSuchZoneError:
            return replace(outcome, action=Action.NONE, in_sync=True)
        except ProviderError as error:
            return _failed(replace(outcome, zone=zone), error)
        return replace(outcome, wrote=True, in_sync=True)

    async def _compare_dns(self, wish: Wish, state: RecordState) -> tuple[Outcome, RecordState]:
        """The cheap alarm. `awaiting_dns` with `in_sync` False: DNS shows something else."""
        record, desired = wish.record, wish.rrset
        unknown = Outcome(record, Action.NONE, desired, zone=known_zone(record, state))
        if self._authority is None or not record.type.is_in_dns:
            return unknown, state
        if self._distrusts_dns(state, desired):
            return unknown, state
        view = await self._authority.lookup(record.fqdn, record.type, unknown.zone)
        verdict = judge(view.answers, desired, state.last_write, self._now())
        outcome = replace(
            unknown,
            zone=unknown.zone or view.zone,
            dns_trouble=view.trouble if verdict is Verdict.UNKNOWN else "",
            dns=tuple(sorted({answer.rrset for answer in view.answers}, key=str)),
        )
        if verdict is Verdict.IN_SYNC:
            # Not ours by that alone: a wildcard may answer in place of a record that is not there.
            ours = desired if state.ours is not None else None
            state = replace(state, ours=ours, dns_differs_since=None)
            return replace(outcome, in_sync=True), state
        if verdict is Verdict.LAG:
            return replace(outcome, in_sync=True, awaiting_dns=True), state
        return replace(outcome, awaiting_dns=verdict is Verdict.DRIFT), state

    def _distrusts_dns(self, state: RecordState, desired: RRset) -> bool:
        """Whether what DNS shows says nothing now.

        After a write, and after one whose reply was lost, it may still show what stood there before; where
        that is what is desired again, it would look in sync, and not be in a moment. A change is written
        sooner without asking it.
        """
        if state.attempted is not None:
            return True
        if state.ours is None or state.ours == desired:
            return False
        wrote = state.last_write
        lags = wrote is not None and timedelta(0) <= self._now() - wrote.at <= LAG
        return lags or not self._ask_dns_first

    async def _sync_api(
        self, wish: Wish, state: RecordState, zone: str, dns: Outcome, remember: Remember
    ) -> tuple[Outcome, RecordState]:
        record, now = wish.record, self._now()
        at_name = await self._provider.rrsets(zone, relative_name(record.fqdn, zone))
        planned = plan(record, wish.rrset, at_name, state.may_hold)
        outcome = replace(
            dns,
            in_sync=False,
            action=planned.action,
            observed=planned.observed,
            zone=zone,
            error=planned.message if planned.action in LEFT_ALONE else None,
            adopted=planned.message if planned.action is Action.UPDATE else "",
        )
        if planned.action is Action.NONE:
            return _agrees(outcome, state, now)
        if planned.drifted:
            state = state.putback_at(now)
        if planned.action not in WRITES:
            return outcome, state
        if (held := self._held(wish, planned, outcome, state)) is not None:
            return held, state
        if self._dry_run:
            return outcome, state
        return await self._write(wish, planned, outcome, state, remember)

    def _held(
        self, wish: Wish, planned: Planned, outcome: Outcome, state: RecordState
    ) -> Outcome | None:
        """Why a planned write is not made now, as an outcome; None where it may be."""
        now = self._now()
        if planned.drifted and contested(state.putbacks, now):
            return _contested(outcome, planned, state, now)
        if not wish.confirmed and planned.observed not in state.may_hold:
            error = (
                f"it holds {planned.observed}, and what it should hold is not known for sure now"
            )
        elif not wish.still():
            error = "nobody wants it any more"
        elif (forbidden := self._may_write()) is not None:
            error = forbidden
        else:
            return None
        return replace(outcome, action=Action.NONE, error=error)

    async def _write(
        self,
        wish: Wish,
        planned: Planned,
        outcome: Outcome,
        before: RecordState,
        remember: Remember,
    ) -> tuple[Outcome, RecordState]:
        record, zone = wish.record, str(outcome.zone)
        at = self._now()
        if planned.observed in before.may_hold:
            # That one is certain now. It may be of a write whose reply was lost, and still stand there after
            # this one failed.
            before = replace(before, ours=planned.observed)
        state = replace(before, attempted=wish.rrset)
        remember(state)
        # Remembering may have taken long: a disk that hangs is no licence.
        if (forbidden := self._may_write()) is not None:
            return replace(outcome, action=Action.NONE, error=forbidden), before
        try:
            await self._provider.put(
                zone, relative_name(record.fqdn, zone), record.type, wish.rrset
            )
        except ProviderError as error:
            # A refusal is certain; anything else may have been applied all the same.
            sent = error.transient and not isinstance(error, BlockedError)
            return _failed(outcome, error), state if sent else before
        state = replace(
            state,
            ours=wish.rrset,
            attempted=None,
            last_write=LastWrite(at, planned.observed),
            dns_differs_since=None,
        )
        outcome = replace(
            outcome,
            wrote=True,
            in_sync=True,
            awaiting_dns=self._authority is not None and record.type.is_in_dns,
            repaired=planned.drifted,
            dns=(),
        )
        return outcome, state


def known_zone(record: Record, state: RecordState) -> str | None:
    """The zone as it is given or known; what is known wrongly (edited by hand) is not."""
    known = state.zone if state.zone and is_within(record.fqdn, state.zone) else None
    return record.zone or known


def _agrees(outcome: Outcome, state: RecordState, now: datetime) -> tuple[Outcome, RecordState]:
    """The API holds what is desired; where DNS says otherwise for long, its path is not to be trusted."""
    since = (state.dns_differs_since or now) if outcome.awaiting_dns else None
    state = replace(state, ours=outcome.desired, attempted=None, dns_differs_since=since)
    differs = since is not None and now - since >= PATH_DIFFERS
    return replace(outcome, in_sync=True, path_differs=differs), state


def _contested(outcome: Outcome, planned: Planned, state: RecordState, now: datetime) -> Outcome:
    until = contested_until(state.putbacks, now)
    error = (
        f"contested: another writer put {planned.observed or 'nothing'} in its place three times within "
        f"an hour; left alone until {until:%Y-%m-%d %H:%M:%S} UTC: find the other writer and stop it"
    )
    return replace(outcome, action=Action.CONFLICT, error=error, contested=True)


def _failed(outcome: Outcome, error: ProviderError) -> Outcome:
    """What DNS showed before still stands: an API that fails makes no record wrong."""
    return replace(
        outcome,
        action=Action.ERROR,
        error=str(error),
        reason=error.reason,
        transient=error.transient,
        retry_at=error.until if isinstance(error, BlockedError) else None,
    )
