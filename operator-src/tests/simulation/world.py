"""The world of one seed: the site, Gandi, the API server, the machines, and the oracle that sees it all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

from esddns.config.settings import (
    ConfigurationError,
    Problem,
    Settings,
    SourceKind,
)
from esddns.core.address import AcceptPolicy
from esddns.core.model import Drift, Family, Record, RRset, RRType
from esddns.core.state import State, loads, to_json
from esddns.shell.configuration import Configuration
from esddns.shell.detect import Detector
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import CONFIG_MAPS, DAEMON_SETS, DNS_RECORDS, LEASES, Object
from esddns.shell.leading import DAEMON_SET
from esddns.shell.memory import Memory
from esddns.shell.metrics import Metrics
from esddns.shell.node import Identity, Node
from esddns.shell.report import Reporter
from esddns.shell.seams import Outside
from esddns_simulator import LiveDNS
from esddns_simulator import World as Model
from nodes.watch_feed import WatchFeed
from scenarios.virtual_site import ZONE, site_settings
from simulation.loop import EPOCH, FleetLoop, Host
from simulation.oracle import Oracle, Write
from simulation.outside import Account, NameServers, Source
from simulation.trace import Trace
from standin import ApiServerModel, ModelCluster

NAMESPACE = "esddns"
INTERVAL, PROBE = 60.0, 15.0
FOREIGN = ("203.0.113.200", "203.0.113.201")


class DiskMemory(Memory):
    """A state file on the machine's disk."""

    def __init__(self, process: Process) -> None:
        self._process = process
        super().__init__()

    def _load(self) -> State:
        disk = self._process.machine.disk
        return State() if disk is None else loads(disk)

    def _save(self) -> None:
        if not self._process.gone:
            self._process.machine.disk = json.dumps(to_json(self.state))


class Machine:
    """A node. `way`: by which of the site's ways out it goes; `cut`: what it cannot reach."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.name = f"node-{number}"
        self.way = 0
        self.cut: set[str] = set()
        self.disk: str | None = None
        self.rate = 1.0
        self.wall_offset = 0.0
        self.wall_stopped: float | None = None
        self.starts = 0
        self.process: Process | None = None

    def now(self) -> datetime:
        """The time of day by its own clock."""
        at = self.world.now() * self.rate if self.wall_stopped is None else self.wall_stopped
        return EPOCH + timedelta(seconds=at + self.wall_offset)

    def start(self) -> None:
        """Start a process; one that finds a broken configuration ends, and is started again."""
        if self.world.broken:
            self.world.trace.add(self.name, "cannot start: the configuration is broken")
            asyncio.get_running_loop().call_later(10, self.start)
            return
        self.starts += 1
        self.process = Process(self)
        self.world.trace.add(self.name, f"starts ({'kept' if self.disk else 'no'} state)")

    def crash(self, *, keep_disk: bool) -> None:
        """End the process as SIGKILL does: nothing of it ever runs again."""
        self.world.trace.add(self.name, f"killed, its emptyDir {'stays' if keep_disk else 'goes'}")
        process, self.process = self.process, None
        assert process is not None
        process.gone = process.host.frozen = True
        self.world.graves.append(process)
        if not keep_disk:
            self.disk = None

    async def stop(self) -> None:
        """End the process as SIGTERM does."""
        process, self.process = self.process, None
        if process is not None:
            self.world.trace.add(self.name, "stops")
            await process.end()


class Process:
    """One process of a machine. `gone`: it was killed, and reaches nothing any more."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.name = f"{machine.name}-{machine.starts}"
        self.gone = False
        self.hangs = False
        self.host = Host(machine.name)
        self.host.rate = machine.rate
        context = self.host.context()
        self.node: Node = context.run(self._make)
        self.task = asyncio.get_running_loop().create_task(self._live(), context=context)

    @property
    def leads(self) -> bool:
        """Whether it holds the Lease, as far as it knows."""
        return self.node.elector.term is not None

    def cannot_reach(self, what: str) -> bool:
        """Whether there is no way to that."""
        return self.gone or what in self.machine.cut

    async def end(self) -> None:
        """End as on SIGTERM, if need be after a thaw."""
        if self.host.frozen:
            self.host.thaw(asyncio.get_running_loop())
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    async def _live(self) -> None:
        try:
            await self.node.run()
        except Exception as error:  # noqa: BLE001  # a process that ends by itself is a finding
            self.machine.world.oracle.fail(f"{self.name} died of {type(error).__name__}: {error}")

    def _make(self) -> Node:
        world, machine = self.machine.world, self.machine
        reporter = Reporter(Metrics(), machine.now)
        tokens = TokenSource(world.token_file, {})
        client = ModelCluster(world.api, self.name, NAMESPACE)
        return Node(
            Identity(self.name, NAMESPACE),
            Configuration(world.load, reporter),
            client,
            WatchFeed(client),
            lambda settings: world.outside(self, settings, tokens, reporter),
            memory=DiskMemory(self),
            now=machine.now,
            boottime=asyncio.get_running_loop().time,
            rng=random.Random(world.rng.getrandbits(64)),  # noqa: S311
            reporter=reporter,
        )


class World:
    """Everything of one seed."""

    def __init__(self, seed: int, folder: Path, settings: Settings | None = None) -> None:
        loop = cast("FleetLoop", asyncio.get_running_loop())
        self.loop = loop
        self.seed = seed
        self.rng = random.Random(seed)  # noqa: S311
        self.trace = Trace(self.now)
        self.ways = [IPv4Address("192.0.2.1"), IPv4Address("198.51.100.1")]
        self.gandi = "well"
        self.dns = "well"
        self.sources: dict[str, str] = {}
        self.lags = {"ns1": 0.0, "ns2": self.rng.uniform(0, 5), "ns3": self.rng.uniform(0, 60)}
        self.questions: Counter[str] = Counter()
        self.asked: Counter[SourceKind] = Counter()
        self.calls: Counter[str] = Counter()
        self.token_file = folder / "api-key"
        self.token = ""
        # Told when a process begins a call about one name at Gandi.
        self.on_call: Callable[[Process, str], None] = lambda _process, _verb: None
        self.settings = settings or _settings()
        self.broken = False
        self.api = ApiServerModel(lambda: EPOCH + timedelta(seconds=self.now()))
        self.oracle = Oracle(self.now, self.trace)
        shared = {"shared/A": list(FOREIGN)}
        self.model = Model({ZONE: shared}, clock=self.now, call_limit=10)
        self.livedns = LiveDNS(self.model)
        self.rotate_token()
        self._note_changes()
        # Nodes that there shall be: the DaemonSet's status has them all from the start.
        self.planned = 1
        self.machines: list[Machine] = []
        self.graves: list[Process] = []
        self._make_daemon_set()

    def now(self) -> float:
        """True seconds."""
        return self.loop.true_time()

    def load(self) -> Settings:
        """The mounted files."""
        if self.broken:
            problem = Problem("dns.ini", "detection", "quorum", 3, "found 'two'")
            raise ConfigurationError((problem,))
        return self.settings

    def outside(
        self, process: Process, settings: Settings, tokens: TokenSource, reporter: Reporter
    ) -> Outside:
        """What a process talks to."""
        detection = settings.detection
        sources = [Source(s.name, s.operator, self, process) for s in detection.sources]
        policy = AcceptPolicy(detection.accept_networks)
        return Outside(
            Account(self, process, tokens),
            NameServers(self, process),
            {Family.IPV4: Detector(Family.IPV4, sources, detection, policy, reporter.answer)},
        )

    def rotate_token(self) -> None:
        """Have Gandi take another token, and give it to the pods."""
        self.token = f"token-{self.rng.getrandbits(32):08x}-of-the-site"
        self.model.credentials.replace([self.token])
        self.token_file.write_text(self.token)

    def move_wan(self, way: int) -> None:
        """Give one way out another address."""
        third = self.rng.choice(["192.0.2", "198.51.100"])
        self.ways[way] = IPv4Address(f"{third}.{self.rng.randrange(2, 250)}")
        self.oracle.truths.add(str(self.ways[way]))
        self.oracle.changes += 1
        self.trace.add("wan", f"way {way} is {self.ways[way]}")

    def called(self, process: Process, method: str, path: str, mode: str) -> None:
        """Note a call that arrived at Gandi."""
        self.calls[method] += 1
        self.oracle.called(process.name)
        where = path.removeprefix("/v5/livedns/domains/")
        self.trace.add(
            "gandi",
            f"{method} {where} by {process.machine.name}{'' if mode == 'well' else f': {mode}'}",
        )

    def write_starts(self, process: Process, key: str, rrset: RRset | None) -> None:
        """Hold a write that begins against what may be."""
        if process.gone:
            return
        term = process.node.elector.term
        values = sorted(rrset.values) if rrset else None
        identity = term.identity if term else None
        self.oracle.write_starts(Write(process.machine.name, process.name, key, values, identity))

    def apply(self, name: str, **spec: Any) -> None:
        """Apply a DNSRecord."""
        defaults = {"types": ["A"], "ttl": 300, "source": {"type": "WAN"}}
        body: Object = {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": defaults | spec}
        self.api.store.create(DNS_RECORDS, NAMESPACE, body)
        self.trace.add("kubectl", f"apply {name}: {spec}")

    def dnsrecord(self, name: str) -> Object | None:
        """A DNSRecord as it stands."""
        found = self.api.store.select(DNS_RECORDS, NAMESPACE, name)
        return found[0] if found else None

    def ready(self, name: str) -> str:
        """The reason of its condition Ready."""
        found = self.dnsrecord(name) or {}
        conditions = (found.get("status") or {}).get("conditions", ())
        return "".join(c["reason"] for c in conditions if c["type"] == "Ready")

    def held(self, name: str) -> tuple[str, ...] | None:
        """What Gandi holds."""
        rrset = self.model.record(ZONE, name, "A")
        return tuple(sorted(rrset.values)) if rrset else None

    def grow(self) -> Machine:
        """Add a node, and start its agent."""
        machine = Machine(self, len(self.machines))
        machine.rate = 1 + self.rng.uniform(-2e-4, 2e-4)
        self.machines.append(machine)
        self._make_daemon_set()
        machine.start()
        return machine

    def _make_daemon_set(self) -> None:
        store = self.api.store
        metadata = {"name": DAEMON_SET, "namespace": NAMESPACE}
        if not store.select(DAEMON_SETS, NAMESPACE, DAEMON_SET):
            store.create(DAEMON_SETS, NAMESPACE, {"metadata": metadata})
        status = {"desiredNumberScheduled": max(self.planned, len(self.machines))}
        store.update(DAEMON_SETS, NAMESPACE, {"metadata": metadata, "status": status}, status=True)

    def _note_changes(self) -> None:
        """Have the oracle see every change of the zone, and who is elected."""
        zone, store = self.model.zones[ZONE], self.api.store
        put, drop, notify = zone.put, zone.drop, store.notify

        def noting_put(name: str, rtype: str, rrset: Any, at: float) -> Any:
            kept = put(name, rtype, rrset, at)
            self.oracle.zone_changed(f"{name}/{rtype}", sorted(kept.values))
            return kept

        def noting_drop(name: str, rtype: str, at: float) -> bool:
            dropped = drop(name, rtype, at)
            if dropped:
                self.oracle.zone_changed(f"{name}/{rtype}", None)
            return dropped

        def noting(kind: Any, change: Any) -> None:
            if kind == LEASES:
                self.oracle.lease_changed(change.object.get("spec") or {})
            notify(kind, change)

        zone.put, zone.drop = noting_put, noting_drop  # type: ignore[method-assign]
        store.notify = noting
        self._note_answers()

    def _note_answers(self) -> None:
        """Have the oracle see what the API server answered whom, and when."""
        answer, do = self.api.answer, self.api._do
        done: dict[int, float] = {}

        def doing(request: Any) -> Any:
            done[id(request)] = self.now()
            return do(request)

        async def answering(request: Any) -> Any:
            outcome = await answer(request)
            # When it was answered, however late whoever asked comes to read that.
            self.oracle.answered[request.client] = done.pop(id(request))
            if request.kind == CONFIG_MAPS and request.verb in {"create", "update"}:
                self.oracle.shared(request.client, request.body["data"])
                if request.client == self.oracle.untold_by:
                    self.oracle.untold_by = ""
            if (request.verb, request.kind) == ("list", DNS_RECORDS):
                self.oracle.listed[request.client] = self.now()
            return outcome

        self.api._do = doing  # type: ignore[method-assign]
        self.api.answer = answering  # type: ignore[method-assign]


def _settings() -> Settings:
    records = (
        Record(f"home.{ZONE}", RRType.A),
        Record(f"told.{ZONE}", RRType.A, drift=Drift.REPORT),
    )
    return site_settings(records, interval=INTERVAL, probe_interval=PROBE)


def with_record(settings: Settings, name: str) -> Settings:
    """Name one more record in dns.ini."""
    return replace(settings, records=(*settings.records, Record(f"{name}.{ZONE}", RRType.A)))


@contextlib.contextmanager
def a_world(seed: int, settings: Settings | None = None) -> Any:
    """A world, with a folder for its mounted files. `settings`: in place of those of short intervals."""
    with tempfile.TemporaryDirectory() as folder:
        yield World(seed, Path(folder), settings)
