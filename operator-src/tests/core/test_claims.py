"""Who keeps an RRset that several want: one of them, always the same, and the others hear who."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from esddns.core.claims import Claims, Refused, claims
from esddns.core.dnsrecord import DnsRecord, ServiceRef
from esddns.core.model import Record, RRType

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOME = DnsRecord(
    namespace="esddns", name="home", uid="u", generation=1, created=NOON, fqdn="home.example.com"
)
IN_FILE = Record("home.example.com", RRType.A)

type_sets = st.sampled_from(
    [(RRType.A,), (RRType.AAAA,), (RRType.A, RRType.AAAA), (RRType.CNAME,), (RRType.ALIAS,)]
)
fqdns = st.sampled_from(["a.example.com", "b.example.com"])
objects = st.builds(
    DnsRecord,
    namespace=st.sampled_from(["esddns", "team"]),
    name=st.sampled_from("abcdef"),
    uid=st.just("u"),
    generation=st.just(1),
    created=st.integers(0, 3).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    fqdn=fqdns,
    types=type_sets,
)
desired_sets = st.lists(objects, max_size=8, unique_by=lambda o: o.id)
address_types = st.sampled_from([RRType.A, RRType.AAAA])
files = st.lists(st.builds(Record, fqdns, address_types), max_size=3, unique_by=lambda r: r.key)


def decided(file: list[Record], found: list[DnsRecord]) -> Claims:
    """Decide, with namespace team allowed what the tests name."""
    return claims(file, found, home="esddns", allowed={"team": frozenset({"example.com"})})


@given(files, desired_sets)
def test_exactly_one_keeps_each_address_record(file: list[Record], found: list[DnsRecord]) -> None:
    """Each claim is kept or refused; refused to all only where a CNAME or ALIAS is involved."""
    result = decided(file, found)
    for record in found:
        kept = [r.type for r in result.kept_by(record)]
        refused = [r.type for r in result.refused(record)]
        assert sorted([*kept, *refused]) == sorted(record.types)
    claimed = {r.key: r for r in file} | {r.key: r for o in found for r in o.records}
    for key, wanted in claimed.items():
        keepers = [o for o in found if key in {r.key for r in result.kept_by(o)}]
        assert len(keepers) + (key in {r.key for r in file}) == (key in result.winners)
        others = {k for k in result.winners if k.startswith(f"{wanted.fqdn}/")}
        assert key in result.winners or any(
            k.endswith(("/CNAME", "/ALIAS")) for k in others | {key}
        )
        assert len(others) == 1 or all(k.endswith(("/A", "/AAAA")) for k in others)


@given(files, desired_sets, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    file: list[Record], found: list[DnsRecord], rng: object
) -> None:
    """A list from the API server has no order that could be relied on."""
    shuffled_file, shuffled = list(file), list(found)
    rng.shuffle(shuffled_file)  # type: ignore[attr-defined]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decided(shuffled_file, shuffled) == decided(file, found)


@given(files, desired_sets, objects)
def test_a_winner_never_loses_by_a_newcomer(
    file: list[Record], found: list[DnsRecord], newcomer: DnsRecord
) -> None:
    """Whoever creates a record later takes nothing from those that are there."""
    late = replace(newcomer, name="newcomer", created=NOON + timedelta(days=1))
    before, after = decided(file, found), decided(file, [*found, late])
    assert all(after.winners[key] == winner for key, winner in before.winners.items())
    assert all(after.refused(record) == before.refused(record) for record in found)


@given(files, desired_sets)
def test_a_loser_hears_who_won(file: list[Record], found: list[DnsRecord]) -> None:
    """The message names one that does keep an RRset at the name."""
    result = decided(file, found)
    for record in found:
        for refusal in result.refused(record):
            assert refusal.why is Refused.CLAIMED
            keepers = [w for k, w in result.winners.items() if k.startswith(f"{record.fqdn}/")]
            assert any(
                (f"{w}:" if isinstance(w, DnsRecord) else w.key) in refusal.message for w in keepers
            )


def test_the_file_comes_before_any_object() -> None:
    """dns.ini wins for its type; the object keeps its other one."""
    both = replace(HOME, types=(RRType.A, RRType.AAAA), created=NOON - timedelta(days=999))
    result = decided([IN_FILE], [both])
    assert [r.key for r in result.kept_by(both)] == ["home.example.com/AAAA"]
    (refusal,) = result.refused(both)
    assert refusal.message == (
        "home.example.com/A is kept by dns.ini (home.example.com/A): delete one of the two"
    )


def test_then_the_older_then_by_name() -> None:
    """Age decides, and where it is equal namespace and name do."""
    older = replace(HOME, name="z", created=NOON - timedelta(seconds=1))
    twin = replace(HOME, name="guest")
    result = decided([], [HOME, twin, older])
    assert result.winners == {"home.example.com/A": older}
    assert result.refused(HOME)[0].message == (
        "home.example.com/A is kept by DNSRecord esddns/z: delete one of the two"
    )
    assert decided([], [HOME, twin]).winners == {"home.example.com/A": twin}


def test_a_suspended_or_deleted_one_keeps_its_claim() -> None:
    """Nobody writes while a person looks at the record, or before what was there is gone."""
    for held in (replace(HOME, suspend=True), replace(HOME, deleting=True)):
        late = replace(HOME, name="late", created=NOON + timedelta(seconds=1))
        assert decided([], [late, held]).winners == {"home.example.com/A": held}


def test_domains_outside_the_own_namespace() -> None:
    """Another namespace names only what the allow-list gives it, and takes no claim with the rest."""
    stray = replace(HOME, namespace="stray", created=NOON - timedelta(days=1))
    result = decided([], [stray, HOME])
    assert result.winners == {"home.example.com/A": HOME}
    (refusal,) = result.refused(stray)
    assert refusal.why is Refused.DOMAIN
    assert "namespace stray may not name home.example.com, allowed: nothing" in refusal.message
    team = replace(HOME, namespace="team", fqdn="notexample.com")
    (refusal,) = decided([], [team]).refused(team)
    assert "allowed: example.com: add the domain to the operator's allow-list" in refusal.message


def test_services_outside_the_own_namespace() -> None:
    """Only the operator's namespace may publish another namespace's Service."""
    source = ServiceRef("ingress", "web")
    team = replace(HOME, namespace="team", source=source)
    (refusal,) = decided([], [team]).refused(team)
    assert refusal.why is Refused.SERVICE
    assert "create the DNSRecord in ingress" in refusal.message
    own = replace(team, source=ServiceRef("team", "web"))
    assert decided([], [own]).kept_by(own) == own.records
    anywhere = replace(HOME, source=source)
    assert decided([], [anywhere]).kept_by(anywhere) == anywhere.records
