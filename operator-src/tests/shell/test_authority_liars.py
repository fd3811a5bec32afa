"""Name servers that lie: everything that comes is judged by its question, its bits and its form."""

from __future__ import annotations

import asyncio
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from dns.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from esddns.core.model import RRType
from shell.asking_dns import HOME, LATE, ONE, SILENCE, ZONE, answer, authority
from sources.lying_dns import Answerer, framed, lying_dns


def _truncated(query: Message) -> list[bytes]:
    reply = answer(query)
    reply.flags |= dns.flags.TC
    return [reply.to_wire()]


@pytest.mark.parametrize(
    "tcp",
    [
        lambda _query: [],
        lambda _query: [b"\x00"],
        lambda _query: [b"\x00\x10short"],
        lambda _query: [framed(b"")],
        lambda _query: [framed(b"\xff" * 40)],
        lambda query: [
            framed(dns.message.make_response(dns.message.make_query("x.", "A")).to_wire()) or query
        ],
        None,
    ],
    ids=[
        "silent",
        "half a length",
        "early end",
        "nothing",
        "garbage",
        "another question",
        "closed",
    ],
)
async def test_tcp_that_goes_wrong(tcp: Answerer | None) -> None:
    """A truncated answer, and no whole one over TCP either: no usable answer, and no exception."""
    async with lying_dns(_truncated, tcp) as port:
        started = time.monotonic()
        view = await authority(port, timeout=SILENCE).lookup(HOME, RRType.A, ZONE)
        assert time.monotonic() - started < SILENCE + LATE
    assert view.answers == ()
    assert f"127.0.0.1:{port}: " in view.trouble


async def test_answers_to_other_questions_are_not_taken() -> None:
    """A forged answer (another id, another name) before the true one is passed over."""

    def forged(query: Message) -> list[bytes]:
        other_id = answer(query, "192.0.2.66")
        other_id.id ^= 1
        other_name = dns.message.make_query("other.example.com", "A")
        other_name.id = query.id
        return [other_id.to_wire(), answer(other_name, "192.0.2.66").to_wire(), b"\x00",
                answer(query, "192.0.2.1").to_wire()]  # fmt: skip

    async with lying_dns(forged) as port:
        view = await authority(port).lookup(HOME, RRType.A, ZONE)
    assert [answer.rrset for answer in view.answers] == [ONE]


async def test_records_of_other_names_are_not_taken() -> None:
    """Only the RRset of the name that was asked for counts, not what else the answer holds."""

    def more(query: Message) -> list[bytes]:
        reply = answer(query)
        reply.answer.append(dns.rrset.from_text("other.example.com.", 300, "IN", "A", "192.0.2.66"))
        reply.additional.append(dns.rrset.from_text(f"{HOME}.", 300, "IN", "A", "192.0.2.66"))
        return [reply.to_wire()]

    async with lying_dns(more) as port:
        view = await authority(port).lookup(HOME, RRType.A, ZONE)
    assert [answer.rrset for answer in view.answers] == [None]


def test_any_bytes() -> None:
    """Whatever bytes come over UDP and TCP, behind the right id or not, nothing is raised."""
    loop = asyncio.new_event_loop()

    async def ask(noise: bytes, header: bool, flip: list[tuple[int, int]]) -> None:
        def udp(query: Message) -> list[bytes]:
            return _truncated(query)

        def tcp(query: Message) -> list[bytes]:
            wire = bytearray(answer(query, "192.0.2.1").to_wire())
            for at, value in flip:
                wire[at % len(wire)] = value
            return [framed(bytes(wire) if not header else query.id.to_bytes(2, "big") + noise)]

        async with lying_dns(udp, tcp) as port:
            for zone in (ZONE, None):
                await authority(port, timeout=SILENCE).lookup(HOME, RRType.A, zone)

    @settings(max_examples=100)
    @given(
        st.binary(max_size=80),
        st.booleans(),
        st.lists(st.tuples(st.integers(2, 200), st.integers(0, 255)), max_size=4),
    )
    def fuzz(noise: bytes, header: bool, flip: list[tuple[int, int]]) -> None:
        loop.run_until_complete(ask(noise, header, flip))

    try:
        fuzz()
    finally:
        loop.close()
