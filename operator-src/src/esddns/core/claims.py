"""Who keeps which RRset, where several want the same one (rule 7 of the design).

dns.ini comes before any DNSRecord, then the older one, then by namespace and name. A name has one claim for
each type: where two zones of the account could hold it, DNS shows the one only.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from esddns.core.dnsrecord import DnsRecord, ServiceRef
from esddns.core.model import Record, RRType
from esddns.core.names import is_within

Claimant = Record | DnsRecord
ObjectId = tuple[str, str]  # namespace, name


class Refused(enum.StrEnum):
    """Why a DNSRecord does not keep an RRset that it names."""

    CLAIMED = "claimed"
    DOMAIN = "domain"  # not of those that the allow-list gives its namespace
    SERVICE = "service"  # of another namespace


@dataclass(frozen=True, slots=True)
class Refusal:
    """One RRset that a DNSRecord does not keep; the message names the winner, or what to do."""

    type: RRType
    why: Refused
    message: str


@dataclass(frozen=True, slots=True)
class Claims:
    """The outcome: who keeps what, by `Record.key`, and what each object was refused."""

    winners: Mapping[str, Claimant]
    refusals: Mapping[ObjectId, tuple[Refusal, ...]]

    def kept_by(self, record: DnsRecord) -> tuple[Record, ...]:
        """The RRsets that this object keeps."""
        return tuple(r for r in record.records if _same(self.winners.get(r.key), record))

    def refused(self, record: DnsRecord) -> tuple[Refusal, ...]:
        """What this object was refused."""
        return self.refusals.get(record.id, ())


def claims(
    file_records: Iterable[Record],
    objects: Iterable[DnsRecord],
    *,
    home: str,
    allowed: Mapping[str, frozenset[str]],
) -> Claims:
    """Decide every claim; the order of the input does not matter.

    `home` is the operator's namespace, whose objects may name any domain and Service. `allowed`: the
    domains (normalised) that another namespace may name, and all below them; none by default.
    """
    winners: dict[str, Claimant] = {}
    at_name: dict[str, dict[RRType, Claimant]] = {}
    refusals: dict[ObjectId, tuple[Refusal, ...]] = {}

    def take(record: Record, claimant: Claimant) -> Claimant | None:
        """Give the claim, or say who has it."""
        taken = at_name.setdefault(record.fqdn, {})
        if (other := _in_the_way(record.type, taken)) is not None:
            return other
        taken[record.type] = winners[record.key] = claimant
        return None

    for record in file_records:
        take(record, record)
    for candidate in sorted(objects, key=lambda o: (o.created, o.id)):
        if (why := forbidden(candidate, home, allowed)) is not None:
            refused = [Refusal(rrtype, *why) for rrtype in candidate.types]
        else:
            refused = [
                _lost(record, winner)
                for record in candidate.records
                if (winner := take(record, candidate)) is not None
            ]
        if refused:
            refusals[candidate.id] = tuple(refused)
    return Claims(winners, refusals)


def _in_the_way(rrtype: RRType, taken: Mapping[RRType, Claimant]) -> Claimant | None:
    """Who has this type at the name already, or one that it cannot stand beside.

    A CNAME stands alone (RFC 1034 3.6.2), and an ALIAS gives addresses of its own.
    """
    for other in (rrtype, *RRType):  # in one order, so that the message is always the same
        stand_together = other is not rrtype and other.is_address and rrtype.is_address
        if other in taken and not stand_together:
            return taken[other]
    return None


def forbidden(
    record: DnsRecord, home: str, allowed: Mapping[str, frozenset[str]]
) -> tuple[Refused, str] | None:
    """Say why an object may not name what it names; None where it may."""
    if record.namespace == home:
        return None
    domains = sorted(allowed.get(record.namespace, ()))
    if not any(is_within(record.fqdn, domain) for domain in domains):
        message = (
            f"namespace {record.namespace} may not name {record.fqdn}, allowed: "
            f"{', '.join(domains) or 'nothing'}: add the domain to the operator's allow-list, or create "
            f"the DNSRecord in namespace {home}"
        )
        return Refused.DOMAIN, message
    source = record.source
    if isinstance(source, ServiceRef) and source.namespace != record.namespace:
        message = (
            f"Service {source} is not in namespace {record.namespace}, and outside namespace {home} a "
            f"DNSRecord may name only Services of its own: create the DNSRecord in {source.namespace}"
        )
        return Refused.SERVICE, message
    return None


def _lost(record: Record, winner: Claimant) -> Refusal:
    who = f"{winner}" if isinstance(winner, DnsRecord) else f"dns.ini ({winner.key})"
    message = f"{record.key} is kept by {who}: delete one of the two"
    return Refusal(record.type, Refused.CLAIMED, message)


def _same(winner: Claimant | None, record: DnsRecord) -> bool:
    return isinstance(winner, DnsRecord) and winner.id == record.id
