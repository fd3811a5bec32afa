"""What a DNS server says, and whether it is believed."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import pytest
from dns.message import Message

from esddns.config.settings import DnsTarget
from esddns.core.model import FailureReason, Family
from sources.asking import closed_port, failure, hosts_of_ipv6, needs_ipv6, source
from sources.lying_dns import Answerer, framed, lying_dns, say, saying

EDNS_NOTE = '"edns0-client-subnet 198.51.100.0/24"'


@pytest.fixture(autouse=True)
async def _nothing_is_left_open() -> AsyncIterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()


def target(port: int, qtype: str = "TXT", qclass: str = "IN", host: str = "127.0.0.1") -> DnsTarget:
    """Ask the test's own server."""
    return DnsTarget(host, port, "whoami.test", qtype, qclass)


def truncated(query: Message) -> list[bytes]:
    """Answer that the answer does not fit."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return [response.to_wire()]


@pytest.mark.parametrize(
    ("qtype", "qclass", "values"),
    [
        ("TXT", "CH", ['"198.51.100.7"']),
        ("TXT", "IN", ['"198.51.100.7"']),
        ("TXT", "IN", ['"198.51.100.7"', EDNS_NOTE]),
        ("TXT", "IN", [EDNS_NOTE, '"198.51.100.7"']),
        ("A", "IN", ["198.51.100.7"]),
    ],
)
async def test_one_value_is_the_address(qtype: str, qclass: str, values: list[str]) -> None:
    """TXT of class CH or IN and A records are read; Google's note beside the answer is none."""
    async with lying_dns(saying(*values)) as port:
        address = await source(target(port, qtype, qclass)).ask(Family.IPV4, 5)
    assert address == ip_address("198.51.100.7")


@needs_ipv6
@pytest.mark.parametrize(("qtype", "value"), [("AAAA", "2001:db8::7"), ("TXT", '"2001:db8::7"')])
async def test_ipv6_is_asked_over_ipv6(qtype: str, value: str) -> None:
    """AAAA and TXT are asked for at ::1, also where the server is given by name."""
    async with lying_dns(saying(value), host="::1") as port:
        for host in hosts_of_ipv6():
            asked = source(target(port, qtype, host=host))
            assert await asked.ask(Family.IPV6, 5) == ip_address("2001:db8::7")


@pytest.mark.parametrize(
    ("qtype", "values"),
    [
        ("TXT", []),
        ("TXT", ['"198.51.100.7"', '"198.51.100.8"']),
        ("TXT", ['"198.51" ".100.7"']),
        ("TXT", ['"198.051.100.007"']),
        ("TXT", ['"2001:db8::7"']),
        ("TXT", ['"\\200\\000"']),
        ("TXT", [EDNS_NOTE]),
        ("A", ["198.51.100.7", "198.51.100.8"]),
        ("A", []),
    ],
)
async def test_anything_but_one_address_is_malformed(qtype: str, values: list[str]) -> None:
    """No value, two, a split string and the other family are refused, with the question named."""
    async with lying_dns(saying(*values)) as port:
        reason, detail = await failure(source(target(port, qtype)))
    assert reason is FailureReason.MALFORMED
    assert detail.startswith(f"whoami.test IN {qtype} @127.0.0.1 port {port}: ")


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_an_rcode_is_a_refusal(rcode: dns.rcode.Rcode) -> None:
    """Any rcode but NOERROR is named and gives no address, even with an answer beside it."""

    def answerer(query: Message) -> list[bytes]:
        response = say(query, '"198.51.100.7"')
        response.set_rcode(rcode)
        return [response.to_wire()]

    async with lying_dns(answerer) as port:
        reason, detail = await failure(source(target(port)))
    assert reason is FailureReason.REFUSED
    assert dns.rcode.to_text(rcode) in detail


async def test_records_of_another_name_or_type_are_not_the_answer() -> None:
    """An address at another name, as behind a hijacker's CNAME, is not taken."""

    def answerer(query: Message) -> list[bytes]:
        other = dns.message.make_query("portal.test", "TXT")
        response = dns.message.make_response(query)
        response.answer += say(other, '"198.51.100.9"').answer
        response.answer += say(query, "portal.test.", rdtype="CNAME").answer
        return [response.to_wire()]

    async with lying_dns(answerer) as port:
        assert (await failure(source(target(port))))[0] is FailureReason.MALFORMED


async def test_answers_to_other_questions_are_ignored() -> None:
    """Another id, another question and a mere echo are passed over; the right answer still counts."""

    def answerer(query: Message) -> list[bytes]:
        guess = say(query, '"198.51.100.66"')
        guess.id = query.id ^ 1
        other = dns.message.make_query("whoami.test", "TXT", "CH", id=query.id)
        wrong = [guess, say(other, '"198.51.100.66"')]
        return [
            b"",
            query.to_wire(),
            *(one.to_wire() for one in wrong),
            *saying('"198.51.100.7"')(query),
        ]

    async with lying_dns(answerer) as port:
        address = await source(target(port)).ask(Family.IPV4, 5)
    assert address == ip_address("198.51.100.7")


async def test_an_answer_from_another_address_is_ignored() -> None:
    """A right answer sent from a port that was not asked never arrives."""
    loop = asyncio.get_running_loop()
    stranger, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )

    class Server(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            (answer,) = saying('"198.51.100.66"')(dns.message.from_wire(data))
            stranger.sendto(answer, addr)

    server, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    port = server.get_extra_info("sockname")[1]
    reason, _ = await failure(source(target(port)), within=0.3)
    server.close()
    stranger.close()
    assert reason is FailureReason.TIMEOUT


@pytest.mark.parametrize("cut", [3, 12, 20, -1])
async def test_a_mangled_answer_is_malformed(cut: int) -> None:
    """An answer with our id that ends too early is an error at once, not a wait."""
    async with lying_dns(lambda query: [say(query, '"198.51.100.7"').to_wire()[:cut]]) as port:
        assert (await failure(source(target(port))))[0] is FailureReason.MALFORMED


async def test_a_lost_question_is_asked_again() -> None:
    """The first question gets no answer, the second does."""
    asked: list[int] = []

    def answerer(query: Message) -> list[bytes]:
        asked.append(query.id)
        return saying('"198.51.100.7"')(query) if len(asked) > 1 else []

    async with lying_dns(answerer) as port:
        address = await source(target(port)).ask(Family.IPV4, 4)
    assert address == ip_address("198.51.100.7")
    assert len(set(asked)) == 1


async def test_a_truncated_answer_is_asked_for_over_tcp() -> None:
    """The address comes from TCP."""
    async with lying_dns(truncated, lambda q: [framed(saying('"198.51.100.7"')(q)[0])]) as port:
        address = await source(target(port)).ask(Family.IPV4, 5)
    assert address == ip_address("198.51.100.7")


@pytest.mark.parametrize(
    ("tcp", "reason"),
    [
        (lambda _: [], FailureReason.TIMEOUT),
        (lambda _: [b"\x00"], FailureReason.UNREACHABLE),
        (lambda _: [b"\xff\xff" + b"x" * 100], FailureReason.UNREACHABLE),
        (lambda _: [framed(b"")], FailureReason.MALFORMED),
        (lambda q: [framed(q.to_wire()[:7])], FailureReason.MALFORMED),
        (lambda q: [framed(q.to_wire())], FailureReason.MALFORMED),
        (lambda q: [framed(truncated(q)[0])], FailureReason.MALFORMED),
        (None, FailureReason.UNREACHABLE),
    ],
)
async def test_tcp_is_no_more_trusted_than_udp(tcp: Answerer | None, reason: FailureReason) -> None:
    """Silence, a cut frame, another answer and a closed port over TCP give no address."""
    within = 0.3 if reason is FailureReason.TIMEOUT else 5
    async with lying_dns(truncated, tcp) as port:
        assert (await failure(source(target(port)), within=within))[0] is reason


async def test_silence_ends_at_the_deadline() -> None:
    """No answer is TIMEOUT, and the seconds are named."""
    async with lying_dns(lambda _: []) as port:
        reason, detail = await failure(source(target(port)), within=0.2)
    assert reason is FailureReason.TIMEOUT
    assert "0.2 s" in detail


@pytest.mark.parametrize("host", ["127.0.0.1", "a" * 70 + ".test", "::1"])
async def test_nobody_there_is_unreachable(host: str) -> None:
    """A closed port, an impossible name and an address of the other family fail at once."""
    asked = source(target(closed_port(socket.SOCK_DGRAM), host=host))
    assert (await failure(asked, within=5))[0] is FailureReason.UNREACHABLE


@pytest.mark.parametrize("qname", ["a" * 64 + ".test", "double..dot"])
async def test_a_name_that_is_none_is_unreachable(qname: str) -> None:
    """What dnspython will not ask is a SourceError too."""
    asked = source(DnsTarget("127.0.0.1", 53, qname, "TXT"))
    assert (await failure(asked))[0] is FailureReason.UNREACHABLE
