"""When the provider may be asked, after what it last answered."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.errors import (
    BlockedError,
    CredentialMissingError,
    ForbiddenError,
    InvalidError,
    NoSuchZoneError,
    ProviderError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedReplyError,
)
from esddns.core.gate import FORBIDDEN_FOR, Gate

HERE, THERE = "example.com", "example.org"
TRANSIENT: list[Callable[[], ProviderError]] = [
    lambda: UnavailableError("away"),
    lambda: RateLimitedError("slower"),
    lambda: UnexpectedReplyError("portal"),
]
ONE_RECORDS_OWN: list[Callable[[], ProviderError]] = [
    lambda: InvalidError("wrong"),
    lambda: NoSuchZoneError("no zone"),
    lambda: CredentialMissingError("no token"),
]
times = st.floats(0, 1e7)
versions = st.integers(0, 100)
rngs = st.randoms(use_true_random=False)
writes = st.booleans()


def step(gate: Gate, error: ProviderError, now: float, rng: random.Random, **kw: object) -> Gate:
    """The gate after an error of the token of version 1 in the zone `HERE`."""
    given_ = {"zone": HERE, "token_version": 1, "write": False, **kw}
    return gate.after_error(error, now=now, rng=rng, **given_)  # type: ignore[arg-type]


@pytest.fixture
def rng() -> random.Random:
    """Jitter that is the same each time."""
    return random.Random(1)  # noqa: S311


def test_at_first_everything_may_be_asked() -> None:
    """Nothing is known, nothing is blocked."""
    assert Gate().blocked(HERE, 0, 0.0) is None


@given(versions, versions, times, times, rngs, writes)
def test_401_blocks_until_the_token_changes(
    version: int, other: int, at: float, later: float, rng: random.Random, write: bool
) -> None:
    """All zones are blocked, however long, for the token that was refused, and for no other."""
    gate = step(Gate(), UnauthorizedError("401"), at, rng, token_version=version, write=write)
    for zone in (HERE, THERE):
        blocked = gate.blocked(zone, version, at + later)
        assert isinstance(blocked, BlockedError)
        assert blocked.until == math.inf
        assert "401" in str(blocked)
        assert (gate.blocked(zone, other, at + later) is None) == (other != version)


@given(times, st.floats(0, 2 * FORBIDDEN_FOR), rngs, writes)
def test_403_blocks_one_zone_for_an_hour(
    at: float, later: float, rng: random.Random, write: bool
) -> None:
    """Only that zone, only for that token, and for an hour at most."""
    gate = step(Gate(), ForbiddenError("403"), at, rng, write=write)
    blocked = gate.blocked(HERE, 1, at + later)
    assert (blocked is None) == (at + later >= at + FORBIDDEN_FOR)
    assert blocked is None or blocked.until == at + FORBIDDEN_FOR
    assert gate.blocked(THERE, 1, at + later) is None
    assert gate.blocked(HERE, 2, at + later) is None


def test_what_one_zone_is_refused_survives_success_elsewhere(rng: random.Random) -> None:
    """A call that works in another zone does not open this one; 403s of two zones stand side by side."""
    gate = step(Gate(), ForbiddenError("403"), 0, rng)
    gate = step(gate, ForbiddenError("403"), 10, rng, zone=THERE).after_success(10, write=True)
    assert gate.blocked(HERE, 1, 3599) is not None
    assert gate.blocked(HERE, 1, 3600) is None
    assert gate.blocked(THERE, 1, 3609) is not None


@given(
    st.lists(st.tuples(st.sampled_from(TRANSIENT), writes), min_size=1, max_size=12), times, rngs
)
def test_backoff_grows_and_is_bounded(
    failures: list[tuple[Callable[[], ProviderError], bool]], at: float, rng: random.Random
) -> None:
    """After n failures in a row all zones wait for min(60, 2ⁿ) s at most, then may be asked."""
    gate = Gate()
    for n, (make, write) in enumerate(failures, 1):
        gate = step(gate, make(), at, rng, write=write)
        most = min(60.0, 2.0**n)
        assert 0 <= gate.not_before - at <= most + 1e-6
        for zone in (HERE, THERE):
            blocked = gate.blocked(zone, 1, at)
            assert blocked is None or blocked.until == gate.not_before
            assert gate.blocked(zone, 1, gate.not_before) is None
        at = gate.not_before


@given(st.floats(0, 3600), times, rngs)
def test_retry_after_is_waited_out(asked: float, at: float, rng: random.Random) -> None:
    """Nothing is sent before the time that the server gave, and soon after it."""
    for make in (RateLimitedError, UnavailableError):
        gate = step(Gate(), make("wait", asked), at, rng)
        assert -1e-6 <= gate.not_before - (at + asked) <= 1 + 1e-6


@given(st.integers(1, 10), times, rngs)
def test_a_read_that_works_does_not_help_failing_writes(
    failures: int, at: float, rng: random.Random
) -> None:
    """Writes that fail one after the other are backed off from, whatever reads do between them."""
    gate = Gate()
    for n in range(1, failures + 1):
        gate = step(gate, UnavailableError("500", 5.0), at, rng, write=True)
        assert gate.failures >= n
        at = gate.not_before
        assert gate.after_success(at, write=False).not_before == at
        gate = step(gate, UnavailableError("500"), at, rng, write=False).after_success(
            at, write=False
        )
        assert gate.failures > n
    assert gate.after_success(at, write=True) == Gate()
    # Two minutes without another failure: what failed had been applied.
    assert gate.after_success(gate.failed_at + 121, write=False) == Gate()


@given(st.sampled_from(TRANSIENT), times, rngs)
def test_a_read_that_works_ends_the_backoff_of_reads(
    make: Callable[[], ProviderError], at: float, rng: random.Random
) -> None:
    """An outage is over with the first answer, if only reads had failed."""
    gate = step(step(Gate(), make(), at, rng), make(), at, rng)
    assert gate.after_success(at, write=False) == Gate()


@given(st.sampled_from(ONE_RECORDS_OWN), writes, rngs)
def test_what_concerns_one_record_blocks_nothing(
    make: Callable[[], ProviderError], write: bool, rng: random.Random
) -> None:
    """A wrong record, a zone that is not there, a token that is missing: the others go on."""
    gate = step(Gate(), make(), 5, rng, write=write)
    assert gate == Gate()


def test_a_new_token_is_a_new_chance(rng: random.Random) -> None:
    """A 401 for the new token is remembered in the old one's place, and success forgets both."""
    gate = step(Gate(), UnauthorizedError("old"), 0, rng, token_version=1)
    gate = step(gate, UnauthorizedError("new"), 0, rng, token_version=2)
    assert gate.blocked(HERE, 2, 0) is not None
    assert gate.after_success(0, write=False).blocked(HERE, 2, 0) is None
