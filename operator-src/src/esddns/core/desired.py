"""All that is to be kept, of dns.ini and of every DNSRecord: who keeps what, and where values come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from esddns.core.claims import Claims, ObjectId, claims, forbidden
from esddns.core.dnsrecord import (
    DeletionPolicy,
    DnsRecord,
    InvalidDnsRecordError,
    Metadata,
    ServiceRef,
    Static,
)
from esddns.core.dnsrecord_status import RecordStatus
from esddns.core.model import Record, RRType
from esddns.core.target import Removal, Target, Values, Wan

# What an object says, or why that cannot be used.
Read = DnsRecord | InvalidDnsRecordError

# What the Service gives a record of that type now.
ServiceValues = Callable[[ServiceRef, RRType], Values]

# Whether something of ours may stand there, by `Record.key`, though no status says so yet.
MayHold = Callable[[str], bool]

# Why the WAN gives nothing to a record of that type, whatever is detected; None where it does.
WanProblem = Callable[[Wan, RRType], str | None]


@dataclass(frozen=True, slots=True)
class Known:
    """One object: what it says, and what its status remembers."""

    read: Read
    status: RecordStatus

    @property
    def metadata(self) -> Metadata | None:
        """What is known of the object itself; None where even that is wrong."""
        return self.read if isinstance(self.read, Metadata) else self.read.metadata


@dataclass(frozen=True, slots=True)
class Desired:
    """Every target; who won which claim; and whose removal each `Record.key` is."""

    targets: tuple[Target, ...]
    claims: Claims
    removals: Mapping[str, ObjectId]


def desired(
    file_records: Iterable[Record],
    objects: Iterable[Known],
    services: ServiceValues,
    wan_problem: WanProblem,
    may_hold: MayHold,
    *,
    home: str,
    allowed: Mapping[str, frozenset[str]],
) -> Desired:
    """Put everything together. The order of the objects does not matter.

    `home` and `allowed` are as in `claims`. A suspended object holds its claims, and nobody touches them.
    What is to be deleted with its object is not made before the object waits for that: its finalizer.
    """
    records, known = tuple(file_records), sorted(objects, key=_order)
    sound = [o.read for o in known if isinstance(o.read, DnsRecord) and not o.read.deleting]
    decided = claims(records, sound, home=home, allowed=allowed)
    targets = [Target(record) for record in records]
    removals: dict[str, ObjectId] = {}
    for one in known:
        read, status = one.read, one.status
        if not isinstance(read, DnsRecord) or read.suspend:
            continue
        awaits_finalizer = (
            read.deletion is DeletionPolicy.DELETE
            and not read.has_finalizer
            and not status.published
        )
        if not read.deleting and not awaits_finalizer:
            targets += (
                Target(
                    record,
                    _source(read, record.type, services, wan_problem),
                    status.published.get(record.type),
                    status.zone,
                )
                for record in decided.kept_by(read)
            )
        if forbidden(read, home, allowed) is not None:
            continue  # what it may not name it may not delete, whatever its status says
        for target in _leaving(read, status, decided, services, wan_problem, may_hold):
            if target.record.key not in removals:
                removals[target.record.key] = read.id
                targets.append(target)
    return Desired(tuple(targets), decided, removals)


def _order(one: Known) -> tuple[str, str]:
    return one.metadata.id if one.metadata else ("", "")


def _source(
    record: DnsRecord, rrtype: RRType, services: ServiceValues, wan_problem: WanProblem
) -> Wan | Values:
    match record.source:
        case ServiceRef():
            return _not_itself(record, services(record.source, rrtype))
        case Static():
            return Values(record.source.of(rrtype))
        case Wan() if not rrtype.is_address:  # of a type that was dropped
            return Values(None, f"the WAN gives no {rrtype}")
        case Wan():
            problem = wan_problem(record.source, rrtype)
            return record.source if problem is None else Values(None, problem)


def _not_itself(record: DnsRecord, given: Values) -> Values:
    if given.values != frozenset({f"{record.fqdn}."}):
        return given
    why = f"the host name of Service {record.source} is {record.fqdn} itself: use types: [A]"
    return Values(None, why)


def _leaving(
    record: DnsRecord,
    status: RecordStatus,
    decided: Claims,
    services: ServiceValues,
    wan_problem: WanProblem,
    may_hold: MayHold,
) -> Iterable[Target]:
    """What is to be deleted: of a deleted object all that it published, else the types that it dropped.

    What another keeps by now is the other's.
    """
    if record.deletion is not DeletionPolicy.DELETE or not record.has_finalizer or record.release:
        return
    for rrtype in RRType:
        gone = Record(record.fqdn, rrtype, record.ttl, record.zone)
        rrset = status.published.get(rrtype)
        if rrset is None and not may_hold(gone.key):
            continue
        if (record.deleting or rrtype not in record.types) and gone.key not in decided.winners:
            source = _source(record, rrtype, services, wan_problem)
            yield Target(gone, Removal(source, record.uid), rrset, status.zone)
