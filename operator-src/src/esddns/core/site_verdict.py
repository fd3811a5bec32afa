"""How the site stands, in one word and one sentence, and what a person has to do about it."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from esddns.core.advice import ADVICE, NO_LEADER, NO_RECORDS, NOTHING_KNOWN, STALE
from esddns.core.agent import AgentState, KeptRecord
from esddns.core.dnsrecord_standing import Reason
from esddns.core.site import SiteState

# Without a leader's attempt for this long nobody follows the address: three times the default interval.
LEADERLESS = timedelta(minutes=15)


class Level(enum.StrEnum):
    """How the site stands, the one that a person has to see first on top."""

    UNKNOWN = "unknown"  # no agent ever answered
    STALE = "stale"  # none answers now
    FAILING = "failing"  # a record cannot be kept
    CONFLICT = "conflict"  # a record is left alone, for another's value stands there
    NO_LEADER = "no-leader"
    UNDECIDED = "undecided"
    DRY_RUN = "dry-run"
    UPDATING = "updating"
    NO_RECORDS = "no-records"
    IN_SYNC = "in-sync"


_LEVELS: Mapping[Reason, Level] = {
    Reason.CONFLICT: Level.CONFLICT,
    Reason.CONTESTED: Level.CONFLICT,
    Reason.DRIFT_REPORTED: Level.CONFLICT,
    Reason.UNDECIDED: Level.UNDECIDED,
    Reason.SOURCE_UNKNOWN: Level.UNDECIDED,
    Reason.DRY_RUN: Level.DRY_RUN,
    Reason.WAITING: Level.UPDATING,
    Reason.SUSPENDED: Level.IN_SYNC,  # it is meant so
    Reason.PUBLISHED: Level.IN_SYNC,
}

_TITLES: Mapping[Level, str] = {
    Level.FAILING: "Not in sync",
    Level.CONFLICT: "Conflict",
    Level.NO_LEADER: "No leader",
    Level.UNDECIDED: "Undecided",
    Level.DRY_RUN: "Dry run",
    Level.UPDATING: "Updating",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be: what, why in plain words, and what to do about it."""

    level: Level
    subject: str
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the site stands. `problems` are all there are, the first of them in the title."""

    level: Level
    title: str
    text: str
    advice: str
    problems: tuple[Problem, ...] = ()


def judge_site(site: SiteState, now: datetime) -> Verdict:
    """Say how the site stands."""
    state = site.state
    if state is None:
        return Verdict(
            Level.UNKNOWN, "Nothing is known yet", site.trouble or _first_error(site), NOTHING_KNOWN
        )
    found = sorted(_problems(state, now), key=lambda p: list(Level).index(p.level))
    problems = tuple(found)
    if site.stale_since is not None:
        since = f"{site.stale_since:%Y-%m-%d %H:%M:%S} UTC"
        text = (
            "No agent answers since then. What is shown is the last known state; DNS keeps what it holds. "
            f"The last question came to nothing: {site.trouble or _first_error(site)}"
        )
        return Verdict(Level.STALE, f"Stale since {since}", text, STALE, problems)
    if not problems:
        if not state.records:
            return Verdict(
                Level.NO_RECORDS, "No records", "There is nothing to keep yet.", NO_RECORDS
            )
        return Verdict(Level.IN_SYNC, "In sync", _all_well(state), "")
    first = problems[0]
    subjects = {p.subject for p in problems if p.level is first.level}
    more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
    title = f"{_TITLES[first.level]}: {first.subject}{more}"
    return Verdict(first.level, title, first.text, first.advice, problems)


def level_of(record: KeptRecord) -> Level:
    """How one record stands."""
    if record.reason is None:
        return Level.IN_SYNC if record.in_sync else Level.UPDATING
    level = _LEVELS.get(record.reason, Level.FAILING)
    if level is Level.FAILING and record.in_sync:
        return Level.UPDATING  # DNS holds what it should, and Gandi could not be asked
    if level is Level.IN_SYNC and record.awaiting_dns:
        return Level.UPDATING
    return level


def _problems(state: AgentState, now: datetime) -> Iterator[Problem]:
    if state.credential_good is False and not any(_is_credential(r) for r in state.records):
        yield Problem(Level.FAILING, "the token", "Gandi refused it, or there is none.",
                      ADVICE[Reason.CREDENTIAL_REJECTED])  # fmt: skip
    if not state.leads and (state.checked_at is None or now - state.checked_at > LEADERLESS):
        last = f"{state.checked_at:%Y-%m-%d %H:%M} UTC" if state.checked_at else "not known"
        yield Problem(Level.NO_LEADER, "nobody follows the address",
                      f"The last attempt of a leader: {last}.", NO_LEADER)  # fmt: skip
    undecided = {d.family.rrtype: d for d in state.detection if not d.decided}
    for detection in undecided.values():
        yield Problem(Level.UNDECIDED, f"the {words_of(detection.family)} address", detection.detail,
                      ADVICE[Reason.UNDECIDED])  # fmt: skip
    for record in state.records:
        if record.reason is Reason.UNDECIDED and record.type in undecided:
            continue  # said of the family
        level = level_of(record)
        if level is not Level.IN_SYNC:
            yield Problem(level, record.name, text_of(record), advice_of(record))


def text_of(record: KeptRecord) -> str:
    """Why a record stands as it does, in a sentence."""
    if record.message:
        return record.message
    return (
        "in sync, as the leader said last"
        if record.in_sync
        else "not in sync, as the leader said last"
    )


def advice_of(record: KeptRecord) -> str:
    """What to do about it; empty where there is nothing."""
    if record.reason is Reason.PUBLISHED or (record.reason is None and record.in_sync):
        return ""
    return ADVICE[record.reason or Reason.WAITING]


def words_of(family: str) -> str:
    """A family's name as people write it."""
    return {"ipv4": "IPv4", "ipv6": "IPv6"}.get(family, family)


def _is_credential(record: KeptRecord) -> bool:
    return record.reason in {Reason.CREDENTIAL_MISSING, Reason.CREDENTIAL_REJECTED}


def _first_error(site: SiteState) -> str:
    return next((f"{r.where}: {r.error}" for r in site.reports if r.error), "")


def _all_well(state: AgentState) -> str:
    kept = sum(r.reason is not Reason.SUSPENDED for r in state.records)
    away = len(state.records) - kept
    text = (
        "The record holds what it should."
        if kept == 1
        else f"All {kept} records hold what they should."
    )
    return f"{text} {away} suspended." if away else text
