"""The control API over HTTP, and the state that outlives the process."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from esddns_simulator import RRset, Simulator, Wan, World

HOME = "/domains/example.com/records/home/A"


async def control(
    sim: Simulator, client: aiohttp.ClientSession, method: str, path: str, body: object = None
) -> tuple[int, Any]:
    """Call the control API; return status and JSON (None for an empty body)."""
    async with client.request(method, sim.control_url + path, json=body) as reply:
        return reply.status, await reply.json() if reply.content_length else None


async def test_state_shows_everything_but_tokens(
    sim: Simulator, client: aiohttp.ClientSession
) -> None:
    """GET state has WAN, records, echoes, faults and the number of calls, and no token anywhere."""
    await control(sim, client, "PUT", "/faults/f", {"on": "api", "kind": "latency", "seconds": 1})
    await control(sim, client, "PUT", "/echoes/ipify", {"mode": "lie", "address": "203.0.113.9"})
    status, state = await control(sim, client, "GET", "/state")
    assert status == 200
    assert state["wan"] == {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
    assert state["zones"]["example.com"]["home/A"] == {"ttl": 300, "values": ["192.0.2.1"]}
    assert state["echoes"]["ipify"]["address"] == "203.0.113.9"
    assert state["faults"]["f"]["kind"] == "latency"
    assert state["calls"] == 0
    assert "a-token" not in str(state)


async def test_the_wan_changes(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """PUT wan changes the families given and leaves the others, null takes one away."""
    _, wan = await control(sim, client, "PUT", "/wan", {"ipv4": "198.51.100.7"})
    assert wan == {"ipv4": "198.51.100.7", "ipv6": "2001:db8::1"}
    _, wan = await control(sim, client, "PUT", "/wan", {"ipv6": None})
    assert wan == {"ipv4": "198.51.100.7", "ipv6": None}
    assert sim.world.wan == Wan(IPv4Address("198.51.100.7"), None)


async def test_tokens_are_replaced(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """PUT tokens makes those given the only valid ones."""
    status, _ = await control(sim, client, "PUT", "/tokens", {"tokens": ["b"], "apikeys": ["c"]})
    assert status == 204
    for header, expected in (("Bearer a-token", 401), ("Bearer b", 200), ("Apikey c", 200)):
        async with client.get(sim.api_url + HOME, headers={"Authorization": header}) as reply:
            assert reply.status == expected


async def test_faults_come_and_go(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """A fault put under an id is in force, is replaced by another under it, and goes by DELETE."""
    await control(sim, client, "PUT", "/faults/x", {"on": "api", "kind": "unauthorized"})
    busy = {"on": "api", "kind": "rate-limit", "retry_after": 5, "zone": "example.com", "count": 9}
    await control(sim, client, "PUT", "/faults/x", busy)
    async with client.get(sim.api_url + HOME) as reply:
        assert (reply.status, reply.headers["Retry-After"]) == (429, "5")
    assert (await control(sim, client, "DELETE", "/faults/x"))[0] == 204
    assert (await control(sim, client, "DELETE", "/faults/x"))[0] == 404
    shown = {"on": "dns", "kind": "override", "name": "home.example.com", "type": "A"}
    rrset = {"rrset_values": ["203.0.113.5"], "rrset_ttl": 300}
    await control(sim, client, "PUT", "/faults/d", {**shown, "rrset": rrset})
    answer = sim.authority.lookup("home.example.com", "A")
    assert answer is not None
    assert answer.values("A") == ("203.0.113.5",)
    assert (await control(sim, client, "DELETE", "/faults"))[0] == 204
    assert not sim.world.faults.armed


async def test_echoes_are_told_how_to_behave(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """PUT of an echo sets its behaviour, an empty one makes it honest again."""
    for body, expected in (({"mode": "refuse"}, 403), ({}, 200)):
        await control(sim, client, "PUT", "/echoes/ipify", body)
        async with client.get(sim.echo("ipify").url) as reply:
            assert reply.status == expected


async def test_a_second_writer_is_not_counted(
    sim: Simulator, client: aiohttp.ClientSession
) -> None:
    """Records put or deleted by the control API are there for all, and no call of the API."""
    path = "/zones/example.com/records/%40/TXT"
    status, kept = await control(
        sim, client, "PUT", path, {"rrset_values": ["hi"], "rrset_ttl": 300}
    )
    assert (status, kept) == (200, {"rrset_values": ['"hi"'], "rrset_ttl": 300})
    assert sim.world.record("example.com", "@", "TXT") == RRset(('"hi"',), 300)
    assert (await control(sim, client, "DELETE", path))[0] == 204
    assert (await control(sim, client, "DELETE", path))[0] == 404
    assert sim.calls() == []


async def test_a_call_tells_who_asked_and_what_was_sent(
    sim: Simulator, client: aiohttp.ClientSession
) -> None:
    """A call over HTTP carries the client's address, one of the API its body, too."""
    body = '{"rrset_values": ["192.0.2.7"], "rrset_ttl": 300}'
    async with client.put(sim.api_url + HOME, data=body):
        pass
    async with client.get(sim.echo("ipify").url):
        pass
    assert [(call.client, call.body) for call in sim.calls()] == [
        ("127.0.0.1", body),
        ("127.0.0.1", ""),
    ]


async def test_calls_are_shown_and_forgotten(sim: Simulator, client: aiohttp.ClientSession) -> None:
    """GET calls lists them, narrowed by the query; DELETE forgets them."""
    for url in (sim.api_url + HOME, sim.echo("ipify").url):
        async with client.get(url):
            pass
    _, calls = await control(sim, client, "GET", "/calls")
    assert [call["kind"] for call in calls] == ["api", "echo"]
    _, calls = await control(sim, client, "GET", "/calls?kind=api&status=200&path=*/home/A")
    assert [(call["method"], call["target"]) for call in calls] == [("GET", "example.com")]
    await control(sim, client, "DELETE", "/calls")
    assert (await control(sim, client, "GET", "/calls"))[1] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/wan", {"ipv4": "not an address"}, 400),
        ("PUT", "/wan", {"ipv4": 7}, 400),
        ("PUT", "/wan", {"ipv5": "1"}, 400),
        ("PUT", "/wan", [], 400),
        ("PUT", "/tokens", {"tokens": "t"}, 400),
        ("PUT", "/faults/x", {"kind": "reset"}, 400),
        ("PUT", "/faults/x", {"on": "api"}, 400),
        ("PUT", "/faults/x", {"on": "api", "kind": "odd"}, 400),
        ("PUT", "/faults/x", {"on": "api", "kind": "reset", "count": True}, 400),
        ("PUT", "/faults/x", {"on": "api", "kind": "reset", "name": "x"}, 400),
        ("PUT", "/echoes/ipify", {"mode": "lie"}, 400),
        ("PUT", "/echoes/stun", {"mode": "html"}, 400),
        ("PUT", "/echoes/nobody", {}, 404),
        ("PUT", "/zones/example.com/records/a/A", {"rrset_values": ["x"]}, 400),
        ("PUT", "/zones/other.net/records/a/A", {"rrset_values": ["192.0.2.1"]}, 404),
        ("GET", "/calls?odd=1", None, 400),
        ("GET", "/nothing", None, 404),
        ("PUT", "/nothing", None, 404),
        ("DELETE", "/nothing", None, 404),
        ("POST", "/wan", None, 404),
    ],
)
async def test_nonsense_is_refused_with_a_reason(
    sim: Simulator, client: aiohttp.ClientSession, method: str, path: str, body: object, status: int
) -> None:
    """What makes no sense is 400, what is not there 404, both saying why, and nothing changes."""
    before = sim.control.state()
    got, answer = await control(sim, client, method, path, body)
    assert got == status
    assert answer["error"].startswith(method)
    assert sim.control.state() == before


async def test_state_survives_a_restart(tmp_path: Path, client: aiohttp.ClientSession) -> None:
    """Records and WAN are read back from the file, which goes before what the constructor says."""
    path = tmp_path / "state.json"
    zones = {"example.com": {"home/A": "192.0.2.1", "gone/A": "192.0.2.9"}}
    async with Simulator(zones, token="a-token", state_path=path) as sim:
        async with client.put(sim.api_url + HOME, json={"rrset_values": ["192.0.2.2"]}) as reply:
            assert reply.status == 201
        async with client.delete(sim.api_url + HOME.replace("home", "gone")) as reply:
            assert reply.status == 204
        await control(sim, client, "PUT", "/wan", {"ipv4": "198.51.100.7", "ipv6": None})
    again = World({**zones, "example.org": {"@/A": "192.0.2.3"}}, state_path=path)
    assert dict(again.zones["example.com"].rrsets) == {("home", "A"): RRset(("192.0.2.2",))}
    assert again.record("example.org", "@", "A") == RRset(("192.0.2.3",))
    assert again.wan == Wan(IPv4Address("198.51.100.7"), None)


@pytest.mark.parametrize("text", ["", "[]", '{"zones": {}}', '{"zones": {"a": 1}, "wan": {}}'])
def test_a_foreign_state_file_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is none of ours is named in the error and left as it was."""
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"state\.json: not a state file"):
        World({}, state_path=path)
    assert path.read_text() == text


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    """Where the file cannot be replaced, the error comes up and no temporary file stays."""
    path = tmp_path / "state.json"
    world = World({"example.com": {}}, state_path=path)
    path.mkdir()
    with pytest.raises(OSError, match=r"state\.json"):
        world.set_wan(ipv4="192.0.2.4")
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_a_save_leaves_one_file(tmp_path: Path) -> None:
    """The file is written beside and renamed: nothing but the whole of it stays."""
    world = World({"example.com": {}}, state_path=tmp_path / "state.json")
    world.set_wan(ipv4="192.0.2.4")
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]
