"""The simulator as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from esddns_simulator import DEFAULT_ECHOES, Simulator
from esddns_simulator.__main__ import main


async def start(*arguments: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    """Start the command and return it with what it says when ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "esddns_simulator", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 20))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_listens_and_stops_on_a_signal(
    number: signal.Signals, tmp_path: Path
) -> None:
    """One line of JSON gives every URL, which work; SIGTERM and SIGINT end it with status 0."""
    state = tmp_path / "state.json"
    process, where = await start(
        "--zone=example.org",
        "--token=t",
        "--echo=one=http",
        "--echo=six=http:6",
        f"--state={state}",
    )
    try:
        async with aiohttp.ClientSession(headers={"Authorization": "Bearer t"}) as session:
            url = where["api_url"] + "/domains/example.org/records/%40/A"
            async with session.put(url, json={"rrset_values": ["192.0.2.5"]}) as reply:
                assert reply.status == 201
            async with session.get(where["control_url"] + "/state") as reply:
                zones = (await reply.json())["zones"]
                assert zones == {"example.org": {"@/A": {"ttl": 10800, "values": ["192.0.2.5"]}}}
            async with session.get(where["echoes"]["six"]["url"]) as reply:
                assert (await reply.text()).strip() == "2001:db8::1"
        assert list(where["echoes"]) == ["one", "six"]
        assert where["dns"]["port"] > 0
    finally:
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 20) == 0
    assert "192.0.2.5" in state.read_text()


def test_help_names_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows the default echoes, an example of the control API and what is printed when ready."""
    with pytest.raises(SystemExit) as exit_info:
        main(["--help"])
    text = capsys.readouterr().out
    assert exit_info.value.code == 0
    for word in (*(echo.name for echo in DEFAULT_ECHOES), "$CONTROL_URL/wan", "api_url", "SIGTERM"):
        assert word in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--echo", "x"], "NAME=KIND"),
        (["--echo", "x=smtp"], "NAME=KIND"),
        (["--echo", "x=http:5"], "NAME=KIND"),
        (["--echo", "x=http@70000"], "no port"),
        (["--api-port", "-1"], "no port"),
        (["--wan-ipv4", "nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    """Wrong options end it with status 2 and say what is wrong."""
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_taken_port_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that somebody else has ends it with status 2 and the port in the message."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as exit_info:
            main(["--api-port", str(port)])
    assert exit_info.value.code == 2
    assert str(port) in capsys.readouterr().err


async def test_a_failed_start_leaves_nothing_bound() -> None:
    """Where one port is taken, the others are free again."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        api_port = free.getsockname()[1]
        free.close()
        simulator = Simulator({}, api_port=api_port, dns_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await simulator.start()
        with socket.create_server(("127.0.0.1", api_port)):
            pass
