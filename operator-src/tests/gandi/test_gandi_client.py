"""Every call against the simulator over real HTTP, and what goes over the wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from esddns import __version__
from esddns.config.settings import AuthScheme
from esddns.core.errors import (
    CredentialMissingError,
    ForbiddenError,
    InvalidError,
    NoSuchZoneError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedReplyError,
)
from esddns.core.model import RRset
from esddns.shell.gandi.client import GandiClient
from esddns.shell.gandi.token import TokenSource
from esddns_simulator import ApiFault, Simulator
from esddns_simulator import RRset as SimRRset
from gandi.calling import CALLS, READS, TOKEN, WANTED, WRITES, ZONE, client
from gandi.hostile import as_json, hostile, saying

ask = asyncio.to_thread


ZONES = {
    ZONE: {
        "@/A": SimRRset(("192.0.2.10",), 300),
        "home/A": SimRRset(("192.0.2.1", "192.0.2.2"), 600),
        "home/AAAA": SimRRset(("2001:db8::1",), 300),
        "www/CNAME": SimRRset(("home",), 300),
        "*.wild/A": SimRRset(("192.0.2.77",), 300),
    },
    "example.org": {},
}


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """LiveDNS with two zones."""
    async with Simulator(
        ZONES, token=TOKEN, apikey="legacy-key-of-the-tests", echoes=()
    ) as running:
        yield running


@pytest.fixture
async def gandi(sim: Simulator, source: TokenSource) -> AsyncIterator[GandiClient]:
    """A client of that simulator."""
    with client(sim.api_url, source) as made:
        yield made


async def test_zones(gandi: GandiClient) -> None:
    """The zones of the account are listed."""
    assert await ask(gandi.zones) == (ZONE, "example.org")


async def test_zone_exists(gandi: GandiClient) -> None:
    """A zone of the account exists, another does not: that 404 is an answer."""
    assert await ask(gandi.zone_exists, ZONE) is True
    assert await ask(gandi.zone_exists, "example.net") is False


async def test_rrsets_by_type(gandi: GandiClient) -> None:
    """All RRsets of a name come in one call, values as a set and TTL as a number."""
    assert await ask(gandi.rrsets, ZONE, "home") == {
        "A": RRset(frozenset({"192.0.2.1", "192.0.2.2"}), 600),
        "AAAA": RRset(frozenset({"2001:db8::1"}), 300),
    }
    assert await ask(gandi.rrsets, ZONE, "www") == {"CNAME": RRset(frozenset({"home"}), 300)}


@pytest.mark.parametrize("empty_name_is_404", [True, False])
async def test_an_absent_name_has_no_rrsets(source: TokenSource, empty_name_is_404: bool) -> None:
    """Nothing at the name is an empty result, whether it is told by the record's 404 or by []."""
    async with Simulator(
        ZONES, token=TOKEN, echoes=(), empty_name_is_404=empty_name_is_404
    ) as running:
        with client(running.api_url, source) as made:
            assert await ask(made.rrsets, ZONE, "absent") == {}
            with pytest.raises(NoSuchZoneError):
                await ask(made.rrsets, "example.net", "absent")


async def test_an_absent_zone_is_an_error(gandi: GandiClient) -> None:
    """The other 404 is no empty name: the zone is not in the account."""
    with pytest.raises(NoSuchZoneError, match=r"no zone example\.net in this account"):
        await ask(gandi.rrsets, "example.net", "home")
    with pytest.raises(NoSuchZoneError):
        await ask(gandi.put, "example.net", "home", "A", WANTED)


def test_a_names_404_of_the_zones_form(source: TokenSource) -> None:
    """Where the 404 does not say whether name or zone is missing, the zone is asked for, and decides."""
    not_found = as_json({"code": 404, "object": "HTTPNotFound"}, "404 Not Found")
    with (
        hostile(saying(not_found, as_json({"fqdn": ZONE}))) as server,
        client(server.url, source) as c,
    ):
        assert c.rrsets(ZONE, "home") == {}
        assert [seen.line.split()[1] for seen in server.seen] == [
            f"/v5/livedns/domains/{ZONE}/records/home",
            f"/v5/livedns/domains/{ZONE}",
        ]
    with (
        hostile(saying(not_found)) as server,
        client(server.url, source) as c,
        pytest.raises(NoSuchZoneError),
    ):
        c.rrsets(ZONE, "home")


async def test_put_creates_and_replaces(gandi: GandiClient, sim: Simulator) -> None:
    """A PUT leaves exactly these values and this TTL, whatever was there."""
    for name in ("new", "home"):
        await ask(gandi.put, ZONE, name, "A", WANTED)
        assert sim.world.record(ZONE, name, "A") == SimRRset(("192.0.2.7",), 300)


@pytest.mark.parametrize("name", ["@", "*", "*.wild", "a.deep", "_under-score"])
async def test_names_are_quoted_right(gandi: GandiClient, sim: Simulator, name: str) -> None:
    """Apex, wildcards and deep names reach the RRset that they mean, for every call."""
    await ask(gandi.put, ZONE, name, "A", WANTED)
    assert sim.world.record(ZONE, name, "A") == SimRRset(("192.0.2.7",), 300)
    assert await ask(gandi.rrsets, ZONE, name) == {"A": WANTED}
    await ask(gandi.delete, ZONE, name, "A")
    assert sim.world.record(ZONE, name, "A") is None


async def test_delete(gandi: GandiClient, sim: Simulator) -> None:
    """The RRset goes, its neighbours stay; one that is absent, or whose zone is, counts as deleted."""
    for _ in range(2):
        await ask(gandi.delete, ZONE, "home", "A")
    assert sim.world.record(ZONE, "home", "A") is None
    assert sim.world.record(ZONE, "home", "AAAA") is not None
    await ask(gandi.delete, "example.net", "home", "A")


def test_what_goes_over_the_wire(source: TokenSource) -> None:
    """One PUT: path, Bearer, User-Agent with version and repository, values sorted, TTL a number."""
    both = RRset(frozenset({"192.0.2.9", "192.0.2.10"}), 300)
    with hostile(saying(as_json({}, "201 Created"))) as server, client(server.url, source) as c:
        c.put(ZONE, "@", "A", both)
    (seen,) = server.seen
    assert seen.line == f"PUT /v5/livedns/domains/{ZONE}/records/%40/A HTTP/1.1"
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["user-agent"] == f"esddns/{__version__} (+https://github.com/sqe/esddns)"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["connection"] == "close"
    assert (
        seen.body
        == json.dumps({"rrset_values": ["192.0.2.10", "192.0.2.9"], "rrset_ttl": 300}).encode()
    )


def test_a_final_slash_in_the_url_is_one_slash(source: TokenSource) -> None:
    """`url = …/livedns/` and `…/livedns` are the same."""
    with hostile(saying(as_json([]))) as server, client(f"{server.url}/", source) as c:
        assert c.zones() == ()
        assert server.seen[0].line == "GET /v5/livedns/domains?per_page=500 HTTP/1.1"


async def test_a_legacy_key(sim: Simulator, tmp_path: Path) -> None:
    """With `auth = apikey` the key is taken, and as a Bearer token it is not."""
    keys = TokenSource(tmp_path / "none", {"GANDI_API_KEY": "legacy-key-of-the-tests"})
    with client(sim.api_url, keys, auth=AuthScheme.APIKEY) as made:
        assert await ask(made.zone_exists, ZONE)
    with client(sim.api_url, keys) as made, pytest.raises(UnauthorizedError):
        await ask(made.zone_exists, ZONE)


async def test_a_refused_value_says_which_field(gandi: GandiClient) -> None:
    """A 400 carries Gandi's field and description, in the error and in its message."""
    with pytest.raises(InvalidError) as caught:
        await ask(gandi.put, ZONE, "home", "A", RRset(WANTED.values, 60))
    assert caught.value.fields == (("rrset_ttl", "60 is less than minimum value 300"),)
    assert "rrset_ttl: 60 is less than minimum value 300" in str(caught.value)
    assert not caught.value.transient


async def test_a_revoked_token(gandi: GandiClient, sim: Simulator) -> None:
    """A 401 says what to do, for every call."""
    sim.world.credentials.revoke(TOKEN)
    for call in CALLS.values():
        with pytest.raises(UnauthorizedError, match="make a new personal access token"):
            await ask(call, gandi)


async def test_a_token_for_another_zone(gandi: GandiClient, sim: Simulator) -> None:
    """A 403 is about one zone, names it, and the others answer."""
    sim.world.credentials.grant(TOKEN, zones=["example.org"])
    for name in set(CALLS) - {"zones"}:
        with pytest.raises(ForbiddenError, match=r"may not touch zone example\.com"):
            await ask(CALLS[name], gandi)
    assert await ask(gandi.zone_exists, "example.org")


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_too_many_requests(gandi: GandiClient, sim: Simulator, form: str) -> None:
    """A 429 carries Retry-After as seconds, in whichever form it came; None where there was none."""
    limit = ApiFault("rate-limit", count=1, retry_after=30, form=form)  # type: ignore[arg-type]
    sim.world.faults.add(limit)
    with pytest.raises(RateLimitedError) as caught:
        await ask(gandi.zones)
    assert caught.value.retry_after == pytest.approx(30, abs=2)
    sim.world.faults.add(ApiFault("rate-limit", count=1))
    with pytest.raises(RateLimitedError) as caught:
        await ask(gandi.zones)
    assert caught.value.retry_after is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_server_errors_are_answers(gandi: GandiClient, sim: Simulator, status: int) -> None:
    """A 5xx with a page of HTML may pass by itself, and is an answer all the same."""
    sim.world.faults.add(ApiFault("server-error", status=status))
    for call in CALLS.values():
        with pytest.raises(UnavailableError, match=f"answered {status}: <html>") as caught:
            await ask(call, gandi)
        assert caught.value.answered
        assert caught.value.transient


@pytest.mark.parametrize(("kind", "answered"), [("reset", False), ("lose-reply", False),
                                                 ("truncate", True), ("cut", True)])  # fmt: skip
async def test_broken_answers(
    gandi: GandiClient, sim: Simulator, kind: str, answered: bool
) -> None:
    """A reset or a cut is unavailable; `answered` tells whether there was a status at all."""
    sim.world.faults.add(ApiFault(kind))  # type: ignore[arg-type]
    for name in READS:
        with pytest.raises(UnavailableError) as caught:
            await ask(CALLS[name], gandi)
        assert caught.value.answered is answered


async def test_a_lost_reply_leaves_the_write(gandi: GandiClient, sim: Simulator) -> None:
    """A write whose reply is lost is unavailable, though it was applied: nobody may take it for undone."""
    sim.world.faults.add(ApiFault("lose-reply", count=1))
    with pytest.raises(UnavailableError):
        await ask(gandi.put, ZONE, "home", "A", WANTED)
    assert sim.world.record(ZONE, "home", "A") == SimRRset(("192.0.2.7",), 300)


async def test_an_unknown_path_is_not_an_absent_record(sim: Simulator, source: TokenSource) -> None:
    """The HTML 404 of a wrong URL is neither of the two that mean something, for every call."""
    with client(f"{sim.api_url}x", source) as made:
        for call in CALLS.values():
            with pytest.raises(UnexpectedReplyError, match="check `url`"):
                await ask(call, made)


async def test_every_call_is_counted(sim: Simulator, source: TokenSource) -> None:
    """Each request is told with method and status, a refused one as well, and a missing token is none."""
    told: list[tuple[str, str]] = []
    with client(
        sim.api_url, source, on_call=lambda method, status, _s: told.append((method, status))
    ) as made:
        await ask(made.put, ZONE, "home", "A", WANTED)
        await ask(made.zone_exists, "example.net")
        sim.world.faults.add(ApiFault("reset", count=1))
        with pytest.raises(UnavailableError):
            await ask(made.zones)
        Path(source._file).unlink()
        with pytest.raises(CredentialMissingError):
            await ask(made.zones)
    assert told == [("PUT", "201"), ("GET", "404"), ("GET", "error")]
    assert len(sim.calls(kind="api")) == 3
    assert set(READS) | set(WRITES) == set(CALLS)
