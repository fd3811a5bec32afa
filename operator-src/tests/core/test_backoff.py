"""When the next attempt is made."""

from __future__ import annotations

import email.utils
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from esddns.core.backoff import CAP, LONGEST_RETRY_AFTER, next_attempt, parse_retry_after

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
rngs = st.randoms(use_true_random=False)


@given(st.integers(1, 10_000), rngs)
def test_full_jitter(failures: int, rng: random.Random) -> None:
    """The wait is between nothing and min(60, 2ⁿ) seconds."""
    assert 0 <= next_attempt(failures, rng) <= min(CAP, 2.0**failures if failures < 10 else CAP)


def test_jitter_is_full() -> None:
    """The whole range is used: many clients of one server spread over all of it."""
    rng = random.Random(1)  # noqa: S311  # a fixed seed, for the same test each time
    waits = [next_attempt(6, rng) for _ in range(1000)]
    assert min(waits) < 2
    assert max(waits) > 58
    assert 27 < sum(waits) / len(waits) < 33


@given(st.integers(1, 20), rngs, st.floats(0, 1e9))
def test_retry_after_is_a_floor(failures: int, rng: random.Random, asked: float) -> None:
    """What the server asked for is waited out, an hour at most, and jitter adds a second at most."""
    floor = min(asked, LONGEST_RETRY_AFTER)
    assert floor <= next_attempt(failures, rng, asked) <= floor + 1


def test_retry_after_forms() -> None:
    """Both forms of RFC 9110 are read: seconds, and an HTTP date."""
    assert parse_retry_after("120", NOW) == 120
    assert parse_retry_after("Sun, 22 Nov 2026 12:01:30 GMT", NOW) == 90
    assert parse_retry_after("Sun, 22 Nov 2026 11:00:00 GMT", NOW) == 0
    assert parse_retry_after(None, NOW) is None
    assert parse_retry_after("soon", NOW) is None
    assert parse_retry_after("-5", NOW) is None


@given(st.text() | st.integers().map(str) | st.datetimes().map(str))
def test_retry_after_never_fails(text: str) -> None:
    """Whatever a server sends, it is a bounded number of seconds or nothing."""
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_retry_after_dates(at: datetime) -> None:
    """Every HTTP date gives the time until then, an hour at most."""
    left = (at.replace(microsecond=0) - NOW) / timedelta(seconds=1)
    seconds = parse_retry_after(email.utils.format_datetime(at, usegmt=True), NOW)
    assert seconds == min(max(left, 0), LONGEST_RETRY_AFTER)
