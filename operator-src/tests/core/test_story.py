"""What is told of a DNSRecord, and which of several things comes first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.claims import Claims, claims
from esddns.core.dnscheck import LastWrite
from esddns.core.dnsrecord import (
    DeletionPolicy,
    DnsRecord,
    InvalidDnsRecordError,
    Metadata,
    ServiceRef,
    Static,
)
from esddns.core.dnsrecord_standing import Reason, Standing, Truth, worst
from esddns.core.errors import ErrorReason
from esddns.core.model import Record, RRset, RRType
from esddns.core.outcome import Outcome
from esddns.core.plan import Action
from esddns.core.state import RecordState
from esddns.core.story import Progress, story
from esddns.core.target import Wan

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
A, AAAA = RRType.A, RRType.AAAA
FQDN = "home.example.com"
OBJECT = DnsRecord(namespace="esddns", name="home", uid="u", generation=4, created=NOON, fqdn=FQDN)
BOTH = replace(OBJECT, types=(A, AAAA))
DELETE = replace(OBJECT, deletion=DeletionPolicy.DELETE, has_finalizer=True)
GOING = replace(DELETE, deleting=True)
WANTED = RRset.of("A", ["192.0.2.1"], 300)
WROTE = RecordState("example.com", WANTED, last_write=LastWrite(NOON, None))
DONE = Outcome(
    Record(FQDN, A), Action.UPDATE, WANTED, None, "example.com", in_sync=True, wrote=True
)
KEPT = Progress(known=True, doubt="", outcome=DONE)
FAILED = replace(DONE, in_sync=False, wrote=False, action=Action.ERROR, error="it said so",
                 reason=ErrorReason.UNAVAILABLE)  # fmt: skip
LEAVES = Progress(known=False, doubt="", outcome=None, leaves=True)
RELEASE = (
    "; to let the object go and leave the record there: kubectl annotate dnsrec -n esddns home "
    "esddns.io/release=true"
)


def decided(*objects: DnsRecord, file: Sequence[Record] = ()) -> Claims:
    """Who keeps what."""
    return claims(file, objects, home="esddns", allowed={"team": frozenset({"example.com"})})


def told(
    record: DnsRecord | InvalidDnsRecordError,
    progress: dict[RRType, Progress] | None = None,
    decision: Claims | None = None,
) -> list[Standing]:
    """Tell the story of one object; every RRset is remembered as written."""
    found = {f"{FQDN}/{rrtype}": one for rrtype, one in (progress or {}).items()}
    if decision is None:
        sound = isinstance(record, DnsRecord) and not record.deleting
        decision = decided(record) if sound else decided()  # type: ignore[arg-type]
    return story(record, decision, found.get, {f"{FQDN}/A": WROTE}.__getitem__)


def reasons(standings: Sequence[Standing]) -> list[tuple[RRType | None, Reason]]:
    """What is told of which type."""
    return [(one.type, one.reason) for one in standings]


def test_published() -> None:
    """What a pass came to, with what is remembered after it: values, zone, and when it was written."""
    (one,) = told(OBJECT, {A: KEPT})
    assert one == Standing(
        Reason.PUBLISHED, "192.0.2.1 (TTL 300)", Truth.TRUE, A, "example.com", WANTED, NOON
    )


def test_an_error() -> None:
    """An outcome that is an error is told by its class, in the provider's words."""
    (one,) = told(OBJECT, {A: replace(KEPT, outcome=FAILED)})
    assert (one.reason, one.message) == (Reason.UNAVAILABLE, "it said so")
    assert worst([one]) is Reason.UNAVAILABLE


def test_each_type_is_told() -> None:
    """In the order of the types, each with its own."""
    assert reasons(told(BOTH, {A: KEPT})) == [(A, Reason.PUBLISHED), (AAAA, Reason.WAITING)]


def test_not_looked_at_yet() -> None:
    """Nobody keeps it as yet, or nobody any more."""
    (one,) = told(OBJECT)
    assert one == Standing(
        Reason.WAITING, "not looked at yet; what was published last stands", type=A
    )


def test_a_removal_that_is_under_way_is_not_its_keeping() -> None:
    """What is still being removed for another object is not looked at yet for this one."""
    assert told(OBJECT, {A: replace(LEAVES, outcome=DONE)}) == told(OBJECT)


def test_not_known_yet() -> None:
    """Before the first round nobody knows what it should hold, whatever it was before."""
    (one,) = told(OBJECT, {A: Progress(known=False, doubt="", outcome=DONE)})
    assert one.reason is Reason.WAITING
    assert one.message.startswith("what it should hold is not known yet; what was published")


def test_not_compared_yet() -> None:
    """It is known what it should hold, and nobody looked what it holds."""
    (one,) = told(OBJECT, {A: Progress(known=True, doubt="", outcome=None)})
    assert one.reason is Reason.WAITING
    assert one.message.startswith("not compared yet; what was published")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (Wan(), Reason.UNDECIDED),
        (ServiceRef("esddns", "lb"), Reason.SOURCE_UNKNOWN),
        (Static(frozenset({"192.0.2.1"})), Reason.UNDECIDED),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_doubt(source: Wan | ServiceRef | Static, reason: Reason, *, known: bool) -> None:
    """That nobody knows what it should hold comes before how the last pass ended, and names the source."""
    doubt = Progress(known=known, doubt="no quorum", outcome=FAILED)
    (one,) = told(replace(OBJECT, source=source), {A: doubt})
    assert one == Standing(reason, "no quorum; what was published last stands", type=A)
    assert one.reason.ready is Truth.UNKNOWN


def test_refused() -> None:
    """Who lost a claim is told so, whatever is known of the RRset, which is the winner's."""
    older = replace(OBJECT, name="older", created=NOON - timedelta(days=1))
    (one,) = told(OBJECT, {A: KEPT}, decided(OBJECT, older))
    assert (one.type, one.reason) == (A, Reason.CLAIMED)
    assert "DNSRecord esddns/older" in one.message
    assert one.published is None
    (one,) = told(OBJECT, {A: KEPT}, decided(OBJECT, file=[Record(FQDN, A)]))
    assert "dns.ini" in one.message


def test_one_type_is_refused() -> None:
    """The other one is told as ever."""
    standings = told(BOTH, {A: KEPT}, decided(BOTH, file=[Record(FQDN, AAAA)]))
    assert reasons(standings) == [(A, Reason.PUBLISHED), (AAAA, Reason.CLAIMED)]
    assert worst(standings) is Reason.CLAIMED


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (replace(BOTH, namespace="other"), Reason.DOMAIN_NOT_ALLOWED),
        (
            replace(BOTH, namespace="team", source=ServiceRef("esddns", "lb")),
            Reason.SERVICE_NOT_ALLOWED,
        ),
    ],
)
def test_not_allowed(record: DnsRecord, reason: Reason) -> None:
    """What another namespace may not name is told of each type."""
    assert reasons(told(record)) == [(A, reason), (AAAA, reason)]


def test_the_finalizer_is_to_come() -> None:
    """With deletionPolicy Delete nothing is told of a pass before the finalizer is there."""
    waiting = replace(DELETE, has_finalizer=False)
    (one,) = told(waiting, {A: KEPT})
    assert one.reason is Reason.WAITING
    assert one.message.startswith("the finalizer is to be added first")
    assert reasons(told(DELETE, {A: KEPT})) == [(A, Reason.PUBLISHED)]
    refused = told(waiting, {A: KEPT}, decided(waiting, file=[Record(FQDN, A)]))
    assert reasons(refused) == [(A, Reason.CLAIMED)]


def test_suspended() -> None:
    """Nothing else is told, neither of what is kept nor of who else wants it."""
    standings = told(replace(BOTH, suspend=True), {A: KEPT}, decided(file=[Record(FQDN, A)]))
    assert reasons(standings) == [(None, Reason.SUSPENDED)]
    assert FQDN in standings[0].message


def test_a_dropped_type() -> None:
    """What is no longer wanted and not deleted yet is told beside what is kept, and comes first."""
    waits = replace(LEAVES, outcome=FAILED)
    standings = told(DELETE, {A: KEPT, AAAA: waits})
    assert reasons(standings) == [(A, Reason.PUBLISHED), (AAAA, Reason.DELETION_WAITS)]
    message = "no longer wanted, and not deleted at Gandi yet: it said so"
    assert standings[1].message == message
    assert worst(standings) is Reason.DELETION_WAITS
    (_, one) = told(DELETE, {A: KEPT, AAAA: LEAVES})
    assert one.message.endswith("yet: it was not asked for yet")


def test_a_type_of_others_is_no_business_of_this_one() -> None:
    """What somebody keeps at the name in another type is not told."""
    assert reasons(told(OBJECT, {A: KEPT, AAAA: KEPT})) == [(A, Reason.PUBLISHED)]


def test_deleting() -> None:
    """Each RRset that is not deleted yet is told, why, and how to let the object go all the same."""
    standings = told(GOING, {A: replace(LEAVES, outcome=FAILED), AAAA: LEAVES})
    assert standings == [
        Standing(Reason.DELETION_WAITS, f"not deleted at Gandi yet: it said so{RELEASE}"),
        Standing(
            Reason.DELETION_WAITS, f"not deleted at Gandi yet: it was not asked for yet{RELEASE}"
        ),
    ]


def test_deleting_comes_before_all_else() -> None:
    """Suspended or not, an object that goes is told of its going, and nothing of what others keep."""
    assert told(GOING, {A: KEPT}) == []
    assert told(GOING) == []
    suspended = replace(GOING, suspend=True)
    assert reasons(told(suspended, {A: LEAVES})) == [(None, Reason.DELETION_WAITS)]


def test_invalid() -> None:
    """Every problem is told, and nothing else."""
    error = InvalidDnsRecordError(("spec.fqdn: missing", "spec.ttl: found 1"), _metadata(OBJECT))
    assert told(error, {A: KEPT}) == [
        Standing(Reason.INVALID_SPEC, "spec.fqdn: missing; spec.ttl: found 1")
    ]
    unknown = InvalidDnsRecordError(("metadata.name: missing",))
    assert reasons(told(unknown)) == [(None, Reason.INVALID_SPEC)]


def test_invalid_and_deleting() -> None:
    """It cannot be known what to delete: the object waits, says why, and how to let it go."""
    error = InvalidDnsRecordError(("spec.fqdn: missing", "spec.ttl: no"), _metadata(GOING))
    message = f"not deleted at Gandi yet: spec.fqdn: missing; spec.ttl: no{RELEASE}"
    assert told(error) == [Standing(Reason.DELETION_WAITS, message)]


def _metadata(record: DnsRecord) -> Metadata:
    return Metadata(**{name: getattr(record, name) for name in Metadata.__dataclass_fields__})


# From the one that a person has to see first to the one that is good news.
RANKED = [
    "InvalidSpec", "DeletionWaits", "Suspended", "DomainNotAllowed", "ServiceNotAllowed",
    "ClaimedByAnother", "CredentialMissing", "CredentialRejected", "ZoneForbidden", "NoSuchZone",
    "RejectedByProvider", "Conflict", "Contested", "DriftReported", "RateLimited",
    "ProviderUnavailable", "UnexpectedReply", "BackingOff", "DryRun", "Undecided", "SourceUnknown",
    "Waiting", "Published",
]  # fmt: skip


def test_which_reason_comes_first() -> None:
    """Of any two the one that somebody has to act on, in whatever order they are told."""
    assert [str(reason) for reason in Reason] == RANKED
    for first, second in itertools.combinations(Reason, 2):
        standings = [Standing(second, "second"), Standing(first, "first")]
        assert worst(standings) is worst(standings[::-1]) is first
    assert worst([]) is Reason.WAITING


def test_what_each_reason_makes_of_ready() -> None:
    """Ready is True for what is published only, and Unknown where nothing is wrong as far as is known."""
    unknown = {Reason.SUSPENDED, Reason.UNDECIDED, Reason.SOURCE_UNKNOWN, Reason.WAITING}
    for reason in Reason:
        expected = Truth.UNKNOWN if reason in unknown else Truth.FALSE
        assert reason.ready is (Truth.TRUE if reason is Reason.PUBLISHED else expected)


outcomes = st.builds(
    Outcome,
    st.just(Record(FQDN, A)),
    st.sampled_from(Action),
    desired=st.none() | st.just(WANTED),
    error=st.none() | st.just("it said so"),
    reason=st.none() | st.sampled_from(ErrorReason),
    in_sync=st.booleans(),
    contested=st.booleans(),
)
progresses = st.builds(
    Progress,
    known=st.booleans(),
    doubt=st.sampled_from(["", "no quorum"]),
    outcome=st.none() | outcomes,
    leaves=st.booleans(),
)
records = st.builds(
    replace,
    st.just(OBJECT),
    types=st.sampled_from([(A,), (A, AAAA), (RRType.CNAME,)]),
    deletion=st.sampled_from(DeletionPolicy),
    has_finalizer=st.booleans(),
    deleting=st.booleans(),
    suspend=st.booleans(),
    source=st.sampled_from([Wan(), ServiceRef("esddns", "lb")]),
)


def of_type(progress: Progress, rrtype: RRType) -> Progress:
    """The same of an RRset of this type: what came of a pass is always of the RRset that it was over."""
    outcome = progress.outcome
    if outcome is None:
        return progress
    return replace(progress, outcome=replace(outcome, record=replace(outcome.record, type=rrtype)))


@given(records, st.dictionaries(st.sampled_from(RRType), progresses))
def test_every_type_is_told_exactly_once(
    record: DnsRecord, progress: dict[RRType, Progress]
) -> None:
    """An object that is kept hears of each of its types, one that goes of what still waits, all in words."""
    found = {f"{FQDN}/{rrtype}": of_type(one, rrtype) for rrtype, one in progress.items()}
    decision = decided() if record.deleting else decided(record)
    standings = story(record, decision, found.get, lambda _key: RecordState())
    assert all(one.message for one in standings)
    leaving = [t for t in RRType if t in progress and progress[t].leaves]
    if record.deleting:
        assert len(standings) == len(leaving)
    elif not record.suspend:
        dropped = [t for t in leaving if t not in record.types]
        assert [one.type for one in standings] == [*record.types, *dropped]
