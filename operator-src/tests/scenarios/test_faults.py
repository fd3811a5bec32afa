"""Faults: the record never becomes wrong, and is right again after the fault ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from esddns.core.model import Drift, Family, Record, RRType
from esddns.shell.gandi.token import TokenSource
from esddns_simulator import ApiFault, Behaviour, DnsFault
from esddns_simulator import RRset as SimulatedRRset
from scenarios.conftest import TOKEN
from scenarios.virtual_site import (
    FIRST,
    FQDN,
    HOME,
    LIE,
    OPERATORS,
    SECOND,
    THIRD,
    UDP,
    ZONE,
    VirtualSite,
    virtual_site,
)
from virtual_time import run_virtual

MINUTE, HOUR = 60, 3600
# What a change may take when nothing is wrong any more: a probe interval, a full round whose sources may
# still be slow, and a backoff that was drawn before.
AGAIN = 30 + 6 + 60 + 5


def play(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario on virtual time."""
    run_virtual(scenario)


async def follows(site: VirtualSite, address: IPv4Address, within: float = AGAIN) -> None:
    """Change the WAN and see that the record follows with one PUT, and never shows anything else."""
    puts, before = site.puts(), site.value()
    at = len(site.seen)
    site.world.set_wan(ipv4=address)
    await site.until(address, within)
    await asyncio.sleep(5 * MINUTE)
    assert site.puts() == puts + 1
    assert {value for _t, value in site.seen[at:]} <= {before, str(address)}


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


def test_500_for_ten_minutes(tokens: TokenSource) -> None:
    """A change during ten minutes of 500 is written once, soon after they end; calls follow the backoff."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            fault = site.world.faults.add(ApiFault("server-error"))
            calls = site.api_calls()
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(10 * MINUTE)
            # Full jitter up to 60 s: about 20 tries in ten minutes after the first quick ones.
            assert 5 < site.api_calls() - calls < 60
            assert site.values_seen == {str(FIRST)}
            site.world.faults.remove(fault)
            await site.until(SECOND, within=61)
            await asyncio.sleep(5 * MINUTE)
            assert len(site.world.calls.find(kind="api", method="PUT", status=201)) == 2

    play(scenario())


def test_500_on_writes_only(tokens: TokenSource) -> None:
    """Reads that work do not end the backoff of writes that do not."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.faults.add(ApiFault("server-error", method="PUT"))
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(10 * MINUTE)
            assert site.puts() < 45
            site.world.faults.clear()
            await site.until(SECOND, within=61)

    play(scenario())


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_429_with_retry_after(tokens: TokenSource, form: Any) -> None:
    """Retry-After is waited out, in both its forms, before anything is asked again."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.faults.add(ApiFault("rate-limit", count=1, retry_after=120, form=form))
            calls = site.api_calls()
            site.world.set_wan(ipv4=SECOND)
            await site.until_called(within=31)
            await asyncio.sleep(119)
            assert site.api_calls() == calls + 1
            await site.until(SECOND, within=3)

    play(scenario())


def test_a_lost_reply(tokens: TokenSource) -> None:
    """A write that was applied though its reply was lost is found done: it is not written again."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.faults.add(ApiFault("lose-reply", method="PUT", count=1))
            await follows(site, SECOND)
            await follows(site, THIRD)

    play(scenario())


def test_a_lost_reply_and_then_a_change(tokens: TokenSource) -> None:
    """What a lost write left there is ours: with drift = report the next change is still written."""
    record = Record(FQDN, RRType.A, drift=Drift.REPORT)

    async def scenario() -> None:
        async with virtual_site(record, tokens=tokens) as site:
            site.world.faults.add(ApiFault("lose-reply", method="PUT", count=1))
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=40)
            blind = site.world.faults.add(ApiFault("server-error", method="GET"))
            site.world.set_wan(ipv4=THIRD)
            await asyncio.sleep(2 * MINUTE)
            site.world.faults.remove(blind)
            await site.until(THIRD, within=61)

    play(scenario())


def test_a_slow_write_is_not_believed(tokens: TokenSource) -> None:
    """A write that takes longer than its deadline is no success; when Gandi is fast again all is right."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            fault = site.world.faults.add(ApiFault("latency", seconds=8))
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(3 * MINUTE)
            assert site.values_seen <= {str(FIRST), str(SECOND)}
            site.world.faults.remove(fault)
            await site.until(SECOND, within=60)

    play(scenario())


def test_a_revoked_token_that_is_replaced(tokens: TokenSource, token_file: Path) -> None:
    """After a 401 nothing is sent until the token in the file changes; then the change is written."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.credentials.replace(["second-token-of-the-site"], [])
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(2 * MINUTE)
            calls = site.api_calls()
            await asyncio.sleep(12 * HOUR)
            assert site.api_calls() == calls
            assert site.values_seen == {str(FIRST)}
            assert site.reporter.credential_good is False
            token_file.write_text("second-token-of-the-site")
            await site.until(SECOND, within=10)
            assert site.reporter.credential_good is True

    play(scenario())


def test_a_token_that_goes_missing(tokens: TokenSource, token_file: Path) -> None:
    """Without its token file nothing is sent; when the file is back everything goes on by itself."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            token_file.unlink()
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(HOUR)
            assert site.values_seen == {str(FIRST)}
            token_file.write_text(TOKEN)
            await site.until(SECOND, within=10)

    play(scenario())


def test_403_for_a_zone_rests_for_an_hour(tokens: TokenSource) -> None:
    """A 403 stops that zone for an hour, and then it is tried again."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            fault = site.world.faults.add(ApiFault("forbidden", zone=ZONE))
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(10 * MINUTE)
            calls = site.api_calls()
            await asyncio.sleep(40 * MINUTE)
            assert site.api_calls() == calls
            site.world.faults.remove(fault)
            await site.until(SECOND, within=20 * MINUTE)

    play(scenario())


def test_400_stops_that_record_only(tokens: TokenSource) -> None:
    """A record that Gandi calls wrong is not tried again and again, and the others go on."""
    wrong = Record("wrong.example.com", RRType.A)
    right = Record(FQDN, RRType.A)

    async def scenario() -> None:
        async with virtual_site(wrong, right, tokens=tokens, synced=False) as site:
            # Another RRset with a CNAME appears between our GET and our PUT: Gandi answers 400.
            site.world.faults.add(
                ApiFault("server-error", method="PUT", path="*/wrong/A", status=400)
            )
            await site.until(FIRST, within=30)
            await asyncio.sleep(30 * MINUTE)
            assert len(site.world.calls.find(kind="api", path="*/wrong/A")) == 1
            site.world.faults.clear()
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=AGAIN)
            await asyncio.sleep(10)
            assert site.value("wrong.example.com") == str(SECOND)

    play(scenario())


def test_port_53_shows_something_else(tokens: TokenSource) -> None:
    """Where port 53 shows something else than the API, nothing is written, and it is said."""
    forged = SimulatedRRset(("192.0.2.200",), 300)

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.faults.add(DnsFault("override", name=FQDN, type="A", rrset=forged))
            puts, calls = site.puts(), site.api_calls()
            await asyncio.sleep(HOUR)
            assert site.puts() == puts
            assert site.api_calls() - calls <= 12 + 1  # one GET for each full round
            assert any("port 53" in t.text for t in site.reporter.errors)
            await follows(site, SECOND)
            site.world.faults.clear()
            await asyncio.sleep(10 * MINUTE)
            calls = site.api_calls()
            await asyncio.sleep(HOUR)
            assert site.api_calls() == calls
            assert site.values_seen == {str(FIRST), str(SECOND)}

    play(scenario())


@pytest.mark.parametrize("fault", ["silence", "servfail", "no-aa"])
def test_no_usable_answer_from_dns(tokens: TokenSource, fault: Any) -> None:
    """Where the name servers give no usable answer, the API is asked each round, and a change is written."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.faults.add(DnsFault(fault))
            calls = site.api_calls()
            await asyncio.sleep(HOUR)
            assert site.api_calls() - calls <= 12 + 1
            await follows(site, SECOND)

    play(scenario())


def test_lag_is_no_drift(tokens: TokenSource) -> None:
    """Secondaries that take 100 s to show a write cause no second write and no question to the API."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.faults.add(DnsFault("lag", seconds=100))
            await asyncio.sleep(HOUR)
            site.world.calls.clear()
            await follows(site, SECOND)
            assert [c.method for c in site.world.calls.find(kind="api")] == ["GET", "PUT"]

    play(scenario())


def test_there_and_back_while_dns_lags(tokens: TokenSource) -> None:
    """A WAN that changes and changes back within the lag of DNS: what DNS still shows is not believed."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.faults.add(DnsFault("lag", seconds=100))
            await asyncio.sleep(HOUR)
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=AGAIN)
            site.world.set_wan(ipv4=FIRST)
            await site.until(FIRST, within=AGAIN)

    play(scenario())


def test_another_writer_is_repaired_once(tokens: TokenSource) -> None:
    """A value that somebody put there by hand is drift: repaired within one interval, with one PUT."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            puts = site.puts()
            site.world.set_record(ZONE, "home", "A", str(LIE), ttl=300)
            await site.until(FIRST, within=300 + 5)
            await asyncio.sleep(HOUR)
            assert site.puts() == puts + 1

    play(scenario())


def test_another_writer_that_keeps_putting_its_value_back(tokens: TokenSource) -> None:
    """A fight is given up after three put-backs an hour; when the other has stopped, it is right again."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            puts = site.puts()

            async def other_writer() -> None:
                while True:
                    site.world.set_record(ZONE, "home", "A", str(LIE), ttl=300)
                    await asyncio.sleep(60)

            fighting = asyncio.create_task(other_writer())
            await asyncio.sleep(50 * MINUTE)
            assert site.puts() - puts == 2
            assert any("contested" in t.text for t in site.reporter.errors)
            await asyncio.sleep(4 * HOUR)
            assert site.puts() - puts <= 2 + 4 * 3
            fighting.cancel()
            await site.until(FIRST, within=HOUR + 300)

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


def test_a_conflict_is_left_alone(tokens: TokenSource) -> None:
    """Several other values are left alone for as long as they stand; then the record is kept again."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.set_record(ZONE, "home", "A", str(LIE), str(THIRD), ttl=300)
            puts = site.puts()
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(2 * HOUR)
            assert site.puts() == puts
            assert any("overwrite" in t.text for t in site.reporter.errors)
            site.world.drop(ZONE, "home", "A")
            await site.until(SECOND, within=300 + 5)

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


def test_a_lost_reply_and_back_while_dns_lags(tokens: TokenSource) -> None:
    """After a write whose reply was lost, DNS that still shows what is desired again is not believed."""
    record = Record(FQDN, RRType.A, drift=Drift.REPORT)

    async def scenario() -> None:
        async with virtual_site(record, tokens=tokens) as site:
            site.world.faults.add(DnsFault("lag", seconds=100))
            await asyncio.sleep(HOUR)
            site.world.faults.add(ApiFault("lose-reply", method="PUT", count=1))
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=AGAIN)
            site.world.set_wan(ipv4=FIRST)
            await site.until(FIRST, within=AGAIN)
            await asyncio.sleep(HOUR)
            assert site.value() == str(FIRST)

    play(scenario())


def test_a_wildcard_is_not_the_record(tokens: TokenSource) -> None:
    """A wildcard that answers with the right address does not make an absent record ours."""
    record = Record(FQDN, RRType.A, drift=Drift.REPORT)

    async def scenario() -> None:
        async with virtual_site(record, tokens=tokens, synced=False) as site:
            site.world.set_record(ZONE, "*", "A", str(FIRST), ttl=300)
            await asyncio.sleep(HOUR)
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=AGAIN)

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


def test_a_dead_token_makes_no_record_wrong(tokens: TokenSource) -> None:
    """While the token is dead, a record that DNS shows to be right counts as in sync."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.credentials.replace([], [])
            await asyncio.sleep(7 * HOUR)
            assert site.reporter.credential_good is False
            for _ in range(30):
                await asyncio.sleep(17)
                assert site.in_sync()

    play(scenario())


def test_a_clock_that_was_set_back(tokens: TokenSource) -> None:
    """With put-backs noted by a clock that ran ahead, a fight is still given up."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.set_record(ZONE, "home", "A", str(LIE), ttl=300)
            await site.until(FIRST, within=300 + 5)
            site.epoch -= timedelta(hours=5)
            puts = site.puts()
            for _ in range(10):
                site.world.set_record(ZONE, "home", "A", str(LIE), ttl=300)
                await asyncio.sleep(305)
            assert site.puts() - puts <= 3

    play(scenario())


def test_silent_name_servers_delay_no_change(tokens: TokenSource) -> None:
    """Many records are written within the bound though their name servers take their time to say nothing."""
    records = tuple(Record(f"h{n}.{ZONE}", RRType.A, zone=ZONE) for n in range(20))

    async def scenario() -> None:
        async with virtual_site(HOME, *records, tokens=tokens) as site:
            site.slow_dns = 3.0
            await asyncio.sleep(HOUR)
            site.world.set_wan(ipv4=SECOND)
            for record in (HOME, *records):
                await site.until(SECOND, within=30 + 5, fqdn=record.fqdn)

    play(scenario())
