"""A stand-in and somebody who talks to it, either in process or by the real client over HTTP."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from esddns.shell.kube.client import connect
from esddns.shell.kube.seam import Cluster, Kind, Object, WatchEvent
from standin import ApiServerModel, Client, HttpStandIn, ModelCluster
from virtual_time import run_virtual

NAMESPACE = "esddns"
AGENT = "agent-1"
DEADLINE = 5.0
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Site:
    """A model, and what one client sees of it; `standin` where that is over HTTP."""

    model: ApiServerModel
    cluster: Cluster
    standin: HttpStandIn | None = None
    token: str = ""

    @property
    def client(self) -> Client:
        """The client, as the model knows it."""
        return self.model.client(AGENT)

    @property
    def http(self) -> HttpStandIn:
        """The HTTP side, of a site that has one."""
        assert self.standin is not None
        return self.standin

    def watch(self, kind: Kind, **more: Any) -> AsyncGenerator[WatchEvent]:
        """Watch, by default everything there is, for 10 s."""
        options: dict[str, Any] = {"since": "", "seconds": 10.0} | more
        events: Any = self.cluster.watch(kind, **options)
        return cast("AsyncGenerator[WatchEvent]", events)


Scenario = Callable[[Site], Awaitable[None]]


def virtual_now() -> datetime:
    """Give the time of day by the running loop's clock."""
    return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())


@asynccontextmanager
async def model_site(**options: Any) -> AsyncIterator[Site]:
    """In process."""
    model = ApiServerModel(virtual_now, **options)
    yield Site(model, ModelCluster(model, AGENT, NAMESPACE, DEADLINE))


@asynccontextmanager
async def http_site(**options: Any) -> AsyncIterator[Site]:
    """By the real client, over HTTP."""
    model = ApiServerModel(virtual_now, **options)
    async with HttpStandIn(model) as standin:
        token = standin.admit(AGENT)
        with kubeconfig(standin.url, token) as path:
            cluster = await connect(NAMESPACE, deadline=DEADLINE, kubeconfig=path)
        try:
            yield Site(model, cluster, standin, token)
        finally:
            await cluster.close()


@contextmanager
def kubeconfig(url: str, token: str) -> Iterator[str]:
    """Give a kubeconfig's path."""
    here = {"name": "here"}
    content = {
        "current-context": "here",
        "clusters": [here | {"cluster": {"server": url}}],
        "users": [here | {"user": {"token": token}}],
        "contexts": [here | {"context": {"cluster": "here", "user": "here"}}],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(content, file)
        file.flush()
        yield file.name


def play(scenario: Scenario, site: Callable[..., Any] = http_site, **options: Any) -> None:
    """Play it on virtual time."""

    async def main() -> None:
        async with site(**options) as opened:
            await scenario(opened)

    run_virtual(main(), limit=86400)


def config_map(name: str = "wan-ip", **data: str) -> Object:
    """A ConfigMap to be created."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": data,
    }


def record(name: str = "home", **metadata: Any) -> Object:
    """A DNSRecord to be created."""
    return {
        "apiVersion": "esddns.io/v1alpha1",
        "kind": "DNSRecord",
        "metadata": {"name": name, "namespace": NAMESPACE} | metadata,
        "spec": {"fqdn": f"{name}.example.com", "types": ["A"]},
    }


def lease(holder: str = "a", version: str | None = None) -> Object:
    """A Lease, to be created or (with `version`) replaced."""
    metadata = {"name": "leader", "namespace": NAMESPACE}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata | ({"resourceVersion": version} if version else {}),
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15},
    }


def version(found: Object) -> str:
    """Its resourceVersion."""
    return str(found["metadata"]["resourceVersion"])


async def told(events: AsyncIterator[WatchEvent]) -> list[tuple[str, str]]:
    """Read a watch to its end: types and names, without bookmarks."""
    return [
        (str(event.type), event.object["metadata"]["name"])
        async for event in events
        if event.type != "BOOKMARK"
    ]
