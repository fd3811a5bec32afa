"""What the name servers of a zone say, against the simulator's and against servers that lie."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest

from esddns.core.dnscheck import DnsAnswer
from esddns.core.model import RRset, RRType
from esddns.shell.authority import TIMEOUT, Authority
from esddns_simulator import DnsFault, Simulator
from esddns_simulator import RRset as SimRRset
from shell.asking_dns import HOME, LATE, ONE, SILENCE, ZONE, authority, says
from sources.asking import closed_port
from sources.lying_dns import lying_dns


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """The name server of a zone with records of every sort."""
    records = {
        "@/A": SimRRset(("192.0.2.10",), 300),
        "home/A": SimRRset(("192.0.2.1",), 300),
        "home/AAAA": SimRRset(("2001:db8::1",), 600),
        "www/CNAME": "home",
        "away/CNAME": "elsewhere.example.net.",
        "*.wild/A": SimRRset(("192.0.2.77",), 300),
        "many/A": SimRRset(tuple(f"192.0.2.{n}" for n in range(1, 200)), 300),
    }
    zones = {ZONE: records, f"sub.{ZONE}": {"@/A": SimRRset(("192.0.2.20",), 300)}}
    async with Simulator(zones, echoes=(), nameservers=["localhost"]) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "rrtype", "expected"),
    [
        (HOME, RRType.A, ONE),
        (HOME.upper(), RRType.A, ONE),
        (HOME, RRType.AAAA, RRset(frozenset({"2001:db8::1"}), 600)),
        (ZONE, RRType.A, RRset(frozenset({"192.0.2.10"}), 300)),
        (f"*.wild.{ZONE}", RRType.A, RRset(frozenset({"192.0.2.77"}), 300)),
        (f"any.wild.{ZONE}", RRType.A, RRset(frozenset({"192.0.2.77"}), 300)),
        (ZONE, RRType.AAAA, None),  # NODATA
        (f"absent.{ZONE}", RRType.A, None),  # NXDOMAIN
        (f"www.{ZONE}", RRType.A, None),  # what a CNAME leads to is another name's
        (f"away.{ZONE}", RRType.A, None),
    ],
)
async def test_what_the_server_has(
    sim: Simulator, name: str, rrtype: RRType, expected: RRset | None
) -> None:
    """Values and TTL of the name itself; None where it has none of that type."""
    host, port = sim.dns_address
    view = await authority(port).lookup(name, rrtype, ZONE)
    assert view.answers == (DnsAnswer(f"{host}:{port}", expected),)
    assert (view.zone, view.trouble) == (ZONE, "")


async def test_an_answer_too_large_for_udp(sim: Simulator) -> None:
    """It is asked for again over TCP."""
    view = await authority(sim.dns_address[1]).lookup(f"many.{ZONE}", RRType.A, ZONE)
    (answer,) = view.answers
    assert answer.rrset is not None
    assert len(answer.rrset.values) == 199


@pytest.mark.parametrize(
    ("fault", "within", "says"),
    [
        (DnsFault("servfail"), TIMEOUT, "answered SERVFAIL"),
        (DnsFault("silence"), SILENCE, "no answer in time"),
        (DnsFault("no-aa"), TIMEOUT, "not authoritative (no AA bit)"),
    ],
)
async def test_no_usable_answer(sim: Simulator, fault: DnsFault, within: float, says: str) -> None:
    """It counts for nothing, not even for an absent record, and the trouble is told with the server."""
    sim.world.faults.add(fault)
    port = sim.dns_address[1]
    view = await authority(port, timeout=within).lookup(HOME, RRType.A, ZONE)
    assert view.answers == ()
    assert f"127.0.0.1:{port}: " in view.trouble
    assert says in view.trouble


async def test_a_zone_that_is_elsewhere(sim: Simulator) -> None:
    """A server that is not the zone's own refuses: no usable answer."""
    view = await authority(sim.dns_address[1]).lookup("home.example.org", RRType.A, "example.org")
    assert view.answers == ()
    assert "answered REFUSED" in view.trouble


async def test_nobody_listens() -> None:
    """A closed port is one answer less, like a silent one."""
    port = closed_port(socket.SOCK_DGRAM)
    view = await authority(port, timeout=SILENCE).lookup(HOME, RRType.A, ZONE)
    assert view.answers == ()
    assert "no answer in time" in view.trouble


async def test_several_servers(sim: Simulator) -> None:
    """All are asked at once; one that is dead, and one that lies, leave the others' answers as they are."""
    async with lying_dns(says("192.0.2.66")) as liar, lying_dns(lambda _query: []) as silent:
        ports = (sim.dns_address[1], liar, silent)
        started = time.monotonic()
        view = await authority(*ports, timeout=1.0).lookup(HOME, RRType.A, ZONE)
        assert time.monotonic() - started < 1.0 + LATE
    seen = {answer.server: answer.rrset for answer in view.answers}
    assert seen == {
        f"127.0.0.1:{ports[0]}": ONE,
        f"127.0.0.1:{liar}": RRset(frozenset({"192.0.2.66"}), 300),
    }
    assert view.trouble == f"127.0.0.1:{silent}: no answer in time"


@pytest.mark.parametrize(
    ("name", "zone"),
    [(HOME, ZONE), (ZONE, ZONE), (f"absent.{ZONE}", ZONE), (f"*.wild.{ZONE}", ZONE),
     (f"www.{ZONE}", ZONE), (f"sub.{ZONE}", f"sub.{ZONE}"), (f"a.b.sub.{ZONE}", f"sub.{ZONE}"),
     (f"away.{ZONE}", None), ("home.example.org", None)],
)  # fmt: skip
async def test_the_zone_by_its_soa(sim: Simulator, name: str, zone: str | None) -> None:
    """Where the zone is not given, the SOA names it; behind a CNAME, or elsewhere, it is not known."""
    view = await authority(sim.dns_address[1]).lookup(name, RRType.A, None)
    assert view.zone == zone


async def test_the_zone_is_asked_for_once(sim: Simulator) -> None:
    """A known zone costs no more questions; an unknown one is asked for again."""
    asks = authority(sim.dns_address[1])
    sim.world.faults.add(DnsFault("servfail", type="SOA", count=1))
    for zone in (None, ZONE, ZONE):
        assert (await asks.lookup(HOME, RRType.A, None)).zone == zone
    assert len(sim.calls(kind="dns", method="SOA")) == 2


async def test_a_zone_that_nobody_vouches_for(sim: Simulator) -> None:
    """A SOA without the AA bit tells nothing."""
    sim.world.faults.add(DnsFault("no-aa"))
    assert (await authority(sim.dns_address[1]).lookup(HOME, RRType.A, None)).zone is None


# The way without given servers: the system's resolvers tell the zone's NS.


def by_resolver(sim: Simulator, **settings: object) -> Authority:
    """An authority whose resolver is the simulator, as are the servers that the zone names."""
    return Authority((), TIMEOUT, resolvers=(sim.dns_address,), port=sim.dns_address[1], **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", [ZONE, None])
async def test_the_zones_own_servers(sim: Simulator, zone: str | None) -> None:
    """The NS RRset says whom to ask, the SOA which zone, and both are believed for an hour."""
    asks = by_resolver(sim)
    for _ in range(3):
        view = await asks.lookup(HOME, RRType.A, zone)
        assert view.answers == (DnsAnswer(f"localhost:{sim.dns_address[1]}", ONE),)
        assert view.zone == ZONE
    assert len(sim.calls(kind="dns", method="NS")) == 1
    assert len(sim.calls(kind="dns", method="A")) == 3


async def test_a_zone_below_another(sim: Simulator) -> None:
    """The nearest SOA above the name counts, and the name itself may be it."""
    for name in (f"sub.{ZONE}", f"deep.er.sub.{ZONE}"):
        assert (await by_resolver(sim).lookup(name, RRType.A, None)).zone == f"sub.{ZONE}"


async def test_servers_that_are_not_found(sim: Simulator) -> None:
    """Without NS there is no answer, what was wrong is told, and it is tried again the next time."""
    asks = by_resolver(sim)
    fault = sim.world.faults.add(DnsFault("servfail", type="NS"))
    view = await asks.lookup(HOME, RRType.A, ZONE)
    assert (view.answers, view.zone) == ((), ZONE)
    assert view.trouble.startswith(f"no name server found for {HOME}: ")
    sim.world.faults.remove(fault)
    assert (await asks.lookup(HOME, RRType.A, ZONE)).answers != ()


@pytest.mark.parametrize(
    "target", [".", "no-such-host.invalid.", "\\255\\000.", f"{'x' * 63}.{'y' * 63}."]
)
async def test_servers_with_impossible_names(sim: Simulator, target: str) -> None:
    """An NS that names no host is one server less."""
    sim.world.faults.add(DnsFault("override", ZONE, "NS", rrset=SimRRset(("localhost.", target))))
    view = await by_resolver(sim).lookup(HOME, RRType.A, ZONE)
    assert [answer.rrset for answer in view.answers] == [ONE]
    assert view.trouble != ""


async def test_no_resolver_answers() -> None:
    """Three timeouts at most, then it is given up."""
    async with lying_dns(lambda _query: []) as silent:
        asks = Authority((), SILENCE, resolvers=(("127.0.0.1", silent),))
        started = time.monotonic()
        view = await asks.lookup(HOME, RRType.A, None)
        assert time.monotonic() - started < 3 * SILENCE + LATE
    assert view.answers == ()
    assert "no answer in time" in view.trouble or "Lifetime" in view.trouble


@pytest.mark.parametrize(
    "name", ["a..b", f"{'x' * 64}.example.com", "", "x" * 300, "\u00e4.example"]
)
async def test_a_name_that_is_none(sim: Simulator, name: str) -> None:
    """Nor does a broken name raise, by either way."""
    for asks in (authority(sim.dns_address[1]), by_resolver(sim)):
        assert [a.rrset for a in (await asks.lookup(name, RRType.A, None)).answers] in ([], [None])


async def test_the_first_address_of_a_server_is_dead(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with two families is asked over the second where the first leads nowhere."""
    loop = asyncio.get_running_loop()

    async def both(*_args: object, **_kw: object) -> list[object]:
        # ::1 without a listener on that port is refused or silent; 127.0.0.1 answers.
        v6 = (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("::1", 0, 0, 0))
        return [v6, v6, (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(loop, "getaddrinfo", both)
    asks = Authority((("ns.example.net", sim.dns_address[1]),), 1.5)  # a third for each address
    assert [a.rrset for a in (await asks.lookup(HOME, RRType.A, ZONE)).answers] == [ONE]
