"""Full rounds and probes: whom they ask, how long they take."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest

from esddns.config.settings import (
    DetectionSettings,
    DnsTarget,
    HttpTarget,
    SourceKind,
    SourceSettings,
)
from esddns.core.address import AcceptPolicy
from esddns.core.decide import Status
from esddns.core.model import Failure, FailureReason, Family, IPAddress, SourceError
from esddns.shell.detect import REST, Detector, Probe
from virtual_time import run_virtual

HERE, ELSEWHERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
ACCEPT = AcceptPolicy((ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))
TIMEOUT = 3.0

# Each name with its operator and its kind.
SIX = {
    "web-a": ("A", SourceKind.HTTP),
    "web-b": ("B", SourceKind.HTTP),
    "web-c": ("C", SourceKind.HTTP),
    "web-d": ("D", SourceKind.HTTP),
    "dns-a": ("A", SourceKind.DNS),
    "dns-e": ("E", SourceKind.DNS),
}


class FakeSource:
    """Says what `says` gives after `delay` seconds; None: never answers."""

    kind = SourceKind.HTTP
    families = frozenset(Family)

    def __init__(self, settings: SourceSettings, site: Site) -> None:
        self.name = settings.name
        self.operator = settings.operator
        self._site = site

    async def ask(self, family: Family, timeout: float) -> IPAddress:  # noqa: ASYNC109
        """Answer as the site says."""
        self._site.asked.append(self.name)
        said = self._site.says(self.name)
        if said is None:
            await asyncio.sleep(timeout)
            raise SourceError(FailureReason.TIMEOUT, "no answer")
        await asyncio.sleep(0.05)
        return said


class Site:
    """A detector over fake sources, and who was asked."""

    def __init__(
        self,
        says: Callable[[str], IPAddress | None] = lambda _name: HERE,
        sources: dict[str, tuple[str, SourceKind]] = SIX,
        family: Family = Family.IPV4,
        suffix: IPv6Address | None = None,
    ) -> None:
        self.says = says
        self.asked: list[str] = []
        self.answers: list[object] = []
        settings = DetectionSettings(
            tuple(
                SourceSettings(
                    name,
                    operator,
                    kind,
                    {
                        family: HttpTarget(f"https://{name}")
                        if kind is SourceKind.HTTP
                        else DnsTarget(name, 53, "whoami", "A")
                    },
                )
                for name, (operator, kind) in sources.items()
            ),
            families=(family,),
            timeout=TIMEOUT,
            ipv6_suffix=suffix,
        )
        fakes = [FakeSource(source, self) for source in settings.sources]
        self.detector = Detector(
            family, fakes, settings, ACCEPT, lambda answer, _s: self.answers.append(answer)
        )


def test_a_quiet_round_asks_quorum_and_one_more() -> None:
    """Where the first quorum + 1 confirm the address, nobody else is asked; they are different operators."""

    async def scenario() -> None:
        site = Site()
        result = await site.detector.round(HERE)
        assert result.decision.status is Status.UNCHANGED
        assert len(site.asked) == 3
        assert len({SIX[name][0] for name in site.asked}) == 3

    run_virtual(scenario())


def test_the_first_are_those_that_tls_vouches_for() -> None:
    """The first asked are asked over https: port 53 can be answered by whoever sits on the way."""

    async def scenario() -> None:
        for _ in range(6):
            site = Site()
            await site.detector.round(HERE)
            assert all(SIX[name][1] is SourceKind.HTTP for name in site.asked)

    run_virtual(scenario())


def test_rounds_take_turns() -> None:
    """Over many rounds each of the first sources carries about the same load."""

    async def scenario() -> None:
        site = Site()
        for _ in range(40):
            await site.detector.round(HERE)
        counts = Counter(site.asked)
        assert set(counts) == {"web-a", "web-b", "web-c", "web-d"}
        assert set(counts.values()) == {30}

    run_virtual(scenario())


@pytest.mark.parametrize("current", [None, ELSEWHERE])
def test_a_change_hears_everybody(current: IPAddress | None) -> None:
    """Where the first do not confirm what stands, everybody is asked before anything is decided."""

    async def scenario() -> None:
        site = Site()
        result = await site.detector.round(current)
        assert result.decision.address == HERE
        assert sorted(site.asked) == sorted(SIX)

    run_virtual(scenario())


def test_the_first_liars_are_not_believed() -> None:
    """Where all of the first lie with one voice, the others are heard, and what stands stays."""

    async def scenario() -> None:
        liars: set[str] = set()
        site = Site(lambda name: ELSEWHERE if name in liars else HERE)
        await site.detector.round(HERE)
        for _ in range(4):
            liars = {"web-a", "web-b", "web-c"}
            assert (await site.detector.round(HERE)).decision.status is Status.UNCHANGED

    run_virtual(scenario())


def test_udp_alone_changes_nothing() -> None:
    """Whoever answers DNS in two operators' names is not believed while nobody over https agrees."""
    sources = SIX | {"dns-b": ("B", SourceKind.DNS)}

    async def scenario(https: IPAddress | None, expected: IPAddress | None) -> None:
        site = Site(lambda name: https if name.startswith("web") else ELSEWHERE, sources)
        result = await site.detector.round(HERE)
        assert result.decision.address == expected
        asked = [answer for answer, _seconds in await site.detector.ask_all()]
        assert site.detector.decide(asked, HERE).address == expected

    run_virtual(scenario(None, None))
    run_virtual(scenario(HERE, HERE))
    run_virtual(scenario(ELSEWHERE, ELSEWHERE))


@pytest.mark.parametrize("dead", [{"web-a"}, {"web-a", "web-b", "web-c"}, set(SIX)])
def test_a_round_ends_within_two_timeouts(dead: set[str]) -> None:
    """However many sources are dead, a round ends within two timeouts."""

    async def scenario() -> None:
        site = Site(lambda name: None if name in dead else HERE)
        loop = asyncio.get_running_loop()
        for _ in range(6):
            started = loop.time()
            await site.detector.round(HERE)
            assert loop.time() - started <= 2 * TIMEOUT + 1e-6

    run_virtual(scenario())


def test_what_may_not_be_published_is_a_failure() -> None:
    """An address that the policy refuses counts as no answer, and says why."""

    async def scenario() -> None:
        site = Site(lambda _name: IPv4Address("100.64.0.1"))
        result = await site.detector.round(None)
        assert result.decision.status is Status.UNDECIDED
        assert all(
            isinstance(a, Failure) and a.reason is FailureReason.NOT_ACCEPTED
            for a in result.answers
        )

    run_virtual(scenario())


def test_the_suffix_takes_the_place_of_the_host_part() -> None:
    """With ipv6-suffix sources that see different hosts of one /64 agree, on the prefix with the suffix."""
    sources = {"web-a": ("A", SourceKind.HTTP), "web-b": ("B", SourceKind.HTTP)}
    seen = {"web-a": IPv6Address("2001:db8::aaaa"), "web-b": IPv6Address("2001:db8::bbbb")}

    async def scenario() -> None:
        site = Site(seen.get, sources, Family.IPV6, IPv6Address("::53"))
        decision = (await site.detector.round(None)).decision
        assert decision.address == IPv6Address("2001:db8::53")

    run_virtual(scenario())


def test_a_probe_asks_one_over_udp_by_turns() -> None:
    """A probe asks one source, over UDP where there is one, and its operators take turns."""

    async def scenario() -> None:
        site = Site()
        for _ in range(6):
            assert (await site.detector.probe(HERE))[0] is Probe.CONFIRMED
        assert Counter(site.asked) == {"dns-a": 3, "dns-e": 3}

    run_virtual(scenario())


def test_a_probe_says_what_it_saw() -> None:
    """A probe tells another address from no answer."""

    async def scenario() -> None:
        assert (await Site().detector.probe(ELSEWHERE))[0] is Probe.DIFFERS
        assert (await Site(lambda _n: None).detector.probe(HERE))[0] is Probe.FAILED

    run_virtual(scenario())


def test_a_resting_source_is_not_probed() -> None:
    """A source that rests is left out for an hour; when all of UDP rest, https is asked."""

    async def scenario() -> None:
        site = Site()
        site.detector.rest_source("dns-a")
        for _ in range(3):
            assert (await site.detector.probe(HERE))[1] == "dns-e"
        site.detector.rest_source("dns-e")
        assert (await site.detector.probe(HERE))[1].startswith("web-")
        await asyncio.sleep(REST)
        assert (await site.detector.probe(HERE))[1].startswith("dns-")

    run_virtual(scenario())


def test_everybody_is_asked_for_a_check() -> None:
    """`ask_all` asks each source once and gives the time that each took."""

    async def scenario() -> None:
        site = Site(lambda name: None if name == "web-b" else HERE)
        asked = await site.detector.ask_all()
        took = {answer.source: seconds for answer, seconds in asked}
        assert set(took) == set(SIX)
        assert took["web-b"] == pytest.approx(TIMEOUT)
        assert took["web-a"] < 1

    run_virtual(scenario())


def test_every_answer_is_told() -> None:
    """Each answer and failure reaches the metrics, once."""

    async def scenario() -> None:
        site = Site(lambda name: None if name == "dns-e" else HERE)
        await site.detector.round(None)
        assert len(site.answers) == len(SIX)

    run_virtual(scenario())
