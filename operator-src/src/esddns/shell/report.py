"""Tells people and Prometheus what happened: one log line for each event that somebody would act on."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Sequence

from esddns.core.agent import Trouble
from esddns.core.decide import Status
from esddns.core.dnsrecord_standing import REASON_OF_ERROR, reason_of
from esddns.core.dnsrecord_standing import Reason as StandingReason
from esddns.core.errors import ErrorReason, ProviderError
from esddns.core.kube_event import Reason
from esddns.core.model import Answer, Failure, Family, IPAddress, Record
from esddns.core.outcome import Outcome
from esddns.core.plan import LEFT_ALONE, WRITES
from esddns.core.state import State
from esddns.shell.clock import Now
from esddns.shell.detect import Round
from esddns.shell.log import event
from esddns.shell.metrics import Metrics

_log = logging.getLogger("esddns")

_ERRORS_KEPT = 20

# Told what happened to a record (`Record.key`), or to the whole (None).
Tell = Callable[[Reason, str | None, str], None]


class Reporter:
    """Turns what happened into logs, metrics and the list of the last errors.

    What lasts is said when it begins, when it changes and when it ends, not at every pass. `tell` is called
    every time: who listens there brings together what is the same.
    """

    def __init__(self, metrics: Metrics, now: Now) -> None:
        self.metrics = metrics
        self._now = now
        self.tell: Tell = lambda _reason, _record, _text: None
        self._undecided: dict[Family, str] = {}
        self._last: dict[str, tuple[object, ...]] = {}
        self._credential_good: bool | None = None
        self.errors: deque[Trouble] = deque(maxlen=_ERRORS_KEPT)

    def answer(self, answer: Answer, seconds: float) -> None:
        """A source answered or failed."""
        self.metrics.answer(answer, seconds)
        if isinstance(answer, Failure):
            event(_log, logging.DEBUG, "source failed", source=answer.source,
                  reason=answer.reason, detail=answer.detail)  # fmt: skip

    def probe(self, family: Family, outcome: str) -> None:
        """A probe ended."""
        self.metrics.probe(family, outcome)

    def round(self, family: Family, result: Round, before: IPAddress | None) -> None:
        """A full round ended."""
        decision = result.decision
        self.metrics.round(family, decision, self._now().timestamp())
        if decision.address is not None:
            self.metrics.address(family, decision.address)
            if self._undecided.pop(family, None) is not None:
                event(_log, logging.INFO, "the sources agree again", family=family,
                      address=decision.address)  # fmt: skip
        if decision.status is Status.DECIDED:
            event(_log, logging.INFO, "address changed" if before else "address found",
                  family=family, before=before, after=decision.address,
                  agreed=",".join(decision.agreed))  # fmt: skip
            self.tell(Reason.ADDRESS_CHANGED, None,
                      f"{family}: {before or 'none'} -> {decision.address}, "
                      f"agreed by {', '.join(decision.agreed)}")  # fmt: skip
        elif decision.why is not None:
            known = self._undecided.get(family)
            self._undecided[family] = decision.why
            if known != decision.why:
                self._trouble(family, f"undecided ({decision.why}): {decision.detail}",
                              StandingReason.UNDECIDED)  # fmt: skip
                event(_log, logging.WARNING, "undecided; nothing is changed", family=family,
                      why=decision.why, detail=decision.detail)  # fmt: skip
            self.tell(Reason.DETECTION_UNDECIDED, None,
                      f"{family}: {decision.detail}; nothing is changed")  # fmt: skip

    def records(self, records: Sequence[Record], state: State) -> None:
        """These are kept, by this process or another, and this is known of them."""
        self.metrics.records(records, state)

    def fallback(self, reason: str) -> None:
        """This agent detects by itself: for its own view, or in solo mode."""
        self.metrics.fallbacks.labels(reason).inc()
        self.tell(Reason.FALLBACK_DETECTION, None,
                  f"the cache is {reason}: detecting for this node's own view" if reason != "solo"
                  else "the API server does not answer: this agent goes on by itself")  # fmt: skip

    def stale_cache(self, reason: str, problem: str | None) -> None:
        """The cache is of no use to this agent."""
        self.metrics.stale_caches.labels(reason).inc()
        event(_log, logging.WARNING, "the cache is stale; detecting for this node's own view",
              why=reason, problem=problem)  # fmt: skip

    def egress_differs(
        self, family: Family, before: IPAddress, after: IPAddress | None, *, confirmed: bool
    ) -> None:
        """The first decision of a new leader differs from the address that the one before left."""
        text = (
            f"this node's way out gives {after}, and the leader before had {before}: do nodes have "
            f"different ways out? Keep some from leading by their label"
        )
        self._trouble(family, text)
        event(_log, logging.WARNING, text, family=family, confirmed=confirmed)
        self.tell(Reason.EGRESS_DIFFERS, None, f"{family}: {text}")

    def outcome(self, outcome: Outcome, mode: str) -> None:
        """A pass over a record ended; `mode`: who may write."""
        self.metrics.outcome(outcome, self._now().timestamp(), mode)
        self._tell_of(outcome)
        record = outcome.record
        if outcome.wrote:
            event(_log, logging.INFO, "record repaired" if outcome.repaired else "record written",
                  record=record.key, action=outcome.action, before=outcome.observed,
                  after=outcome.desired)  # fmt: skip
            if outcome.adopted:
                event(_log, logging.WARNING, "another's value was replaced", record=record.key,
                      before=outcome.observed)  # fmt: skip
        if outcome.reason is ErrorReason.BLOCKED:
            return
        shown = (outcome.action, outcome.reason, outcome.contested, outcome.path_differs,
                 outcome.error if outcome.reason is None else None, bool(outcome.dns_trouble),
                 outcome.desired)  # fmt: skip
        before = self._last.get(record.key)
        self._last[record.key] = shown
        if shown == before:
            return
        if outcome.action in WRITES and not outcome.wrote and outcome.error is None:
            event(_log, logging.INFO, "dry run: the record would be written", record=record.key,
                  action=outcome.action, before=outcome.observed,
                  after=outcome.desired)  # fmt: skip
        if outcome.dns_trouble:
            text = f"no usable answer from the name servers, so the API is asked: {outcome.dns_trouble}"
            self._trouble(record.key, text)
            event(_log, logging.WARNING, text, record=record.key)
        if outcome.error is not None:
            self._trouble(record.key, outcome.error, reason_of(outcome))
            event(_log, logging.WARNING, "record left alone" if outcome.reason is None
                  else "record not written", record=record.key, action=outcome.action,
                  reason=outcome.reason, error=outcome.error)  # fmt: skip
        if outcome.path_differs:
            text = (
                "the name servers show something else than Gandi's API although it was not changed: "
                "is port 53 redirected, or the horizon split? The API is asked from now on"
            )
            self._trouble(record.key, text)
            event(_log, logging.WARNING, text, record=record.key)

    def removed(self, outcome: Outcome) -> None:
        """An attempt to remove a record that nobody wants any more ended."""
        self.metrics.failure(outcome)
        key = outcome.record.key
        if outcome.wrote:
            text = f"deleted at Gandi: it held {outcome.observed}"
            event(_log, logging.INFO, "record deleted", record=key, before=outcome.observed)
            self.tell(Reason.RECORD_DELETED, key, text)
        elif outcome.error is not None and outcome.reason is not ErrorReason.BLOCKED:
            event(_log, logging.WARNING, "record not deleted", record=key, error=outcome.error)
            if not outcome.in_sync:
                self._trouble(key, outcome.error, StandingReason.DELETION_WAITS)
                self.tell(Reason.RECORD_UPDATE_FAILED, key, f"not deleted: {outcome.error}")

    def _tell_of(self, outcome: Outcome) -> None:
        """Tell what a pass came to, whoever listens."""
        key, error = outcome.record.key, outcome.error or ""
        if outcome.wrote:
            reason = Reason.DRIFT_REPAIRED if outcome.repaired else Reason.RECORD_UPDATED
            before = outcome.observed or "nothing"
            self.tell(reason, key, f"{outcome.record.type}: {before} -> {outcome.desired}")
            if outcome.adopted:
                self.tell(Reason.RECORD_ADOPTED, key, outcome.adopted)
        if outcome.path_differs:
            self.tell(Reason.DNS_PATH_DIFFERS, key,
                      "name servers and API disagree for long; the API is believed")  # fmt: skip
        if outcome.contested:
            self.tell(Reason.CONTESTED, key, error)
        elif outcome.action in LEFT_ALONE:
            self.tell(Reason.RECORD_CONFLICT, key, error)
        if outcome.reason is ErrorReason.CREDENTIAL_MISSING:
            self.tell(Reason.CREDENTIAL_MISSING, None, error)
        elif outcome.reason is ErrorReason.UNAUTHORIZED or outcome.retry_at == math.inf:
            self.tell(Reason.CREDENTIAL_REJECTED, None, error)
        elif outcome.reason not in (None, ErrorReason.BLOCKED):
            self.tell(Reason.RECORD_UPDATE_FAILED, key, error)

    def end_of_term(self) -> None:
        """What only a leader knows is nobody's word any more."""
        self._credential_good = None
        self._last.clear()
        self.metrics.end_of_term()

    def check_failed(self, record: Record, error: ProviderError) -> None:
        """The token could not be tried, before there was an address to publish."""
        if error.reason is not ErrorReason.BLOCKED:
            self._trouble(record.key, str(error), REASON_OF_ERROR[error.reason])
            event(_log, logging.WARNING, "the token was tried in vain", record=record.key,
                  reason=error.reason, error=error)  # fmt: skip

    def converged(self, outcome: Outcome, seconds: float) -> None:
        """DNS shows what was decided `seconds` ago."""
        self.metrics.converged(seconds)
        event(_log, logging.INFO, "record in sync", record=outcome.record.key,
              value=outcome.desired, seconds=f"{seconds:.1f}")  # fmt: skip

    def credential(self, good: bool) -> None:
        """The provider took the token, or refused it."""
        if good:
            self.metrics.credential_good.set(self._now().timestamp())
        self.metrics.credential_rejected.set(not good)
        if good and self._credential_good is False:
            event(_log, logging.INFO, "the token is good again")
        if not good and self._credential_good is not False:
            text = "the token is missing or was refused; nothing is sent until it changes"
            self._trouble("token", text, StandingReason.CREDENTIAL_REJECTED)
            event(_log, logging.WARNING, text)
        self._credential_good = good

    @property
    def credential_good(self) -> bool | None:
        """Whether the provider took the token last; None before the first answer."""
        return self._credential_good

    def _trouble(self, subject: str, text: str, reason: StandingReason | None = None) -> None:
        self.errors.append(Trouble(self._now(), subject, text, reason))
