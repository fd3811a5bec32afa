"""Who may lead, by one's own clock."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from esddns.core.lease import (
    DURATION,
    LONGEST_JITTER,
    LONGEST_YIELD_PAUSE,
    MARGIN,
    RENEW_DEADLINE,
    Lease,
    Sighting,
    Term,
    Yields,
    jitter,
)

WRITE = 4.0
times = st.floats(0, 1e6)


def test_a_held_lease_is_free_after_its_duration() -> None:
    """A Lease that somebody holds may be taken 15 s after it was last seen to change."""
    seen = Sighting(None, 0).next(Lease("1", "a", "t1"), 100)
    assert seen.free_at() == 100 + DURATION


def test_a_renewal_makes_it_young() -> None:
    """A renewal, or another holder, begins its age anew; another version alone does not."""
    seen = Sighting(Lease("1", "a", "t1"), 100)
    assert seen.next(Lease("2", "a", "t1"), 110).since == 100
    assert seen.next(Lease("2", "a", "t1"), 110).lease == Lease("2", "a", "t1")
    assert seen.next(Lease("2", "a", "t2"), 110).since == 110
    assert seen.next(Lease("2", "b", "t1"), 110).since == 110
    assert seen.next(None, 110).since == 110


def test_a_released_lease_is_free_at_once() -> None:
    """A Lease that was given away, or that nobody was seen to hold, is free from when that was seen."""
    held = Sighting(Lease("1", "a", "t1"), 50)
    assert held.next(Lease("2", released=True), 100).free_at() == 100
    assert Sighting(Lease("1"), 100).free_at() == 100
    assert Sighting(None, 100).free_at() == 100


def test_one_that_was_taken_away_is_not() -> None:
    """A Lease that was deleted or emptied by hand is not free yet: its holder may not know."""
    held = Sighting(Lease("1", "a", "t1"), 50)
    assert held.next(None, 100).free_at() == 100 + DURATION
    assert held.next(Lease("2"), 100).free_at() == 100 + DURATION
    assert held.next(None, 100).next(Lease("3"), 110).free_at() == 110 + DURATION
    assert held.next(None, 100).next(Lease("3"), 120).free_at() == 120


@given(st.integers(-5, 100_000), st.randoms(use_true_random=False))
def test_jitter(nodes: int, rng: random.Random) -> None:
    """The jitter grows with the number of agents, to five seconds."""
    assert 0 <= jitter(nodes, rng) <= min(LONGEST_JITTER, max(nodes, 1) / 50)


@given(times, times)
def test_a_write_ends_before_another_can_lead(renewed: float, passed: float) -> None:
    """A write that may be started ends, at its deadline, before anybody else can hold the Lease."""
    term = Term("me", renewed)
    if term.may_write(renewed + passed, WRITE):
        assert passed + WRITE + MARGIN <= DURATION + 1e-6


@given(times, times)
def test_who_lost_it_is_gone_before_another_leads(renewed: float, passed: float) -> None:
    """A leader that cannot renew gives up before the Lease runs out."""
    assert RENEW_DEADLINE < DURATION
    if passed >= DURATION:
        assert Term("me", renewed).lost(renewed + passed)


def test_yields_are_spaced_out() -> None:
    """The first yield is free; the next after the pause, then after twice that, up to an hour."""
    assert Yields().allowed_at(300) == 0
    once = Yields().after(1000)
    assert once.allowed_at(300) == 1000 + 300
    assert once.after(1300).allowed_at(300) == 1300 + 600
    assert Yields(50, 1000).allowed_at(300) == 1000 + LONGEST_YIELD_PAUSE


def test_a_clock_that_is_wrong_holds_no_yield_up() -> None:
    """A last time that lies ahead of any pause is not believed; one that may be a pause's is."""
    now = 1_000_000.0
    assert not Yields(1, now + 60).allowed(300, now)
    assert not Yields(9, now + LONGEST_YIELD_PAUSE).allowed(300, now)
    assert Yields(1, now + 30 * 86400).allowed(300, now)
    assert Yields(1, now - 300).allowed(300, now)


@given(st.integers(0, 10_000), times, st.floats(0, 86400))
def test_a_yield_is_never_forbidden_for_ever(count: int, at: float, pause: float) -> None:
    """However often leadership was given up, the next time is at most an hour (or the pause) away."""
    assert Yields(count, at).allowed_at(pause) <= at + max(LONGEST_YIELD_PAUSE, pause)
