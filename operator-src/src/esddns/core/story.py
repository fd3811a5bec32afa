"""What is told of a DNSRecord in its status: how each of its RRsets stands, from all that is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from esddns.core.claims import Claims
from esddns.core.dnsrecord import DeletionPolicy, DnsRecord, InvalidDnsRecordError, ServiceRef
from esddns.core.dnsrecord_standing import (
    Reason,
    Standing,
    deletion_waits,
    invalid,
    refused,
    standing,
    suspended,
    unknown,
)
from esddns.core.model import RRType
from esddns.core.outcome import Outcome
from esddns.core.state import RecordState


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the keeping of one RRset is: `known` False: what it should hold is not known at all.

    `doubt` says why what is known may not hold any more, for long enough to be told; `leaves`: it is to be
    removed.
    """

    known: bool
    doubt: str
    outcome: Outcome | None
    leaves: bool = False


# What is known of an RRset by `Record.key`; None: nobody keeps it now.
ProgressOf = Callable[[str], Progress | None]
StateOf = Callable[[str], RecordState]


def story(
    record: DnsRecord | InvalidDnsRecordError,
    claims: Claims,
    progress: ProgressOf,
    state: StateOf,
) -> list[Standing]:
    """Say how the RRsets of one object stand, and those that it dropped and that are not deleted yet."""
    if isinstance(record, InvalidDnsRecordError):
        metadata = record.metadata
        if metadata is not None and metadata.deleting:
            return [deletion_waits(metadata, "; ".join(record.problems))]
        return [invalid(record)]
    if record.deleting:
        return [
            deletion_waits(record, _why(found))
            for rrtype in RRType
            if (found := progress(f"{record.fqdn}/{rrtype}")) is not None and found.leaves
        ]
    if record.suspend:
        return [suspended(record)]
    return [*_kept(record, claims, progress, state), *_leaving(record, progress)]


def _why(found: Progress) -> str:
    return (found.outcome.error if found.outcome else None) or "it was not asked for yet"


def _kept(
    record: DnsRecord, claims: Claims, progress: ProgressOf, state: StateOf
) -> Iterator[Standing]:
    no_finalizer = record.deletion is DeletionPolicy.DELETE and not record.has_finalizer
    refusals = {refusal.type: refusal for refusal in claims.refused(record)}
    for wanted in record.records:
        if (refusal := refusals.get(wanted.type)) is not None:
            yield refused(refusal)
            continue
        found = progress(wanted.key)
        if no_finalizer or found is None or found.leaves:
            why = "the finalizer is to be added first" if no_finalizer else "not looked at yet"
            yield unknown(wanted.type, Reason.WAITING, why)
        else:
            of_service = isinstance(record.source, ServiceRef)
            yield kept(wanted.type, found, state(wanted.key), of_service=of_service)


def kept(rrtype: RRType, found: Progress, state: RecordState, *, of_service: bool) -> Standing:
    """Say how one RRset stands that somebody keeps."""
    if found.doubt:
        reason = Reason.SOURCE_UNKNOWN if of_service else Reason.UNDECIDED
        return unknown(rrtype, reason, found.doubt)
    if not found.known:
        return unknown(rrtype, Reason.WAITING, "what it should hold is not known yet")
    if found.outcome is None:
        return unknown(rrtype, Reason.WAITING, "not compared yet")
    return standing(found.outcome, state)


def _leaving(record: DnsRecord, progress: ProgressOf) -> Iterator[Standing]:
    for rrtype in RRType:
        found = progress(f"{record.fqdn}/{rrtype}")
        if rrtype not in record.types and found is not None and found.leaves:
            message = f"no longer wanted, and not deleted at Gandi yet: {_why(found)}"
            yield Standing(Reason.DELETION_WAITS, message, type=rrtype)
