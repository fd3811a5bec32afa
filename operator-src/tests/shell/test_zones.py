"""Which zone a name is in: what is asked, how often, and what is made of refusals. On virtual time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

import pytest

from esddns.core.errors import (
    BlockedError,
    CredentialMissingError,
    ForbiddenError,
    NoSuchZoneError,
    ProviderError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedReplyError,
)
from esddns.core.model import RRset
from esddns.shell.zones import ZoneFinder
from virtual_time import run_virtual

KEPT = 300
WEB = "web.home.example.com"


class Account:
    """A provider that knows some zones, and fails for others as told; notes what it is asked."""

    token_version = 1

    def __init__(self, *zones: str, **fails: ProviderError) -> None:
        self.zones = set(zones)
        self.fails: dict[str, ProviderError] = dict(fails)
        self.asked: list[str] = []

    async def zone_exists(self, zone: str) -> bool:
        """Say whether it is one."""
        self.asked.append(zone)
        await asyncio.sleep(0)
        if error := self.fails.get(zone):
            raise error
        return zone in self.zones

    async def rrsets(self, zone: str, name: str) -> Mapping[str, RRset]:
        """Give nothing: nobody asks."""
        raise NotImplementedError

    async def put(self, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        """Do nothing: nobody asks."""
        raise NotImplementedError

    async def delete(self, zone: str, name: str, rrtype: str) -> None:
        """Do nothing: nobody asks."""
        raise NotImplementedError


def play(account: Account, scenario: Callable[[ZoneFinder], Awaitable[None]]) -> list[str]:
    """Run a scenario from the moment 1000 on; gives what was asked."""

    async def main() -> None:
        await asyncio.sleep(1000)
        await scenario(ZoneFinder(account))

    run_virtual(main(), limit=86400)
    return account.asked


def test_the_longest_comes_first() -> None:
    """Candidates are asked from the name itself down, until one is a zone, and no further."""

    async def scenario(zones: ZoneFinder) -> None:
        assert await zones.find(WEB) == "home.example.com"

    account = Account("home.example.com", "example.com")
    assert play(account, scenario) == [WEB, "home.example.com"]


def test_an_apex_and_a_wildcard() -> None:
    """The apex is its own zone; a wildcard is in the zone of what is behind the star."""

    async def scenario(zones: ZoneFinder) -> None:
        assert await zones.find("example.com") == "example.com"
        assert await zones.find("*.example.com") == "example.com"

    assert play(Account("example.com"), scenario) == ["example.com"]


def test_each_candidate_once_in_five_minutes() -> None:
    """However many records want it: what is a zone, and what is none, is known for the others below it."""

    async def scenario(zones: ZoneFinder) -> None:
        for name in (WEB, WEB, "home.example.com", "other.home.example.com", "example.com"):
            assert await zones.find(name) == "example.com"
        await asyncio.sleep(KEPT - 1)
        assert await zones.find(WEB) == "example.com"

    asked = play(Account("example.com"), scenario)
    assert asked == [WEB, "home.example.com", "example.com", "other.home.example.com"]


def test_after_five_minutes_it_is_asked_again() -> None:
    """A zone that came or went is noticed then, each answer by its own age."""
    account = Account("example.com")

    async def scenario(zones: ZoneFinder) -> None:
        assert await zones.find("example.com") == "example.com"
        await asyncio.sleep(KEPT / 2)
        assert await zones.find("home.example.com") == "example.com"
        account.zones = {"home.example.com"}
        await asyncio.sleep(KEPT / 2)
        with pytest.raises(NoSuchZoneError):
            await zones.find("home.example.com")
        await asyncio.sleep(KEPT / 2)
        assert await zones.find("home.example.com") == "home.example.com"

    asked = play(account, scenario)
    assert asked == ["example.com", "home.example.com", "example.com", "home.example.com"]


def test_forget() -> None:
    """What an answer said otherwise is asked again at once; the others are not, nor what was not known."""

    async def scenario(zones: ZoneFinder) -> None:
        zones.forget("never.example.com")
        assert await zones.find("home.example.com") == "example.com"
        zones.forget("example.com")
        assert await zones.find("home.example.com") == "example.com"

    asked = play(Account("example.com"), scenario)
    assert asked == ["home.example.com", "example.com", "example.com"]


def test_none_of_them() -> None:
    """Where no candidate is a zone, the error names all of them, and what to check; that is known as well."""

    async def scenario(zones: ZoneFinder) -> None:
        for _ in range(2):
            with pytest.raises(NoSuchZoneError) as caught:
                await zones.find("home.example.com")
            assert str(caught.value) == (
                "home.example.com: none of home.example.com, example.com is a zone of this Gandi "
                "account: check the name, and that the token belongs to the organisation that owns the "
                "domain"
            )

    assert play(Account(), scenario) == ["home.example.com", "example.com"]


FORBIDDEN = ForbiddenError("403")
RESTS = BlockedError("a zone rests", 5000, zone_only=True)


@pytest.mark.parametrize("refusal", [FORBIDDEN, RESTS])
def test_a_refused_candidate_falls_back_to_a_shorter_one(refusal: ProviderError) -> None:
    """A token of some domains may get 403 for what is no zone at all: a shorter one may be right."""

    async def scenario(zones: ZoneFinder) -> None:
        assert await zones.find(WEB) == "example.com"

    account = Account("example.com", **{WEB: refusal, "home.example.com": refusal})
    assert play(account, scenario) == [WEB, "home.example.com", "example.com"]


@pytest.mark.parametrize("refusal", [FORBIDDEN, RESTS])
@pytest.mark.parametrize("refused", ["home.example.com", "example.com"])
def test_a_refusal_says_more_than_that_there_is_no_zone(
    refusal: ProviderError, refused: str
) -> None:
    """Where none is found and one was refused, that is why, whichever it was."""

    async def scenario(zones: ZoneFinder) -> None:
        with pytest.raises(type(refusal)) as caught:
            await zones.find("home.example.com")
        assert caught.value is refusal

    assert play(Account(**{refused: refusal}), scenario) == ["home.example.com", "example.com"]


def test_the_last_refusal_is_told() -> None:
    """Of several, that of the shortest candidate: the likeliest to be the zone."""
    last = ForbiddenError("of example.com")

    async def scenario(zones: ZoneFinder) -> None:
        with pytest.raises(ForbiddenError) as caught:
            await zones.find("home.example.com")
        assert caught.value is last

    play(Account(**{"home.example.com": FORBIDDEN, "example.com": last}), scenario)


@pytest.mark.parametrize(
    "error",
    [
        CredentialMissingError("no token"),
        UnauthorizedError("401"),
        RateLimitedError("429", 30),
        UnavailableError("no answer"),
        UnexpectedReplyError("a page"),
        BlockedError("all rests", math.inf),
    ],
)
def test_any_other_failure_ends_the_search(error: ProviderError) -> None:
    """What says nothing of the candidate does not make a shorter one right."""

    async def scenario(zones: ZoneFinder) -> None:
        with pytest.raises(type(error)) as caught:
            await zones.find("home.example.com")
        assert caught.value is error

    account = Account("example.com", **{"home.example.com": error})
    assert play(account, scenario) == ["home.example.com"]


@pytest.mark.parametrize("error", [FORBIDDEN, RESTS, UnavailableError("no answer")])
def test_errors_are_not_kept(error: ProviderError) -> None:
    """The next search asks again, and goes by the new answer; what did answer before is still known."""
    account = Account("example.com", **{"home.example.com": error})

    async def scenario(zones: ZoneFinder) -> None:
        for _ in range(2):
            if isinstance(error, UnavailableError):
                with pytest.raises(UnavailableError):
                    await zones.find("home.example.com")
            else:
                assert await zones.find("home.example.com") == "example.com"
        account.fails.clear()
        account.zones.add("home.example.com")
        assert await zones.find("home.example.com") == "home.example.com"

    asked = play(account, scenario)
    assert asked.count("home.example.com") == 3
    assert asked.count("example.com") == (0 if isinstance(error, UnavailableError) else 1)


def test_an_error_does_not_undo_what_is_known() -> None:
    """An answer that grew old is asked for again, and a failure then is told, not the old answer."""
    account = Account("example.com")

    async def scenario(zones: ZoneFinder) -> None:
        assert await zones.find("example.com") == "example.com"
        account.fails["example.com"] = UnavailableError("no answer")
        assert await zones.find("example.com") == "example.com"
        await asyncio.sleep(KEPT)
        with pytest.raises(UnavailableError):
            await zones.find("example.com")

    assert play(account, scenario) == ["example.com"] * 2
