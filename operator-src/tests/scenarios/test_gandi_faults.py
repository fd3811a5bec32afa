"""Gandi that fails, refuses or loses its replies: written once, soon after it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from esddns.core.model import Drift, Record, RRType
from esddns.shell.gandi.token import TokenSource
from esddns_simulator import ApiFault
from scenarios.conftest import TOKEN
from scenarios.playing import AGAIN, HOUR, MINUTE, follows, play
from scenarios.virtual_site import (
    FIRST,
    FQDN,
    SECOND,
    THIRD,
    ZONE,
    virtual_site,
)


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


@pytest.mark.parametrize(("failures", "within"), [(0, 61), (1, 90)])
def test_a_lost_reply_and_then_a_change(tokens: TokenSource, failures: int, within: int) -> None:
    """What a lost write left there is ours: with drift = report the next change is still written.

    Though that fails as well, at first.
    """
    record = Record(FQDN, RRType.A, drift=Drift.REPORT)

    async def scenario() -> None:
        async with virtual_site(record, tokens=tokens) as site:
            site.world.faults.add(ApiFault("lose-reply", method="PUT", count=1))
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=40)
            blind = site.world.faults.add(ApiFault("server-error", method="GET"))
            site.world.set_wan(ipv4=THIRD)
            await asyncio.sleep(2 * MINUTE)
            for _ in range(failures):
                site.world.faults.add(ApiFault("server-error", method="PUT", count=1))
            site.world.faults.remove(blind)
            await site.until(THIRD, within=within)

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


def test_a_new_token_is_tried_at_once(tokens: TokenSource, token_file: Path) -> None:
    """A token that took the place of another is tried within seconds, and one that is gone is missed."""

    async def scenario() -> None:
        async with virtual_site(tokens=tokens) as site:
            for text, good in (("another-that-is-wrong", False), (TOKEN, True)):
                calls = site.api_calls()
                token_file.write_text(text)
                await asyncio.sleep(10)
                assert site.reporter.credential_good is good
                assert site.api_calls() == calls + 1
            token_file.unlink()
            await asyncio.sleep(10)
            assert site.reporter.credential_good is False

    play(scenario())
