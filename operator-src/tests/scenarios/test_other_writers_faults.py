"""Other writers of the same record: repaired, left alone, and never fought with."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from esddns.shell.gandi.token import TokenSource
from scenarios.playing import HOUR, MINUTE, play
from scenarios.virtual_site import (
    FIRST,
    LIE,
    SECOND,
    THIRD,
    ZONE,
    virtual_site,
)


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
