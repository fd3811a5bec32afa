"""What an agent keeps of its own beside what the leader shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from esddns.core.dnscheck import LastWrite
from esddns.core.model import RRset
from esddns.core.recall import recall
from esddns.core.state import RecordState, State

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHARED, ALONE, LATER = (RRset(frozenset({f"192.0.2.{n}"}), 300) for n in (1, 2, 3))


def written(value: RRset, minutes: float) -> RecordState:
    """A record whose last write was so many minutes after noon."""
    return RecordState(ours=value, last_write=LastWrite(NOON + timedelta(minutes=minutes), None))


def knowing(state: RecordState) -> State:
    """One record, and nothing else."""
    return State(records={"home.example.com/A": state})


def test_a_write_that_nobody_heard_of_is_remembered_beside_what_is_shared() -> None:
    """What this agent wrote alone counts as ours, and what the leader shared does too."""
    known = recall(knowing(written(SHARED, 0)), knowing(written(ALONE, 5)))
    assert known.records["home.example.com/A"].may_hold == {SHARED, ALONE}


def test_it_is_remembered_however_often_the_same_is_shared_again() -> None:
    """The cache is written every round, and says nothing new of the record by that."""
    shared = knowing(written(SHARED, 0))
    known = recall(shared, recall(shared, knowing(written(ALONE, 5))))
    assert known.records["home.example.com/A"].may_hold == {SHARED, ALONE}


@pytest.mark.parametrize("own", [written(ALONE, 5), RecordState(ours=ALONE), RecordState()])
def test_a_later_write_that_is_shared_ends_it(own: RecordState) -> None:
    """Whoever wrote afterwards found what stood there; nor is anything ours that we did not write."""
    assert recall(knowing(written(LATER, 10)), knowing(own)) == knowing(written(LATER, 10))


def test_what_nobody_shares_is_not_remembered() -> None:
    """A record that the leader forgot, because nobody names it any more, does not come back."""
    assert recall(State(), knowing(written(ALONE, 5))) == State()
