"""Putting together what the agents said, and the one sentence that stands at the top."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from esddns.core.advice import ADVICE
from esddns.core.dnsrecord_standing import Reason
from esddns.core.site import FRESH, MOST_AGENTS, Report, choose, merge
from esddns.core.site_verdict import Level, judge_site
from web.canned import (
    NOW,
    PODS,
    State,
    before,
    conflict,
    healthy,
    record,
    report,
    site_of,
    stale,
    standby,
    undecided,
)


def verdict(state: State, **ago: float) -> tuple[Level, str]:
    """Level and title of a site with that leader."""
    judged = judge_site(site_of(state, **ago), NOW)
    return judged.level, judged.title


def test_the_leader_s_word_counts() -> None:
    """In whatever order the agents are heard, what the leader says is what the site is."""
    reports = [report(healthy(), 0), *(report(standby(pod, healthy()), 5) for pod in PODS[::2])]
    for order in itertools.permutations(reports):
        site = merge(order, NOW)
        assert site.state is not None
        assert (site.leader, site.state.pod, site.fresh) == (site.word, PODS[1], True)
        assert [one.name for one in site.reports] == [PODS[1], PODS[0], PODS[2]]


def test_two_that_say_they_lead() -> None:
    """Of two leaders, of whom one does not know yet that it is deposed, the newer attempt counts."""
    old, new = healthy(), {**healthy(), "pod": PODS[0], "checked_at": before(seconds=5)}
    for order in ((old, new), (new, old)):
        site = merge([report(state, number) for number, state in enumerate(order)], NOW)
        assert site.word is not None
        assert site.word.name == PODS[0]


def test_without_a_leader() -> None:
    """Where nobody leads the word is that of who saw the last attempt; if that is long ago it is said."""
    first, second = standby(PODS[0], healthy()), standby(PODS[2], healthy())
    second["checked_at"] = before(minutes=1)
    site = merge([report(first, 0), report(second, 1)], NOW)
    assert site.word is not None
    assert (site.word.name, site.leader) == (PODS[2], None)
    assert judge_site(site, NOW).level is Level.IN_SYNC
    assert judge_site(site, NOW + timedelta(minutes=16)).level is Level.NO_LEADER


def test_a_leader_that_fell_silent() -> None:
    """What a leader said that does not answer any more does not count beside an agent that does."""
    site = merge([report(healthy(), 0, minutes=5), report(standby(PODS[0], healthy()), 1)], NOW)
    assert site.word is not None
    assert (site.word.name, site.leader, site.fresh) == (PODS[0], None, True)


def test_nobody_answers() -> None:
    """What was said last stands, and since when it is stale is that of the last answer."""
    reports = [report(healthy(), 0, minutes=9), report(standby(PODS[0], healthy()), 1, minutes=7)]
    site = merge(reports, NOW)
    assert site.state is not None
    assert site.stale_since == NOW - timedelta(minutes=7)
    assert (site.state.pod, site.fresh, site.leader) == (PODS[1], False, None)


def test_fresh_for_so_long() -> None:
    """An answer is fresh for 30 seconds; a clock that was set back makes nobody stale."""
    for ago, fresh in (
        (FRESH, True),
        (FRESH + timedelta(seconds=1), False),
        (-timedelta(hours=1), True),
    ):
        at = NOW - ago
        assert merge([replace(report(healthy(), 0), at=at)], NOW).fresh is fresh


def test_nothing_is_known() -> None:
    """Agents that never answered make a site of which nothing is known; what keeps them from it is said."""
    site = merge([Report("10.0.0.1:8080", error="cannot connect: refused")], NOW)
    judged = judge_site(site, NOW)
    assert (site.state, site.fresh, site.stale_since) == (None, False, None)
    assert (judged.level, judged.text) == (Level.UNKNOWN, "10.0.0.1:8080: cannot connect: refused")
    assert "kubectl" in judged.advice


def test_errors_of_all() -> None:
    """The errors of all agents are told, the newest first, the same one once, twenty at most."""
    states = [healthy() for _ in range(3)]
    for number, state in enumerate(states):
        state["pod"] = f"pod-{number}"
        state["errors"] = [{"at": before(minutes=number), "subject": "s", "error": "the same"}] + [
            {"at": before(hours=1, minutes=n), "subject": "s", "error": f"{number} {n}"}
            for n in range(9)
        ]
    site = merge([report(state, number) for number, state in enumerate(states)], NOW)
    assert len(site.errors) == 20
    assert (site.errors[0][0], site.errors[0][1].text) == ("pod-0", "the same")
    assert [one.text for _, one in site.errors].count("the same") == 1
    times = [one.at for _, one in site.errors]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("state", "ago", "level", "title"),
    [
        (healthy(), {}, Level.IN_SYNC, "In sync"),
        (undecided(), {}, Level.UNDECIDED, "Undecided: the IPv4 address"),
        (conflict(), {}, Level.CONFLICT, "Conflict: example.com A and 1 more"),
        (stale(), {"minutes": 47}, Level.STALE, "Stale since 2026-11-22 20:17:05 UTC"),
        ({**healthy(), "records": []}, {}, Level.NO_RECORDS, "No records"),
        ({**healthy(), "credential_good": False}, {}, Level.FAILING, "Not in sync: the token"),
    ],
)
def test_the_title(state: State, ago: dict[str, float], level: Level, title: str) -> None:
    """The worst that there is stands at the top, by name."""
    assert verdict(state, **ago) == (level, title)


BAD: dict[str, Any] = {"in_sync": False, "in_sync_since": None, "message": "why"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_place(reason: Reason) -> None:
    """Each reason that a record may have puts the site where it belongs, and comes with what to do."""
    expected = {
        Reason.PUBLISHED: Level.IN_SYNC, Reason.SUSPENDED: Level.IN_SYNC, Reason.WAITING: Level.UPDATING,
        Reason.CONFLICT: Level.CONFLICT, Reason.CONTESTED: Level.CONFLICT,
        Reason.DRIFT_REPORTED: Level.CONFLICT, Reason.UNDECIDED: Level.UNDECIDED,
        Reason.SOURCE_UNKNOWN: Level.UNDECIDED, Reason.DRY_RUN: Level.DRY_RUN,
    }.get(reason, Level.FAILING)  # fmt: skip
    state = healthy()
    state["records"][2] |= {**BAD, "reason": str(reason)}
    judged = judge_site(site_of(state), NOW)
    assert judged.level is expected
    if expected is not Level.IN_SYNC:
        assert judged.title.endswith("home.example.com AAAA")
        assert judged.text == "why"
        assert judged.advice == ADVICE[reason] != ""
    assert (reason in ADVICE) == (reason is not Reason.PUBLISHED)


def test_a_failure_that_leaves_the_record_right() -> None:
    """While DNS holds what it should, an API that cannot be asked is no failure of the record."""
    state = healthy()
    state["records"][0] |= {"reason": "ProviderUnavailable", "message": "503", "in_sync": True}
    assert verdict(state) == (Level.UPDATING, "Updating: example.com A")
    state["records"][0] = record("example.com", awaiting_dns=True)
    assert verdict(state)[0] is Level.UPDATING


def test_the_worst_comes_first() -> None:
    """A record that cannot be kept is above a conflict, that above an undecided address; none is left out."""
    state = conflict()
    state["detection"] = undecided()["detection"]
    state["records"][3] |= {**BAD, "reason": "NoSuchZone"}
    judged = judge_site(site_of(state), NOW)
    assert [p.level for p in judged.problems] == [
        Level.FAILING, Level.CONFLICT, Level.CONFLICT, Level.UNDECIDED,
    ]  # fmt: skip


def test_undecided_is_said_once() -> None:
    """An undecided family is one problem, not one more for each of its records."""
    state = undecided()
    for one in state["records"][:2]:
        one |= {"reason": "Undecided", "message": "x"}
    judged = judge_site(site_of(state), NOW)
    assert [p.subject for p in judged.problems] == ["the IPv4 address"]


def test_whom_to_ask() -> None:
    """Up to 32 agents are all asked; of more the leader is always, and while it is not known all by turns."""
    few = [f"10.0.0.{n}:8080" for n in range(MOST_AGENTS)]
    assert choose(few, None, 5) == sorted(few)
    many = [f"10.0.{n // 250}.{n % 250}:8080" for n in range(1000)]
    asked: set[str] = set()
    for turn in range(-(-1000 // MOST_AGENTS)):
        turns = choose(many, None, turn)
        assert len(turns) == len(set(turns)) == MOST_AGENTS
        asked.update(turns)
    assert asked == set(many)
    leader = sorted(many)[777]
    for turn in range(3):
        chosen = choose(many, leader, turn)
        assert (chosen[0], len(set(chosen))) == (leader, MOST_AGENTS)
    assert choose(many, "10.9.9.9:8080", 0) == choose(many, None, 0)
