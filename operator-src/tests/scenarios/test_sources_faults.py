"""Sources that lie, fail or say nothing: the record never becomes wrong, and is right again after."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

import pytest

from esddns.core.model import Family
from esddns.shell.gandi.token import TokenSource
from esddns_simulator import ApiFault, Behaviour, DnsFault
from scenarios.in_process import OPERATORS, UDP
from scenarios.playing import AGAIN, HOUR, MINUTE, follows, play
from scenarios.virtual_site import (
    FIRST,
    SECOND,
    THIRD,
    ZONE,
    virtual_site,
)


@pytest.mark.parametrize(
    "liars",
    [("ipify", "amazon"), ("icanhazip", "cloudflare"), ("opendns", "google"), ("identme",)],
    ids="+".join,
)
def test_lying_minority(tokens: TokenSource, liars: tuple[str, ...]) -> None:
    """A minority of lying operators changes nothing, and does not stop a real change."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.lie(*liars)
            await asyncio.sleep(HOUR)
            await follows(site, SECOND)
            site.behave("honest")
            await follows(site, THIRD)
            assert site.values_seen == {str(a) for a in (FIRST, SECOND, THIRD)}

    play(scenario())


def test_lying_half(tokens: TokenSource) -> None:
    """Even where more operators lie than tell the truth, an address that still has its quorum stays."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.lie("ipify", "identme", "amazon", "google")
            await asyncio.sleep(2 * HOUR)
            assert site.values_seen == {str(FIRST)}
            site.behave("honest")
            await follows(site, SECOND)

    play(scenario())


def test_one_operator_under_several_names(tokens: TokenSource) -> None:
    """One operator that lies under all its names is one witness, while most others are dead."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.lie("icanhazip", "cloudflare")
            site.behave("dead", "ipify", "identme", "amazon", "opendns", "google")
            await asyncio.sleep(HOUR)
            assert site.values_seen == {str(FIRST)}
            site.behave("honest")
            await follows(site, SECOND)

    play(scenario())


def test_dead_majority(tokens: TokenSource) -> None:
    """With one operator alive nothing changes, however the WAN changes; then it follows."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.behave("dead", *(name for name in OPERATORS if name != "ipify"))
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(HOUR)
            assert site.values_seen == {str(FIRST)}
            site.behave("honest")
            await site.until(SECOND, within=AGAIN)

    play(scenario())


@pytest.mark.parametrize("mode", ["html", "huge", "redirect", "refuse", "drip"])
def test_what_is_no_answer_is_no_address(tokens: TokenSource, mode: str) -> None:
    """HTML, 50 MB, a redirect, a refusal or a drip from everybody: unknown, so nothing changes."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.behave(mode)
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(HOUR)
            assert site.values_seen == {str(FIRST)}
            site.behave("honest")
            await site.until(SECOND, within=AGAIN)

    play(scenario())


@pytest.mark.parametrize("address", ["100.64.7.7", "104.16.1.1", "10.0.0.7", "192.0.2.9"])
def test_what_may_not_be_published(tokens: TokenSource, address: str) -> None:
    """A CGNAT, proxy, private or documentation address is not published, though all agree on it."""
    good, other = IPv4Address("8.8.4.4"), IPv4Address("9.9.9.9")

    async def scenario() -> None:
        async with virtual_site(tokens=tokens, synced=False, accept=()) as site:
            site.world.set_wan(ipv4=good)
            await site.until(good, within=60)
            site.world.set_wan(ipv4=address)
            await asyncio.sleep(HOUR)
            assert site.values_seen == {str(good)}
            site.world.set_wan(ipv4=other)
            await site.until(other, within=AGAIN)

    play(scenario())


def test_undecided_repairs_nothing(tokens: TokenSource) -> None:
    """While the sources do not agree, what another writer put there stays: it may be right."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.behave("dead")
            await asyncio.sleep(10 * MINUTE)
            puts = site.puts()
            site.world.set_record(ZONE, "home", "A", str(SECOND), ttl=300)
            await asyncio.sleep(HOUR)
            assert site.puts() == puts
            site.behave("honest")
            await site.until(FIRST, within=AGAIN)

    play(scenario())


def test_a_probe_source_that_is_always_wrong_rests(tokens: TokenSource) -> None:
    """A UDP source that always fails does not start a full round at each of its turns."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.behave("opendns", Behaviour("refuse"))
            await asyncio.sleep(HOUR)
            site.world.calls.clear()
            await asyncio.sleep(HOUR)
            # 12 rounds of 3, 108 probes, and at most one round of all for the one that was wrong.
            assert site.asked() <= 12 * 3 + 108 + 2 * len(OPERATORS)

    play(scenario())


def test_all_udp_hijacked(tokens: TokenSource) -> None:
    """With port 53 answered by somebody on the way, UDP sources agreeing on a lie are not believed."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.lie(*UDP)
            await asyncio.sleep(2 * HOUR)
            assert site.values_seen == {str(FIRST)}
            await follows(site, SECOND)

    play(scenario())


def test_a_change_survives_a_restart_while_undecided(tokens: TokenSource) -> None:
    """A change that was decided but not written is written after a restart, though nobody answers now."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            memory = site.memory
            site.world.faults.add(ApiFault("server-error"))
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(2 * MINUTE)
            assert memory.state.address(Family.IPV4) == SECOND
        async with virtual_site(tokens=tokens, synced=False, memory=memory) as site:
            site.behave("dead")
            site.world.set_record(ZONE, "home", "A", str(FIRST), ttl=300)
            await site.until(SECOND, within=AGAIN)

    play(scenario())


def test_nothing_new_is_written_while_undecided(tokens: TokenSource) -> None:
    """What a quorum gave long ago creates no record, and replaces nobody's, while nobody answers."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            memory = site.memory
        async with virtual_site(tokens=tokens, synced=False, memory=memory) as site:
            site.behave("dead")
            await asyncio.sleep(HOUR)
            assert site.puts() == 0
            site.world.set_record(ZONE, "home", "A", str(THIRD), ttl=300)
            await asyncio.sleep(HOUR)
            assert site.puts() == 0

    play(scenario())


def test_undecided_rounds_do_not_multiply_calls(tokens: TokenSource) -> None:
    """Where DNS is of no use, the API is asked once an interval, also while rounds come more often."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.faults.add(DnsFault("silence"))
            site.behave("dead")
            calls = site.api_calls()
            await asyncio.sleep(HOUR)
            assert site.api_calls() - calls <= 12 + 1

    play(scenario())
