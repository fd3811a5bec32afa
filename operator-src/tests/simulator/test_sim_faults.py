"""Every API fault, over real HTTP."""

from __future__ import annotations

import json

import aiohttp
import pytest

from esddns_simulator import ApiFault, DnsFault, LiveDNS, ManualClock, RRset, Simulator, World

HOME = "/domains/example.com/records/home/A"
NEW = {"rrset_values": ["198.51.100.7"], "rrset_ttl": 300}
OLD = RRset(("192.0.2.1",), 300)


def home(sim: Simulator) -> RRset | None:
    """The record that the calls are about, as the API has it."""
    return sim.world.record("example.com", "home", "A")


async def status(
    sim: Simulator, client: aiohttp.ClientSession, method: str = "GET", path: str = HOME
) -> int:
    """Call and return the status."""
    async with client.request(
        method, sim.api_url + path, json=NEW if method == "PUT" else None
    ) as reply:
        await reply.read()
        return reply.status


async def test_latency_delays_the_answer_only(
    sim: Simulator, client: aiohttp.ClientSession, clock: ManualClock
) -> None:
    """A latency waits its seconds and then lets the true answer, or another fault's, through."""
    sim.world.faults.add(ApiFault("latency", seconds=2.5))
    assert await status(sim, client) == 200
    sim.world.faults.add(ApiFault("unauthorized"))
    assert await status(sim, client) == 401
    assert clock.slept == [2.5, 2.5]


async def test_unauthorized_is_401_for_all(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """Every call is 401 HTTPUnauthorized and writes nothing, until the fault is lifted."""
    fault_id = sim.world.faults.add(ApiFault("unauthorized"))
    assert [await status(sim, client, m) for m in ("GET", "PUT", "DELETE")] == [401, 401, 401]
    assert home(sim) == OLD
    assert sim.world.faults.remove(fault_id)
    assert await status(sim, client) == 200


async def test_forbidden_is_for_one_zone(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """403 comes for the zone named, the others answer."""
    sim.world.faults.add(ApiFault("forbidden", zone="example.com"))
    assert await status(sim, client) == 403
    assert await status(sim, client, path="/domains/example.org/records/%40/A") == 200


@pytest.mark.parametrize(
    ("fault", "header"),
    [
        (ApiFault("rate-limit"), None),
        (ApiFault("rate-limit", retry_after=30), "30"),
        (ApiFault("rate-limit", retry_after=30, form="date"), "Tue, 14 Nov 2023 22:13:50 GMT"),
    ],
)
async def test_rate_limit_says_when(
    sim: Simulator, client: aiohttp.ClientSession, fault: ApiFault, header: str | None
) -> None:
    """429 carries Retry-After as seconds, as an HTTP date of the wall clock handed in, or not at all."""
    sim.world.faults.add(fault)
    async with client.get(sim.api_url + HOME) as reply:
        assert reply.status == 429
        assert reply.headers.get("Retry-After") == header


@pytest.mark.parametrize("code", [500, 502, 503])
async def test_server_errors_are_pages(
    sim: Simulator, client: aiohttp.ClientSession, code: int
) -> None:
    """A 5xx comes as a web page and writes nothing."""
    sim.world.faults.add(ApiFault("server-error", status=code))
    async with client.put(sim.api_url + HOME, json=NEW) as reply:
        assert (reply.status, reply.content_type) == (code, "text/html")
    assert home(sim) == OLD


@pytest.mark.parametrize(("kind", "applied"), [("reset", False), ("lose-reply", True)])
async def test_a_reset_connection_tells_nothing(
    sim: Simulator, client: aiohttp.ClientSession, kind: str, applied: bool
) -> None:
    """The client sees a reset either way; with lose-reply the write was carried out."""
    sim.world.faults.add(ApiFault(kind))  # type: ignore[arg-type]
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        # POST, because aiohttp's client by itself repeats a PUT whose connection went away.
        await client.post(sim.api_url + HOME.replace("home", "new"), json=NEW)
    kept = sim.world.record("example.com", "new", "A")
    assert kept == (RRset(("198.51.100.7",), 300) if applied else None)
    assert [call.status for call in sim.calls(kind="api")] == [None]


async def test_truncated_json_is_a_complete_answer(
    sim: Simulator, client: aiohttp.ClientSession
) -> None:
    """Half of the JSON comes as if it were all."""
    sim.world.faults.add(ApiFault("truncate"))
    async with client.get(sim.api_url + HOME) as reply:
        text = await reply.text()
    assert reply.status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(text)


async def test_a_cut_answer_ends_the_connection(
    sim: Simulator, client: aiohttp.ClientSession
) -> None:
    """Half of the announced body comes, then the connection closes."""
    sim.world.faults.add(ApiFault("cut"))
    async with client.get(sim.api_url + HOME) as reply:
        assert reply.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await reply.read()


async def test_a_slow_answer_comes_in_bytes(
    sim: Simulator, client: aiohttp.ClientSession, clock: ManualClock
) -> None:
    """Each byte of the body waits; all of it comes in the end."""
    sim.world.faults.add(ApiFault("slow", seconds=0.5))
    async with client.get(sim.api_url + HOME) as reply:
        body = await reply.read()
    assert json.loads(body)["rrset_values"] == ["192.0.2.1"]
    assert clock.slept == [0.5] * len(body)


async def test_silence_holds_the_connection(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """A silenced call runs into the client's timeout, writes nothing, and the next one is answered."""
    sim.world.faults.add(ApiFault("silence", count=1))
    with pytest.raises(TimeoutError):
        await client.put(sim.api_url + HOME, json=NEW, timeout=aiohttp.ClientTimeout(total=0.2))
    assert home(sim) == OLD
    assert await status(sim, client) == 200


async def test_faults_end_after_their_count(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """A fault with a count strikes as often and is gone then; calls that it is not for do not count."""
    sim.world.faults.add(ApiFault("server-error", count=2, method="PUT", path="*/home/*"))
    assert await status(sim, client) == 200
    assert [await status(sim, client, "PUT") for _ in range(3)] == [500, 500, 201]
    assert not sim.world.faults.armed


async def test_a_stopped_simulator_leaves_no_waiting_client(client: aiohttp.ClientSession) -> None:
    """Stopping does not wait for answers that never come."""
    async with Simulator({"example.com": {}}) as sim:
        sim.world.faults.add(ApiFault("silence"))
        with pytest.raises(TimeoutError):
            await client.get(sim.api_url + HOME, timeout=aiohttp.ClientTimeout(total=0.1))


def test_the_model_says_how_an_answer_is_delivered() -> None:
    """Without sockets a test reads delay and delivery off the response."""
    world = World({"example.com": {}}, token="t")
    api = LiveDNS(world)
    world.faults.add(ApiFault("latency", seconds=9))
    world.faults.add(ApiFault("reset"))
    response = api.handle("GET", "/v5/livedns/domains/example.com")
    assert (response.delay, response.answered) == (9, False)


def test_unknown_faults_are_refused() -> None:
    """A kind or form that does not exist is an error at once, naming those that do."""
    with pytest.raises(ValueError, match="latency"):
        ApiFault("odd")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seconds, date"):
        ApiFault("rate-limit", form="odd")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="servfail"):
        DnsFault("odd")  # type: ignore[arg-type]
