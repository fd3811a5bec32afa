"""A cluster's agents on virtual time: real nodes over one site and one stand-in API server."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from esddns.config.settings import ConfigurationError, Settings
from esddns.core.cache import NAME
from esddns.core.model import Family
from esddns.shell.configuration import Configuration
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DNS_RECORDS,
    EVENTS,
    NAMESPACES,
    NODES,
    Object,
)
from esddns.shell.lead_label import LABEL
from esddns.shell.leading import DAEMON_SET
from esddns.shell.memory import Memory
from esddns.shell.metrics import Metrics
from esddns.shell.node import Identity, Node
from esddns.shell.report import Reporter
from nodes.watch_feed import WatchFeed
from scenarios.virtual_site import HOME, ZONE, VirtualSite
from standin import ApiServerModel, ModelCluster

NAMESPACE = "esddns"
TOKEN = "first-token-of-the-site"


class Agent:
    """One pod of the DaemonSet."""

    def __init__(self, cluster: VirtualCluster, number: int) -> None:
        self.name = f"esddns-operator-daemon-{number}"
        site = cluster.site
        self.metrics = Metrics()
        self.reporter = Reporter(self.metrics, site.now)
        self.cut: set[str] = set()  # what it cannot reach: gandi, sources; late: slow-sources
        self.suspended = 0.0  # seconds for which the machine was, so far
        loop = asyncio.get_running_loop()
        client = ModelCluster(cluster.model, self.name, NAMESPACE)
        self.memory = Memory()
        self.configuration = Configuration(cluster.load, self.reporter)
        self.node = Node(
            Identity(self.name, NAMESPACE, cluster.node_of(number)),
            self.configuration,
            client,
            WatchFeed(client),
            lambda _settings: site.outside(cluster.tokens, self.reporter, cut=self.cut),
            memory=self.memory,
            now=site.now,
            boottime=lambda: loop.time() + self.suspended,
            rng=random.Random(number),  # noqa: S311  # the same in each run
            reporter=self.reporter,
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
        if not self.task.done():
            await self.node.leave()
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


class VirtualCluster:
    """The site, the API server and all agents."""

    def __init__(
        self, size: int, tokens: TokenSource, *, with_nodes: bool = False, **settings: Any
    ) -> None:
        self.tokens = tokens
        self._with_nodes = with_nodes
        self.site = VirtualSite((HOME,), TOKEN)
        self.settings = replace(self.site.settings, **settings)  # what the mounted files say
        self.broken: ConfigurationError | None = None
        self.model = ApiServerModel(self.site.now)
        store, metadata = self.model.store, {"name": DAEMON_SET, "namespace": NAMESPACE}
        store.create(DAEMON_SETS, NAMESPACE, {"metadata": metadata})
        store.create(
            NAMESPACES, "", {"metadata": {"name": NAMESPACE, "finalizers": ["kubernetes"]}}
        )
        status = {"desiredNumberScheduled": size}
        store.update(DAEMON_SETS, NAMESPACE, {"metadata": metadata, "status": status}, status=True)
        for number in range(size if with_nodes else 0):
            store.create(NODES, "", {"metadata": {"name": self.node_of(number)}})
        self.agents = [Agent(self, number) for number in range(size)]

    def node_of(self, number: int) -> str:
        """The Node that an agent runs on, where its label is looked at."""
        return f"node-{number}" if self._with_nodes else ""

    def label(self, number: int, value: str) -> None:
        """Say of a Node whether its agent may lead."""
        patch = {"metadata": {"labels": {LABEL: value}}}
        self.model.store.patch(NODES, "", self.node_of(number), patch)

    def load(self) -> Settings:
        """Read the mounted files."""
        if self.broken is not None:
            raise self.broken
        return self.settings

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

    def held(self, name: str = "web", rrtype: str = "A") -> tuple[str, ...] | None:
        """What Gandi holds."""
        rrset = self.site.world.record(ZONE, name, rrtype)
        return tuple(sorted(rrset.values)) if rrset else None

    def apply(self, name: str, namespace: str = NAMESPACE, **spec: Any) -> None:
        """Apply a DNSRecord, with the defaults that the CRD gives; an annotation by `annotations`."""
        annotations = spec.pop("annotations", {})
        defaults = {"types": ["A"], "ttl": 300, "source": {"type": "WAN"}}
        body: Object = {
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
            "spec": {**defaults, **spec},
        }
        store = self.model.store
        if (namespace, name) in store._objects[DNS_RECORDS]:
            store.patch(DNS_RECORDS, namespace, name, body)
        else:
            store.create(DNS_RECORDS, namespace, body)

    def record(self, name: str, namespace: str = NAMESPACE) -> Object | None:
        """The DNSRecord as it stands; None where there is none."""
        found = self.model.store.select(DNS_RECORDS, namespace, name)
        return found[0] if found else None

    def ready(self, name: str, namespace: str = NAMESPACE) -> tuple[str, str]:
        """The status and the reason of its condition Ready."""
        found = self.record(name, namespace) or {}
        for condition in (found.get("status") or {}).get("conditions", ()):
            if condition["type"] == "Ready":
                return condition["status"], condition["reason"]
        return "", ""

    def message(self, name: str, namespace: str = NAMESPACE) -> str:
        """The message of its condition Ready."""
        found = self.record(name, namespace) or {}
        conditions = (found.get("status") or {}).get("conditions", ())
        return "".join(c["message"] for c in conditions if c["type"] == "Ready")

    async def becomes(
        self, name: str, *ready: str, within: float = 30, namespace: str = NAMESPACE
    ) -> None:
        """Wait until the condition Ready is so. Fails after `within` seconds."""
        await self.until(
            lambda: self.ready(name, namespace) == ready,
            within,
            lambda: f"{name}: {self.ready(name, namespace)}: {self.message(name, namespace)}",
        )

    async def until(
        self, holds: Callable[[], bool], within: float, but: Callable[[], str] = lambda: "not so"
    ) -> None:
        """Wait for a condition. Fails after `within` seconds."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        while not holds():
            assert loop.time() - started <= within, but()
            await asyncio.sleep(0.1)

    def events(self, reason: str, namespace: str = NAMESPACE) -> list[Object]:
        """The Events of that reason."""
        return [e for e in self.model.store.select(EVENTS, namespace) if e["reason"] == reason]

    async def all_know(self, address: IPv4Address, within: float) -> None:
        """Wait until every agent has the address from the cache. Fails after `within` seconds."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        while any(a.address != address for a in self.agents if not a.task.done()):
            assert loop.time() - started <= within, "not all agents know the address"
            await asyncio.sleep(0.1)


@asynccontextmanager
async def cluster_of(
    size: int, tokens: TokenSource, **settings: Any
) -> AsyncGenerator[VirtualCluster, None]:
    """Run a cluster, from the moment on when its record was first published."""
    cluster = VirtualCluster(size, tokens, **settings)
    await cluster.site.until(IPv4Address("192.0.2.1"), within=30)
    await asyncio.sleep(45)  # the term's second look at the API is over
    yield cluster
    for agent in cluster.agents:
        if agent.task.done() and not agent.task.cancelled():
            agent.task.result()
        await agent.stop()
