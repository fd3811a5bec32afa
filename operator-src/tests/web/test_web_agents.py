"""The look at the agents: over real sockets, with agents that are slow, sick, many or gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from esddns.core.agent_read import LARGEST
from esddns.shell.web.agents import Agents, Pace, addresses_of
from esddns.shell.web.ask import AskError, ask
from esddns.shell.web.kept import KeptAnswer
from web.canned import PODS, healthy, standby
from web.web_site import FAST, TIME, FakeAgent, agents_of, serving, utc

NOW = datetime(2026, 11, 22, 21, tzinfo=UTC)


async def test_three_agents() -> None:
    """The leader's word is shown, and each agent with its role."""
    states = [standby(PODS[0], healthy()), healthy(), standby(PODS[2], healthy())]
    async with agents_of(*states) as agents, serving(*agents) as site:
        raw = (await site.get("/raw")).json
        assert (raw["leader"], raw["told_by"], raw["fresh"]) == (PODS[1], PODS[1], True)
        assert [(one["pod"], one["leads"]) for one in raw["agents"]] == [
            (PODS[1], True), (PODS[0], False), (PODS[2], False),
        ]  # fmt: skip
        page = (await site.get("/")).text
        assert page.count('<span class="pill standby">') == 2
        assert page.count('<span class="pill leader">') == 1


async def test_stale_and_fresh_again() -> None:
    """When all agents are away the last state stays, marked stale; then it is fresh again."""
    clock = NOW
    async with agents_of(healthy()) as (agent,), serving(agent, now=lambda: clock) as site:
        assert (await site.get("/raw")).json["fresh"] is True
        await agent.stop()
        clock = NOW + timedelta(minutes=3)
        raw = await site.until(lambda raw: not raw["fresh"])
        assert raw["stale_since"] == "2026-11-22T21:00:00.000Z"
        assert raw["status"]["level"] == "stale"
        assert raw["addresses"][0]["address"] == "203.0.113.9"
        assert raw["agents"][0]["answers"] is False
        assert raw["agents"][0]["error"].startswith("cannot connect: ")
        page = (await site.get("/")).text
        assert "Stale since 2026-11-22 21:00:00 UTC" in page
        assert "Was in sync" in page
        assert (await site.metrics())["esddns_service_health"] == 0
        assert (await site.get("/readyz")).status == 200
        await agent.start()
        raw = await site.until(lambda raw: raw["fresh"])
        assert (raw["stale_since"], raw["status"]["level"]) == (None, "in-sync")
        assert (await site.metrics())["esddns_service_health"] == 1


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n<html>", "it is no JSON"),
        (b'HTTP/1.0 200 OK\r\n\r\n{"records": 7}', "records: expected a list, found int"),
        (b"HTTP/1.0 503 Sorry\r\n\r\n", "it answered with status 503"),
        (
            b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n",
            "it answered with status 302",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what answers is no HTTP server"),
        (b"", "what answers is no HTTP server"),
        (
            b"HTTP/1.0 200 OK\r\n\r\n" + b" " * (LARGEST + 1),
            "the answer is larger than 1048576 bytes",
        ),
        (b"HTTP/1.0 200 OK\r\nX: " + b"x" * (2 * LARGEST), "what answers is no HTTP server"),
    ],
)
async def test_one_that_is_not_well(wire: bytes, error: str) -> None:
    """An agent whose answer is no good is an agent with an error; the others are shown all the same."""
    async with agents_of(healthy(), healthy()) as (good, bad):
        bad.answer = wire
        async with serving(good, bad) as site:
            raw = (await site.get("/raw")).json
            errors = {one["where"]: one["error"] for one in raw["agents"]}
            assert errors[f"127.0.0.1:{bad.port}"].startswith(error)
            assert errors[f"127.0.0.1:{good.port}"] is None
            assert (raw["status"]["level"], raw["told_by"]) == ("in-sync", PODS[1])
            assert error.partition(":")[0] in (await site.get("/")).text


async def test_one_that_is_silent() -> None:
    """An agent that takes a connection and says nothing costs a look its time limit, and no more."""
    async with agents_of(healthy(), healthy()) as (good, slow):
        slow.delay = asyncio.Event()
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with serving(good, slow) as site:
            raw = (await site.get("/raw")).json
            assert loop.time() - started < 5
            assert [one["error"] for one in raw["agents"] if not one["answers"]] == [
                f"no answer within {FAST.timeout:g} s"
            ]
            slow.delay.set()
            await site.until(lambda raw: all(one["answers"] for one in raw["agents"]))


async def test_an_agent_that_drips() -> None:
    """The time limit is for all of an answer: one that comes byte by byte is cut."""

    ended = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(AskError, match=r"no answer within 0\.3 s"):
        await ask("127.0.0.1", server.sockets[0].getsockname()[1], "/state", 0.3)
    assert loop.time() - started < 2
    async with asyncio.timeout(TIME):
        await ended.wait()
    server.close()


async def test_more_than_can_be_shown() -> None:
    """Of 40 agents behind one name 32 are asked, the leader always in the end; the others are a count."""
    hosts = [f"127.0.1.{number}" for number in range(1, 41)]
    agents = [FakeAgent(standby(f"pod-{host}", healthy())) for host in hosts]
    leader = agents[39]
    leader.say(healthy())
    port = 0
    for host, one in zip(hosts, agents, strict=True):
        one.port = port
        await one.start(host)
        port = one.port
    places = [("a-name", port)]
    looks = Agents(places, None, utc, lambda _snapshot: None, FAST, lambda _place: set(hosts))
    try:
        for _ in range(3):
            await looks.look()
        for _ in range(2):
            site = looks.snapshot.site
            assert site.leader is not None
            assert site.leader.where == f"{hosts[39]}:{port}"
            assert (len(site.reports), site.beyond) == (32, 8)
            before = leader.asked
            await looks.look()
            assert leader.asked == before + 1
    finally:
        for one in agents:
            await one.stop()


async def test_an_agent_that_is_gone_from_the_name() -> None:
    """An agent whose address the name does not give any more is forgotten, once another answers."""
    async with agents_of(healthy(), standby(PODS[0], healthy())) as (leader, other):
        hosts = {"127.0.0.1"}
        places = [("a", leader.port), ("b", other.port)]

        def resolve(place: Any) -> set[str]:
            return hosts if place[0] == "a" else set()

        looks = Agents(places[:1], None, utc, lambda _snapshot: None, FAST, lambda _place: hosts)
        await looks.look()
        assert len(looks.snapshot.site.reports) == 1
        looks._places, looks._resolve = places, lambda _place: {"127.0.0.1"}
        await looks.look()
        assert len(looks.snapshot.site.reports) == 2
        looks._resolve = resolve
        await looks.look()
        assert [one.name for one in looks.snapshot.site.reports] == [PODS[1]]


async def test_a_name_that_cannot_be_resolved() -> None:
    """While the name gives nothing the agents known before are asked, and it is said why."""
    async with agents_of(healthy()) as (agent,):
        found: set[str] | None = {"127.0.0.1"}

        def resolve(_place: object) -> set[str]:
            if found is None:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return found

        places = [("agents", agent.port)]
        looks = Agents(places, None, utc, lambda _snapshot: None, FAST, resolve)
        await looks.look()
        found = None
        await looks.look()
        assert looks.snapshot.site.fresh
        assert looks.snapshot.site.trouble == (
            "the name agents cannot be resolved: Temporary failure in name resolution"
        )
        new = Agents(places, None, utc, lambda _snapshot: None, FAST, resolve)
        await new.look()
        raw = json.loads(new.snapshot.raw)
        assert raw["status"]["level"] == "unknown"
        assert "cannot be resolved" in raw["status"]["text"]


async def test_a_resolver_that_hangs() -> None:
    """A look-up that does not return is waited for no longer than an agent, and not begun a second time."""
    release, calls = threading.Event(), []

    def resolve(place: object) -> set[str]:
        calls.append(place)
        release.wait(20)
        return set()

    looks = Agents([("agents", 1)], None, utc, lambda _snapshot: None, Pace(5, 0.1), resolve)
    async with asyncio.timeout(10):
        await looks.look()
        await looks.look()
    assert len(calls) == 1
    assert looks.snapshot.site.trouble == "the name agents was not resolved in time"
    release.set()
    await asyncio.gather(*looks._lookups.values())


def test_a_name_gives_all_its_addresses() -> None:
    """An address is one; a name is all that the resolver has."""
    assert addresses_of(("127.0.0.1", 8080)) == {"127.0.0.1"}
    assert "127.0.0.1" in addresses_of(("localhost", 8080))
    with pytest.raises(OSError, match=r"[Nn]ame"):
        addresses_of(("no-such-name.invalid", 8080))


async def test_a_restart_while_the_agents_are_away(tmp_path: Path) -> None:
    """What was known last is kept in a file: after a restart it is shown, stale since it was last heard."""
    clock = NOW
    async with agents_of(healthy()) as (agent,):
        folder = tmp_path / "state"
        async with serving(agent, state_dir=folder, now=lambda: clock) as site:
            await site.until(lambda _raw: (folder / "last-known.json").exists())
        moved = FakeAgent()  # that is not there yet
        moved.port = 1
        clock = NOW + timedelta(minutes=10)
        async with serving(moved, state_dir=folder, now=lambda: clock) as site:
            raw = (await site.get("/raw")).json
            assert raw["status"]["level"] == "stale"
            assert raw["stale_since"] == "2026-11-22T21:00:00.000Z"
            assert [one["fqdn"] for one in raw["records"]][:2] == [
                "example.com",
                "home.example.com",
            ]
            assert len(raw["changes"]) == 6


async def test_what_is_kept_is_written_with_news(tmp_path: Path) -> None:
    """The file is not written at each look: with news, and else once a minute."""
    async with agents_of(healthy()) as (agent,):
        kept = KeptAnswer(tmp_path / "kept.json")
        saved: list[datetime] = []
        save = kept.save

        def noting(where: str, at: datetime, body: bytes) -> None:
            saved.append(at)
            save(where, at, body)

        kept.save = noting  # type: ignore[method-assign]
        looks = Agents([("127.0.0.1", agent.port)], kept, utc, lambda _snapshot: None, FAST)
        for _ in range(5):
            await looks.look()
        assert len(saved) == 1
        state = healthy()
        state["records"].pop()
        agent.say(state)
        await looks.look()
        assert len(saved) == 2
        looks._saved = (looks._saved[0], looks._saved[1] - 61)
        await looks.look()
        assert len(saved) == 3


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"where": "x"}', '{"where": "x", "at": "now", "state": {}}',
     '{"where": "x", "at": "2026-11-22T00:00:00Z", "state": {"records": 7}}', "\x00" * 100],
)  # fmt: skip
def test_a_file_that_is_damaged(tmp_path: Path, text: str) -> None:
    """A file that cannot be read is as if there were none."""
    file = tmp_path / "kept.json"
    file.write_text(text)
    assert KeptAnswer(file).load() is None
    assert KeptAnswer(tmp_path / "none.json").load() is None


async def test_a_folder_that_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing can be kept it is said once, and work goes on."""
    (tmp_path / "file").write_text("")
    kept = KeptAnswer(tmp_path / "file" / "kept.json")
    for _ in range(3):
        kept.save("x", NOW, b"{}")
    assert [record.message for record in caplog.records] == [
        "the last known state cannot be kept; a restart will begin without it"
    ]
