"""The status of a DNSRecord: the whole story, and nothing written without news."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.claims import Refusal, Refused
from esddns.core.dnscheck import LastWrite
from esddns.core.dnsrecord import DnsRecord, InvalidDnsRecordError
from esddns.core.dnsrecord_standing import (
    Reason,
    Standing,
    Truth,
    deletion_waits,
    invalid,
    refused,
    standing,
    suspended,
    unknown,
)
from esddns.core.dnsrecord_status import RecordStatus, read_status, status_of
from esddns.core.errors import ErrorReason
from esddns.core.model import Record, RRset, RRType
from esddns.core.outcome import Outcome
from esddns.core.plan import Action
from esddns.core.state import RecordState

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
OBJECT = DnsRecord(
    namespace="esddns", name="home", uid="u", generation=4, created=NOON, fqdn="home.example.com"
)
RECORD = Record("home.example.com", RRType.A)
WANTED, OLD = RRset.of("A", ["192.0.2.1"], 300), RRset.of("A", ["192.0.2.9"], 300)
WROTE = RecordState("example.com", WANTED, last_write=LastWrite(NOON, OLD))
DONE = Outcome(RECORD, Action.UPDATE, WANTED, OLD, "example.com", in_sync=True, wrote=True)
FAILED = Outcome(RECORD, Action.ERROR, WANTED, error="it said so")


def said(outcome: Outcome, state: RecordState = WROTE) -> tuple[str, str, str]:
    """Ready, InSync and why, for one outcome."""
    conditions = status_of(OBJECT, RecordStatus(), [standing(outcome, state)], NOON)["conditions"]
    ready, in_sync = conditions
    assert ready["reason"] == in_sync["reason"]
    return ready["status"], in_sync["status"], ready["reason"]


def ready_of(*standings: Standing, previous: RecordStatus = RecordStatus()) -> dict[str, Any]:  # noqa: B008  # frozen
    """The condition Ready."""
    ready = status_of(OBJECT, previous, standings, NOON)["conditions"][0]
    assert ready["type"] == "Ready"
    return dict(ready)


def test_published() -> None:
    """After a 201 the status says what is there, since when, and where."""
    assert status_of(OBJECT, RecordStatus(), [standing(DONE, WROTE)], NOON, handled="now") == {
        "observedGeneration": 4,
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "reason": "Published",
                "message": "192.0.2.1 (TTL 300)",
                "observedGeneration": 4,
                "lastTransitionTime": "2026-11-22T12:00:00Z",
            }
            for kind in ("Ready", "InSync")
        ],
        "publishedValues": ["192.0.2.1"],
        "published": [{"type": "A", "values": ["192.0.2.1"], "ttl": 300}],
        "lastPublishedTime": "2026-11-22T12:00:00Z",
        "zone": "example.com",
        "lastHandledReconcile": "now",
    }


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (DONE, ("True", "True", "Published")),
        (replace(DONE, awaiting_dns=True), ("True", "True", "Published")),
        (Outcome(RECORD, Action.CONFLICT, WANTED, OLD), ("False", "False", "Conflict")),
        (Outcome(RECORD, Action.CONFLICT, contested=True), ("False", "False", "Contested")),
        (Outcome(RECORD, Action.REPORT, WANTED, None), ("False", "False", "DriftReported")),
        (Outcome(RECORD, Action.CREATE, WANTED), ("False", "False", "DryRun")),
        (Outcome(RECORD, Action.NONE, WANTED, OLD, error="held"), ("Unknown", "False", "Waiting")),
        (Outcome(RECORD, Action.NONE, WANTED), ("Unknown", "Unknown", "Waiting")),
        *(
            (replace(FAILED, reason=reason), ("False", "Unknown", word))
            for reason, word in {
                ErrorReason.CREDENTIAL_MISSING: "CredentialMissing",
                ErrorReason.UNAUTHORIZED: "CredentialRejected",
                ErrorReason.FORBIDDEN: "ZoneForbidden",
                ErrorReason.NO_SUCH_ZONE: "NoSuchZone",
                ErrorReason.INVALID: "RejectedByProvider",
                ErrorReason.RATE_LIMITED: "RateLimited",
                ErrorReason.UNAVAILABLE: "ProviderUnavailable",
                ErrorReason.UNEXPECTED: "UnexpectedReply",
                ErrorReason.BLOCKED: "BackingOff",
            }.items()
        ),
        (
            replace(FAILED, reason=ErrorReason.BLOCKED, retry_at=math.inf),
            ("False", "Unknown", "CredentialRejected"),
        ),
    ],
)
def test_what_each_outcome_comes_to(outcome: Outcome, expected: tuple[str, str, str]) -> None:
    """Every class of error has its word; what is not known is Unknown, not False."""
    assert said(outcome) == expected


def test_every_error_has_a_reason() -> None:
    """A new class of error cannot be forgotten here."""
    for reason in ErrorReason:
        assert standing(replace(FAILED, reason=reason), WROTE).message == "it said so"


def test_a_change_that_could_not_be_written_is_not_in_sync() -> None:
    """We know what we left there, and it is not what is wanted now."""
    failed = replace(FAILED, reason=ErrorReason.UNAVAILABLE)
    assert said(failed, replace(WROTE, ours=OLD)) == ("False", "False", "ProviderUnavailable")
    assert said(failed, replace(WROTE, ours=OLD, attempted=WANTED))[1] == "Unknown"


def test_unknown_is_not_a_value() -> None:
    """Undecided, suspended or without its Service: what was published stays, and is still shown."""
    previous = read_status(status_of(OBJECT, RecordStatus(), [standing(DONE, WROTE)], NOON))
    for stand in (
        unknown(RRType.A, Reason.UNDECIDED, "two sources of eight agree"),
        unknown(RRType.A, Reason.SOURCE_UNKNOWN, "Service esddns/web has no address"),
        suspended(OBJECT),
    ):
        status = status_of(OBJECT, previous, [stand], LATER)
        assert {c["status"] for c in status["conditions"]} == {"Unknown"}
        assert {c["lastTransitionTime"] for c in status["conditions"]} == {"2026-11-22T13:00:00Z"}
        assert status["publishedValues"] == ["192.0.2.1"]
        assert status["lastPublishedTime"] == "2026-11-22T12:00:00Z"


def test_refusals_name_the_reason() -> None:
    """Who lost a claim, or may not make it, is not Ready."""
    for why, word in zip(
        Refused, ("ClaimedByAnother", "DomainNotAllowed", "ServiceNotAllowed"), strict=True
    ):
        ready = ready_of(refused(Refusal(RRType.A, why, "kept by another")))
        assert (ready["status"], ready["reason"]) == ("False", word)
        assert ready["message"] == "kept by another"


def test_a_wrong_object_hears_all_its_problems() -> None:
    """What the reader found stands in the message."""
    ready = ready_of(invalid(InvalidDnsRecordError(("spec.ttl: low", "spec.zone: wrong"), OBJECT)))
    assert (ready["reason"], ready["message"]) == ("InvalidSpec", "spec.ttl: low; spec.zone: wrong")


def test_a_deletion_that_waits_says_how_to_let_go() -> None:
    """With a dead token an object is not stuck for ever: the message has the command."""
    ready = ready_of(deletion_waits(OBJECT, "the token was rejected"))
    assert ready["reason"] == "DeletionWaits"
    assert "kubectl annotate dnsrec -n esddns home esddns.io/release=true" in ready["message"]


def test_several_types_the_worst_first() -> None:
    """One word for all types, and a sentence for each."""
    aaaa = unknown(RRType.AAAA, Reason.UNDECIDED, "no quorum")
    assert ready_of(standing(DONE, WROTE), aaaa) == {
        "type": "Ready",
        "status": "Unknown",
        "reason": "Undecided",
        "message": "AAAA: no quorum; what was published last stands; A: 192.0.2.1 (TTL 300)",
        "observedGeneration": 4,
        "lastTransitionTime": "2026-11-22T12:00:00Z",
    }
    same = replace(aaaa, type=RRType.A)
    assert ready_of(same, aaaa)["message"] == "no quorum; what was published last stands"


def test_nothing_known_at_all() -> None:
    """Before anything was looked at both conditions are Unknown."""
    ready = ready_of()
    assert (ready["status"], ready["reason"]) == ("Unknown", "Waiting")


def test_a_long_message_is_cut() -> None:
    """A message has a bound, however much a provider says."""
    long = Standing(Reason.REJECTED, "x" * 5000)
    assert len(ready_of(long)["message"]) == 1024


def test_a_backoff_keeps_what_the_provider_said() -> None:
    """Between two attempts the status does not change its words, which would be a PATCH for each."""
    limited = standing(replace(FAILED, reason=ErrorReason.RATE_LIMITED), WROTE)
    previous = read_status(status_of(OBJECT, RecordStatus(), [limited], NOON))
    waits = standing(replace(FAILED, reason=ErrorReason.BLOCKED, error="backing off"), WROTE)
    assert status_of(OBJECT, previous, [waits], LATER) == status_of(
        OBJECT, RecordStatus(), [limited], NOON
    )
    assert ready_of(waits)["reason"] == "BackingOff"


def test_a_type_that_is_no_longer_wanted() -> None:
    """It stays ours until it is deleted or let go, and then is forgotten."""
    aaaa = RRset.of("AAAA", ["2001:db8::1"], 300)
    previous = RecordStatus(published={RRType.A: WANTED, RRType.AAAA: aaaa})
    status = status_of(OBJECT, previous, [standing(DONE, WROTE)], NOON)
    assert status["publishedValues"] == ["192.0.2.1", "2001:db8::1"]
    assert read_status(status).published == {RRType.A: WANTED, RRType.AAAA: aaaa}
    status = status_of(OBJECT, previous, [standing(DONE, WROTE)], NOON, forget={RRType.AAAA})
    assert status["publishedValues"] == ["192.0.2.1"]


times = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
standings = st.lists(
    st.builds(
        Standing,
        reason=st.sampled_from(Reason),
        message=st.sampled_from(["one", "another"]),
        in_sync=st.sampled_from(Truth),
        type=st.none() | st.sampled_from(RRType),
        zone=st.none() | st.just("example.com"),
        published=st.none() | st.sampled_from([WANTED, OLD]),
        published_at=st.none() | times,
    ),
    max_size=3,
)


@given(standings, standings, times, times, times)
def test_the_same_standings_give_the_same_status(
    first: list[Standing], then: list[Standing], t0: datetime, t1: datetime, t2: datetime
) -> None:
    """However long a record stands as it does, after the first time nothing is to be written."""
    before = read_status(status_of(OBJECT, RecordStatus(), first, t0))
    once = status_of(OBJECT, before, then, t1)
    assert status_of(OBJECT, read_status(once), then, t2) == once


@given(standings, standings, times, times)
def test_a_transition_is_a_change_of_status(
    first: list[Standing], then: list[Standing], t0: datetime, t1: datetime
) -> None:
    """lastTransitionTime moves when, and only when, the condition's status changes."""
    before = status_of(OBJECT, RecordStatus(), first, t0)
    after = status_of(replace(OBJECT, generation=5), read_status(before), then, t1)
    for old, new in zip(before["conditions"], after["conditions"], strict=True):
        expected = old["lastTransitionTime"]
        if old["status"] != new["status"]:
            expected = t1.replace(microsecond=0).isoformat().replace("+00:00", "Z")
        assert (new["lastTransitionTime"], new["observedGeneration"]) == (expected, 5)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
parts = ["observedGeneration", "conditions", "published", "lastPublishedTime", "zone"]


@given(json_values | st.dictionaries(st.sampled_from(parts), json_values | st.lists(json_values)))
def test_a_damaged_status_is_made_anew(data: Any) -> None:
    """Whatever somebody wrote into it, it is read, and a whole one comes of it."""
    status = status_of(OBJECT, read_status(data), [standing(DONE, WROTE)], NOON)
    assert status["conditions"][0]["status"] == "True"
    assert status["publishedValues"][0] == "192.0.2.1"


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "TXT", "values": ["x"], "ttl": 300},
        {"type": "A", "values": "192.0.2.1", "ttl": 300},
        {"type": "A", "values": [], "ttl": 300},
        {"type": "A", "values": [1], "ttl": 300},
        {"type": "A", "values": ["192.0.2.1"], "ttl": "300"},
    ],
)
def test_only_a_whole_rrset_is_taken_for_ours(entry: dict[str, Any]) -> None:
    """What is half there is no proof that we published it."""
    assert read_status({"published": [entry]}).published == {}


def test_before_the_first_pass() -> None:
    """An object without a status has observed no generation."""
    assert read_status(None) == RecordStatus()
    assert RecordStatus().observed_generation == -1
