"""When another writer is left to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from esddns.core.contested import LIMIT, WINDOW, contested, contested_until, recent
from esddns.core.dnscheck import LastWrite
from esddns.core.model import RRset
from esddns.core.state import RecordState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ago = st.integers(-7200, 7200).map(lambda seconds: NOW - timedelta(seconds=seconds))


def at(*minutes_ago: int) -> tuple[datetime, ...]:
    """Times that many minutes ago."""
    return tuple(NOW - timedelta(minutes=m) for m in minutes_ago)


def test_three_in_an_hour() -> None:
    """Three put-backs within an hour are contested; two are not, nor three over a longer time."""
    assert contested(at(50, 30, 1), NOW)
    assert not contested(at(30, 1), NOW)
    assert not contested(at(61, 30, 1), NOW)


def test_it_ends_by_itself() -> None:
    """Contested ends an hour after the first of the three, and says when."""
    times = at(50, 30, 1)
    until = contested_until(times, NOW)
    assert until == NOW + timedelta(minutes=10)
    assert contested(times, until - timedelta(seconds=1))
    assert not contested(times, until)


@given(st.lists(ago).map(lambda times: tuple(sorted(times))))
def test_only_the_last_hour_counts(times: tuple[datetime, ...]) -> None:
    """What lies ahead of now (a clock was set back), or an hour behind, does not count."""
    assert all(NOW - WINDOW < t <= NOW for t in recent(times, NOW))
    assert contested(times, NOW) == (sum(NOW - WINDOW < t <= NOW for t in times) >= LIMIT)


def test_one_putback_for_each_write() -> None:
    """Finding the same foreign value again is one put-back until we wrote again."""
    state = RecordState(last_write=LastWrite(NOW, RRset(frozenset(), 300)))
    once = state.putback_at(NOW + timedelta(minutes=1))
    assert once.putback_at(NOW + timedelta(minutes=2)) == once
    assert len(once.putbacks) == 1


def test_what_we_never_wrote_cannot_be_put_back() -> None:
    """Drift of a record that we only found right is no fight."""
    assert RecordState().putback_at(NOW).putbacks == ()
