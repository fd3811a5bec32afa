"""What the name servers' answers mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.dnscheck import LAG, DnsAnswer, LastWrite, Verdict, judge
from esddns.core.model import RRset

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEW, OLD, OTHER = (RRset(frozenset({f"192.0.2.{n}"}), 300) for n in (1, 2, 3))


def answers(*rrsets: RRset | None) -> list[DnsAnswer]:
    """What as many servers said."""
    return [DnsAnswer(f"ns{n}", rrset) for n, rrset in enumerate(rrsets)]


def wrote(seconds_ago: float, before: RRset | None) -> LastWrite:
    """A write that long ago."""
    return LastWrite(NOW - timedelta(seconds=seconds_ago), before)


@pytest.mark.parametrize(
    ("seen", "last", "verdict"),
    [
        ([], None, Verdict.UNKNOWN),
        ([NEW, NEW], None, Verdict.IN_SYNC),
        ([OLD], None, Verdict.DRIFT),
        ([None], None, Verdict.DRIFT),
        ([NEW, OLD], wrote(119, OLD), Verdict.LAG),
        ([OLD, OLD], wrote(120, OLD), Verdict.LAG),
        ([NEW, OLD], wrote(121, OLD), Verdict.DRIFT),
        ([None], wrote(1, None), Verdict.LAG),
        ([OTHER], wrote(1, OLD), Verdict.DRIFT),
        ([OLD, OTHER], wrote(1, OLD), Verdict.DRIFT),
        ([OLD], wrote(-60, OLD), Verdict.DRIFT),
        ([RRset(NEW.values, 600)], None, Verdict.DRIFT),
    ],
    ids=str,
)
def test_verdict(seen: list[RRset | None], last: LastWrite | None, verdict: Verdict) -> None:
    """For 120 s after a write the answer before it is lag; any other difference is drift at once."""
    assert judge(answers(*seen), NEW, last, NOW) is verdict


@given(
    st.lists(st.sampled_from([NEW, OLD, OTHER, None])),
    st.none() | st.builds(wrote, st.floats(-300, 300), st.sampled_from([OLD, None])),
)
def test_a_third_value_is_never_excused(seen: list[RRset | None], last: LastWrite | None) -> None:
    """A value that is neither wanted nor was there before is drift, whatever the other servers say."""
    if OTHER in seen:
        assert judge(answers(*seen), NEW, last, NOW) is Verdict.DRIFT
    assert timedelta(seconds=120) == LAG
