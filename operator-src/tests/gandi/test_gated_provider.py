"""A provider behind its gate, on virtual time: what is sent, what is not, and what is told of the token."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from esddns.core.errors import (
    BlockedError,
    CredentialMissingError,
    ForbiddenError,
    InvalidError,
    NoSuchZoneError,
    ProviderError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from esddns.core.model import RRset
from esddns.shell.gated import GatedProvider
from gandi.calling import WANTED, ZONE
from virtual_time import run_virtual

OTHER = "example.org"


@dataclass
class Scripted:
    """A provider that fails as told, and counts what reaches it."""

    token_version: int = 1
    fails: ProviderError | None = None
    writes_fail: ProviderError | None = None
    takes: float = 0.0
    sent: list[tuple[float, str]] = field(default_factory=list)

    def _answer(self, what: str, error: ProviderError | None) -> None:
        self.sent.append((asyncio.get_running_loop().time(), what))
        if error is not None:
            raise error

    async def zone_exists(self, zone: str) -> bool:
        """Answer True, or fail."""
        self._answer(f"zone {zone}", self.fails)
        return True

    async def rrsets(self, zone: str, name: str) -> Mapping[str, RRset]:
        """Answer with nothing, or fail, after the time that it takes."""
        await asyncio.sleep(self.takes)
        self._answer(f"get {name} {zone}", self.fails)
        return {}

    async def put(self, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        """Do nothing, or fail."""
        self._answer(f"put {name}/{rrtype} {zone} {rrset}", self.writes_fail or self.fails)

    async def delete(self, zone: str, name: str, rrtype: str) -> None:
        """Do nothing, or fail."""
        self._answer(f"delete {name}/{rrtype} {zone}", self.writes_fail or self.fails)


Scenario = Callable[[GatedProvider, Scripted], Awaitable[None]]


def play(scenario: Scenario, told: list[bool] | None = None) -> Scripted:
    """Run a scenario; gives the provider behind the gate."""
    scripted = Scripted()

    async def main() -> None:
        told_ = [] if told is None else told
        await scenario(GatedProvider(scripted, random.Random(3), told_.append), scripted)  # noqa: S311

    run_virtual(main(), limit=86400)
    return scripted


async def refused(call: Awaitable[object], kind: type[ProviderError]) -> ProviderError:
    """The error of exactly that kind that a call comes to."""
    with pytest.raises(ProviderError) as caught:
        await call
    assert type(caught.value) is kind
    return caught.value


def test_everything_passes_while_all_is_well() -> None:
    """Calls, their arguments and their results go through."""

    async def scenario(gated: GatedProvider, _scripted: Scripted) -> None:
        assert gated.token_version == 1
        assert await gated.zone_exists(ZONE) is True
        assert await gated.rrsets(ZONE, "home") == {}
        await gated.put(ZONE, "home", "A", WANTED)
        await gated.delete(ZONE, "home", "A")

    assert [what for _at, what in play(scenario).sent] == [
        f"zone {ZONE}",
        f"get home {ZONE}",
        f"put home/A {ZONE} 192.0.2.7 (TTL 300)",
        f"delete home/A {ZONE}",
    ]


def test_401_sends_nothing_until_the_token_changes() -> None:
    """However long, for every zone and call; with a new token the next call goes out at once."""

    async def scenario(gated: GatedProvider, scripted: Scripted) -> None:
        scripted.fails = UnauthorizedError("401")
        await refused(gated.rrsets(ZONE, "home"), UnauthorizedError)
        for _ in range(10):
            await asyncio.sleep(3600)
            await refused(gated.rrsets(OTHER, "home"), BlockedError)
            await refused(gated.put(ZONE, "home", "A", WANTED), BlockedError)
        assert len(scripted.sent) == 1
        scripted.token_version, scripted.fails = 2, None
        await gated.put(ZONE, "home", "A", WANTED)
        await gated.rrsets(OTHER, "home")

    assert len(play(scenario).sent) == 3


def test_403_stops_one_zone_for_an_hour() -> None:
    """The other zones go on; after an hour, or with a new token, it is asked again."""

    async def scenario(gated: GatedProvider, scripted: Scripted) -> None:
        scripted.fails = ForbiddenError("403")
        await refused(gated.rrsets(ZONE, "home"), ForbiddenError)
        scripted.fails = None
        await gated.rrsets(OTHER, "home")
        await asyncio.sleep(3599)
        blocked = await refused(gated.put(ZONE, "home", "A", WANTED), BlockedError)
        assert isinstance(blocked, BlockedError)
        assert blocked.until == 3600
        await asyncio.sleep(1)
        scripted.fails = ForbiddenError("403")
        await refused(gated.rrsets(ZONE, "home"), ForbiddenError)
        scripted.token_version, scripted.fails = 2, None
        await gated.rrsets(ZONE, "home")

    assert len(play(scenario).sent) == 4


def test_an_outage_costs_few_calls() -> None:
    """In ten minutes of 500s, with three records asking every second, calls get rarer, up to a minute."""

    async def scenario(gated: GatedProvider, scripted: Scripted) -> None:
        scripted.fails = UnavailableError("500", answered=True)
        for _ in range(600):
            for name in ("a", "b", "c"):
                with pytest.raises(ProviderError):
                    await gated.rrsets(ZONE, name)
            await asyncio.sleep(1)
        scripted.fails = None
        await asyncio.sleep(60)
        assert await gated.rrsets(ZONE, "a") == {}
        assert gated.not_before == 0

    sent = play(scenario).sent
    assert 10 < len(sent) < 60
    # The last is the one that worked, a minute after the end.
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(sent[:-1])]
    assert 30 < max(gaps) <= 61


def test_retry_after_holds_for_all() -> None:
    """Nothing is sent by any record before the time that the server gave."""

    async def scenario(gated: GatedProvider, scripted: Scripted) -> None:
        scripted.fails = RateLimitedError("429", 30)
        await refused(gated.rrsets(ZONE, "a"), RateLimitedError)
        scripted.fails = None
        await asyncio.sleep(29.9)
        blocked = await refused(gated.rrsets(OTHER, "b"), BlockedError)
        assert isinstance(blocked, BlockedError)
        assert blocked.until == gated.not_before
        await asyncio.sleep(blocked.until - 29.9)
        await gated.rrsets(OTHER, "b")

    assert 30 <= play(scenario).sent[1][0] <= 31


def test_failing_writes_are_backed_off_from_though_reads_work() -> None:
    """A GET before each PUT works, the PUTs do not: they get rarer all the same."""

    async def scenario(gated: GatedProvider, scripted: Scripted) -> None:
        scripted.writes_fail = UnavailableError("500")
        while asyncio.get_running_loop().time() < 600:
            await gated.rrsets(ZONE, "home")
            await refused(gated.put(ZONE, "home", "A", WANTED), UnavailableError)
            await asyncio.sleep(gated.not_before - asyncio.get_running_loop().time())
        scripted.writes_fail = None
        await gated.put(ZONE, "home", "A", WANTED)
        assert gated.not_before == 0

    puts = [at for at, what in play(scenario).sent if what.startswith("put")]
    assert 10 < len(puts) < 60
    assert puts[-1] - puts[-6] > 30


def test_a_read_that_was_under_way_does_not_end_the_backoff() -> None:
    """A read that was asked for before a write failed, and works, leaves Retry-After as it is."""

    async def scenario(gated: GatedProvider, scripted: Scripted) -> None:
        go = asyncio.Event()

        async def slow(_zone: str, _name: str) -> Mapping[str, RRset]:
            await go.wait()
            return {}

        scripted.rrsets = slow  # type: ignore[method-assign]
        reading = asyncio.create_task(gated.rrsets(ZONE, "home"))
        await asyncio.sleep(0)
        scripted.writes_fail = RateLimitedError("429", 30)
        await refused(gated.put(ZONE, "home", "A", WANTED), RateLimitedError)
        go.set()
        await reading
        await refused(gated.put(ZONE, "home", "A", WANTED), BlockedError)

    assert len(play(scenario).sent) == 1


def test_no_way_to_the_provider_counts_from_the_beginning_of_the_first_call() -> None:
    """A call that waits ten seconds for a connection had no way to Gandi for all of them."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        provider = Scripted(fails=UnavailableError("no route", answered=False), takes=10)
        gated = GatedProvider(provider, random.Random(1))  # noqa: S311
        began = loop.time()
        await refused(gated.rrsets(ZONE, "home"), UnavailableError)
        assert loop.time() == began + 10
        assert gated.unreachable_since == began

    run_virtual(scenario())


@pytest.mark.parametrize(
    "error", [InvalidError("400"), NoSuchZoneError("404"), CredentialMissingError("-")]
)
def test_other_errors_block_nothing(error: ProviderError) -> None:
    """A wrong record does not hold the others up."""

    async def scenario(gated: GatedProvider, scripted: Scripted) -> None:
        for _ in range(3):
            scripted.fails = error
            await refused(gated.put(ZONE, "home", "A", WANTED), type(error))
            scripted.fails = None
            await gated.put(ZONE, "other", "A", WANTED)

    assert len(play(scenario).sent) == 6


def test_what_is_told_of_the_token() -> None:
    """Good after each answer that took it, bad where refused or missing; silence and blocks say nothing."""
    told: list[bool] = []

    async def scenario(gated: GatedProvider, scripted: Scripted) -> None:
        assert gated.last_good == float("-inf")
        for error in (None, ForbiddenError("403"), NoSuchZoneError("404"), InvalidError("400")):
            await asyncio.sleep(7200)
            scripted.fails = error
            try:
                await gated.rrsets(ZONE, "home")
            except ProviderError as seen:
                assert seen is error  # noqa: PT017
            assert told.pop() is True
            assert gated.last_good == asyncio.get_running_loop().time()
        good = gated.last_good
        await asyncio.sleep(7200)
        for error in (UnavailableError("500"), RateLimitedError("429", 0.0)):
            scripted.fails = error
            await refused(gated.rrsets(ZONE, "home"), type(error))
            await refused(gated.rrsets(ZONE, "home"), BlockedError)
            await asyncio.sleep(60)
        assert told == []
        for bad in (CredentialMissingError("none"), UnauthorizedError("401")):
            scripted.fails = bad
            await refused(gated.rrsets(ZONE, "home"), type(bad))
            assert told.pop() is False
        assert gated.last_good == good

    play(scenario, told)
