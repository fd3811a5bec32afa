"""The status of a DNSRecord: read from the object, and made anew from how its RRsets stand.

Pure and idempotent: the same standings give an equal status whenever they come, so that nothing is
written to the API server without news.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from esddns.core.dnsrecord import Metadata
from esddns.core.dnsrecord_standing import Reason, Standing, Truth, worst
from esddns.core.model import RRset, RRType

READY, IN_SYNC = "Ready", "InSync"
NEVER_OBSERVED = -1  # as the CRD's default has it: before the first pass

_LONGEST_MESSAGE = 1024
_UNREADABLE = (AttributeError, KeyError, OverflowError, TypeError, ValueError)

# While the provider is not asked, what it last said is all that is known.
_SAID_BY_PROVIDER = {Reason.FORBIDDEN, Reason.RATE_LIMITED, Reason.UNAVAILABLE, Reason.UNEXPECTED}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `since` is when `status` last changed, in UTC to the second."""

    type: str
    status: Truth
    reason: str
    message: str
    observed_generation: int
    since: datetime


@dataclass(frozen=True, slots=True)
class RecordStatus:
    """What the object remembers. `published` are the RRsets that are ours, also of types no longer wanted."""

    observed_generation: int = NEVER_OBSERVED
    conditions: Mapping[str, Condition] = field(default_factory=lambda: MappingProxyType({}))
    published: Mapping[RRType, RRset] = field(default_factory=lambda: MappingProxyType({}))
    last_published: datetime | None = None
    zone: str | None = None
    last_reconcile: str | None = None


def status_of(
    metadata: Metadata,
    previous: RecordStatus,
    standings: Sequence[Standing],
    now: datetime,
    *,
    handled: str | None = None,
    forget: Collection[RRType] = (),
) -> dict[str, Any]:
    """Make the status of an object from how each of its RRsets stands, as the API takes it.

    `handled`: the reconcile annotation that this pass answers, None for none. `forget`: types that are no
    longer ours (deleted, or let go).
    """
    published = {t: rrset for t, rrset in previous.published.items() if t not in forget}
    published |= {s.type: s.published for s in standings if s.type and s.published}
    written = [s.published_at for s in standings if s.published_at]
    if previous.last_published:
        written.append(previous.last_published)
    ready, in_sync = _conditions(metadata, previous, standings, now)
    return to_json(
        RecordStatus(
            observed_generation=metadata.generation,
            conditions={READY: ready, IN_SYNC: in_sync},
            published=published,
            last_published=max(written, default=None),
            zone=next((s.zone for s in standings if s.zone), previous.zone),
            last_reconcile=previous.last_reconcile if handled is None else handled,
        )
    )


def _conditions(
    metadata: Metadata, previous: RecordStatus, standings: Sequence[Standing], now: datetime
) -> tuple[Condition, Condition]:
    reason = worst(standings)
    text, message = str(reason), _message(standings)
    before = previous.conditions.get(READY)
    if reason is Reason.BACKING_OFF and before and before.reason in _SAID_BY_PROVIDER:
        text, message = before.reason, before.message
    found = {s.in_sync for s in standings} or {Truth.UNKNOWN}
    in_sync = next(t for t in (Truth.FALSE, Truth.UNKNOWN, Truth.TRUE) if t in found)

    def condition(kind: str, status: Truth) -> Condition:
        old = previous.conditions.get(kind)
        since = old.since if old and old.status is status else now
        return Condition(kind, status, text, message, metadata.generation, _seconds(since))

    return condition(READY, reason.ready), condition(IN_SYNC, in_sync)


def _message(standings: Sequence[Standing]) -> str:
    """What is said of each type, the worst first; what is said of all is said once."""
    order = list(Reason)
    ranked = sorted(standings, key=lambda s: (order.index(s.reason), s.type or "", s.message))
    if len({s.message for s in ranked}) == 1:
        ranked = ranked[:1]
    one = len(ranked) == 1
    said = (s.message if one or not s.type else f"{s.type}: {s.message}" for s in ranked)
    text = "; ".join(said) or "not looked at yet"
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 1]}…"


def to_json(status: RecordStatus) -> dict[str, Any]:
    """Give a status as the API takes it; what is not known is left out."""
    published = [(t, status.published[t]) for t in RRType if t in status.published]
    data = {
        "observedGeneration": status.observed_generation,
        "conditions": [
            {
                "type": condition.type,
                "status": str(condition.status),
                "reason": condition.reason,
                "message": condition.message,
                "observedGeneration": condition.observed_generation,
                "lastTransitionTime": _format(condition.since),
            }
            for condition in status.conditions.values()
        ],
        "publishedValues": [value for _, rrset in published for value in sorted(rrset.values)],
        "published": [
            {"type": str(t), "values": sorted(rrset.values), "ttl": rrset.ttl}
            for t, rrset in published
        ],
        "lastPublishedTime": status.last_published and _format(status.last_published),
        "zone": status.zone,
        "lastHandledReconcile": status.last_reconcile,
    }
    return {key: value for key, value in data.items() if value is not None}


def read_status(data: Any) -> RecordStatus:
    """Read an object's `status`. A part that is damaged is as if it were not there: it is made anew."""
    status = data if isinstance(data, Mapping) else {}
    generation = status.get("observedGeneration")
    conditions = filter(None, map(_condition, _list(status.get("conditions"))))
    published = filter(None, map(_published, _list(status.get("published"))))
    return RecordStatus(
        observed_generation=generation if type(generation) is int else NEVER_OBSERVED,
        conditions={condition.type: condition for condition in conditions},
        published=dict(published),
        last_published=_time(status.get("lastPublishedTime")),
        zone=_text(status.get("zone")),
        last_reconcile=_text(status.get("lastHandledReconcile")),
    )


def _condition(data: Any) -> Condition | None:
    try:
        since = _time(data["lastTransitionTime"])
        texts = [data[key] for key in ("type", "reason", "message")]
        if since is None or not all(isinstance(text, str) for text in texts):
            return None
        kind, reason, message = texts
        generation = int(data["observedGeneration"])
        return Condition(kind, Truth(data["status"]), reason, message, generation, since)
    except _UNREADABLE:
        return None


def _published(data: Any) -> tuple[RRType, RRset] | None:
    try:
        values = data["values"]
        if not isinstance(values, list) or not values or type(data["ttl"]) is not int:
            return None
        if not all(isinstance(value, str) for value in values):
            return None
        rrtype = RRType(data["type"])
        return rrtype, RRset.of(rrtype, values, data["ttl"])
    except _UNREADABLE:
        return None


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _text(data: Any) -> str | None:
    return data if isinstance(data, str) and data else None


def _time(data: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(data)
        return at.astimezone(UTC) if at.tzinfo else None
    except _UNREADABLE:
        return None


def _seconds(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _format(at: datetime) -> str:
    """RFC 3339 to the second, as the API server writes its own times."""
    return _seconds(at).isoformat().replace("+00:00", "Z")
