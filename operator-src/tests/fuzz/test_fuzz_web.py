"""What the status page is told by agents, by its own file and by a mounted certificate."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esddns.core.agent import AgentState
from esddns.core.agent_read import LARGEST, MOST_RECORDS, AgentAnswerError, read_agent
from esddns.core.x509 import not_after
from esddns.shell.web.kept import KeptAnswer
from fuzz.damage import encoded, pages, spoilt, spoilt_bytes, spoilt_json
from fuzz.refusal import check_words

AT = "2026-11-22T12:00:00.000Z"
RRSET = {"values": ["192.0.2.1"], "ttl": 300}
STATE: dict[str, Any] = {
    "version": "1.0",
    "pod": "esddns-x",
    "leads": True,
    "holder": "esddns-x",
    "checked_at": AT,
    "dry_run": False,
    "credential_good": True,
    "addresses": {"ipv4": {"address": "192.0.2.1", "since": AT, "agreed": ["ipify", "Amazon"]}},
    "detection": {
        "ipv4": {
            "at": AT,
            "decided": True,
            "detail": "",
            "agreed": [{"source": "ipify", "operator": "ipify"}],
        }
    },
    "changes": [{"family": "ipv4", "before": None, "after": "192.0.2.1", "at": AT}],
    "errors": [{"at": AT, "subject": "ipv4", "error": "undecided"}],
    "not_ready": ["no token"],
    "records": [
        {
            "fqdn": "home.example.com",
            "type": "A",
            "zone": "example.com",
            "object": {"namespace": "esddns", "name": "home"},
            "source": "WAN",
            "desired": RRSET,
            "ours": RRSET,
            "observed": None,
            "dns": [RRSET, None],
            "dns_trouble": "",
            "last_written": AT,
            "in_sync": True,
            "in_sync_since": AT,
            "awaiting_dns": False,
            "reason": "Published",
            "message": "192.0.2.1 (TTL 300)",
            "compared_at": AT,
        }
    ],
}


def check_agent(state: AgentState) -> None:
    """A page can show all of it: bounded, printable, with addresses of their families."""
    texts = [state.version, state.pod, state.holder, *state.problems]
    for record in state.records:
        texts += [record.fqdn, record.type, record.zone, record.object, record.source]
        texts += [record.dns_trouble, record.message, record.name]
        for rrset in (record.desired, record.ours, record.observed, *record.dns):
            texts += [] if rrset is None else rrset.values
            assert rrset is None or 0 <= rrset.ttl < 2**31
    texts += [text for trouble in state.errors for text in (trouble.subject, trouble.text)]
    for text in texts:
        assert text.isprintable()
        assert len(text) <= 600
    for known in state.addresses:
        assert known.address.version == known.family.version
        assert known.since.tzinfo is UTC
    assert len(state.records) <= MOST_RECORDS
    assert len(state.errors) <= 50
    assert len(state.changes) <= 50


bodies = st.one_of(
    spoilt_json(STATE).map(lambda text: text.encode("utf-8", "replace")),
    spoilt_bytes(json.dumps(STATE).encode()),
    encoded(json.dumps(STATE)),
    pages("192.0.2.1"),
)


@given(bodies)
@example(json.dumps({**STATE, "checked_at": 5}).encode())
@example(json.dumps({**STATE, "checked_at": "0001-01-01T00:00+23:59"}).encode())
@example(b"[" * 100_000)
def test_agents(body: bytes) -> None:
    """Whatever answers in an agent's place: its state, of bounded size, or the one error in plain words."""
    try:
        state = read_agent(body)
    except AgentAnswerError as error:
        check_words(ascii(str(error)))
    else:
        check_agent(state)
        assert not body.lstrip().startswith(b"<")


KEPT = {"where": "10.0.0.1", "at": AT, "state": STATE}
kept = st.one_of(
    spoilt_bytes(json.dumps(KEPT).encode()),
    spoilt(KEPT).map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=40),
)


@given(kept)
@example(b"[]")
@example(b"[" * 100_000)
@example(json.dumps({**KEPT, "at": 5}).encode())
@example(json.dumps({**KEPT, "at": "9999-12-31T23:59:59-23:59"}).encode())
def test_the_kept_answer(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever the file of the last answer holds, the page starts: with that answer, or without one."""
    file = tmp_path_factory.getbasetemp() / "last.json"
    file.write_bytes(content)
    report = KeptAnswer(file).load()
    if report is not None and report.state is not None:
        check_agent(report.state)


def _element(tag: int, content: bytes) -> bytes:
    """One element of DER, of less than 64 KB."""
    length = len(content)
    shown = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")
    return bytes([tag]) + shown + content


@st.composite
def certificates(draw: st.DrawFn) -> bytes:
    """As much of a certificate as is read: version, serial number, algorithm, issuer, validity."""
    end = draw(
        st.sampled_from(
            [b"270101000000Z", b"20511231235959Z", b"", b"9" * 15, b"\xff", b"000000000000Z"]
        )
    )
    tag = draw(st.sampled_from([0x17, 0x17, 0x18, 0x04]))
    validity = _element(0x17, b"260101000000Z") + _element(tag, end)
    version = draw(st.sampled_from([_element(0xA0, b"\x02\x01\x02"), b""]))
    body = version + _element(2, b"\x01") + _element(0x30, b"") * 2 + _element(0x30, validity)
    whole = _element(0x30, _element(0x30, body))
    return draw(st.just(whole) | spoilt_bytes(whole) | st.binary(max_size=40))


def pem(der: bytes) -> str:
    """A certificate as a file has it."""
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


@given(certificates().map(pem) | certificates().map(pem).flatmap(lambda t: spoilt_bytes(t.encode()).map(
    lambda data: data.decode("ascii", "replace"))))  # fmt: skip
def test_certificates(text: str) -> None:
    """A file of anything gives the end of a certificate, in UTC, or ValueError in plain words."""
    try:
        end = not_after(text)
    except ValueError as error:
        check_words(str(error))
    else:
        assert end.tzinfo is UTC


def test_the_documents_are_whole() -> None:
    """What is damaged here is read where it is whole: else the tests would try refusals alone."""
    state = read_agent(json.dumps(STATE).encode())
    check_agent(state)
    assert [record.name for record in state.records] == ["home.example.com A"]
    assert len(json.dumps(STATE)) < LARGEST
    validity = _element(0x17, b"260101000000Z") + _element(0x17, b"270101000000Z")
    body = _element(2, b"\x01") + _element(0x30, b"") * 2 + _element(0x30, validity)
    assert not_after(pem(_element(0x30, _element(0x30, body)))) == datetime(2027, 1, 1, tzinfo=UTC)
    assert KeptAnswer(Path("/nonexistent/last.json")).load() is None
