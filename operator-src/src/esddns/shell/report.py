"""Tells people and Prometheus what happened: one log line for each event that somebody would act on."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from esddns.core.decide import Status
from esddns.core.errors import ErrorReason, ProviderError
from esddns.core.model import Answer, Failure, Family, IPAddress, Record
from esddns.core.outcome import Outcome
from esddns.core.plan import WRITES
from esddns.shell.clock import Now
from esddns.shell.detect import Round
from esddns.shell.log import event
from esddns.shell.metrics import Metrics

_log = logging.getLogger("esddns")

_ERRORS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong, in plain words; `subject` is a family, a record or the token."""

    at: datetime
    subject: str
    text: str


class Reporter:
    """Turns what happened into logs, metrics and the list of the last errors.

    What lasts is said when it begins, when it changes and when it ends, not at every pass.
    """

    def __init__(self, metrics: Metrics, now: Now) -> None:
        self._metrics = metrics
        self._now = now
        self._undecided: dict[Family, str] = {}
        self._last: dict[str, tuple[object, ...]] = {}
        self._credential_good: bool | None = None
        self.errors: deque[Trouble] = deque(maxlen=_ERRORS_KEPT)

    def answer(self, answer: Answer, seconds: float) -> None:
        """A source answered or failed."""
        self._metrics.answer(answer, seconds)
        if isinstance(answer, Failure):
            event(_log, logging.DEBUG, "source failed", source=answer.source,
                  reason=answer.reason, detail=answer.detail)  # fmt: skip

    def probe(self, family: Family, outcome: str) -> None:
        """A probe ended."""
        self._metrics.probe(family, outcome)

    def round(self, family: Family, result: Round, before: IPAddress | None) -> None:
        """A full round ended."""
        decision = result.decision
        self._metrics.round(family, decision, self._now().timestamp())
        if decision.address is not None:
            self._metrics.address(family, decision.address)
            if self._undecided.pop(family, None) is not None:
                event(_log, logging.INFO, "the sources agree again", family=family,
                      address=decision.address)  # fmt: skip
        if decision.status is Status.DECIDED:
            event(_log, logging.INFO, "address changed" if before else "address found",
                  family=family, before=before, after=decision.address,
                  agreed=",".join(decision.agreed))  # fmt: skip
        elif decision.why is not None:
            known = self._undecided.get(family)
            self._undecided[family] = decision.why
            if known != decision.why:
                self._trouble(family, f"undecided ({decision.why}): {decision.detail}")
                event(_log, logging.WARNING, "undecided; nothing is changed", family=family,
                      why=decision.why, detail=decision.detail)  # fmt: skip

    def fallback(self, reason: str) -> None:
        """This agent detects by itself: for its own view, or in solo mode."""
        self._metrics.fallbacks.labels(reason).inc()

    def stale_cache(self, reason: str, problem: str | None) -> None:
        """The cache is of no use to this agent."""
        self._metrics.stale_caches.labels(reason).inc()
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

    def outcome(self, outcome: Outcome) -> None:
        """A pass over a record ended."""
        self._metrics.outcome(outcome, self._now().timestamp())
        record = outcome.record
        if outcome.wrote:
            event(_log, logging.INFO, "record repaired" if outcome.repaired else "record written",
                  record=record.key, action=outcome.action, before=outcome.observed,
                  after=outcome.desired)  # fmt: skip
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
            self._trouble(record.key, outcome.error)
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

    def check_failed(self, record: Record, error: ProviderError) -> None:
        """The token could not be tried, before there was an address to publish."""
        if error.reason is not ErrorReason.BLOCKED:
            self._trouble(record.key, str(error))
            event(_log, logging.WARNING, "the token was tried in vain", record=record.key,
                  reason=error.reason, error=error)  # fmt: skip

    def converged(self, outcome: Outcome, seconds: float) -> None:
        """DNS shows what was decided `seconds` ago."""
        self._metrics.converged(seconds)
        event(_log, logging.INFO, "record in sync", record=outcome.record.key,
              value=outcome.desired, seconds=f"{seconds:.1f}")  # fmt: skip

    def credential(self, good: bool) -> None:
        """The provider took the token, or refused it."""
        if good:
            self._metrics.credential_good.set(self._now().timestamp())
        self._metrics.credential_rejected.set(not good)
        if good and self._credential_good is False:
            event(_log, logging.INFO, "the token is good again")
        if not good and self._credential_good is not False:
            text = "the token is missing or was refused; nothing is sent until it changes"
            self._trouble("token", text)
            event(_log, logging.WARNING, text)
        self._credential_good = good

    @property
    def credential_good(self) -> bool | None:
        """Whether the provider took the token last; None before the first answer."""
        return self._credential_good

    def _trouble(self, subject: str, text: str) -> None:
        self.errors.append(Trouble(self._now(), subject, text))
