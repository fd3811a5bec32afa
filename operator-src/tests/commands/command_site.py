"""A simulator, a dns.ini that points there, and the commands run beside it as a user runs them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp

from esddns_simulator import Behaviour, Call, Simulator

ZONE = "example.com"
FQDN = f"home.{ZONE}"
HOME = f"[record:{FQDN}]\nzone = {ZONE}\n"
FIRST, SECOND, THIRD, LIE = "192.0.2.1", "198.51.100.2", "203.0.113.3", "203.0.113.66"
TOKEN = "token-of-the-tests-0123456789"
DOCUMENTATION = "accept-networks = 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32"
SOURCES = ("ipify", "icanhazip", "opendns", "google", "stun")
HTTP_SOURCES = ("ipify", "icanhazip", "identme", "amazonaws")
SIX = ("ipify6", "icanhazip6", "identme6", "stun6")

_QUESTIONS = {
    "opendns": "myip.opendns.com A",
    "google": "o-o.myaddr.l.google.com TXT",
    "cloudflare": "whoami.cloudflare TXT CH",
}
_TIME = 20.0  # seconds that anything may take


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """Its standard output, which must be one JSON value."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records of the report."""
        records: list[dict[str, Any]] = self.report["records"]
        return records

    @property
    def actions(self) -> list[str]:
        """What was done about each record."""
        return [record["action"] for record in self.records]


@dataclass(slots=True)
class CommandSite:
    """The simulator and a folder with dns.ini and the token. `values`: all that home/A ever held."""

    sim: Simulator
    folder: Path
    values: list[str | None] = field(default_factory=list)
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Note every value that the record takes, and every call."""
        log, zone = self.sim.world.calls, self.sim.world.zones[ZONE]
        add, put = log.add, zone.put

        def noting_add(call: Call) -> None:
            add(call)
            self.happened.set()

        def noting_put(*args: Any) -> Any:
            kept = put(*args)
            self.values.append(self.value())
            return kept

        log.add, zone.put = noting_add, noting_put  # type: ignore[method-assign]
        (self.folder / "api-key").write_text(f"{TOKEN}\n")

    @property
    def state_dir(self) -> Path:
        """Where the commands remember."""
        return self.folder / "state"

    def write(
        self,
        records: str = HOME,
        *,
        gandi: str = "",
        detection: str = DOCUMENTATION,
        sources: tuple[str, ...] = SOURCES,
        dns: str | None = None,
        url: str | None = None,
    ) -> Path:
        """Write a dns.ini such as a person would."""
        host, port = self.sim.dns_address
        text = f"""\
[gandi]
url = {url or self.sim.api_url}
token-file = api-key
{gandi}
[detection]
interval = 5
probe-interval = 1
timeout = 1
sources = {", ".join(sources)}
{detection}
[dns]
{f"servers = {host}:{port}" if dns is None else dns}
{records}
{"".join(map(self._source, sources))}"""
        file = self.folder / "dns.ini"
        file.write_text(text)
        return file

    def _source(self, name: str) -> str:
        at = self.sim.echo(name)
        where = {
            "http": at.url,
            "dns": f"{at.host}:{at.port} {_QUESTIONS.get(name)}",
            "stun": f"{at.host}:{at.port}",
        }[at.kind]
        family = "ipv6" if name in SIX else "ipv4"
        if family == "ipv6":
            where = where.replace("127.0.0.1", "[::1]")
        return f"[source:{name}]\noperator = {name} inc\nkind = {at.kind}\n{family} = {where}\n"

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a command: nothing of the tester's own settings."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ESDDNS_", "GANDI_", "XDG_"))
        }
        return {**kept, "HOME": str(self.folder), "ESDDNS_STATE_DIR": str(self.state_dir),
                "COLUMNS": "200", **(extra or {})}  # fmt: skip

    async def start(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> asyncio.subprocess.Process:
        """Start a command as a process; its pipes are the caller's to read."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "esddns",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment(env),
            cwd=self.folder,
        )

    async def esddns(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        """Run a command as a process, to its end; its output never holds the token."""
        process = await self.start(*arguments, env=env)
        try:
            async with asyncio.timeout(_TIME):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        finished = Finished(process.returncode or 0, out.decode(), err.decode())
        assert TOKEN not in finished.out + finished.err
        return finished

    def value(self, name: str = "home", rtype: str = "A") -> str | None:
        """What the API holds."""
        rrset = self.sim.world.record(ZONE, name, rtype)
        return ", ".join(rrset.values) if rrset else None

    def puts(self) -> int:
        """Writes that arrived at Gandi."""
        return len(self.sim.calls(kind="api", method="PUT"))

    def api_calls(self) -> list[str]:
        """The methods of all calls that arrived at Gandi."""
        return [call.method for call in self.sim.calls(kind="api")]

    def behave(self, mode: Any, *names: str, address: str | None = None) -> None:
        """Have these sources behave so; `address` is what those that lie tell."""
        lie = None if address is None else ip_address(address)
        for name in names:
            self.sim.world.behave(name, Behaviour(mode, address=lie))

    async def until(
        self, check: Callable[[], bool | Awaitable[bool]], within: float = _TIME
    ) -> None:
        """Wait until `check` holds: looked at after each call to the simulator and each line of a log."""
        async with asyncio.timeout(within):
            while True:
                self.happened.clear()
                held = check()
                if held if isinstance(held, bool) else await held:
                    return
                await self.happened.wait()

    async def until_asked(self, *names: str, times: int = 2) -> None:
        """Wait until each of these sources was asked so many times more."""
        before = {name: len(self.sim.calls(target=name)) for name in names}
        await self.until(
            lambda: all(len(self.sim.calls(target=n)) >= b + times for n, b in before.items())
        )


@dataclass(slots=True)
class Running:
    """`esddns run` under way. `log`: its events so far."""

    site: CommandSite
    process: asyncio.subprocess.Process
    log: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def read(self) -> None:
        """Take the log as it comes, to its end."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            assert TOKEN.encode() not in line
            event = json.loads(line)
            self.log.append(event)
            if event["message"] == "started":
                self.url = f"http://{event['listening']}"
            self.site.happened.set()

    def said(self, message: str) -> bool:
        """Whether an event was logged."""
        return any(event["message"].startswith(message) for event in self.log)

    async def until_said(self, message: str, within: float = _TIME) -> None:
        """Wait until an event was logged."""
        await self.site.until(lambda: self.said(message), within)

    async def until_value(self, value: str, within: float = _TIME) -> None:
        """Wait until home/A holds `value`."""
        await self.site.until(lambda: self.site.value() == value, within)

    async def get(self, path: str) -> tuple[int, str]:
        """Ask one of its pages; gives status and text."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session,
            session.get(self.url + path) as reply,
        ):
            return reply.status, await reply.text()

    async def state(self) -> dict[str, Any]:
        """What /state says."""
        status, text = await self.get("/state")
        assert status == 200
        parsed: dict[str, Any] = json.loads(text)
        return parsed

    async def metrics(self) -> dict[str, float]:
        """What /metrics says, by series."""
        status, text = await self.get("/metrics")
        assert status == 200
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {series: float(value) for series, _, value in lines}

    async def until_metric(self, series: str, value: float) -> None:
        """Wait until a series has a value."""

        async def has() -> bool:
            return (await self.metrics()).get(series) == value

        await self.site.until(has)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def stop(self) -> float:
        """End it by SIGTERM; gives the seconds that it took, and sees that its status was 0."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.send(signal.SIGTERM)
        async with asyncio.timeout(_TIME):
            code = await self.process.wait()
        assert code == 0, self.log
        return loop.time() - started


@asynccontextmanager
async def running(
    site: CommandSite, *arguments: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """Run `esddns run` beside the simulator; it must still be there at the end, unless it was stopped."""
    options = ["--config", str(site.folder / "dns.ini")]
    process = await site.start(
        "run", *options, *arguments, env={"ESDDNS_LISTEN": "127.0.0.1:0",
                                          "ESDDNS_LOG_FORMAT": "json", **(env or {})}
    )  # fmt: skip
    run = Running(site, process)
    reading = asyncio.create_task(run.read())
    try:
        await run.until_said("started")
        yield run
        if process.returncode is None:
            await run.stop()
        await reading
        assert process.stdout is not None
        assert await process.stdout.read() == b""
        told = [event for event in run.log if "exception" in event]
        assert not told, told
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        reading.cancel()
