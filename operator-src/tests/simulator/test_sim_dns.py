"""The zones over DNS, asked with dnspython over real sockets."""

from __future__ import annotations

import asyncio
import socket

import dns.asyncquery
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns_simulator import Authority, DnsFault, ManualClock, Reflector, RRset, Simulator, World


async def ask(sim: Simulator, name: str, rtype: str, *, tcp: bool = False) -> dns.message.Message:
    """Ask the name server of a simulator."""
    host, port = sim.dns_address
    query = dns.message.make_query(name, rtype)
    send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await send(query, host, timeout=5, port=port)


def texts(response: dns.message.Message) -> list[str]:
    """The records of the answer section."""
    return [record.to_text() for rrset in response.answer for record in rrset]


@pytest.mark.parametrize("tcp", [False, True])
async def test_an_rrset_is_answered_with_authority(sim: Simulator, tcp: bool) -> None:
    """UDP and TCP answer the API's values and TTL with the AA bit."""
    response = await ask(sim, "HOME.example.com", "A", tcp=tcp)
    assert response.rcode() == dns.rcode.NOERROR
    assert response.flags & dns.flags.AA
    assert texts(response) == ["192.0.2.1"]
    assert response.answer[0].ttl == 300
    (call,) = sim.calls(kind="dns", method="A", target="example.com")
    assert (call.path, call.status) == ("home.example.com", 0)


async def test_the_apex_has_soa_and_ns(sim: Simulator) -> None:
    """SOA and the configured NS names are there without being records of the API."""
    assert sorted(texts(await ask(sim, "example.com", "NS"))) == [
        "ns1.example.com.",
        "ns2.example.com.",
    ]
    (soa,) = texts(await ask(sim, "example.com", "SOA"))
    assert soa.startswith("ns1.example.com. hostmaster.gandi.net. ")
    sim.world.set_record("example.com", "@", "NS", "ns9.example.net.")
    assert texts(await ask(sim, "example.com", "NS")) == ["ns9.example.net."]


@pytest.mark.parametrize(
    ("name", "rtype", "rcode"),
    [
        ("none.example.com", "A", dns.rcode.NXDOMAIN),
        ("home.example.com", "TXT", dns.rcode.NOERROR),
        ("deep.example.com", "A", dns.rcode.NOERROR),
    ],
)
async def test_absence_carries_the_soa(
    sim: Simulator, name: str, rtype: str, rcode: dns.rcode.Rcode
) -> None:
    """NXDOMAIN, NODATA and an empty non-terminal are told apart, each with the SOA as authority."""
    response = await ask(sim, name, rtype)
    assert response.rcode() == rcode
    assert not response.answer
    assert response.authority[0].rdtype == dns.rdatatype.SOA
    assert response.flags & dns.flags.AA


async def test_a_wildcard_answers_for_names_that_do_not_exist(sim: Simulator) -> None:
    """Names below the wildcard get its records under their own name; the closest encloser gets none."""
    response = await ask(sim, "x.y.wild.example.com", "A")
    assert texts(response) == ["192.0.2.77"]
    assert response.answer[0].name.to_text() == "x.y.wild.example.com."
    assert not (await ask(sim, "wild.example.com", "A")).answer


async def test_a_cname_is_followed_inside_the_zone(sim: Simulator) -> None:
    """A CNAME comes with its target's records where those are ours, else alone; asked for, it is itself."""
    assert texts(await ask(sim, "www.example.com", "A")) == ["home.example.com.", "192.0.2.1"]
    assert texts(await ask(sim, "away.example.com", "A")) == ["elsewhere.example.net."]
    assert texts(await ask(sim, "www.example.com", "CNAME")) == ["home.example.com."]


async def test_a_cname_loop_ends(sim: Simulator) -> None:
    """A CNAME that leads to itself is SERVFAIL, not for ever."""
    sim.world.set_record("example.com", "loop", "CNAME", "loop")
    assert (await ask(sim, "loop.example.com", "A")).rcode() == dns.rcode.SERVFAIL


async def test_an_alias_is_answered_as_addresses(sim: Simulator) -> None:
    """An ALIAS shows its target's addresses where the simulator has them, SERVFAIL where it has not."""
    sim.world.set_record("example.org", "at", "ALIAS", "home.example.com.")
    sim.world.set_record("example.org", "out", "ALIAS", "example.net.")
    assert texts(await ask(sim, "at.example.org", "A")) == ["192.0.2.1"]
    assert not (await ask(sim, "at.example.org", "TXT")).answer
    assert (await ask(sim, "out.example.org", "A")).rcode() == dns.rcode.SERVFAIL


async def test_other_zones_are_refused(sim: Simulator) -> None:
    """What is not ours is REFUSED without the AA bit."""
    response = await ask(sim, "example.net", "A")
    assert response.rcode() == dns.rcode.REFUSED
    assert not response.flags & dns.flags.AA


async def test_a_long_answer_is_cut_over_udp_only(sim: Simulator) -> None:
    """UDP says TC where the answer is too long; TCP gives all of it."""
    host, port = sim.dns_address
    query = dns.message.make_query("big.example.com", "TXT")
    response, by_tcp = await dns.asyncquery.udp_with_fallback(query, host, timeout=5, port=port)
    assert by_tcp
    assert len(texts(response)) == 20


async def test_a_tcp_connection_takes_several_questions(sim: Simulator) -> None:
    """A second question on the same connection is answered, also when its bytes come in pieces."""
    reader, writer = await asyncio.open_connection(*sim.dns_address)
    wire = dns.message.make_query("home.example.com", "A").to_wire()
    framed = len(wire).to_bytes(2) + wire
    for piece in (framed, framed[:1], framed[1:9], framed[9:]):
        writer.write(piece)
        await writer.drain()
    for _ in range(2):
        answer = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        assert texts(dns.message.from_wire(answer)) == ["192.0.2.1"]
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("packet", [b"", b"\0", b"x" * 40, b"\0" * 11])
async def test_bad_packets_are_ignored(sim: Simulator, packet: bytes) -> None:
    """Garbage and answers get no answer, and the server goes on."""
    response = dns.message.make_response(dns.message.make_query("home.example.com", "A"))
    assert sim.authority.answer(packet) is None
    assert sim.authority.answer(response.to_wire()) is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        raw.sendto(packet, sim.dns_address)
    assert texts(await ask(sim, "home.example.com", "A")) == ["192.0.2.1"]


def test_what_is_no_plain_question_is_refused() -> None:
    """Another opcode is NOTIMP, another class REFUSED."""
    authority = Authority(World({"example.com": {}}))
    update = dns.message.make_query("example.com", "A")
    update.set_opcode(dns.opcode.STATUS)
    chaos = dns.message.make_query("example.com", "TXT", rdclass="CH")
    for query, rcode in ((update, dns.rcode.NOTIMP), (chaos, dns.rcode.REFUSED)):
        wire = authority.answer(query.to_wire())
        assert wire is not None
        assert dns.message.from_wire(wire).rcode() == rcode


def test_lookup_needs_no_packet(clock: ManualClock) -> None:
    """The model answers a name and a type directly, with values and TTL."""
    authority = Authority(
        World({"example.com": {"home/A": RRset(("192.0.2.1",), 300)}}, clock=clock)
    )
    found = authority.lookup("home.example.com", "A")
    assert found is not None
    assert (found.values("A"), found.ttl, found.aa) == (("192.0.2.1",), 300, True)


def test_dns_lags_behind_the_api(clock: ManualClock) -> None:
    """With a lag of N seconds a change is seen N seconds of the clock later; deletion likewise."""
    world = World({"example.com": {"home/A": "192.0.2.1"}}, clock=clock)
    authority = Authority(world)
    world.faults.add(DnsFault("lag", seconds=30))

    def seen() -> tuple[str, ...]:
        answer = authority.lookup("home.example.com.", "A")
        assert answer is not None
        return answer.values("A")

    world.set_record("example.com", "home", "A", "192.0.2.2")
    clock.now += 29
    assert seen() == ("192.0.2.1",)
    clock.now += 1
    assert seen() == ("192.0.2.2",)
    world.drop("example.com", "home", "A")
    assert seen() == ("192.0.2.2",)
    clock.now += 30
    assert seen() == ()


async def test_dns_can_show_something_else_than_the_api(sim: Simulator) -> None:
    """An override shows another RRset, or none, while the API keeps the true one."""
    fault = DnsFault(
        "override", name="home.example.com", type="A", rrset=RRset(("203.0.113.5",), 60)
    )
    fault_id = sim.world.faults.add(fault)
    assert texts(await ask(sim, "home.example.com", "A")) == ["203.0.113.5"]
    assert texts(await ask(sim, "home.example.com", "AAAA")) == ["2001:db8::1"]
    sim.world.faults.add(DnsFault("override", name="home.example.com", type="A"), fault_id)
    assert not (await ask(sim, "home.example.com", "A")).answer
    assert sim.world.record("example.com", "home", "A") == RRset(("192.0.2.1",), 300)


async def test_dns_faults_end_after_their_count(sim: Simulator) -> None:
    """SERVFAIL and a missing AA bit come as often as told and for the names told, then the truth again."""
    sim.world.faults.add(DnsFault("servfail", name="*.example.com", count=1))
    assert (await ask(sim, "example.org", "A")).rcode() == dns.rcode.NOERROR
    assert (await ask(sim, "home.example.com", "A")).rcode() == dns.rcode.SERVFAIL
    sim.world.faults.add(DnsFault("no-aa", count=1))
    response = await ask(sim, "home.example.com", "A")
    assert texts(response) == ["192.0.2.1"]
    assert not response.flags & dns.flags.AA
    assert (await ask(sim, "home.example.com", "A")).flags & dns.flags.AA


async def test_dns_can_be_silent(sim: Simulator) -> None:
    """A silenced question gets no answer and is logged without a status."""
    sim.world.faults.add(DnsFault("silence", count=1))
    wire = dns.message.make_query("home.example.com", "A").to_wire()
    assert sim.authority.answer(wire) is None
    assert [call.status for call in sim.calls(kind="dns")] == [None]
    assert texts(await ask(sim, "home.example.com", "A")) == ["192.0.2.1"]


def test_an_override_needs_a_name_and_a_type() -> None:
    """An override that does not say which RRset is refused."""
    with pytest.raises(ValueError, match="which RRset"):
        DnsFault("override", name="home.example.com")
    with pytest.raises(ValueError, match="no A value"):
        DnsFault("override", name="home.example.com", type="A", rrset=RRset(("<html>",)))


@given(
    st.binary(max_size=80), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=6)
)
def test_no_packet_breaks_the_servers(noise: bytes, flips: list[tuple[int, int]]) -> None:
    """Whatever comes in, noise or a damaged question, the answer is none or a DNS message."""
    world = World({"example.com": {"home/A": "192.0.2.1", "*/TXT": "x"}})
    authority, reflector = Authority(world), Reflector(world)
    damaged = bytearray(dns.message.make_query("home.example.com", "A", use_edns=0).to_wire())
    for at, value in flips:
        damaged[at % len(damaged)] = value
    for packet in (noise, bytes(damaged)):
        for answer in (authority.answer(packet), reflector.over_dns("google", packet)):
            assert answer is None or dns.message.from_wire(answer, ignore_trailing=True)
        reflector.over_stun("stun", packet)
