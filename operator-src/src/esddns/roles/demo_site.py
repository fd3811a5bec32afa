"""The demo's world: the simulator, and `run` beside it with a dns.ini that points it there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.config.settings import Settings
from esddns.core.model import Family, RRType
from esddns.roles.run import Run, RunOptions
from esddns.roles.wiring import make_rng
from esddns.shell.authority import Authority
from esddns.shell.clock import utc_now
from esddns.shell.gandi.token import TokenSource
from esddns.shell.waiting import all_ended
from esddns.shell.web.agents import Pace, Place
from esddns.shell.web.ask import AskError, ask
from esddns.shell.web.service import ServiceOptions, StatusService
from esddns_simulator import Behaviour, Echo, Simulator, Wan

ZONE = "example.com"
RECORD = f"home.{ZONE}"
LIE = IPv4Address("203.0.113.66")
ECHOES = (
    Echo("ipify", "http"),
    Echo("icanhazip", "http"),
    Echo("ident.me", "http"),
    Echo("amazon", "http"),
    Echo("cloudflare-dns", "dns"),
    Echo("opendns", "dns"),
    Echo("google-dns", "dns"),
    Echo("stun", "stun"),
)
_QUESTIONS = {
    "cloudflare-dns": "whoami.cloudflare TXT CH",
    "opendns": "myip.opendns.com A",
    "google-dns": "o-o.myaddr.l.google.com TXT",
}
_LOOK_EVERY = 0.1  # seconds between looks at DNS
_TOKEN = "demo-token-of-the-simulator"  # noqa: S105  # opens nothing


@dataclass(slots=True)
class Site:
    """The running demo. `shown`: what DNS shows now; `seen`: every value that it ever showed.

    `page`: where the status page is.
    """

    simulator: Simulator
    run: Run
    authority: Authority
    page: Place
    shown: str = ""
    seen: set[str] = field(default_factory=set)
    looks: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def change_wan(self, address: IPv4Address, within: float) -> float:
        """Give the site another address; gives the seconds until DNS shows it. Raises TimeoutError."""
        started = time.monotonic()
        self.simulator.world.set_wan(ipv4=address)
        await self.until(str(address), within)
        return time.monotonic() - started

    async def until(self, value: str, within: float) -> None:
        """Wait until DNS shows `value`. Raises TimeoutError."""
        async with asyncio.timeout(within), self.looks:
            await self.looks.wait_for(lambda: self.shown == value)

    @property
    def page_url(self) -> str:
        """The status page, for a browser."""
        return "http://{}:{}/".format(*self.page)

    async def page_shows(self, value: str, within: float) -> bool:
        """Whether the status service tells that address, and that all is in sync, before long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while True:
                    if await self._page_tells() == ("in-sync", [value]):
                        return True
                    await asyncio.sleep(_LOOK_EVERY)
        return False

    async def _page_tells(self) -> tuple[str, list[str]]:
        try:
            raw = json.loads(await ask(*self.page, "/raw", 1))
        except AskError:
            return "", []
        return raw["status"]["level"], [address["address"] for address in raw["addresses"]]

    @contextlib.contextmanager
    def half_lying(self) -> Iterator[int]:
        """Have every second source tell one lie; gives how many do."""
        liars = ECHOES[::2]
        for echo in liars:
            self.simulator.world.behave(echo.name, Behaviour("lie", address=LIE))
        try:
            yield len(liars)
        finally:
            for echo in liars:
                self.simulator.world.behave(echo.name)

    @property
    def agreed(self) -> tuple[str, ...]:
        """Who agreed on the address when it was decided."""
        known = self.run.state.addresses.get(Family.IPV4)
        return known.agreed if known else ()

    def count(self) -> dict[str, int]:
        """Count the calls made so far, by what they cost whom."""
        http = {echo.name for echo in ECHOES if echo.kind == "http"}
        echoes = self.simulator.calls(kind="echo")
        asked_http = sum(call.target in http for call in echoes)
        return {
            "Gandi GET": len(self.simulator.calls(kind="api", method="GET")),
            "Gandi PUT": self.puts,
            "detection over HTTP": asked_http,
            "detection over UDP": len(echoes) - asked_http,
        }

    @property
    def puts(self) -> int:
        """How many writes Gandi got."""
        return len(self.simulator.calls(kind="api", method="PUT"))

    async def watch_dns(self) -> None:
        """Look at DNS as a client of the zone would, again and again."""
        while True:
            view = await self.authority.lookup(RECORD, RRType.A, ZONE)
            for answer in view.answers:
                shown = ", ".join(sorted(answer.rrset.values)) if answer.rrset else "no record"
                async with self.looks:
                    self.shown = shown
                    self.seen.add(shown)
                    self.looks.notify_all()
            await asyncio.sleep(_LOOK_EVERY)


@contextlib.asynccontextmanager
async def open_site(first: IPv4Address, page_port: int) -> AsyncIterator[Site]:
    """Start everything on loopback, and end it all again. Raises CannotListenError."""
    wan = Wan(ipv4=first)
    with TemporaryDirectory(prefix="esddns-demo-") as folder:
        async with Simulator({ZONE: {}}, token=_TOKEN, echoes=ECHOES, wan=wan) as simulator:
            settings = _settings(simulator, Path(folder))
            tokens = TokenSource(settings.gandi.token_file, {})
            run = Run(
                lambda: (settings, tokens),
                RunOptions("127.0.0.1", 0, Path(folder)),
                utc_now,
                make_rng(),
            )
            agents: list[Place] = []  # the page is there before it knows whom to ask
            async with _serving_page(agents, page_port) as page, asyncio.TaskGroup() as group:
                serving = group.create_task(run.serve())
                agents.append(await run.address)
                authority = Authority((simulator.dns_address,))
                site = Site(simulator, run, authority, page)
                watching = group.create_task(site.watch_dns())
                try:
                    yield site
                finally:
                    watching.cancel()
                    run.stop()
                    await serving


@contextlib.asynccontextmanager
async def _serving_page(agents: Sequence[Place], port: int) -> AsyncIterator[Place]:
    """The status service, as `esddns web` has it, in this process; gives where it listens."""
    options = ServiceOptions(agents, ("127.0.0.1", port), pace=Pace(every=1))
    service = StatusService(options, utc_now)
    listening, _ = await service.start("--page-port")
    running = asyncio.create_task(service.run())
    try:
        yield listening
    finally:
        running.cancel()
        await all_ended([running])
        await service.stop()


def _settings(simulator: Simulator, folder: Path) -> Settings:
    """Write a dns.ini such as a person would, and read it."""
    (folder / "api-key").write_text(_TOKEN)
    text = dns_ini(simulator)
    (folder / "dns.ini").write_text(text)
    return parse(text, file=str(folder / "dns.ini"), builtin=BUILTIN)


def dns_ini(simulator: Simulator) -> str:
    """The demo's configuration: all built-in sources replaced by the simulator's echoes."""
    host, port = simulator.dns_address
    sources = "\n".join(_source(simulator, echo) for echo in ECHOES)
    return f"""\
[gandi]
url = {simulator.api_url}
token-file = api-key
[detection]
interval = 5
probe-interval = 1
timeout = 1
accept-networks = 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24
sources = {", ".join(echo.name for echo in ECHOES)}
[dns]
servers = {host}:{port}
[record:{RECORD}]
zone = {ZONE}
{sources}
"""


def _source(simulator: Simulator, echo: Echo) -> str:
    at = simulator.echo(echo.name)
    where = {
        "http": at.url,
        "dns": f"{at.host}:{at.port} {_QUESTIONS.get(echo.name)}",
        "stun": f"{at.host}:{at.port}",
    }[echo.kind]
    return f"[source:{echo.name}]\noperator = {echo.name}\nkind = {echo.kind}\nipv4 = {where}"
