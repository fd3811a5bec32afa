"""Who may lead, by one's own clock."""

from __future__ import annotations

import random

import pytest
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


def test_the_age_of_yields() -> None:
    """It begins anew when another was given up, not when the Lease is renewed."""
    first = Sighting(None, 0.0).next(Lease("1", "a", "t1", yields=Yields(1, 7)), 10.0)
    assert first.yields_since == 10
    renewed = first.next(Lease("2", "a", "t2", yields=Yields(1, 7)), 20.0)
    assert (renewed.since, renewed.yields_since) == (20, 10)
    assert renewed.next(Lease("3", yields=Yields(2, 9)), 30.0).yields_since == 30


@pytest.mark.parametrize(
    ("count", "ago", "seen_for", "allowed"),
    [
        (0, 0, 0, True),
        (1, 299, 299, False),
        (1, 300, 0, True),  # heard of only now
        (1, -30 * 86400, 299, False),  # a clock that is wrong
        (1, -30 * 86400, 300, True),
        (2, 599, 599, False),
        (2, 600, 0, True),
        (2, -30 * 86400, 300, False),
        (50, LONGEST_YIELD_PAUSE - 1, LONGEST_YIELD_PAUSE - 1, False),
        (50, LONGEST_YIELD_PAUSE, 0, True),
        (50, 0, LONGEST_YIELD_PAUSE, True),
    ],
)
def test_yields_are_spaced_out(count: int, ago: float, seen_for: float, allowed: bool) -> None:
    """The first is free; the next after the pause, then twice that, up to an hour, by whichever clock."""
    assert Yields().after(1000).after(1300) == Yields(2, 1300)
    assert Yields(count, 1000 - ago).allowed(300, 1000, seen_for) is allowed


@given(st.integers(0, 10_000), times, st.floats(0, 86400))
def test_a_yield_is_never_forbidden_for_ever(count: int, at: float, pause: float) -> None:
    """However often leadership was given up, the next time is at most an hour (or the pause) away."""
    longest = max(LONGEST_YIELD_PAUSE, pause)
    assert Yields(count, at).wait(pause) <= longest
    assert Yields(count, at).allowed(pause, 0, longest)
