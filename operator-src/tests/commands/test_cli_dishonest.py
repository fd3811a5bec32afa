"""Dishonest sources over real HTTP, DNS and STUN: the record is never wrong, and right again after."""

from __future__ import annotations

from typing import Any

import pytest

from commands.command_site import (
    FIRST,
    HTTP_SOURCES,
    LIE,
    SECOND,
    SOURCES,
    THIRD,
    CommandSite,
    running,
)

# Only values: nothing is sent there. Without accept-networks a documentation address is not accepted.
GLOBAL, OTHER_GLOBAL = "8.8.4.4", "9.9.9.9"


@pytest.mark.parametrize("mode", ["html", "huge"])
async def test_what_is_no_address(site: CommandSite, mode: Any) -> None:
    """HTML or 50 MB from every source is unknown: the record stays as it was."""
    site.write(sources=HTTP_SOURCES)
    async with running(site) as run:
        await run.until_value(FIRST)
        site.behave(mode, *HTTP_SOURCES)
        site.sim.world.set_wan(ipv4=SECOND)
        await site.until_asked(*HTTP_SOURCES)
        assert site.values == [FIRST]
        site.behave("honest", *HTTP_SOURCES)
        await run.until_value(SECOND)
        assert site.values == [FIRST, SECOND]


@pytest.mark.parametrize("address", ["100.64.7.7", "104.16.1.1"], ids=["cgnat", "proxy-range"])
async def test_what_may_not_be_published(site: CommandSite, address: str) -> None:
    """An address of a CGNAT or of a proxy is not believed, though all sources agree."""
    site.sim.world.set_wan(ipv4=GLOBAL)
    site.write(detection="")
    async with running(site) as run:
        await run.until_value(GLOBAL)
        site.sim.world.set_wan(ipv4=address)
        await site.until_asked(*SOURCES)
        assert site.values == [GLOBAL]
        site.sim.world.set_wan(ipv4=OTHER_GLOBAL)
        await run.until_value(OTHER_GLOBAL)
        assert site.values == [GLOBAL, OTHER_GLOBAL]


@pytest.mark.parametrize("liars", [("opendns",), ("google", "stun")], ids="+".join)
async def test_a_lying_minority(site: CommandSite, liars: tuple[str, ...]) -> None:
    """A lying minority changes nothing, and does not stop a real change."""
    async with running(site) as run:
        await run.until_value(FIRST)
        site.behave("lie", *liars, address=LIE)
        await site.until_asked(*liars, times=1)
        assert site.values == [FIRST]
        site.sim.world.set_wan(ipv4=SECOND)
        await run.until_value(SECOND)
        site.behave("honest", *liars)
        site.sim.world.set_wan(ipv4=THIRD)
        await run.until_value(THIRD)
        assert site.values == [FIRST, SECOND, THIRD]


async def test_a_dead_majority(site: CommandSite) -> None:
    """With one operator alive nothing changes, however the WAN changes; then it follows."""
    dead = [name for name in SOURCES if name != "ipify"]
    async with running(site) as run:
        await run.until_value(FIRST)
        site.behave("dead", *dead)
        site.sim.world.set_wan(ipv4=SECOND)
        await site.until_asked(*SOURCES)
        assert site.values == [FIRST]
        site.behave("honest", *dead)
        await run.until_value(SECOND)


async def test_one_operator_under_several_names(site: CommandSite) -> None:
    """Three sources of one operator are one witness: their lie is not believed."""
    text = site.write().read_text()
    for name in ("opendns", "google", "stun"):
        text = text.replace(f"operator = {name} inc", "operator = The One")
    (site.folder / "dns.ini").write_text(text)
    async with running(site) as run:
        await run.until_value(FIRST)
        site.behave("lie", "opendns", "google", "stun", address=LIE)
        await site.until_asked("opendns", "google", "stun", times=1)
        site.behave("dead", "ipify", "icanhazip")
        await site.until_asked(*SOURCES)
        assert site.values == [FIRST]
        site.behave("honest", *SOURCES)
        site.sim.world.set_wan(ipv4=SECOND)
        await run.until_value(SECOND)
        assert site.values == [FIRST, SECOND]
