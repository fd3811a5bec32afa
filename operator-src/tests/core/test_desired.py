"""What is to be kept and what removed, of dns.ini and of every DNSRecord."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.claims import Claims
from esddns.core.desired import Desired, Known, desired
from esddns.core.dnsrecord import (
    DeletionPolicy,
    DnsRecord,
    InvalidDnsRecordError,
    Metadata,
    ServiceRef,
    Static,
)
from esddns.core.dnsrecord_status import RecordStatus
from esddns.core.model import Drift, Record, RRset, RRType
from esddns.core.target import Removal, Target, Values, Wan

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FQDN = "home.example.com"
A, AAAA, CNAME = RRType.A, RRType.AAAA, RRType.CNAME
OLD, OLD6 = RRset.of("A", ["192.0.2.9"], 300), RRset.of("AAAA", ["2001:db8::9"], 300)
GIVEN = Values(frozenset({"198.51.100.7"}))
LB = ServiceRef("esddns", "lb")


def of_services(ref: ServiceRef, rrtype: RRType) -> Values:
    """What Services give in these tests: each something else."""
    return Values(frozenset({f"{ref} {rrtype}"}))


def no_problem(source: Wan, rrtype: RRType) -> str | None:
    """The WAN gives whatever it is asked for."""
    assert isinstance(source, Wan)
    assert rrtype
    return None


def known(
    name: str = "home",
    published: Mapping[RRType, RRset] | None = None,
    *,
    zone: str | None = None,
    **spec: Any,
) -> Known:
    """One object that the API server has, with what its status remembers."""
    fields: dict[str, Any] = {
        "namespace": "esddns", "uid": name, "generation": 1, "created": NOON, "fqdn": FQDN,
    }  # fmt: skip
    record = DnsRecord(name=name, **fields | spec)
    return Known(record, RecordStatus(published=published or {}, zone=zone))


def decided(
    *objects: Known, file: Iterable[Record] = (), wan: Any = no_problem, services: Any = of_services
) -> Desired:
    """Put it together, as in namespace esddns; namespace team may name example.com."""
    allowed = {"team": frozenset({"example.com"})}
    return desired(file, objects, services, wan, lambda _key: False, home="esddns", allowed=allowed)


def going(name: str = "home", **more: Any) -> Known:
    """An object that is being deleted, and its records with it."""
    spec = {"deleting": True, "has_finalizer": True, "deletion": DeletionPolicy.DELETE}
    return known(name, **{"published": {A: OLD}, "zone": "example.com"} | spec | more)


def removal(rrtype: RRType = A, ours: RRset = OLD, source: Wan | Values = Wan()) -> Target:  # noqa: B008  # frozen
    """What `going` is to bring about."""
    return Target(Record(FQDN, rrtype), Removal(source, "home"), ours, "example.com")


def test_records_of_the_file() -> None:
    """Those of dns.ini are kept on the WAN address, in their order, whatever objects there are."""
    file = [Record("b.example.com", A, 600, overwrite=True), Record("a.example.com", AAAA)]
    result = decided(known(), file=file)
    assert result.targets[:2] == (Target(file[0], Wan()), Target(file[1], Wan()))
    assert [t.record.key for t in result.targets[2:]] == [f"{FQDN}/A"]
    assert decided() == Desired((), Claims({}, {}), {})


def test_an_objects_record() -> None:
    """Each type is kept as the spec says, with what the status remembers of it."""
    one = known(
        published={A: OLD}, zone="example.com", types=(A, AAAA), ttl=900, overwrite=True,
        drift=Drift.REPORT, source=Wan(IPv6Address("::1")),
    )  # fmt: skip
    source = Wan(IPv6Address("::1"))
    assert decided(one).targets == (
        Target(Record(FQDN, A, 900, None, True, Drift.REPORT), source, OLD, "example.com"),
        Target(Record(FQDN, AAAA, 900, None, True, Drift.REPORT), source, None, "example.com"),
    )


def test_where_values_come_from() -> None:
    """A Service is asked for each type; of static values each type gets its own."""
    values = Static(frozenset({"192.0.2.1", "2001:db8::1"}))
    sources = [t.source for t in decided(known(types=(A, AAAA), source=values)).targets]
    assert sources == [Values(frozenset({"192.0.2.1"})), Values(frozenset({"2001:db8::1"}))]
    sources = [t.source for t in decided(known(types=(A, AAAA), source=LB)).targets]
    assert sources == [of_services(LB, A), of_services(LB, AAAA)]
    name = Static(frozenset({"lb.example.net."}))
    (target,) = decided(known(types=(CNAME,), source=name)).targets
    assert target.source == Values(frozenset({"lb.example.net."}))


def test_a_service_that_gives_nothing() -> None:
    """Unknown is not a value: the record is kept, on values that are not known, and why is told."""
    nothing = Values(None, "there is no Service")
    (target,) = decided(known(source=LB), services=lambda _ref, _type: nothing).targets
    assert target.source == nothing


def test_a_wan_that_gives_nothing() -> None:
    """A family that is not detected leaves its type unknown, with the reason; the other one is kept."""

    def problem(source: Wan, rrtype: RRType) -> str | None:
        assert source == Wan(nat66=True)
        return "not detected" if rrtype is AAAA else None

    targets = decided(known(types=(A, AAAA), source=Wan(nat66=True)), wan=problem).targets
    assert [t.source for t in targets] == [Wan(nat66=True), Values(None, "not detected")]
    for elsewhere in (LB, Static(frozenset({"192.0.2.1"}))):
        decided(known(source=elsewhere), wan=lambda *_: pytest.fail("the WAN gives it nothing"))


def test_a_suspended_object_holds_its_claim() -> None:
    """It has no target, and nobody else gets its RRset; resumed, it is kept."""
    younger = known("younger", created=NOON + timedelta(seconds=1))
    result = decided(known(suspend=True), younger)
    assert result.targets == ()
    assert "is kept by DNSRecord esddns/home" in result.claims.refused(_read(younger))[0].message
    assert [t.record.key for t in decided(known(), younger).targets] == [f"{FQDN}/A"]


def test_a_suspended_object_removes_nothing() -> None:
    """Neither the types that it dropped nor, deleted, what it published."""
    dropped = going(published={A: OLD, AAAA: OLD6}, suspend=True, deleting=False)
    assert decided(dropped).removals == {}
    assert decided(going(suspend=True)) == decided()


def test_an_invalid_object() -> None:
    """Nothing is done about it, it takes nobody's claim, and what it published stays."""
    read = _read(known())
    metadata = Metadata(**{name: getattr(read, name) for name in Metadata.__dataclass_fields__})
    for about in (metadata, replace(metadata, deleting=True, has_finalizer=True), None):
        wrong = Known(InvalidDnsRecordError(("spec: no",), about), RecordStatus(published={A: OLD}))
        assert wrong.metadata == about
        assert decided(wrong).targets == ()
        assert decided(wrong).removals == {}
        sound = known("younger", created=NOON + timedelta(seconds=1))
        assert decided(wrong, sound) == decided(sound)


def test_nothing_is_made_before_it_can_be_deleted() -> None:
    """With deletionPolicy Delete the finalizer comes first; the claim is held meanwhile."""
    waiting = known(deletion=DeletionPolicy.DELETE)
    younger = known("younger", created=NOON + timedelta(seconds=1))
    result = decided(waiting, younger)
    assert result.targets == ()
    assert result.claims.winners == {f"{FQDN}/A": waiting.read}
    ready = known(deletion=DeletionPolicy.DELETE, has_finalizer=True)
    assert [t.record.key for t in decided(ready).targets] == [f"{FQDN}/A"]


def test_an_object_of_another_namespace() -> None:
    """What it may not name is not kept."""
    assert decided(known(namespace="other")).targets == ()
    assert len(decided(known(namespace="team")).targets) == 1


def test_a_deleted_object_takes_its_records_with_it() -> None:
    """All that it published is removed, where it would be by its source too; it keeps nothing itself."""
    one = going(published={A: OLD, AAAA: OLD6}, source=LB)
    result = decided(one)
    assert result.targets == (
        removal(source=of_services(LB, A)),
        removal(AAAA, OLD6, of_services(LB, AAAA)),
    )
    assert result.removals == dict.fromkeys((f"{FQDN}/A", f"{FQDN}/AAAA"), ("esddns", "home"))
    assert result.claims.winners == {}


def test_a_removal_is_of_the_zone_and_ttl_that_are_known() -> None:
    """The spec's zone goes with the record; overwrite and drift are nothing to a removal."""
    one = going(zone=None, ttl=900, overwrite=True, drift=Drift.REPORT)
    one = replace(one, read=replace(_read(one), zone="example.com"))
    (target,) = decided(one).targets
    assert target == Target(Record(FQDN, A, 900, "example.com"), Removal(Wan(), "home"), OLD, None)


def test_a_deleted_object_on_a_wan_that_gives_nothing() -> None:
    """What it would be kept on is not known then: only what was published is removed."""
    (target,) = decided(going(), wan=lambda *_: "not detected").targets
    assert target == removal(source=Values(None, "not detected"))


@pytest.mark.parametrize(
    "spec",
    [
        {"deletion": DeletionPolicy.RETAIN},
        {"release": True},
        {"has_finalizer": False},
        {"published": {}},
    ],
    ids=["retained", "released", "not ours to hold", "nothing published"],
)
def test_a_deleted_object_that_removes_nothing(spec: dict[str, Any]) -> None:
    """What it leaves behind is nobody's: neither kept nor removed, and free for others."""
    assert decided(going(**spec)) == decided()
    (target,) = decided(going(**spec), known("younger")).targets
    assert target.source == Wan()


def test_what_another_keeps_is_not_removed() -> None:
    """Where an object or dns.ini claims the RRset by now, a deleted object leaves it to them."""
    heir = known("younger", created=NOON + timedelta(seconds=1))
    for result in (decided(going(), heir), decided(going(), file=[Record(FQDN, A)])):
        assert result.removals == {}
        assert [t.source for t in result.targets] == [Wan()]
    # As it does to one that is suspended, or whose finalizer is to come: they hold their claims.
    for holds in ({"suspend": True}, {"deletion": DeletionPolicy.DELETE}):
        assert decided(going(), known("younger", **holds)).targets == ()


def test_another_type_that_is_claimed_does_not_keep_ours() -> None:
    """A CNAME that another wants to make does not save the address before it: that has to go first."""
    heir = known("younger", types=(CNAME,), source=Static(frozenset({"lb.example.net."})))
    result = decided(going(), heir)
    assert result.removals == {f"{FQDN}/A": ("esddns", "home")}
    assert {t.record.key for t in result.targets} == {f"{FQDN}/A", f"{FQDN}/CNAME"}


def test_two_deleted_objects_that_published_the_same() -> None:
    """The first by name removes it, the other waits its turn; each RRset is removed once."""
    first, second = going("a", zone="one.example"), going("b", zone="two.example")
    result = decided(second, first)
    assert result.removals == {f"{FQDN}/A": ("esddns", "a")}
    assert [t.zone for t in result.targets] == ["one.example"]
    done = replace(first, status=replace(first.status, published={}))
    assert decided(second, done).removals == {f"{FQDN}/A": ("esddns", "b")}


def test_a_dropped_type() -> None:
    """With deletionPolicy Delete it is removed, while the others are kept."""
    spec = {
        "has_finalizer": True,
        "deletion": DeletionPolicy.DELETE,
        "published": {A: OLD, AAAA: OLD6},
    }
    result = decided(known(zone="example.com", **spec))
    assert result.targets == (
        Target(Record(FQDN, A), Wan(), OLD, "example.com"),
        removal(AAAA, OLD6),
    )
    assert result.removals == {f"{FQDN}/AAAA": ("esddns", "home")}
    for less in ({"deletion": DeletionPolicy.RETAIN}, {"has_finalizer": False}, {"release": True}):
        assert decided(known(**spec | less)).removals == {}


def test_a_dropped_type_that_another_took() -> None:
    """It is the other's by now."""
    spec = {
        "has_finalizer": True,
        "deletion": DeletionPolicy.DELETE,
        "published": {A: OLD, AAAA: OLD6},
    }
    heir = known("younger", types=(AAAA,), created=NOON + timedelta(seconds=1))
    result = decided(known(**spec), heir)
    assert result.removals == {}
    assert [t.record.key for t in result.targets] == [f"{FQDN}/A", f"{FQDN}/AAAA"]


def _only_addresses(_source: Wan, rrtype: RRType) -> str | None:
    return f"{rrtype.family} is not detected"  # of a host name's type this raises ValueError


def test_a_host_name_that_became_an_address_of_the_wan() -> None:
    """An object that changes from CNAME to A on the WAN has its CNAME removed; the WAN gives no CNAME."""
    host = RRset.of("CNAME", ["lb.example.net."], 300)
    spec = {"has_finalizer": True, "deletion": DeletionPolicy.DELETE, "published": {CNAME: host}}
    result = decided(known(**spec), wan=_only_addresses)
    assert result.removals == {f"{FQDN}/CNAME": ("esddns", "home")}
    assert all(isinstance(t.source, Values | Removal) for t in result.targets)
    kept_on = [t.source.source for t in result.targets if isinstance(t.source, Removal)]
    assert all(isinstance(source, Values) for source in kept_on)


@pytest.mark.parametrize("rrtype", [CNAME, RRType.ALIAS])
def test_a_name_that_points_to_itself(rrtype: RRType) -> None:
    """A load balancer whose host name is the record's own gives nothing: no name may point to itself."""
    own = Values(frozenset({f"{FQDN}."}))
    (target,) = decided(known(types=(rrtype,), source=LB), services=lambda *_: own).targets
    assert isinstance(target.source, Values)
    assert target.source.values is None
    assert target.source.why


fqdns = st.sampled_from([FQDN, "web.example.com"])
types = st.sampled_from([(A,), (AAAA,), (A, AAAA), (CNAME,)])
rrsets = st.sampled_from([OLD, OLD6])
objects = st.builds(
    known,
    st.sampled_from("abcdef"),
    namespace=st.sampled_from(["esddns", "team", "other"]),
    fqdn=fqdns,
    types=types,
    created=st.integers(0, 2).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    published=st.dictionaries(st.sampled_from([A, AAAA, CNAME]), rrsets),
    zone=st.none() | st.just("example.com"),
    source=st.sampled_from([Wan(), LB, Static(frozenset({"192.0.2.1"}))]),
    deletion=st.sampled_from(DeletionPolicy),
    deleting=st.booleans(),
    has_finalizer=st.booleans(),
    suspend=st.booleans(),
    release=st.booleans(),
)
broken = st.builds(
    lambda known_: Known(InvalidDnsRecordError(("no",), known_.read), known_.status), objects
)
sets = st.lists(objects | broken, max_size=7, unique_by=lambda o: o.metadata.id)
files = st.lists(st.builds(Record, fqdns, st.sampled_from([A, AAAA])), max_size=2, unique=True)


@given(sets, files, st.randoms(use_true_random=False))
def test_the_order_of_the_objects_does_not_matter(
    found: list[Known], file: list[Record], rng: random.Random
) -> None:
    """A list from the API server has no order that could be relied on."""
    shuffled = list(found)
    rng.shuffle(shuffled)
    assert decided(*shuffled, file=file) == decided(*found, file=file)


@given(sets, files)
def test_each_rrset_is_kept_or_removed_once(found: list[Known], file: list[Record]) -> None:
    """No RRset has two targets; what is kept has a claim, what is removed has none, and an object to ask."""
    result = decided(*found, file=file)
    keys = [target.record.key for target in result.targets]
    assert len(set(keys)) == len(keys)
    by_id = {o.metadata.id: o for o in found if o.metadata}
    for target in result.targets:
        key = target.record.key
        assert isinstance(target.source, Removal) == (key in result.removals)
        assert (key in result.claims.winners) != (key in result.removals)
        if key not in result.removals:
            continue
        read, status = by_id[result.removals[key]].read, by_id[result.removals[key]].status
        assert isinstance(read, DnsRecord)
        assert target.ours == status.published[target.record.type]
        assert read.deletion is DeletionPolicy.DELETE
        assert read.has_finalizer
        assert not read.release
        assert read.deleting or target.record.type not in read.types


def _read(one: Known) -> DnsRecord:
    assert isinstance(one.read, DnsRecord)
    return one.read
