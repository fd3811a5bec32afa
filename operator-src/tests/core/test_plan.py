"""What is done about one RRset: create, update, or leave alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.model import Drift, Record, RRset, RRType
from esddns.core.plan import LEFT_ALONE, WRITES, Action, Planned, plan, plan_removal

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

FQDN = "home.example.com"
LB, OLD_LB, OTHER_LB = (rrset(f"{name}.example.net.") for name in ("lb", "old", "other"))
of_hosts = pytest.mark.parametrize("rrtype", [RRType.CNAME, RRType.ALIAS])
records_of_any_type = st.builds(
    Record,
    st.just(FQDN),
    st.sampled_from(RRType),
    overwrite=st.booleans(),
    drift=st.sampled_from(Drift),
)
at_names_of_any_type = st.dictionaries(st.sampled_from([*RRType, "TXT", "MX"]), rrsets)


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
    assert "overwrite to true" in result.message
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


@of_hosts
def test_a_host_name_is_made_kept_and_changed(rrtype: RRType) -> None:
    """CNAME and ALIAS go by the rules of addresses: absent is created, equal stays, ours is updated."""
    record, mine = Record(FQDN, rrtype), frozenset({OLD_LB})
    assert plan(record, LB, {}, frozenset()) == Planned(Action.CREATE, None)
    assert plan(record, LB, {rrtype: LB}, frozenset()) == Planned(Action.NONE, LB)
    assert plan(record, LB, {rrtype: OLD_LB}, mine) == Planned(Action.UPDATE, OLD_LB)
    longer = rrset(*LB.values, ttl=600)
    assert plan(record, LB, {rrtype: longer}, frozenset()) == Planned(Action.UPDATE, longer)


@of_hosts
def test_a_single_other_host_name_is_adopted(rrtype: RRType) -> None:
    """One other host name is taken over with a word on what it was; with drift = report it stays."""
    result = plan(Record(FQDN, rrtype), LB, {rrtype: OTHER_LB}, frozenset())
    assert result == Planned(
        Action.UPDATE, OTHER_LB, message="adopted: it held other.example.net. (TTL 300)"
    )
    reports = Record(FQDN, rrtype, drift=Drift.REPORT)
    assert plan(reports, LB, {rrtype: OTHER_LB}, frozenset()).action is Action.REPORT


@of_hosts
def test_a_host_name_that_was_replaced_is_repaired(rrtype: RRType) -> None:
    """Another's host name in the place of ours is drift, and so is ours that was deleted."""
    record, mine = Record(FQDN, rrtype), frozenset({LB})
    replaced = plan(record, LB, {rrtype: OTHER_LB}, mine)
    assert (replaced.action, replaced.drifted) == (Action.UPDATE, True)
    assert plan(record, LB, {}, mine) == Planned(Action.CREATE, None, drifted=True)


CNAME, ALIAS = RRType.CNAME, RRType.ALIAS
IN_THE_WAY = [
    (CNAME, ["A"], "A at home.example.com are in the way of CNAME"),
    (CNAME, ["AAAA"], "AAAA at home.example.com are in the way of CNAME"),
    (CNAME, ["ALIAS"], "ALIAS at home.example.com are in the way of CNAME"),
    (CNAME, ["TXT", "MX"], "MX and TXT at home.example.com are in the way of CNAME"),
    (ALIAS, ["A"], "A at home.example.com are in the way of ALIAS"),
    (ALIAS, ["AAAA", "TXT", "A"], "A and AAAA at home.example.com are in the way of ALIAS"),
    (ALIAS, ["CNAME"], "a CNAME to lb.example.net. stands at home.example.com"),
    (RRType.A, ["ALIAS"], "ALIAS at home.example.com are in the way of A"),
    (RRType.A, ["CNAME"], "a CNAME to lb.example.net. stands at home.example.com"),
    (RRType.AAAA, ["ALIAS", "A"], "ALIAS at home.example.com are in the way of AAAA"),
    (RRType.AAAA, ["CNAME"], "a CNAME to lb.example.net. stands at home.example.com"),
]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(("rrtype", "standing", "words"), IN_THE_WAY)
def test_what_cannot_stand_beside_each_other(
    rrtype: RRType, standing: list[str], words: str, *, overwrite: bool
) -> None:
    """A conflict whatever the record asks for, and the message names what is to be deleted at Gandi."""
    record = Record(FQDN, rrtype, overwrite=overwrite)
    at_name = dict.fromkeys(standing, LB)
    result = plan(record, WANTED, at_name, frozenset())
    assert (result.action, result.observed) == (Action.CONFLICT, None)
    assert result.message.startswith(words)
    assert "at Gandi, then this record is made" in result.message
    # Not even where a value of ours stands there already, or where it is ours that is in the way.
    changed = plan(record, WANTED, {**at_name, rrtype: OLD}, frozenset({OLD, LB}))
    alone = rrtype is CNAME  # Gandi let the others stand beside it, not us
    assert changed.action is (Action.UPDATE if alone else Action.CONFLICT)


def test_what_stands_together() -> None:
    """An ALIAS beside anything but addresses, and an address beside anything but CNAME and ALIAS."""
    for rrtype, beside in [(ALIAS, ["TXT", "MX"]), (RRType.A, ["AAAA", "TXT", "MX"])]:
        at_name = dict.fromkeys(beside, LB)
        assert plan(Record(FQDN, rrtype), WANTED, at_name, frozenset()).action is Action.CREATE


def test_what_is_right_needs_nothing_whatever_stands_beside_it() -> None:
    """An RRset that holds what it should is in sync, though Gandi let another stand beside it."""
    for rrtype, beside in [(CNAME, "A"), (ALIAS, "A"), (RRType.A, "ALIAS"), (RRType.A, "CNAME")]:
        result = plan(Record(FQDN, rrtype), WANTED, {rrtype: WANTED, beside: LB}, frozenset())
        assert result == Planned(Action.NONE, WANTED)


def test_a_conflict_says_whether_it_is_drift() -> None:
    """Another's CNAME in the place of ours is drift; where we never were it is none."""
    assert planned(RECORD, None, OLD, CNAME=LB).drifted
    assert not planned(RECORD, None, CNAME=LB).drifted


@given(records_of_any_type, rrsets, at_names_of_any_type, ours)
def test_no_plan_puts_beside_each_other_what_cannot_be(
    record: Record, desired: RRset, at_name: dict[str, RRset], mine: frozenset[RRset]
) -> None:
    """After a write a CNAME has nothing new beside it, and an ALIAS no address, whatever was there."""
    if plan(record, desired, at_name, mine).action not in WRITES:
        return
    after = {*map(str, at_name), str(record.type)}
    assert "CNAME" not in after or after == {"CNAME"} or record.type in at_name
    assert record.type is CNAME or "CNAME" not in after
    if record.type is not CNAME:
        assert "ALIAS" not in after or not after & {"A", "AAAA"}


@given(records_of_any_type, rrsets, at_names_of_any_type, ours)
def test_a_plan_is_carried_out_once_for_every_type(
    record: Record, desired: RRset, at_name: dict[str, RRset], mine: frozenset[RRset]
) -> None:
    """What was written is what stands there then, so nothing is left to do; else a person hears why."""
    first = plan(record, desired, at_name, mine)
    assert first.observed == at_name.get(record.type)
    if first.action in WRITES:
        after = plan(record, desired, {**at_name, record.type: desired}, mine | {desired})
        assert after == Planned(Action.NONE, desired)
    assert first.action not in LEFT_ALONE or first.message


@pytest.mark.parametrize("rrtype", RRType)
def test_ours_is_removed_whatever_its_ttl(rrtype: RRType) -> None:
    """What we left there goes, also where somebody changed its TTL; the types beside it do not matter."""
    record = Record(FQDN, rrtype)
    longer = rrset(*OLD.values, ttl=86400)
    for stands in (OLD, longer):
        result = plan_removal(record, {rrtype: stands, "TXT": OTHER}, frozenset({WANTED, OLD}))
        assert result == Planned(Action.DELETE, stands)


def test_what_is_absent_is_removed() -> None:
    """Nothing there is nothing to do, though other types stand at the name, and though it was ours."""
    at_name = {"AAAA": OLD, "TXT": OLD}
    assert plan_removal(RECORD, at_name, frozenset({OLD})) == Planned(Action.NONE, None)
    assert plan_removal(RECORD, {}, frozenset()) == Planned(Action.NONE, None)


def test_what_is_anothers_is_not_removed() -> None:
    """Another's value stays and the message says which, with or without overwrite, also beside ours."""
    both = rrset(*OLD.values, *OTHER.values)
    for record in (RECORD, OVERWRITE, REPORT):
        for stands in (OTHER, SEVERAL, both):
            result = plan_removal(record, {"A": stands}, frozenset({OLD}))
            assert (result.action, result.observed) == (Action.NONE, stands)
            assert result.message == f"it holds {stands}, which is not ours, so it stays"
    assert plan_removal(RECORD, {"A": OLD}, frozenset()).action is Action.NONE


@given(records_of_any_type, at_names_of_any_type, ours)
def test_only_ours_is_ever_removed(
    record: Record, at_name: dict[str, RRset], mine: frozenset[RRset]
) -> None:
    """A removal deletes values that we left there or does nothing; what stays beside that is told."""
    result = plan_removal(record, at_name, mine)
    assert result.action in {Action.DELETE, Action.NONE}
    assert result.observed == at_name.get(record.type)
    is_ours = result.observed is not None and any(
        result.observed.values == one.values for one in mine
    )
    assert (result.action is Action.DELETE) == is_ours
    assert bool(result.message) == (result.observed is not None and not is_ours)
