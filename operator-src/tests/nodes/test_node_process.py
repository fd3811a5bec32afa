"""`esddns node` as real processes, over HTTP to a stand-in API server and to the simulator."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import aiohttp
import pytest

from commands.command_site import FIRST, SECOND, TOKEN, ZONE, CommandSite
from esddns.core.cache import NAME as CACHE
from esddns.shell.kube.leases import NAME as LEASE
from esddns.shell.kube.seam import CONFIG_MAPS, LEASES
from esddns_simulator import Simulator, Wan
from kube.sites import kubeconfig
from standin import ApiServerModel, HttpStandIn

NAMESPACE = "esddns"
_TIME = 30.0  # seconds that anything may take


class Pod:
    """One process. `log`: its events so far."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self.url = ""
        self.log: list[str] = []
        self.started = asyncio.Event()

    async def read(self) -> None:
        """Take the log as it comes."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            said = json.loads(line)
            self.log.append(said["message"])
            if said["message"] == "started":
                self.url = f"http://{said['listening']}"
                self.started.set()

    async def get(self, path: str) -> tuple[int, str]:
        """Ask one of its pages."""
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as response:
            return response.status, await response.text()


class Cluster:
    """The site, the API server and the pods."""

    def __init__(self, site: CommandSite, model: ApiServerModel, url: HttpStandIn) -> None:
        self.site = site
        self.model = model
        self._standin = url

    @asynccontextmanager
    async def pod(self, name: str) -> AsyncIterator[Pod]:
        """Run `esddns node`."""
        with kubeconfig(self._standin.url, self._standin.admit(name)) as path:
            process = await self.site.start(
                "node",
                "--config",
                str(self.site.folder / "dns.ini"),
                env={
                    "KUBECONFIG": path,
                    "POD_NAME": name,
                    "POD_NAMESPACE": NAMESPACE,
                    "ESDDNS_LISTEN": "127.0.0.1:0",
                    "ESDDNS_LOG_FORMAT": "json",
                    "ESDDNS_STATE_DIR": str(self.site.folder / name),
                },
            )
            pod = Pod(name, process)
            reading = asyncio.create_task(pod.read())
            try:
                async with asyncio.timeout(_TIME):
                    await pod.started.wait()
                yield pod
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                await reading

    def holder(self) -> str:
        """Who holds the Lease."""
        found = self.model.store.select(LEASES, NAMESPACE, LEASE)
        return str(found[0]["spec"].get("holderIdentity") or "") if found else ""


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """A simulator and an API server, in the test's own loop."""
    wan = Wan(IPv4Address(FIRST), None)
    model = ApiServerModel(lambda: datetime.now(UTC))
    async with Simulator({ZONE: {}}, token=TOKEN, wan=wan) as sim, HttpStandIn(model) as standin:
        site = CommandSite(sim, tmp_path)
        site.write()
        yield Cluster(site, model, standin)


async def test_two_pods(cluster: Cluster) -> None:
    """Of two pods one leads and writes once; on SIGTERM it gives the Lease away, and the other goes on."""
    site = cluster.site
    async with cluster.pod("pod-a") as first, cluster.pod("pod-b") as second:
        await site.until(lambda: site.value() == FIRST, _TIME)
        assert site.puts() == 1
        holder = cluster.holder()
        leader, other = (first, second) if holder.startswith("pod-a_") else (second, first)
        assert holder.startswith(f"{leader.name}_")

        status, text = await leader.get("/state")
        assert (status, json.loads(text)["leads"]) == (200, True)
        status, text = await other.get("/state")
        assert (status, json.loads(text)["leads"]) == (200, False)
        for pod in (leader, other):
            assert (await pod.get("/healthz"))[0] == 200
        assert "esddns_current_wan_ip_info" in (await leader.get("/metrics"))[1]

        data = cluster.model.store.select(CONFIG_MAPS, NAMESPACE, CACHE)[0]["data"]
        assert data["current_ip"] == FIRST

        leader.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(leader.process.wait(), 10) == 0
        site.sim.world.set_wan(ipv4=SECOND)
        await site.until(lambda: site.value() == SECOND, _TIME)
        assert cluster.holder().startswith(f"{other.name}_")
        assert site.puts() == 2


async def test_the_token_comes_later(cluster: Cluster) -> None:
    """A pod without a token runs, is not ready and says why; when the token comes it goes on by itself."""
    site = cluster.site
    token = site.folder / "api-key"
    token.unlink()
    async with cluster.pod("pod-a") as pod:
        status, text = await pod.get("/readyz")
        assert status == 503
        assert "CredentialMissing" in text
        token.write_text(f"{TOKEN}\n")
        await site.until(lambda: site.value() == FIRST, _TIME)
        assert (await pod.get("/readyz"))[0] == 200
