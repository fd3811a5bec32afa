"""Name servers that lag, lie or are silent: the API decides."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from esddns.core.model import Drift, Record, RRType
from esddns.shell.gandi.token import TokenSource
from esddns_simulator import ApiFault, DnsFault
from esddns_simulator import RRset as SimulatedRRset
from scenarios.playing import AGAIN, HOUR, MINUTE, follows, play
from scenarios.virtual_site import (
    FIRST,
    FQDN,
    HOME,
    SECOND,
    ZONE,
    virtual_site,
)


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
