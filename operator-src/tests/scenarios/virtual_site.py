"""A whole site on virtual time: the real engine and client over the simulator's model."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_network
from typing import Any

from esddns.config.settings import (
    DetectionSettings,
    DnsTarget,
    GandiSettings,
    HttpTarget,
    Settings,
    SourceKind,
    SourceSettings,
)
from esddns.core.address import AcceptPolicy, proxy_ranges
from esddns.core.model import Family, Record, RRType
from esddns.core.target import Target
from esddns.shell.detect import Detector
from esddns.shell.engine import Engine
from esddns.shell.gandi.client import GandiClient
from esddns.shell.gandi.token import TokenSource
from esddns.shell.health import Health
from esddns.shell.heartbeat import Ping
from esddns.shell.memory import Memory
from esddns.shell.metrics import Metrics
from esddns.shell.report import Reporter
from esddns.shell.seams import Outside
from esddns_simulator import Authority as SimulatedServer
from esddns_simulator import Behaviour, Echo, LiveDNS, Reflector, Wan, World
from scenarios.in_process import (
    OPERATORS,
    UDP,
    InProcessAccount,
    InProcessGandi,
    InProcessServers,
    InProcessSource,
)

ZONE = "example.com"
FQDN = f"home.{ZONE}"
FIRST, SECOND, THIRD = (IPv4Address(a) for a in ("192.0.2.1", "198.51.100.2", "203.0.113.3"))
LIE = IPv4Address("203.0.113.66")
DOCUMENTATION = tuple(ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualSite:
    """One site: its world, and what the product knows of it."""

    def __init__(self, records: tuple[Record, ...], token: str, **settings: Any) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self.world = World(
            {ZONE: {}},
            token=token,
            wan=Wan(ipv4=FIRST),
            echoes=[Echo(name, "http") for name in OPERATORS],
            clock=loop.time,
            wall=lambda: self.now().timestamp(),
            call_limit=1_000_000,
        )
        self.livedns = LiveDNS(self.world)
        self._settings = site_settings(records, **settings)
        self._note_writes()
        self.seen: list[tuple[float, str | None]] = []
        self.reporter = Reporter(Metrics(), self.now)
        self.health = Health()
        self.memory = Memory()
        self.epoch = EPOCH
        self.slow_dns = 0.0
        self.ping: Ping | None = None
        self.engine: Engine | None = None
        self._stop = asyncio.Event()
        self._rng = random.Random(7)  # noqa: S311  # jitter, the same in each run

    def now(self) -> datetime:
        """The time of day, which goes with the loop."""
        return self.epoch + timedelta(seconds=self._loop.time())

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return self._settings

    def outside(
        self,
        tokens: TokenSource,
        reporter: Reporter,
        accept: tuple[Any, ...] = DOCUMENTATION,
        cut: Container[str] = (),
    ) -> Outside:
        """What one process of this site talks to. `cut` holds what it cannot reach: gandi, sources."""
        wire = InProcessGandi(self.livedns, cut)
        client = GandiClient(self._settings.gandi, tokens, now=self.now)
        client._session.mount("http://", wire)
        reflector = Reflector(self.world)
        detection = self._settings.detection
        policy = AcceptPolicy(accept, () if accept else proxy_ranges())
        sources = [InProcessSource(s.name, reflector, self.world, cut) for s in detection.sources]
        detector = Detector(Family.IPV4, sources, detection, policy, reporter.answer)
        return Outside(
            InProcessAccount(client, tokens, wire),
            InProcessServers(SimulatedServer(self.world), lambda: self.slow_dns),
            {Family.IPV4: detector},
            self.ping,
        )

    def start(self, tokens: TokenSource, accept: tuple[Any, ...]) -> Engine:
        """Put the product together as `run` does."""
        outside = self.outside(tokens, self.reporter, accept)
        return Engine(
            self._settings,
            outside,
            self.memory,
            self.now,
            self._rng,
            self.reporter,
            self.health,
            targets=[Target(record) for record in self._settings.records],
        )

    def value(self, fqdn: str = FQDN) -> str | None:
        """What the API holds for the record: what DNS shows sooner or later."""
        name = fqdn.removesuffix(f".{ZONE}")
        rrset = self.world.record(ZONE, name, "A")
        return ", ".join(rrset.values) if rrset else None

    @property
    def values_seen(self) -> set[str | None]:
        """Every value that the record ever had."""
        return {value for _at, value in self.seen}

    def in_sync(self) -> bool:
        """Whether the product takes all its records to be right."""
        assert self.engine is not None
        return all(t.outcome is not None and t.outcome.in_sync for t in self.engine.keeper.tracked)

    def puts(self) -> int:
        """Writes that arrived at Gandi."""
        return len(self.world.calls.find(kind="api", method="PUT"))

    def api_calls(self) -> int:
        """Calls that arrived at Gandi."""
        return len(self.world.calls.find(kind="api"))

    def asked(self) -> int:
        """Questions to sources."""
        return len(self.world.calls.find(kind="echo"))

    def lie(self, *names: str, address: IPv4Address = LIE) -> None:
        """Have these sources tell a lie."""
        for name in names:
            self.world.behave(name, Behaviour("lie", address=address))

    def behave(self, mode: Any, *names: str) -> None:
        """Have these sources (all, where none is named) behave so."""
        for name in names or OPERATORS:
            self.world.behave(name, Behaviour(mode))

    async def until(self, value: IPv4Address, within: float, fqdn: str = FQDN) -> float:
        """Let time pass until the record holds `value`; gives the seconds. Fails after `within`."""
        started = self._loop.time()
        while self.value(fqdn) != str(value):
            await asyncio.sleep(0.25)
            passed = self._loop.time() - started
            assert passed <= within, f"{self.value(fqdn)} after {passed:.0f} s, expected {value}"
        return self._loop.time() - started

    async def until_called(self, within: float) -> None:
        """Let time pass until Gandi is called once more. Fails after `within` seconds."""
        calls, started = self.api_calls(), self._loop.time()
        while self.api_calls() == calls:
            await asyncio.sleep(0.25)
            assert self._loop.time() - started <= within, "Gandi was not called"

    def _note_writes(self) -> None:
        """Note every value that the record takes, whoever writes it."""
        zone = self.world.zones[ZONE]
        put, drop = zone.put, zone.drop

        def noting_put(*args: Any) -> Any:
            kept = put(*args)
            self.seen.append((self._loop.time(), self.value()))
            return kept

        def noting_drop(*args: Any) -> bool:
            dropped = drop(*args)
            self.seen.append((self._loop.time(), self.value()))
            return dropped

        zone.put, zone.drop = noting_put, noting_drop  # type: ignore[method-assign]


def site_settings(
    records: tuple[Record, ...], *, interval: float = 300, probe_interval: float = 30
) -> Settings:
    """What a site is told to do: these records, the sources of OPERATORS, documentation addresses."""
    sources = tuple(
        SourceSettings(
            name,
            operator,
            SourceKind.DNS if name in UDP else SourceKind.HTTP,
            {Family.IPV4: _target(name)},
        )
        for name, operator in OPERATORS.items()
    )
    return Settings(
        GandiSettings(url="http://gandi.example/v5/livedns"),
        DetectionSettings(
            sources,
            interval=interval,
            probe_interval=probe_interval,
            accept_networks=DOCUMENTATION,
        ),
        records=records,
    )


def _target(name: str) -> HttpTarget | DnsTarget:
    if name in UDP:
        return DnsTarget(f"{name}.example", 53, "whoami.example", "A")
    return HttpTarget(f"https://{name}.example")


HOME = Record(FQDN, RRType.A)


@asynccontextmanager
async def virtual_site(
    *records: Record,
    tokens: TokenSource,
    token: str = "first-token-of-the-site",
    accept: tuple[Any, ...] = DOCUMENTATION,
    synced: bool = True,
    memory: Memory | None = None,
    ping: Ping | None = None,
    **settings: Any,
) -> AsyncIterator[VirtualSite]:
    """Run a site; with `synced` from the moment on when its first record was published."""
    site = VirtualSite(records or (HOME,), token, **settings)
    site.ping = ping
    if memory is not None:
        site.memory = memory
    engine = site.engine = site.start(tokens, accept)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(engine.run(site._stop, 1.0))
        if synced:
            await site.until(FIRST, within=10)
            await asyncio.sleep(15)  # DNS was looked at, and the write is settled
        yield site
        assert not site.health.stalled(), site.health.stalled()
        site._stop.set()
        await running
