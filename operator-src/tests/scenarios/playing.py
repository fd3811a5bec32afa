"""How a scenario is played, and what may pass before a change is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from ipaddress import IPv4Address
from typing import Any

from scenarios.virtual_site import (
    VirtualSite,
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
