"""Address echoes of every kind, asked over real sockets, honest and otherwise."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import aiohttp
import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from esddns_simulator import (
    DEFAULT_ECHOES,
    Behaviour,
    Delivery,
    Echo,
    ManualClock,
    Reflector,
    Simulator,
    World,
    stun,
)

V4 = "192.0.2.1"
V6 = "2001:db8::1"


def names(kind: str) -> list[str]:
    """The default echoes of a kind."""
    return [echo.name for echo in DEFAULT_ECHOES if echo.kind == kind]


async def ask_dns(
    sim: Simulator, echo: str, name: str, rtype: str, rdclass: str = "IN"
) -> dns.message.Message:
    """Ask a DNS echo over UDP, then hold TCP against it."""
    at = sim.echo(echo)
    query = dns.message.make_query(name, rtype, rdclass)
    response = await dns.asyncquery.udp(query, at.host, timeout=5, port=at.port)
    by_tcp = await dns.asyncquery.tcp(query, at.host, timeout=5, port=at.port)
    assert response.to_text() == by_tcp.to_text()
    return response


async def ask_stun(sim: Simulator, echo: str) -> tuple[int, bytes]:
    """Ask a STUN echo; return the message type and the value of its only attribute."""
    at = sim.echo(echo)
    identity = os.urandom(12)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        raw.setblocking(False)
        await loop.sock_connect(raw, (at.host, at.port))
        await loop.sock_sendall(raw, struct.pack("!HHI", 1, 0, stun.MAGIC_COOKIE) + identity)
        answer = await asyncio.wait_for(loop.sock_recv(raw, 1500), 5)
    kind, length, cookie = struct.unpack_from("!HHI", answer)
    assert (length, cookie, answer[8:20]) == (len(answer) - 20, stun.MAGIC_COOKIE, identity)
    return kind, _unmask(answer[20:], identity)


def _unmask(attribute: bytes, identity: bytes) -> bytes:
    """Undo the XOR of RFC 8489 section 14.2, written apart from the simulator's own."""
    kind, length = struct.unpack_from("!HH", attribute)
    value = attribute[4 : 4 + length]
    if kind != stun.XOR_MAPPED_ADDRESS:
        return value
    key = bytes.fromhex("2112a442") + identity
    return value[:4] + bytes(a ^ b for a, b in zip(value[4:], key, strict=False))


@pytest.mark.parametrize("name", names("http"))
async def test_http_echoes_tell_the_wan_address(sim: Simulator, name: str) -> None:
    """Text, JSON and trace all tell the WAN address, and the new one once it changed."""
    url = sim.echo(name).url
    six = name.endswith("6")
    async with aiohttp.ClientSession() as session:
        for expected in (V6 if six else V4, "2001:db8::2" if six else "192.0.2.2"):
            sim.world.set_wan(**{"ipv6" if six else "ipv4": expected})
            async with session.get(url) as reply:
                assert (await reply.text()).strip() == expected
                assert reply.content_type == "text/plain"
            async with session.get(url + "json") as reply:
                assert await reply.json() == {"ip": expected}
            async with session.get(url + "trace") as reply:
                lines = dict(line.split("=", 1) for line in (await reply.text()).splitlines())
                assert lines["ip"] == expected
        async with session.get(url + "nothing") as reply:
            assert reply.status == 404
    assert len(sim.calls(kind="echo", target=name, status=200)) == 6


@pytest.mark.parametrize("name", names("dns"))
async def test_dns_echoes_answer_the_whoami_questions(sim: Simulator, name: str) -> None:
    """Every DNS echo knows the three public forms, and refuses other names."""
    cloudflare = await ask_dns(sim, name, "whoami.cloudflare", "TXT", "CH")
    google = await ask_dns(sim, name, "o-o.myaddr.l.google.com", "TXT")
    for response in (cloudflare, google):
        assert response.answer[0][0].to_text() == f'"{V4}"'
    assert (await ask_dns(sim, name, "myip.opendns.com", "A")).answer[0][0].to_text() == V4
    assert (await ask_dns(sim, name, "myip.opendns.com", "AAAA")).answer[0][0].to_text() == V6
    assert (await ask_dns(sim, name, "example.com", "A")).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("mapped_only", [False, True])
@pytest.mark.parametrize(("name", "expected"), [("stun", V4), ("stun6", V6)])
async def test_stun_echoes_tell_the_wan_address(
    sim: Simulator, name: str, expected: str, mapped_only: bool
) -> None:
    """A Binding request is answered with the WAN address, XORed or in the old form."""
    sim.world.behave(name, Behaviour(mapped_only=mapped_only))
    kind, value = await ask_stun(sim, name)
    assert kind == stun.BINDING_SUCCESS
    assert ip_address(value[4:]) == ip_address(expected)
    assert value[1] == (1 if expected == V4 else 2)
    assert len(sim.calls(kind="echo", method="BINDING", status=0)) == 1


def test_stun_matches_the_test_vector_of_the_rfc() -> None:
    """XOR-MAPPED-ADDRESS is that of RFC 5769 sections 2.2 and 2.3, for the same transaction id."""
    identity = bytes.fromhex("b7e7a701bc34d686fa87dfae")
    four = stun.success(identity, IPv4Address("192.0.2.1"), 32853)
    six = stun.success(identity, IPv6Address("2001:db8:1234:5678:11:2233:4455:6677"), 32853)
    assert four[20:] == bytes.fromhex("002000080001a147e112a643")
    assert six[20:] == bytes.fromhex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9")


@pytest.mark.parametrize("packet", [b"", b"\0" * 20, b"GET / HTTP/1.1\r\n\r\n  "])
def test_stun_ignores_what_is_no_binding_request(packet: bytes) -> None:
    """Other packets get no answer and are not counted."""
    world = World({})
    assert Reflector(world).over_stun("stun", packet) is None
    assert world.calls.total == 0


async def test_echoes_lie(sim: Simulator) -> None:
    """A lying echo of each kind tells the fixed address, whatever the WAN is."""
    for name in ("ipify", "cloudflare", "stun"):
        sim.world.behave(name, Behaviour("lie", IPv4Address("203.0.113.9")))
    sim.world.set_wan(ipv4=None)
    async with aiohttp.ClientSession() as session, session.get(sim.echo("ipify").url) as reply:
        assert (await reply.text()).strip() == "203.0.113.9"
    assert (
        "203.0.113.9"
        in (await ask_dns(sim, "cloudflare", "whoami.cloudflare", "TXT", "CH")).to_text()
    )
    assert not (await ask_dns(sim, "cloudflare", "myip.opendns.com", "AAAA")).answer
    assert ip_address((await ask_stun(sim, "stun"))[1][4:]) == ip_address("203.0.113.9")


async def test_echoes_refuse(sim: Simulator) -> None:
    """A refusing echo says 403, REFUSED or a STUN error, each in its protocol."""
    for name in ("ipify", "cloudflare", "stun"):
        sim.world.behave(name, Behaviour("refuse"))
    async with aiohttp.ClientSession() as session, session.get(sim.echo("ipify").url) as reply:
        assert reply.status == 403
    response = await ask_dns(sim, "cloudflare", "whoami.cloudflare", "TXT", "CH")
    assert response.rcode() == dns.rcode.REFUSED
    kind, value = await ask_stun(sim, "stun")
    assert (kind, value[2], value[3]) == (stun.BINDING_ERROR, 4, 3)


async def test_a_dead_http_echo_takes_the_question_and_never_answers(sim: Simulator) -> None:
    """The connection is made, the call is logged without a status, and the client times out."""
    sim.world.behave("ipify", Behaviour("dead"))
    timeout = aiohttp.ClientTimeout(total=0.2)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        with pytest.raises(TimeoutError):
            await session.get(sim.echo("ipify").url)
    assert [call.status for call in sim.calls(kind="echo", target="ipify")] == [None]


@pytest.mark.parametrize("wan_gone", [False, True])
def test_dead_echoes_give_no_answer(wan_gone: bool) -> None:
    """Dead echoes, and all echoes of a family that the WAN has not, answer nothing."""
    world = World({})
    if wan_gone:
        world.set_wan(ipv4=None)
    for echo in ("ipify", "google", "stun"):
        world.behave(echo, None if wan_gone else Behaviour("dead"))
    reflector = Reflector(world)
    query = dns.message.make_query("myip.opendns.com", "A").to_wire()
    request = struct.pack("!HHI", 1, 0, stun.MAGIC_COOKIE) + b"x" * 12
    assert reflector.over_http("ipify").delivery is Delivery.SILENT
    assert reflector.over_dns("google", query) is None
    assert reflector.over_stun("stun", request) is None
    assert [call.status for call in world.calls.find(kind="echo")] == [None, None, None]
    assert reflector.over_http("ipify6").status == 200


async def test_an_http_echo_answers_a_page(sim: Simulator) -> None:
    """With mode html a web page comes with status 200, an address in its text."""
    sim.world.behave("ipify", Behaviour("html"))
    async with aiohttp.ClientSession() as session, session.get(sim.echo("ipify").url) as reply:
        assert (reply.status, reply.content_type) == (200, "text/html")
        assert "192.0.2.66" in await reply.text()


async def test_an_http_echo_answers_50_megabytes(sim: Simulator) -> None:
    """With mode huge a client that reads on gets 50 MB, and one that stops harms nobody."""
    sim.world.behave("ipify", Behaviour("huge"))
    async with aiohttp.ClientSession() as session:
        async with session.get(sim.echo("ipify").url) as reply:
            assert reply.content_length == 50_000_000
            assert len(await reply.content.readexactly(1000)) == 1000
        async with session.get(sim.echo("ipify").url) as reply:
            assert sum([len(chunk) async for chunk in reply.content.iter_any()]) == 50_000_000


async def test_an_http_echo_drips(sim: Simulator, clock: ManualClock) -> None:
    """With mode drip each byte waits its pause, and all of the answer comes in the end."""
    sim.world.behave("ipify", Behaviour("drip", pause=3.0))
    async with aiohttp.ClientSession() as session, session.get(sim.echo("ipify").url) as reply:
        text = await reply.text()
    assert text == f"{V4}\n"
    assert clock.slept == [3.0] * len(text)


async def test_an_http_echo_redirects(sim: Simulator) -> None:
    """With mode redirect the client is sent to another host."""
    sim.world.behave("ipify", Behaviour("redirect", to="http://other.invalid/x"))
    async with (
        aiohttp.ClientSession() as session,
        session.get(sim.echo("ipify").url, allow_redirects=False) as reply,
    ):
        assert (reply.status, reply.headers["Location"]) == (302, "http://other.invalid/x")


@pytest.fixture
async def dual() -> AsyncIterator[Simulator]:
    """A simulator that listens on ::1 as well."""
    echoes = [Echo("web", "http"), Echo("dns", "dns"), Echo("six", "http", 6)]
    async with Simulator({"example.com": {"@/A": V4}}, echoes=echoes, ipv6=True) as running:
        yield running


async def test_the_family_asked_over_is_the_family_told(dual: Simulator) -> None:
    """On ::1, same port, an echo tells the IPv6 address; one with a family of its own always that."""
    async with aiohttp.ClientSession() as session:
        for host, expected in (("127.0.0.1", V4), ("[::1]", V6)):
            async with session.get(f"http://{host}:{dual.echo('web').port}/") as reply:
                assert (await reply.text()).strip() == expected
            async with session.get(f"http://{host}:{dual.echo('six').port}/") as reply:
                assert (await reply.text()).strip() == V6
    query = dns.message.make_query("whoami.cloudflare", "TXT", "CH")
    for send in (dns.asyncquery.udp, dns.asyncquery.tcp):
        response = await send(query, "::1", timeout=5, port=dual.echo("dns").port)
        assert response.answer[0][0].to_text() == f'"{V6}"'
    zone = await dns.asyncquery.udp(
        dns.message.make_query("example.com", "A"), "::1", timeout=5, port=dual.dns_address[1]
    )
    assert zone.answer[0][0].to_text() == V4


def test_behaviours_fit_their_echo() -> None:
    """HTTP modes on other kinds, unknown modes, kinds, echoes, and a lie without address are refused."""
    world = World({})
    with pytest.raises(ValueError, match="HTTP echoes only"):
        world.behave("stun", Behaviour("huge"))
    with pytest.raises(KeyError):
        world.behave("nobody", Behaviour())
    with pytest.raises(ValueError, match="say which address"):
        Behaviour("lie")
    with pytest.raises(ValueError, match="one of honest"):
        Behaviour("odd")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one of http"):
        Echo("x", "smtp")  # type: ignore[arg-type]
