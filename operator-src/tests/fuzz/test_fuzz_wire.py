"""Servers on loopback that send anything at all: what asks them ends with a value or its declared error."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from dns.message import Message
from hypothesis import given
from hypothesis import strategies as st

from esddns.config.settings import DnsTarget, HttpTarget, Target
from esddns.core.dnscheck import DnsAnswer
from esddns.core.errors import ProviderError
from esddns.core.model import Family, RRset, RRType, SourceError
from esddns.shell.authority import Authority
from fuzz.answers import http_answers
from fuzz.damage import pages, spoilt_bytes, spoilt_json
from fuzz.refusal import check_words
from gandi.calling import CALLS, TOKEN, ZONE, client, tokens
from gandi.hostile import Connection, hostile
from sources.asking import source
from sources.lying_dns import framed, lying_dns
from sources.lying_http import Connection as Asked
from sources.lying_http import lying_http

PATIENCE = 5.0  # seconds: every server here ends its answer at once
HOME = f"home.{ZONE}"


@dataclass
class Loop:
    """A loop that goes on from one input to the next, and what its servers answer now."""

    runner: asyncio.Runner
    http: bytes = b""
    tcp: bytes = b""
    rcode: int = 0
    http_url: str = ""
    dns_port: int = 0
    _closing: list[object] = field(default_factory=list)


async def _serve(loop: Loop, ready: asyncio.Event, done: asyncio.Event) -> None:
    async def answer(asked: Asked) -> None:
        await asked.send(loop.http)

    def truncated(query: Message) -> list[bytes]:
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.TC | dns.flags.AA
        return [reply.to_wire()]

    def tcp(query: Message) -> list[bytes]:
        return [framed(query.id.to_bytes(2, "big") + loop.tcp[2:])]

    async with lying_http(answer) as liar, lying_dns(truncated, tcp) as port:
        loop.http_url, loop.dns_port = liar.url, port
        ready.set()
        await done.wait()


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    """A web server and a name server; over UDP the latter says that TCP is to be asked."""
    with asyncio.Runner() as runner:
        made = Loop(runner)

        async def start() -> tuple[asyncio.Event, asyncio.Task[None]]:
            ready, done = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(_serve(made, ready, done))
            await ready.wait()
            return done, serving

        async def stop(done: asyncio.Event, serving: asyncio.Task[None]) -> None:
            done.set()
            await serving

        running = runner.run(start())
        yield made
        runner.run(stop(*running))


def check_failure(error: SourceError) -> None:
    """A source fails in plain words, and did not wait for what cannot come any more."""
    check_words(error.detail)
    assert "no answer within" not in error.detail


def ask(loop: Loop, target: Target, family: Family = Family.IPV4) -> str | None:
    """Ask a source: its address, or None where it gave none, in plain words and in time."""
    try:
        address = loop.runner.run(source(target).ask(family, PATIENCE))
    except SourceError as error:
        check_failure(error)
        return None
    assert address.version == family.version
    return str(address)


@given(
    st.sampled_from([b"192.0.2.1\n", b'{"ip": "192.0.2.1"}', b"h=x\nip=192.0.2.1\n"]).flatmap(
        http_answers
    )
)
def test_http_source(loop: Loop, answer: bytes) -> None:
    """Whatever a web server sends, the source gives the address of a whole answer, or SourceError."""
    loop.http = answer
    address = ask(loop, HttpTarget(loop.http_url))
    # A body that ends with the connection, or whose length lies, may hold the address in part.
    assert address is None or any(
        part in answer for part in (address.encode(), b"Transfer-Encoding")
    )


@given(pages("192.0.2.1").flatmap(http_answers))
def test_http_source_that_sends_pages(loop: Loop, answer: bytes) -> None:
    """A page is never an address, however it is sent."""
    loop.http = answer
    address = ask(loop, HttpTarget(loop.http_url))
    assert address is None or b"<" not in answer.partition(b"\r\n\r\n")[2]


ANSWERED = dns.message.make_response(dns.message.make_query(HOME, "A"))
ANSWERED.flags |= dns.flags.AA
ANSWERED.answer.append(dns.rrset.from_text(f"{HOME}.", 300, "IN", "A", "192.0.2.1", "192.0.2.2"))
ALIASED = dns.message.make_response(dns.message.make_query(HOME, "A"))
ALIASED.flags |= dns.flags.AA
ALIASED.answer.append(dns.rrset.from_text(f"{HOME}.", 300, "IN", "CNAME", "x.example."))
ALIASED.authority.append(dns.rrset.from_text(f"{ZONE}.", 300, "IN", "SOA", "ns. me. 1 2 3 4 5"))
WIRES = (ANSWERED.to_wire(), ALIASED.to_wire())


@given(
    st.sampled_from(WIRES).flatmap(spoilt_bytes) | st.binary(max_size=80) | st.sampled_from(WIRES),
    st.sampled_from([ZONE, None]),
)
def test_name_servers(loop: Loop, wire: bytes, zone: str | None) -> None:
    """Whatever a name server sends, its answer is an RRset or none, or what is wrong is said."""
    loop.tcp = wire
    asked = Authority((("127.0.0.1", loop.dns_port),), PATIENCE)
    view = loop.runner.run(asked.lookup(HOME, RRType.A, zone))
    assert len(view.answers) <= 1
    if not view.answers:
        check_words(view.trouble)
    for answer in view.answers:
        check_answer(answer)


def check_answer(answer: DnsAnswer) -> None:
    """An answer holds addresses, as it was asked for A."""
    if answer.rrset is not None:
        assert answer.rrset.ttl >= 0
        for value in answer.rrset.values:
            assert ipaddress.ip_address(value).version == 4


@given(st.sampled_from(WIRES).flatmap(spoilt_bytes) | st.binary(max_size=80))
def test_dns_source_over_tcp(loop: Loop, wire: bytes) -> None:
    """Whatever comes over TCP, the source gives the one address of an answer, or SourceError."""
    loop.tcp = wire
    ask(loop, DnsTarget("127.0.0.1", loop.dns_port, HOME, "A"))


@dataclass
class Gandi:
    """Where something listens in Gandi's place, and what it answers now."""

    url: str
    folder: Path
    answer: bytes = b""


@pytest.fixture(scope="module")
def gandi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gandi]:
    """Something in Gandi's place."""
    made = Gandi("", tmp_path_factory.mktemp("gandi"))

    def handle(connection: Connection) -> None:
        connection.read()
        connection.send(made.answer)

    with hostile(handle) as server:
        made.url = server.url
        yield made


RRSETS = [{"rrset_type": "A", "rrset_ttl": 300, "rrset_values": ["192.0.2.1"]}]
SAID = {"message": f"Bearer {TOKEN}", "object": "dns-record", "errors": [{"name": TOKEN}]}
BODIES = st.one_of(
    spoilt_json(RRSETS).map(lambda text: text.encode("utf-8", "replace")),
    spoilt_json(SAID).map(lambda text: text.encode("utf-8", "replace")),
    pages(TOKEN),
    st.sampled_from([b"", json.dumps(RRSETS).encode(), json.dumps(SAID).encode()]),
)


@given(BODIES.flatmap(http_answers), st.sampled_from(sorted(CALLS)))
def test_gandi_client(gandi: Gandi, answer: bytes, call: str) -> None:
    """Whatever answers in Gandi's place, a call ends with a value or a ProviderError, without the token."""
    gandi.answer = answer
    with client(gandi.url, tokens(gandi.folder), timeout=PATIENCE) as made:
        try:
            found = CALLS[call](made)
        except ProviderError as error:
            # What is no HTTP is quoted as it came: see below.
            check_words(ascii(str(error)), longest=4000, secret=TOKEN)
            return
    if call == "put":
        assert b"201" in answer.partition(b"\r\n")[0]
    if isinstance(found, dict):
        assert all(isinstance(rrset, RRset) for rrset in found.values())


def test_words_about_what_is_no_http(gandi: Gandi) -> None:
    """A status line with commands for a terminal in it is not repeated as it came."""
    gandi.answer = b"\x1b[2JHTTP/1.1 200 OK\r\n\r\n"
    with (
        client(gandi.url, tokens(gandi.folder), timeout=PATIENCE) as made,
        pytest.raises(ProviderError) as caught,
    ):
        made.zones()
    check_words(str(caught.value))


def test_the_answers_are_whole(loop: Loop, gandi: Gandi) -> None:
    """What is damaged here is taken where it is whole: else the tests would try refusals alone."""
    loop.http = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n192.0.2.1"
    assert ask(loop, HttpTarget(loop.http_url)) == "192.0.2.1"
    loop.tcp = WIRES[0]
    asked = Authority((("127.0.0.1", loop.dns_port),), PATIENCE)
    view = loop.runner.run(asked.lookup(HOME, RRType.A, ZONE))
    assert [answer.rrset for answer in view.answers] == [
        RRset(frozenset({"192.0.2.1", "192.0.2.2"}), 300)
    ]
    body = json.dumps(RRSETS).encode()
    gandi.answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with client(gandi.url, tokens(gandi.folder)) as made:
        assert made.rrsets(ZONE, "home") == {"A": RRset(frozenset({"192.0.2.1"}), 300)}
