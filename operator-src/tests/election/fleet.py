"""Agents that elect one of them, on virtual time, over the stand-in API server."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from esddns.shell.elector import Elector, ElectorSettings
from esddns.shell.kube.leases import LeaseStore
from esddns.shell.kube.seam import Kind, Object, WatchEvent
from standin import ApiServerModel, ModelCluster

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NAMESPACE = "esddns"
WRITE = 4.0  # seconds: a write's total deadline


class FreezableCluster(ModelCluster):
    """A process that can be stopped where it stands: what it asks, it asks after it was thawed."""

    def __init__(self, model: ApiServerModel, client: str) -> None:
        super().__init__(model, client, NAMESPACE)
        self.running = asyncio.Event()
        self.running.set()

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Object:
        """As the model has it."""
        await self.running.wait()
        return await super().get(kind, name, namespace=namespace)

    async def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """As the model does."""
        await self.running.wait()
        return await super().replace(kind, body)

    async def watch(self, kind: Kind, **arguments: Any) -> AsyncGenerator[WatchEvent, None]:
        """As the model tells."""
        async with aclosing(super().watch(kind, **arguments)) as events:
            async for seen in events:
                await self.running.wait()
                yield seen


class Agent:
    """One agent: its elector, and when it led. `terms` are (start, end) in loop seconds."""

    def __init__(self, fleet: Fleet, number: int) -> None:
        self.name = f"agent-{number}"
        self.cluster = FreezableCluster(fleet.model, self.name)
        self.stalled: list[str] = []
        self.ahead = timedelta()  # of its clock
        self.terms: list[list[float]] = []
        self.works_at_end = 0.0  # seconds that its last write takes at a stop
        self._loop = asyncio.get_running_loop()
        self.elector = Elector(
            ElectorSettings(self.name),
            self.cluster,
            LeaseStore(self.cluster, NAMESPACE, fleet.now),
            self._loop.time,
            lambda: fleet.now() + self.ahead,
            random.Random(number),  # noqa: S311  # a fixed seed for each agent
            lambda: len(fleet.agents),
            lambda: self.stalled,
        )
        self.task = asyncio.create_task(self.elector.run(self._lead))

    async def _lead(self) -> None:
        term = [self._loop.time(), float("inf")]
        self.terms.append(term)
        try:
            await asyncio.Event().wait()
        finally:
            if self.works_at_end:
                await asyncio.sleep(self.works_at_end)
            term[1] = self._loop.time()

    @property
    def leads(self) -> bool:
        """Whether it takes itself for the leader."""
        return bool(self.terms) and self.terms[-1][1] == float("inf")

    async def stop(self) -> None:
        """End as on SIGTERM."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    async def crash(self, fleet: Fleet) -> None:
        """End as on SIGKILL: nothing more reaches the API server."""
        fleet.model.client(self.name).cut(to=True, back=True)
        await self.stop()


class Fleet:
    """All agents of one cluster, and a watch over them: two may never be allowed to write at once."""

    def __init__(self, size: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.model = ApiServerModel(self.now)
        self.agents: list[Agent] = []
        self.agents += [Agent(self, number) for number in range(size)]

    def now(self) -> datetime:
        """The time of day."""
        return EPOCH + timedelta(seconds=self._loop.time())

    @property
    def leaders(self) -> list[Agent]:
        """Those that take themselves for the leader."""
        return [agent for agent in self.agents if agent.leads]

    def writers(self) -> Iterator[Agent]:
        """Those that may start a write now."""
        return (a for a in self.agents if a.elector.may_write(WRITE) is None)

    async def leader(self, within: float, *, not_: Agent | None = None) -> Agent:
        """Wait for a leader (another than `not_`) that may write. Fails after `within` seconds."""
        started = self._loop.time()
        while True:
            if found := [agent for agent in self.writers() if agent is not not_]:
                return found[0]
            assert self._loop.time() - started <= within, f"no leader within {within} s"
            await asyncio.sleep(0.05)

    async def guard(self) -> None:
        """See that at no time two agents may start a write."""
        while True:
            writers = [agent.name for agent in self.writers()]
            assert len(writers) <= 1, f"{writers} may write at once"
            await asyncio.sleep(0.1)

    def requests(self, agent: Agent) -> int:
        """How many requests an agent made so far."""
        return sum(self.model.client(agent.name).requests.values())


@asynccontextmanager
async def fleet_of(size: int) -> AsyncGenerator[Fleet, None]:
    """Run agents, under guard."""
    fleet = Fleet(size)
    async with asyncio.TaskGroup() as group:
        guarding = group.create_task(fleet.guard())
        yield fleet
        guarding.cancel()
        for agent in fleet.agents:
            assert agent.task.cancelled() or not agent.task.done() or not agent.task.exception()
            await agent.stop()
