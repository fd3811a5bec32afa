"""One fleet on virtual time, at default intervals: what it asks of whom, and how long things take.

The agents are the real ones over the simulated site of the tests (`tests/simulation`): the API server
5 ms away in each direction, sources 10 to 300 ms, Gandi 20 to 400 ms, one record.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from esddns.config.settings import SourceKind
from esddns.core.model import Family
from esddns.shell.cacheview import CacheView
from esddns.shell.kube.seam import LEASES, Object
from scenarios.virtual_site import HOME, site_settings
from simulation.loop import FleetLoop
from simulation.world import Machine, World, a_world

ROUNDS = 12  # an hour: what acts every five minutes, as the baselines do
_SEED = 1
_WAY = 0.005  # seconds to the API server, and as many back
_AFTER_CHANGE = 180.0  # seconds until nothing more happens because of a change
_AFTER_ELECTION = 120.0
_LIMIT = 10 * 86400.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured. `steady`: seconds without any change."""

    steady: float
    changes: int
    failovers: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What was asked of whom: calls, questions, requests, and events that were told."""

    gandi: float = 0.0
    http: float = 0.0
    udp: float = 0.0
    leader: float = 0.0  # API-server requests of the one that leads
    followers: float = 0.0  # and of all others together
    lease_events: float = 0.0
    other_events: float = 0.0

    def less(self, other: Cost, share: float) -> Cost:
        """Take away a share of another."""
        return Cost(*(a - b * share for a, b in zip(_all(self), _all(other), strict=True)))

    def times(self, factor: float) -> Cost:
        """As much of it."""
        return Cost(*(a * factor for a in _all(self)))


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds, measured some times over; all nan where nothing was."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        """Sum up."""
        if not seconds:
            return cls(math.nan, math.nan)
        ordered = sorted(seconds)
        return cls(statistics.median(ordered), ordered[math.ceil(0.99 * len(ordered)) - 1])


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """What a fleet of `nodes` agents came to. `hour`: without a change; `change`: on top, for each."""

    nodes: int
    effort: Effort
    hour: Cost
    change: Cost
    to_dns: Times
    to_agents: Times
    crash: Times
    release: Times
    peak: int  # API-server requests in the busiest second of a take-over


def measure(nodes: int, effort: Effort) -> FleetFigures:
    """Play one fleet. Raises RuntimeError where an invariant was violated: then the figures mean nothing."""
    logging.getLogger("esddns").setLevel(logging.CRITICAL)

    async def main() -> FleetFigures:
        settings = site_settings((HOME,))
        with a_world(_SEED, settings) as world, _informing() as informed:
            return await _Bench(world, nodes, effort, informed).run()

    with asyncio.Runner(loop_factory=lambda: FleetLoop(_LIMIT)) as runner:
        return runner.run(main())


class _Bench:
    def __init__(
        self,
        world: World,
        nodes: int,
        effort: Effort,
        informed: dict[CacheView, str],
    ) -> None:
        self._world = world
        self._nodes = nodes
        self._effort = effort
        self._informed = informed
        self._rng = random.Random(_SEED)  # noqa: S311
        self._requested: list[float] = []  # when a request reached the API server
        world.api.everyone.latency_to = world.api.everyone.latency_back = _WAY
        arrive = world.api._arrive

        def noting(request: Any) -> Any:
            self._requested.append(world.now())
            return arrive(request)

        world.api._arrive = noting  # type: ignore[method-assign]

    async def run(self) -> FleetFigures:
        world, effort = self._world, self._effort
        world.planned = self._nodes
        for _ in range(self._nodes):
            world.grow()
            await asyncio.sleep(min(30.0 / self._nodes, 1.0))
        await asyncio.sleep(600)
        before = self._count()
        await asyncio.sleep(effort.steady)
        steady = self._count().less(before, 1.0)
        costs, to_dns, to_agents = [], [], []
        for _ in range(effort.changes):
            await asyncio.sleep(self._rng.uniform(0, 300))
            before = self._count()
            dns, agents = await self._change()
            costs.append(
                self._count().less(before, 1.0).less(steady, _AFTER_CHANGE / effort.steady)
            )
            to_dns.append(dns)
            to_agents.append(agents)
        crash, release, peaks = [], [], [0]
        for _ in range(effort.failovers if self._nodes > 1 else 0):
            crash.append(await self._fail_over(self._crash, peaks))
            release.append(await self._fail_over(self._stop, peaks))
        await self._end()
        if world.oracle.violations:
            raise RuntimeError(f"{self._nodes} agents: {world.oracle.violations}")
        return FleetFigures(
            self._nodes,
            effort,
            steady.times(3600 / effort.steady),
            _mean(costs),
            Times.of(to_dns),
            Times.of(to_agents),
            Times.of(crash),
            Times.of(release),
            max(peaks),
        )

    def _count(self) -> Cost:
        world = self._world
        requests: Counter[bool] = Counter()
        events: Counter[bool] = Counter()
        leader = self._leader()
        leading = leader.process.name if leader.process else ""
        for name, client in world.api.clients.items():
            requests[name == leading] += client.requests.total()
            events[True] += client.events[LEASES.plural]
            events[False] += client.events.total() - client.events[LEASES.plural]
        return Cost(
            world.calls.total(),
            world.asked[SourceKind.HTTP],
            world.asked.total() - world.asked[SourceKind.HTTP],
            requests[True],
            requests[False],
            events[True],
            events[False],
        )

    def _leader(self) -> Machine:
        return next(m for m in self._world.machines if m.process is not None and m.process.leads)

    async def _change(self) -> tuple[float, float]:
        """Move the WAN; gives the seconds until Gandi holds it, and until the last agent knows."""
        world = self._world
        started = world.now()
        world.move_wan(0)
        truth = str(world.ways[0])
        to_dns = math.nan
        views = [m.process.node.view for m in world.machines if m.process is not None]
        while math.isnan(to_dns) or any(self._informed.get(view) != truth for view in views):
            await asyncio.sleep(0.02)
            if math.isnan(to_dns) and world.held("home") == (truth,):
                to_dns = world.now() - started
        to_agents = world.now() - started
        await asyncio.sleep(_AFTER_CHANGE - to_agents)
        return to_dns, to_agents

    async def _fail_over(self, end: Callable[[Machine], Any], peaks: list[int]) -> float:
        """End the leader; gives the seconds until another holds the Lease."""
        world = self._world
        await asyncio.sleep(self._rng.uniform(0, 30))
        leader, elections, started = self._leader(), world.oracle.elections, world.now()
        first = len(self._requested)
        ending = asyncio.ensure_future(end(leader))
        while world.oracle.elections == elections:
            await asyncio.sleep(0.02)
        seconds = world.now() - started
        await asyncio.sleep(30)
        peaks.append(_busiest_second(self._requested[first:]))
        await ending
        leader.start()
        await asyncio.sleep(_AFTER_ELECTION)
        return seconds

    @staticmethod
    async def _crash(machine: Machine) -> None:
        machine.crash(keep_disk=True)

    @staticmethod
    async def _stop(machine: Machine) -> None:
        await machine.stop()

    async def _end(self) -> None:
        world = self._world
        for process in world.graves:
            world.api.client(process.name).refuse()
            await process.end()
        for machine in world.machines:
            await machine.stop()


@contextmanager
def _informing() -> Iterator[dict[CacheView, str]]:
    """Give which address each agent's view of the cache holds."""
    informed: dict[CacheView, str] = {}
    see = CacheView.see

    async def noting(view: CacheView, found: Object | None) -> None:
        await see(view, found)
        if view.cache is not None:
            informed[view] = str(view.cache.state.address(Family.IPV4))

    CacheView.see = noting  # type: ignore[method-assign]
    try:
        yield informed
    finally:
        CacheView.see = see  # type: ignore[method-assign]


def _busiest_second(times: Sequence[float]) -> int:
    """Count the most that lie within any one second; `times` are in order."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def _mean(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.fmean(column) for column in zip(*map(_all, costs), strict=True)))


def _all(cost: Cost) -> tuple[float, ...]:
    return (cost.gandi, cost.http, cost.udp, cost.leader, cost.followers,
            cost.lease_events, cost.other_events)  # fmt: skip
