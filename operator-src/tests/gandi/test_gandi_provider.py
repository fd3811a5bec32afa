"""The client in its thread, as the loop sees it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from esddns.config.settings import GandiSettings
from esddns.core.errors import NoSuchZoneError, UnavailableError
from esddns.shell.gandi import provider as provider_module
from esddns.shell.gandi.client import GandiClient
from esddns.shell.gandi.provider import GandiProvider
from esddns.shell.gandi.token import TokenSource
from esddns_simulator import ApiFault, Simulator
from gandi.calling import TOKEN, WANTED, ZONE


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """LiveDNS with one empty zone."""
    async with Simulator({ZONE: {}}, token=TOKEN, echoes=()) as running:
        yield running


@contextlib.asynccontextmanager
async def provider(
    sim: Simulator, source: TokenSource, reads_take: float = 5
) -> AsyncIterator[GandiProvider]:
    """A provider whose reads end after that many seconds, closed at the end."""
    made = GandiProvider(
        GandiClient(GandiSettings(url=sim.api_url, timeout=reads_take), source), source
    )
    try:
        yield made
    finally:
        made.close()


async def under_way(sim: Simulator) -> None:
    """Wait until one more call has arrived."""
    total = sim.world.calls.total
    async with asyncio.timeout(5):
        while sim.world.calls.total == total:  # noqa: ASYNC110  # the log of calls tells nobody
            await asyncio.sleep(0.001)


async def test_every_call(sim: Simulator, source: TokenSource) -> None:
    """Each call gives what the client gives, and raises what it raises."""
    async with provider(sim, source) as gandi:
        assert gandi.token_version == 1
        assert await gandi.zones() == (ZONE,)
        assert await gandi.zone_exists(ZONE)
        await gandi.put(ZONE, "home", "A", WANTED)
        assert await gandi.rrsets(ZONE, "home") == {"A": WANTED}
        await gandi.delete(ZONE, "home", "A")
        assert await gandi.rrsets(ZONE, "home") == {}
        with pytest.raises(NoSuchZoneError):
            await gandi.rrsets("example.net", "home")


async def test_the_loop_goes_on(sim: Simulator, source: TokenSource) -> None:
    """While Gandi is silent, the loop does other work; abort ends the call, and the next one works."""
    sim.world.faults.add(ApiFault("silence", count=1))
    async with provider(sim, source, reads_take=60) as gandi:
        call = asyncio.create_task(gandi.zones())
        await under_way(sim)
        gandi.abort()
        with pytest.raises(UnavailableError, match="ended before"):
            await call
        assert await gandi.zones() == (ZONE,)


async def test_one_call_at_a_time(sim: Simulator, source: TokenSource) -> None:
    """Calls that are asked for together are made one after the other."""
    async with provider(sim, source) as gandi:
        assert await asyncio.gather(*(gandi.zone_exists(ZONE) for _ in range(5))) == [True] * 5


async def test_a_write_does_not_wait_for_long(
    sim: Simulator, source: TokenSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that found the thread busy is not sent later: what allowed it may be over by then."""
    monkeypatch.setattr(provider_module, "_LATEST_WRITE", 0.05)
    sim.world.faults.add(ApiFault("silence", count=1))
    async with provider(sim, source, reads_take=0.2) as gandi:
        reading = asyncio.create_task(gandi.zones())
        await under_way(sim)
        with pytest.raises(UnavailableError, match="not sent"):
            await gandi.put(ZONE, "home", "A", WANTED)
        with pytest.raises(UnavailableError):
            await reading
    assert sim.calls(method="PUT") == []


async def test_a_call_that_outlives_its_deadline(
    sim: Simulator, source: TokenSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where even the deadline does not end a call (a resolver hangs), the loop does not wait for it."""
    monkeypatch.setattr(provider_module, "_LONGEST_CALL", 0.05)
    sim.world.faults.add(ApiFault("silence", count=1))
    async with provider(sim, source, reads_take=60) as gandi:
        with pytest.raises(UnavailableError, match="name was not resolved"):
            await gandi.zones()


async def test_close_ends_everything(sim: Simulator, source: TokenSource) -> None:
    """What is under way is cut, what waits is not sent, and the thread ends."""
    sim.world.faults.add(ApiFault("silence", count=1))
    async with provider(sim, source, reads_take=60) as gandi:
        reading = asyncio.create_task(gandi.zones())
        writing = asyncio.create_task(gandi.put(ZONE, "home", "A", WANTED))
        await under_way(sim)
    with pytest.raises(UnavailableError):
        await reading
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert sim.calls(method="PUT") == []
