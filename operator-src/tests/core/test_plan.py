"""What is done about one RRset: create, update, or leave alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from esddns.core.model import Drift, Record, RRset, RRType
from esddns.core.plan import LEFT_ALONE, WRITES, Action, Planned, plan

RECORD = Record("home.example.com", RRType.A)
REPORT = Record("home.example.com", RRType.A, drift=Drift.REPORT)
OVERWRITE = Record("home.example.com", RRType.A, overwrite=True)


def rrset(*values: str, ttl: int = 300) -> RRset:
    """An RRset of these values."""
    return RRset(frozenset(values), ttl)


WANTED, OLD, OTHER = rrset("192.0.2.1"), rrset("192.0.2.2"), rrset("192.0.2.3")
SEVERAL = rrset("192.0.2.3", "192.0.2.4")

values = st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"])
rrsets = st.builds(RRset, st.frozensets(values, min_size=1), st.sampled_from([300, 600]))
at_names = st.dictionaries(st.sampled_from(["A", "AAAA", "CNAME", "TXT"]), rrsets)
records = st.builds(
    Record,
    st.just("home.example.com"),
    st.just(RRType.A),
    overwrite=st.booleans(),
    drift=st.sampled_from(Drift),
)
ours = st.frozensets(rrsets, max_size=2)


def planned(record: Record, observed: RRset | None, *mine: RRset, **beside: RRset) -> Planned:
    """Plan for `observed` at the name, with other types beside it."""
    at_name = {"A": observed, **beside} if observed else beside
    return plan(record, WANTED, at_name, frozenset(mine))


@given(records, rrsets, at_names, ours)
def test_twice_gives_none(
    record: Record, desired: RRset, at_name: dict[str, RRset], mine: frozenset[RRset]
) -> None:
    """A plan that was carried out leaves nothing to do."""
    first = plan(record, desired, at_name, mine)
    if first.action in WRITES:
        after = plan(record, desired, {**at_name, "A": desired}, mine | {desired})
        assert after.action is Action.NONE


@given(records, rrsets, at_names, ours)
def test_a_cname_is_never_written_over(
    record: Record, desired: RRset, at_name: dict[str, RRset], mine: frozenset[RRset]
) -> None:
    """Where a CNAME stands, no plan writes, whatever the record asks for."""
    if "CNAME" in at_name:
        assert plan(record, desired, at_name, mine).action not in WRITES


@given(rrsets, at_names, ours)
def test_several_values_of_others_are_never_replaced(
    desired: RRset, at_name: dict[str, RRset], mine: frozenset[RRset]
) -> None:
    """Without overwrite, several values that are not ours stay."""
    result = plan(RECORD, desired, at_name, mine)
    observed = at_name.get("A")
    known = {desired.values, *(r.values for r in mine)}
    if observed and len(observed.values) > 1 and observed.values not in known:
        assert result.action is Action.CONFLICT


@given(rrsets, at_names, ours)
def test_report_writes_only_over_ours(
    desired: RRset, at_name: dict[str, RRset], mine: frozenset[RRset]
) -> None:
    """With drift = report an existing RRset is written only where it is what we left there."""
    result = plan(REPORT, desired, at_name, mine)
    if result.action is Action.UPDATE:
        assert at_name["A"] in mine


@given(records, rrsets, at_names, ours)
def test_what_is_left_alone_says_why(
    record: Record, desired: RRset, at_name: dict[str, RRset], mine: frozenset[RRset]
) -> None:
    """A conflict and a report tell a person what was seen."""
    result = plan(record, desired, at_name, mine)
    assert (result.action not in LEFT_ALONE) or result.message


def test_absent_is_created() -> None:
    """Nothing there: create; other types at the name do not matter."""
    assert planned(RECORD, None, TXT=OTHER).action is Action.CREATE


def test_same_is_nothing() -> None:
    """Values are a set, and the TTL is compared."""
    two = rrset("192.0.2.9", "192.0.2.8")
    at_name = {"A": rrset("192.0.2.8", "192.0.2.9")}
    assert plan(RECORD, two, at_name, frozenset()).action is Action.NONE
    assert planned(RECORD, rrset("192.0.2.1", ttl=600)).action is Action.UPDATE


def test_ours_is_updated() -> None:
    """What we published before is replaced without a word about drift."""
    result = planned(RECORD, OLD, OLD)
    assert (result.action, result.drifted) == (Action.UPDATE, False)


def test_a_lost_reply_is_ours() -> None:
    """What a write whose reply was lost may have left there is ours, too: no drift, no report."""
    assert planned(REPORT, OTHER, OLD, OTHER) == Planned(Action.UPDATE, OTHER)


def test_a_single_other_value_is_adopted() -> None:
    """One other value is taken over, and the message says what it was."""
    result = planned(RECORD, OTHER)
    assert (result.action, result.drifted) == (Action.UPDATE, False)
    assert "192.0.2.3" in result.message


def test_drift_is_repaired() -> None:
    """Another value in the place of ours is drift, and repaired."""
    assert planned(RECORD, OTHER, WANTED).drifted
    assert planned(RECORD, OTHER, WANTED).action is Action.UPDATE
    assert planned(RECORD, None, WANTED) == Planned(Action.CREATE, None, drifted=True)


def test_several_others_are_a_conflict() -> None:
    """Several other values are a conflict that says how to end it; overwrite replaces them."""
    result = planned(RECORD, SEVERAL)
    assert result.action is Action.CONFLICT
    assert "overwrite = true" in result.message
    assert planned(OVERWRITE, SEVERAL).action is Action.UPDATE


def test_cname_says_to_delete_it() -> None:
    """A CNAME is a conflict even with overwrite, and the message says to delete it."""
    result = planned(OVERWRITE, None, CNAME=rrset("elsewhere.example.net."))
    assert result.action is Action.CONFLICT
    assert "delete it" in result.message


def test_report() -> None:
    """With drift = report, another's value, TTL or deletion is reported; ours is updated."""
    assert planned(REPORT, OTHER).action is Action.REPORT
    assert planned(REPORT, SEVERAL).action is Action.REPORT
    assert planned(REPORT, rrset("192.0.2.1", ttl=600), WANTED).action is Action.REPORT
    assert planned(REPORT, None, WANTED).action is Action.REPORT
    assert planned(REPORT, None).action is Action.CREATE
    assert planned(REPORT, OLD, OLD).action is Action.UPDATE
