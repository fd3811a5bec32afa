"""A cluster's agents on virtual time: real nodes over one site and one stand-in API server."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address

from esddns.core.cache import NAME
from esddns.core.model import Family
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import CONFIG_MAPS, DAEMON_SETS
from esddns.shell.memory import Memory
from esddns.shell.metrics import Metrics
from esddns.shell.node import DAEMON_SET, Node, NodeSettings
from esddns.shell.report import Reporter
from scenarios.virtual_site import HOME, VirtualSite
from standin import ApiServerModel, ModelCluster

NAMESPACE = "esddns"
TOKEN = "first-token-of-the-site"


class Agent:
    """One pod of the DaemonSet."""

    def __init__(self, cluster: VirtualCluster, number: int) -> None:
        self.name = f"esddns-operator-daemon-{number}"
        site = cluster.site
        self.metrics = Metrics("leader")
        self.reporter = Reporter(self.metrics, site.now)
        self.cut: set[str] = set()  # what this node cannot reach: gandi, sources
        self.node = Node(
            NodeSettings(self.name, NAMESPACE, site.settings),
            ModelCluster(cluster.model, self.name, NAMESPACE),
            lambda: site.outside(cluster.tokens, self.reporter, cut=self.cut),
            Memory(),
            site.now,
            asyncio.get_running_loop().time,
            random.Random(number),  # noqa: S311  # the same in each run
            self.reporter,
        )
        self.task = asyncio.create_task(self.node.run())

    @property
    def leads(self) -> bool:
        """Whether it may write now."""
        return self.node.elector.may_write(4.0) is None

    @property
    def address(self) -> IPv4Address | None:
        """The address that it knows from the cache."""
        cache = self.node.view.cache
        return cache.state.address(Family.IPV4) if cache else None  # type: ignore[return-value]

    async def stop(self) -> None:
        """End as on SIGTERM."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


class VirtualCluster:
    """The site, the API server and all agents."""

    def __init__(self, size: int, tokens: TokenSource) -> None:
        self.tokens = tokens
        self.site = VirtualSite((HOME,), TOKEN)
        self.model = ApiServerModel(self.site.now)
        store, metadata = self.model.store, {"name": DAEMON_SET, "namespace": NAMESPACE}
        store.create(DAEMON_SETS, NAMESPACE, {"metadata": metadata})
        status = {"desiredNumberScheduled": size}
        store.update(DAEMON_SETS, NAMESPACE, {"metadata": metadata, "status": status}, status=True)
        self.agents = [Agent(self, number) for number in range(size)]

    async def leader(self, within: float = 22, *, not_: Agent | None = None) -> Agent:
        """Wait for a leader. Fails after `within` seconds."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        while True:
            if found := [a for a in self.agents if a.leads and a is not not_]:
                return found[0]
            assert loop.time() - started <= within, f"no leader within {within} s"
            await asyncio.sleep(0.1)

    async def crash(self, agent: Agent) -> None:
        """End an agent as SIGKILL does."""
        self.model.client(agent.name).cut(to=True, back=True)
        await agent.stop()

    def cache(self) -> dict[str, str] | None:
        """What stands in the ConfigMap."""
        for found in self.model.store.select(CONFIG_MAPS, NAMESPACE):
            if found["metadata"]["name"] == NAME:
                return dict(found.get("data") or {})
        return None

    async def all_know(self, address: IPv4Address, within: float) -> None:
        """Wait until every agent has the address from the cache. Fails after `within` seconds."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        while any(a.address != address for a in self.agents if not a.task.done()):
            assert loop.time() - started <= within, "not all agents know the address"
            await asyncio.sleep(0.1)


@asynccontextmanager
async def cluster_of(size: int, tokens: TokenSource) -> AsyncGenerator[VirtualCluster, None]:
    """Run a cluster, from the moment on when its record was first published."""
    cluster = VirtualCluster(size, tokens)
    await cluster.site.until(IPv4Address("192.0.2.1"), within=30)
    await asyncio.sleep(45)  # the term's second look at the API is over
    yield cluster
    for agent in cluster.agents:
        if agent.task.done() and not agent.task.cancelled():
            agent.task.result()
        await agent.stop()
