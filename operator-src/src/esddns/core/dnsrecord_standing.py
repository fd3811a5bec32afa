"""How one RRset of a DNSRecord stands: the word for programs, the sentence for people."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from esddns.core.claims import Refusal, Refused
from esddns.core.dnsrecord import RELEASE_ANNOTATION, DnsRecord, InvalidDnsRecordError, Metadata
from esddns.core.errors import ErrorReason
from esddns.core.model import RRset, RRType
from esddns.core.outcome import Outcome
from esddns.core.plan import WRITES, Action
from esddns.core.state import RecordState


class Truth(enum.StrEnum):
    """The status of a condition. Unknown is not a value: nothing is changed for it."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(enum.StrEnum):
    """Why a record is Ready or not, the one that a person has to see first on top.

    A closed set: alerts, dashboards and health checks refer to it.
    """

    INVALID_SPEC = "InvalidSpec"
    DELETION_WAITS = "DeletionWaits"
    SUSPENDED = "Suspended"
    DOMAIN_NOT_ALLOWED = "DomainNotAllowed"
    SERVICE_NOT_ALLOWED = "ServiceNotAllowed"
    CLAIMED = "ClaimedByAnother"
    CREDENTIAL_MISSING = "CredentialMissing"
    CREDENTIAL_REJECTED = "CredentialRejected"
    FORBIDDEN = "ZoneForbidden"
    NO_SUCH_ZONE = "NoSuchZone"
    REJECTED = "RejectedByProvider"
    CONFLICT = "Conflict"
    CONTESTED = "Contested"
    DRIFT_REPORTED = "DriftReported"
    RATE_LIMITED = "RateLimited"
    UNAVAILABLE = "ProviderUnavailable"
    UNEXPECTED = "UnexpectedReply"
    BACKING_OFF = "BackingOff"
    DRY_RUN = "DryRun"
    UNDECIDED = "Undecided"  # no quorum: the last good address stands
    SOURCE_UNKNOWN = "SourceUnknown"  # the Service is gone, or has no address: the last one stands
    WAITING = "Waiting"  # it will be looked at, or written, by and by
    PUBLISHED = "Published"

    @property
    def ready(self) -> Truth:
        """What it makes of the condition Ready."""
        if self is Reason.PUBLISHED:
            return Truth.TRUE
        return Truth.UNKNOWN if self in _NOT_KNOWN else Truth.FALSE


_NOT_KNOWN = {Reason.SUSPENDED, Reason.UNDECIDED, Reason.SOURCE_UNKNOWN, Reason.WAITING}

REASON_OF_ERROR = {
    ErrorReason.CREDENTIAL_MISSING: Reason.CREDENTIAL_MISSING,
    ErrorReason.UNAUTHORIZED: Reason.CREDENTIAL_REJECTED,
    ErrorReason.FORBIDDEN: Reason.FORBIDDEN,
    ErrorReason.NO_SUCH_ZONE: Reason.NO_SUCH_ZONE,
    ErrorReason.INVALID: Reason.REJECTED,
    ErrorReason.RATE_LIMITED: Reason.RATE_LIMITED,
    ErrorReason.UNAVAILABLE: Reason.UNAVAILABLE,
    ErrorReason.UNEXPECTED: Reason.UNEXPECTED,
    ErrorReason.BLOCKED: Reason.BACKING_OFF,
}

_REASON_OF_REFUSAL = {
    Refused.CLAIMED: Reason.CLAIMED,
    Refused.DOMAIN: Reason.DOMAIN_NOT_ALLOWED,
    Refused.SERVICE: Reason.SERVICE_NOT_ALLOWED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one RRset stands; `type` None: said of the record as a whole.

    `published` is what stands there by our doing, None where nothing new is known of it; `published_at`
    when the provider last answered 201.
    """

    reason: Reason
    message: str
    in_sync: Truth = Truth.UNKNOWN
    type: RRType | None = None
    zone: str | None = None
    published: RRset | None = None
    published_at: datetime | None = None


def standing(outcome: Outcome, state: RecordState) -> Standing:
    """Say what a pass over one RRset came to; `state` is what is remembered after it."""
    reason = reason_of(outcome)
    return Standing(
        reason=reason,
        message=_message(outcome, reason),
        in_sync=_in_sync(outcome, state),
        type=outcome.record.type,
        zone=outcome.zone,
        published=state.ours,
        published_at=state.last_write.at if state.last_write else None,
    )


def reason_of(outcome: Outcome) -> Reason:  # noqa: PLR0911  # a table of rules: the first that fits
    """Say in a word what a pass came to."""
    if outcome.reason is ErrorReason.BLOCKED and outcome.retry_at == math.inf:
        return Reason.CREDENTIAL_REJECTED
    if outcome.reason is not None:
        return REASON_OF_ERROR[outcome.reason]
    if outcome.contested:
        return Reason.CONTESTED
    if outcome.action is Action.CONFLICT:
        return Reason.CONFLICT
    if outcome.action is Action.REPORT:
        return Reason.DRIFT_REPORTED
    if outcome.in_sync:
        return Reason.PUBLISHED
    return Reason.DRY_RUN if outcome.action in WRITES else Reason.WAITING


def _message(outcome: Outcome, reason: Reason) -> str:
    if outcome.error:
        return outcome.error
    if reason is Reason.DRY_RUN:
        return (
            f"dry-run: it holds {outcome.observed or 'nothing'}, {outcome.desired} would be written"
        )
    if reason is Reason.WAITING:
        return f"not compared yet, wanted: {outcome.desired}"
    later = ", the name servers do not show it yet" if outcome.awaiting_dns else ""
    if outcome.path_differs:
        later = ", though DNS shows something else for long: Gandi's API is believed"
    return f"{outcome.desired}{later}"


def _in_sync(outcome: Outcome, state: RecordState) -> Truth:
    """An error leaves it unknown, unless we know that we have not written what is wanted."""
    if outcome.in_sync:
        return Truth.TRUE
    seen = outcome.observed is not None or outcome.action not in {Action.NONE, Action.ERROR}
    changed = state.ours is not None and outcome.desired not in {None, *state.may_hold}
    return Truth.FALSE if seen or changed else Truth.UNKNOWN


def suspended(record: DnsRecord) -> Standing:
    """Nobody looks at the record, so nobody knows how it stands."""
    return Standing(
        Reason.SUSPENDED,
        f"spec.suspend is true: {record.fqdn} is left alone, and nobody else may claim it",
    )


def invalid(error: InvalidDnsRecordError) -> Standing:
    """The object does not fit; nothing is done about it until it does."""
    return Standing(Reason.INVALID_SPEC, "; ".join(error.problems))


def refused(refusal: Refusal) -> Standing:
    """Another keeps this RRset, or the object may not name it."""
    return Standing(_REASON_OF_REFUSAL[refusal.why], refusal.message, type=refusal.type)


def unknown(rrtype: RRType, reason: Reason, why: str) -> Standing:
    """What the RRset should hold is not known now (UNDECIDED, SOURCE_UNKNOWN, WAITING)."""
    return Standing(reason, f"{why}; what was published last stands", type=rrtype)


def deletion_waits(metadata: Metadata, why: str) -> Standing:
    """The record at Gandi could not be deleted yet, so the object stays; says how to let it go."""
    release = (
        f"kubectl annotate dnsrec -n {metadata.namespace} {metadata.name} {RELEASE_ANNOTATION}=true"
    )
    return Standing(
        Reason.DELETION_WAITS,
        f"not deleted at Gandi yet: {why}; to let the object go and leave the record there: {release}",
    )


def worst(standings: Sequence[Standing]) -> Reason:
    """The reason that a person has to see first; WAITING where there is none."""
    order = list(Reason)
    return min((s.reason for s in standings), key=order.index, default=Reason.WAITING)
