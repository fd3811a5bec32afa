"""Default intervals, no faults: how fast, and at what cost."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from esddns.shell.gandi.token import TokenSource
from scenarios.virtual_site import FIRST, HOME, SECOND, THIRD, ZONE, virtual_site
from virtual_time import run_virtual

HOUR = 3600


def test_a_change_reaches_dns_within_a_probe_interval(tokens: TokenSource) -> None:
    """A WAN change is in DNS at most one probe interval + 5 s later, with one PUT."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            for address, offset in ((SECOND, 0), (THIRD, 17), (SECOND, 29)):
                await asyncio.sleep(100 + offset)
                puts = site.puts()
                site.world.set_wan(ipv4=address)
                await site.until(address, within=30 + 5)
                await asyncio.sleep(300)
                assert site.puts() == puts + 1

    run_virtual(scenario())


def test_without_probes_within_an_interval(tokens: TokenSource) -> None:
    """With probes off a change is in DNS at most one interval + 5 s later."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens, probe_interval=0) as site:
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=300 + 5)

    run_virtual(scenario())


def test_an_hour_of_steady_state(tokens: TokenSource) -> None:
    """In an hour nothing is written and Gandi is not called; sources see 12 small rounds and the probes."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            calls, asked = site.api_calls(), site.asked()
            await asyncio.sleep(HOUR)
            assert site.api_calls() == calls
            rounds, probes = 12 * 3, 120 - 12
            assert site.asked() - asked <= rounds + probes

    run_virtual(scenario())


def test_a_day_has_four_credential_checks(tokens: TokenSource) -> None:
    """In the steady state Gandi sees one authenticated GET every six hours, and nothing else."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            site.world.calls.clear()
            await asyncio.sleep(24 * HOUR)
            methods = [call.method for call in site.world.calls.find(kind="api")]
            assert methods == ["GET"] * 4

    run_virtual(scenario())


def test_a_record_that_is_right_costs_one_call(tokens: TokenSource) -> None:
    """A record that is right already is not written at start: the token is tried once, and that is all."""
    record = replace(HOME, zone=ZONE)

    async def scenario() -> None:
        async with virtual_site(record, tokens=tokens, synced=False) as site:
            site.world.set_record(ZONE, "home", "A", str(FIRST), ttl=HOME.ttl)
            await asyncio.sleep(600)
            assert [call.method for call in site.world.calls.find(kind="api")] == ["GET"]

    run_virtual(scenario())
