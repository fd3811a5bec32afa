"""What is known of the whole site, from what each agent said last: whose word counts, and how old it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from esddns.core.agent import AgentState, Trouble

FRESH = timedelta(seconds=30)  # an agent that answered within this is believed to be there
MOST_AGENTS = 32  # asked and shown
_ERRORS_SHOWN = 20

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Report:
    """What one agent said last. `at`: when it came; None where it never answered.

    `error` says why the last question to it came to nothing; empty where it answered.
    """

    where: str
    at: datetime | None = None
    state: AgentState | None = None
    error: str = ""

    @property
    def name(self) -> str:
        """What it is called: its pod, or where it is asked."""
        return (self.state.pod if self.state else "") or self.where


@dataclass(frozen=True, slots=True)
class SiteState:
    """The site as a whole. `word` is the agent whose word counts; None: none ever said anything.

    `stale_since`: when an agent answered last, where none does now. `beyond`: agents that were not asked.
    `trouble`: why the agents could not be looked up.
    """

    reports: tuple[Report, ...] = ()
    word: Report | None = None
    stale_since: datetime | None = None
    errors: tuple[tuple[str, Trouble], ...] = ()
    beyond: int = 0
    trouble: str = ""

    @property
    def state(self) -> AgentState | None:
        """What the agent said whose word counts."""
        return self.word.state if self.word else None

    @property
    def fresh(self) -> bool:
        """Whether an agent answers now."""
        return self.word is not None and self.stale_since is None

    @property
    def leader(self) -> Report | None:
        """The agent that leads, if it answers."""
        return self.word if self.fresh and self.state and self.state.leads else None


def merge(
    reports: Iterable[Report], now: datetime, *, beyond: int = 0, trouble: str = ""
) -> SiteState:
    """Put together what the agents said. The order of the reports does not matter.

    The leader's word counts, else that of whoever saw the leader's last attempt; where none answers, what
    was said last stands.
    """
    known = sorted(reports, key=_rank, reverse=True)
    heard = [report for report in known if report.state is not None]
    fresh = [report for report in heard if is_fresh(report, now)]
    times = [report.at for report in heard if report.at is not None]
    said = fresh or heard
    return SiteState(
        reports=tuple(sorted(known, key=lambda r: (not leads(r, now), r.name, r.where))),
        word=said[0] if said else None,
        stale_since=max(times, default=None) if not fresh else None,
        errors=_errors(said),
        beyond=beyond,
        trouble=trouble,
    )


def is_fresh(report: Report, now: datetime) -> bool:
    """Whether the agent answered of late; a clock that was set back makes nobody older."""
    return report.at is not None and now - report.at <= FRESH


def choose(found: Sequence[str], leader: str | None, turn: int) -> list[str]:
    """Say which agents to ask: all, or the leader and others, by turns until the leader is known."""
    ordered = sorted(set(found))
    if len(ordered) <= MOST_AGENTS:
        return ordered
    if leader in ordered:
        others = [where for where in ordered if where != leader]
        return [leader, *others[: MOST_AGENTS - 1]]
    start = turn * MOST_AGENTS % len(ordered)
    return (ordered[start:] + ordered[:start])[:MOST_AGENTS]


def _rank(report: Report) -> tuple[bool, datetime, datetime, str]:
    """Whose word counts more: the leader's, else that of the one who saw the leader's newest attempt.

    Of two that say they lead (one of them does not know yet that it is deposed) the newer attempt.
    """
    state = report.state
    leads = state is not None and state.leads
    checked = (state.checked_at if state else None) or _LONG_AGO
    return leads, checked, report.at or _LONG_AGO, report.where


def leads(report: Report, now: datetime) -> bool:
    """Whether the agent leads, and is there to say so."""
    return report.state is not None and report.state.leads and is_fresh(report, now)


def _errors(said: Sequence[Report]) -> tuple[tuple[str, Trouble], ...]:
    """The last errors of all agents, the newest first; what several say alike is said once."""
    newest: dict[tuple[str, str], tuple[str, Trouble]] = {}
    for report in said:
        for one in report.state.errors if report.state else ():
            known = newest.get((one.subject, one.text))
            if known is None or known[1].at < one.at:
                newest[one.subject, one.text] = (report.name, one)
    ordered = sorted(newest.values(), key=lambda named: (named[1].at, named[1].text), reverse=True)
    return tuple(ordered[:_ERRORS_SHOWN])
