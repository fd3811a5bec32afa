"""A simulator, a client for it and a clock that a test moves itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from esddns_simulator import ManualClock, RRset, Simulator

TOKEN = "a-token"


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still until a test moves it."""
    return ManualClock()


@pytest.fixture
async def sim(clock: ManualClock) -> AsyncIterator[Simulator]:
    """A running simulator of two zones with records of every sort."""
    zones = {
        "example.com": {
            "@/A": "192.0.2.10",
            "home/A": RRset(("192.0.2.1",), 300),
            "home/AAAA": "2001:db8::1",
            "www/CNAME": "home",
            "away/CNAME": "elsewhere.example.net.",
            "a.deep/TXT": "hello",
            "*.wild/A": "192.0.2.77",
            "big/TXT": [f"{n:03}" + "x" * 200 for n in range(20)],
        },
        "example.org": {"@/A": "192.0.2.20"},
    }
    async with Simulator(
        zones,
        token=TOKEN,
        apikey="a-key",
        clock=clock,
        wall=lambda: 1_700_000_000.0,
        sleep=clock.sleep,
        nameservers=["ns1.example.com", "ns2.example.com"],
    ) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that sends the valid token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session
