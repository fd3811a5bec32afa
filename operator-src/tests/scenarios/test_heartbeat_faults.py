"""When somebody outside is told that all is well, and when not."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from esddns.shell.gandi.token import TokenSource
from esddns.shell.heartbeat import HeartbeatError
from scenarios.playing import MINUTE, play
from scenarios.virtual_site import SECOND, virtual_site


class Outside:
    """Who waits for the heartbeat: notes when it came, and refuses it where told to."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.refuses = ""

    async def ping(self) -> None:
        """Take one."""
        if self.refuses:
            raise HeartbeatError(self.refuses)
        self.times.append(asyncio.get_running_loop().time())

    async def beats(self, minutes: float) -> int:
        """How often it comes within this time."""
        before = len(self.times)
        await asyncio.sleep(minutes * MINUTE)
        return len(self.times) - before


def test_one_for_each_round(tokens: TokenSource) -> None:
    """While all is well one is sent for each full round, and no more."""

    async def scenario() -> None:
        outside = Outside()
        async with virtual_site(tokens=tokens, ping=outside.ping):
            assert await outside.beats(60) == 12

    play(scenario())


def test_none_while_the_address_is_unknown(tokens: TokenSource) -> None:
    """Sources that fail silence it, and it comes back with them."""

    async def scenario() -> None:
        outside = Outside()
        async with virtual_site(tokens=tokens, ping=outside.ping) as site:
            site.behave("dead")
            await asyncio.sleep(MINUTE)
            assert await outside.beats(30) == 0
            site.behave("honest")
            assert await outside.beats(2) == 1

    play(scenario())


def test_none_while_a_record_is_wrong(tokens: TokenSource, token_file: Path) -> None:
    """A token that is gone while the address changed silences it, until the record is right."""

    async def scenario() -> None:
        outside = Outside()
        async with virtual_site(tokens=tokens, ping=outside.ping) as site:
            text = token_file.read_text()
            token_file.unlink()
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(MINUTE)
            assert await outside.beats(30) == 0
            token_file.write_text(text)
            await site.until(SECOND, within=10)
            assert await outside.beats(6) == 1

    play(scenario())


def test_a_change_is_waited_for(tokens: TokenSource) -> None:
    """The round that finds another address is followed by a heartbeat, too: by then the record is right."""

    async def scenario() -> None:
        outside = Outside()
        async with virtual_site(tokens=tokens, ping=outside.ping) as site:
            await asyncio.sleep(MINUTE)
            site.world.set_wan(ipv4=SECOND)
            assert await outside.beats(1.5) == 1
            assert site.puts() == 2

    play(scenario())


def test_one_that_is_not_taken(tokens: TokenSource, caplog: pytest.LogCaptureFixture) -> None:
    """It is counted, said once however often it happens, and changes nothing else."""
    caplog.set_level(logging.INFO, "esddns")

    async def scenario() -> None:
        outside = Outside()
        async with virtual_site(tokens=tokens, ping=outside.ping) as site:
            outside.refuses = "HTTP status 404"
            await asyncio.sleep(30 * MINUTE)
            registry = site.reporter.metrics.registry
            failed = registry.get_sample_value("esddns_heartbeats_total", {"outcome": "failed"})
            assert failed == 6
            assert caplog.text.count("the heartbeat was not taken") == 1
            outside.refuses = ""
            assert await outside.beats(5) == 1
            assert caplog.text.count("the heartbeat is taken again") == 1

    play(scenario())
