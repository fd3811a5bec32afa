"""What is told as Kubernetes Events, and when: news at once, what repeats counted.

A fault that lasts must not flood etcd: each reason of each object has an allowance, and what exceeds it is
counted in the Event that stands already.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

BURST = (
    5  # Events of one normal reason of one object that may differ before they are counted in one
)
_LONGEST_MESSAGE = 1024  # characters; API reference, Event v1 events.k8s.io, `note`
# The name of an Event is a DNS subdomain (RFC 1123), of which a dot and 16 hex digits are ours.
_LONGEST_OBJECT = 253 - 17
_COMPONENT = "esddns"


class Reason(enum.StrEnum):
    """Why an object is told something: a closed set, for people filter by it."""

    ADDRESS_CHANGED = "AddressChanged"
    RECORD_UPDATED = "RecordUpdated"
    RECORD_UPDATE_FAILED = "RecordUpdateFailed"
    LEADER_ELECTED = "LeaderElected"
    LEADER_YIELDED = "LeaderYielded"
    DETECTION_UNDECIDED = "DetectionUndecided"
    EGRESS_DIFFERS = "EgressDiffers"
    FALLBACK_DETECTION = "FallbackDetection"
    DRIFT_REPAIRED = "DriftRepaired"
    DNS_PATH_DIFFERS = "DNSPathDiffers"
    CREDENTIAL_REJECTED = "CredentialRejected"
    CREDENTIAL_MISSING = "CredentialMissing"
    RECORD_CONFLICT = "RecordConflict"
    CONTESTED = "Contested"
    RECORD_ADOPTED = "RecordAdopted"
    RECORD_DELETED = "RecordDeleted"
    CONFIGURATION_INVALID = "ConfigurationInvalid"
    CONFIGURATION_LOADED = "ConfigurationLoaded"
    CACHE_WRITE_FAILED = "CacheWriteFailed"

    @property
    def normal(self) -> bool:
        """Whether it tells of what should happen (type Normal); else nobody wants it (type Warning)."""
        return self in _NORMAL


_NORMAL = frozenset({
    Reason.ADDRESS_CHANGED, Reason.RECORD_UPDATED, Reason.LEADER_ELECTED, Reason.RECORD_ADOPTED,
    Reason.RECORD_DELETED, Reason.CONFIGURATION_LOADED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Regarding:
    """The object that an Event is about. `uid` empty: not known, so `kubectl describe` goes by the name."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A token bucket: `burst` at once, then one every `every` seconds. Times are monotonic seconds."""

    burst: int
    every: float
    full_at: float = -math.inf

    @property
    def ready_at(self) -> float:
        """When one more is allowed."""
        return self.full_at - (self.burst - 1) * self.every

    def spent(self, at: float) -> Allowance:
        """Take one."""
        return replace(self, full_at=max(self.full_at, at) + self.every)


@dataclass(frozen=True, slots=True)
class Tally:
    """What an Event says: its latest message, how often it happened, and when (time of day)."""

    message: str
    count: int
    first: datetime
    last: datetime

    def again(self, message: str, now: datetime) -> Tally:
        """It happened once more."""
        return replace(self, message=message, count=self.count + 1, last=now)


@dataclass(frozen=True, slots=True)
class Series:
    """One Event object, and whether it is to be written. Times are monotonic seconds.

    `standing`: the API server has it. `settled`: the tally that was written last, or given up. Its name is
    chosen before the first attempt, so that an attempt whose answer is lost makes no second Event.
    """

    name: str
    tally: Tally
    emitted_at: float
    due: float
    standing: bool = False
    settled: Tally | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is something to write."""
        return self.tally != self.settled

    @property
    def news(self) -> bool:
        """Whether its message was not written yet."""
        return self.settled is None or self.settled.message != self.tally.message


@dataclass(frozen=True, slots=True)
class Topic:
    """One reason of one object: what repeats is counted in the last of `series`, those before it only wait.

    However often it is emitted, no more is written than `allowance` gives. `pause`: seconds from one write
    to that of what repeats. Attempts that come to nothing do not use the allowance up.
    """

    allowance: Allowance
    pause: float
    series: tuple[Series, ...] = ()
    sent_at: float = -math.inf

    def emitted(self, message: str, name: str, now: datetime, at: float) -> Topic:
        """It happened. `name`: of the Event, if this becomes a new one."""
        if not self.series or self._deserves_its_own(message, at):
            before = tuple(one for one in self.series if one.news)
            new = Series(name, Tally(message, 1, now, now), emitted_at=at, due=at)
            return replace(self, allowance=self.allowance.spent(at), series=(*before, new))
        *before_it, last = self.series
        counted = replace(
            last,
            tally=last.tally.again(message, now),
            emitted_at=at,
            due=last.due if last.waiting else max(at, self.sent_at + self.pause),
        )
        return replace(self, series=(*before_it, counted))

    def _deserves_its_own(self, message: str, at: float) -> bool:
        if self.allowance.burst == 1 or self.allowance.ready_at > at:
            return False  # a warning stays one Event, with the latest of its messages
        # An Event that stands and waits to tell of another message already takes what comes until then.
        last = self.series[-1]
        if message == last.tally.message or (last.standing and last.news):
            return False
        return sum(one.waiting for one in self.series) < self.allowance.burst

    def answered(
        self, sent: Series, *, standing: bool, due: float, settled: Tally | None = None
    ) -> Topic:
        """Note what came of a write, beside what was emitted meanwhile; `settled` None: it is tried again."""
        # The first write of each Event was paid for when it was emitted.
        paid = settled is None or sent.settled is None
        return replace(
            self,
            allowance=self.allowance if paid else self.allowance.spent(self.sent_at),
            series=tuple(
                replace(one, standing=standing, due=due, settled=settled or one.settled)
                if one.name == sent.name
                else one
                for one in self.series
            ),
        )


def new_topic(reason: Reason, pause: float) -> Topic:
    """Give a topic that nothing was told of: only of what should happen the next message is news."""
    return Topic(Allowance(BURST if reason.normal else 1, pause), pause)


def event_name(regarding: Regarding, unique: int) -> str:
    """Name an Event as client-go does, after its object; `unique`: 64 random bits, not a time."""
    return f"{regarding.name[:_LONGEST_OBJECT].rstrip('-.')}.{unique:016x}"


def event_object(
    name: str, regarding: Regarding, reason: Reason, tally: Tally, pod: str
) -> dict[str, Any]:
    """Word a core/v1 Event with the fields that client-go's recorder writes."""
    involved = {
        "apiVersion": regarding.api_version,
        "kind": regarding.kind,
        "namespace": regarding.namespace,
        "name": regarding.name,
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": regarding.namespace},
        "involvedObject": involved | ({"uid": regarding.uid} if regarding.uid else {}),
        "reason": str(reason),
        "type": "Normal" if reason.normal else "Warning",
        "source": {"component": _COMPONENT, "host": pod},
        "firstTimestamp": _time(tally.first),
        "reportingComponent": _COMPONENT,
        "reportingInstance": pod,
        **event_patch(tally),
    }


def event_patch(tally: Tally) -> dict[str, Any]:
    """Word what changes in an Event that stands already."""
    text = tally.message
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[: _LONGEST_MESSAGE - 1]}…"
    return {"message": text, "count": tally.count, "lastTimestamp": _time(tally.last)}


def _time(at: datetime) -> str:
    """metav1.Time: whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
