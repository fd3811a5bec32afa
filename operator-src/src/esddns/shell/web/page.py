"""What the page says: every sentence and number on it, made of the site. The template only lays it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from esddns.core.advice import advice_for
from esddns.core.agent import AgentState, KeptRecord, Witness
from esddns.core.dnsrecord_standing import Reason
from esddns.core.model import RRset
from esddns.core.site import Report, SiteState, is_fresh, leads
from esddns.core.site_verdict import (
    Level,
    Problem,
    Verdict,
    advice_of,
    judge_site,
    level_of,
    text_of,
    words_of,
)
from esddns.shell.web.picture import Picture, draw
from esddns.shell.web.words import ago, clock, lasting, sentence

MOST_RECORDS = 200  # on the page; `/raw` has all

_PILLS = {
    Level.IN_SYNC: "In sync",
    Level.UPDATING: "Updating",
    Level.UNDECIDED: "Undecided",
    Level.CONFLICT: "Conflict",
    Level.FAILING: "Not in sync",
    Level.DRY_RUN: "Dry run",
}


@dataclass(frozen=True, slots=True)
class When:
    """A point in time: for programs, for people, and how long ago."""

    iso: str
    words: str
    age: str
    lasting: str


@dataclass(frozen=True, slots=True)
class AddressCard:
    """One family. `address` is empty where none is known."""

    family: str
    address: str
    since: When | None
    agreed: tuple[str, ...]
    checked: When | None
    undecided: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record, or an object that has none."""

    name: str
    type: str
    owner: str
    level: str
    pill: str
    desired: tuple[str, ...]
    ttl: str
    dns: tuple[str, ...]
    dns_note: str
    in_sync: When | None
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent."""

    name: str
    where: str
    version: str
    role: str
    report: When | None
    answers: bool
    note: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of an address."""

    family: str
    before: str
    after: str
    at: When


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One of the last errors."""

    subject: str
    text: str
    advice: str
    agent: str
    at: When


@dataclass(frozen=True, slots=True)
class Page:
    """All of it. `as_of`: when it was so, where nobody can say whether it still is."""

    verdict: Verdict
    text: str
    as_of: When | None
    also: tuple[Problem, ...]
    addresses: tuple[AddressCard, ...]
    records: tuple[RecordRow, ...]
    records_beyond: int
    agents: tuple[AgentRow, ...]
    agents_beyond: int
    picture: Picture | None
    changes: tuple[ChangeRow, ...]
    errors: tuple[ErrorRow, ...]
    now: When
    asked: When
    dry_run: bool


def make_page(site: SiteState, asked: datetime, now: datetime) -> Page:
    """Say it. `asked`: when the agents were last asked."""
    verdict, state = judge_site(site, now), site.state
    records = state.records if state else ()
    changes = state.changes if state else ()
    return Page(
        verdict=verdict,
        text=sentence(verdict.text),
        as_of=_maybe(site.stale_since, now),
        also=verdict.problems if verdict.level is Level.STALE else verdict.problems[1:],
        addresses=_addresses(state, now) if state else (),
        records=tuple(_record(record, now) for record in records[:MOST_RECORDS]),
        records_beyond=len(records[MOST_RECORDS:]) + (state.records_beyond if state else 0),
        agents=tuple(_agent(report, now) for report in site.reports),
        agents_beyond=site.beyond,
        picture=draw(changes, now, site.stale_since),
        changes=tuple(
            ChangeRow(words_of(c.family), str(c.before or "none"), str(c.after), _when(c.at, now))
            for c in sorted(changes, key=lambda c: c.at, reverse=True)
        ),
        errors=tuple(
            ErrorRow(
                subject=words_of(one.subject),
                text=sentence(one.text),
                advice=advice_for(one.reason),
                agent=agent,
                at=_when(one.at, now),
            )
            for agent, one in site.errors
        ),
        now=_when(now, now),
        asked=_when(asked, now),
        dry_run=bool(state and state.dry_run),
    )


def _when(at: datetime, now: datetime) -> When:
    return When(at.isoformat(timespec="seconds"), clock(at), ago(at, now), lasting(at, now))


def _maybe(at: datetime | None, now: datetime) -> When | None:
    return _when(at, now) if at else None


def _addresses(state: AgentState, now: datetime) -> tuple[AddressCard, ...]:
    cards = []
    for family, address, seen in state.families:
        witnesses = tuple(map(_witness, seen.witnesses)) if seen and seen.decided else ()
        cards.append(
            AddressCard(
                family=words_of(family),
                address=str(address.address) if address else "",
                since=_maybe(address.since if address else None, now),
                agreed=witnesses or (address.agreed if address else ()),
                checked=_maybe(seen.at if seen else state.checked_at, now),
                undecided=seen.detail if seen and not seen.decided else "",
            )
        )
    return tuple(cards)


def _witness(witness: Witness) -> str:
    """A source and who runs it; one name where they are called the same."""
    if witness.source.lower() == witness.operator.lower():
        return witness.source
    return f"{witness.source} ({witness.operator})"


def _record(record: KeptRecord, now: datetime) -> RecordRow:
    level = level_of(record)
    wanted = record.desired or record.ours
    dns, note = _dns(record, now)
    suspended = record.reason is Reason.SUSPENDED
    well = level is Level.IN_SYNC and not suspended
    return RecordRow(
        name=record.fqdn or record.object,
        type=record.type,
        owner=_owner(record),
        level="suspended" if suspended else str(level),
        pill="Suspended" if suspended else _PILLS.get(level, "Not in sync"),
        desired=_values(wanted),
        ttl=f"TTL {wanted.ttl} s" if wanted else "",
        dns=dns,
        dns_note=note,
        in_sync=_maybe(record.in_sync_since if record.in_sync else None, now),
        text="" if well else sentence(text_of(record)),
        advice="" if well else advice_of(record),
    )


def _owner(record: KeptRecord) -> str:
    source = f" from {record.source}" if record.source else ""
    if record.object:
        return f"{record.object}{source}"
    return f"dns.ini{source}" if record.source else ""


def _values(rrset: RRset | None) -> tuple[str, ...]:
    return tuple(sorted(rrset.values)) if rrset else ()


def _dns(record: KeptRecord, now: datetime) -> tuple[tuple[str, ...], str]:
    """What DNS says; where it was not asked, what Gandi's API says; and a note to it."""
    at = f", {ago(record.compared_at, now)}" if record.compared_at else ""
    if record.dns:
        shown = sorted(
            {value for rrset in record.dns for value in _values(rrset) or ("no record",)}
        )
        return tuple(shown), f"name servers{at}"
    if record.dns_trouble:
        return ("no usable answer",), record.dns_trouble
    if record.observed is not None:
        return _values(record.observed), f"Gandi's API{at}"
    if record.awaiting_dns:
        return ("not seen yet",), "just written"
    if record.in_sync and record.ours is not None:
        return _values(
            record.ours
        ), "as the leader said last" if record.reason is None else f"Gandi{at}"
    return (), ""


def _agent(report: Report, now: datetime) -> AgentRow:
    answers, state = is_fresh(report, now), report.state
    role = ("Leader" if leads(report, now) else "Standby") if answers else "Silent"
    problems = "; ".join(state.problems) if answers and state else ""
    return AgentRow(
        name=report.name if not (state and not state.pod) else "esddns run",
        where=report.where,
        version=state.version if state else "",
        role=role,
        report=_maybe(report.at, now),
        answers=answers,
        note=report.error or problems,
    )
