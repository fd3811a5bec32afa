"""`esddns web` as a process, in front of real agents."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from commands.command_site import FIRST, SECOND, TOKEN, ZONE, CommandSite, running
from esddns.shell.kube.seam import DNS_RECORDS
from esddns_simulator import Simulator, Wan
from kube.sites import kubeconfig
from standin import ApiServerModel, HttpStandIn
from web.canned import healthy
from web.web_site import FakeAgent, agents_of, get

_TIME = 30.0  # seconds that anything may take
_LARGEST = 64  # MB of an idle process


class Web:
    """The process. `log`: its events so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.port = self.tls_port = 0
        self.log: list[dict[str, Any]] = []
        self.started = asyncio.Event()

    async def read(self) -> None:
        """Take the log as it comes."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            said = json.loads(line)
            self.log.append(said)
            if said["message"] == "started":
                self.port = int(said["listening"].rpartition(":")[2])
                self.tls_port = int(said.get("tls", ":0").rpartition(":")[2])
                self.started.set()

    async def raw(self) -> Any:
        """What `/raw` says."""
        return (await get(self.port, "/raw")).json

    def memory(self, key: str = "VmRSS") -> float:
        """Megabytes that it has."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[CommandSite]:
    """A simulator in the test's own loop."""
    wan = Wan(IPv4Address(FIRST), None)
    async with Simulator({ZONE: {}}, token=TOKEN, wan=wan) as sim:
        commands = CommandSite(sim, tmp_path)
        commands.write()
        yield commands


@asynccontextmanager
async def web(
    site: CommandSite, agents: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[Web]:
    """Run it with the environment that its pod has."""
    process = await site.start(
        "web",
        env={
            "ESDDNS_AGENTS": agents,
            "ESDDNS_LISTEN": "127.0.0.1:0",
            "ESDDNS_TLS_LISTEN": "",
            "ESDDNS_LOG_FORMAT": "json",
            "ESDDNS_STATE_DIR": str(site.folder / "web"),
            **(env or {}),
        },
    )
    made = Web(process)
    reading = asyncio.create_task(made.read())
    try:
        async with asyncio.timeout(_TIME):
            await made.started.wait()
        yield made
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
    assert not any("exception" in said for said in made.log)


async def until(site: CommandSite, made: Web, holds: Any) -> Any:
    """Wait until `/raw` is so."""

    async def so() -> bool:
        return bool(holds(await made.raw()))

    await site.until(so, _TIME)
    return await made.raw()


async def test_in_front_of_run(site: CommandSite) -> None:
    """It shows what a real writer knows: the address and who agreed, the record and what DNS says."""
    async with running(site) as run, web(site, run.url.removeprefix("http://")) as made:
        raw = await until(site, made, lambda raw: raw["status"]["level"] == "in-sync")
        (address,) = raw["addresses"]
        assert (address["address"], address["detection"]["decided"]) == (FIRST, True)
        assert {"source", "operator"} == set(address["detection"]["witnesses"][0])
        (record,) = raw["records"]
        assert (record["fqdn"], record["source"], record["object"]) == (f"home.{ZONE}", "WAN", None)
        assert record["desired"] == record["published"] == {"values": [FIRST], "ttl": 300}
        assert record["dns"] == [record["desired"]]
        site.sim.world.set_wan(ipv4=SECOND)
        second = [{"values": [SECOND], "ttl": 300}]
        raw = await until(site, made, lambda raw: raw["records"][0]["dns"] == second)
        assert raw["changes"][-1]["after"] == SECOND
        page = (await get(made.port, "/")).text
        assert "esddns run" in page
        assert SECOND in page


async def test_in_front_of_two_nodes(site: CommandSite) -> None:
    """Of two real agents the leader's word is shown, with each record's object and reason."""
    model = ApiServerModel(lambda: datetime.now(UTC))
    spec = {"fqdn": f"web.{ZONE}", "types": ["A"], "ttl": 600, "source": {"type": "WAN"}}
    away = {"fqdn": f"away.{ZONE}", "suspend": True}
    for name, changed in (("web", {}), ("www", {}), ("away", away)):
        body = {"metadata": {"name": name, "namespace": "esddns"}, "spec": {**spec, **changed}}
        model.store.create(DNS_RECORDS, "esddns", body)
    async with contextlib.AsyncExitStack() as stack:
        standin = await stack.enter_async_context(HttpStandIn(model))
        urls = [await node(site, standin, name, stack) for name in ("pod-a", "pod-b")]
        made = await stack.enter_async_context(web(site, ",".join(urls)))
        raw = await until(
            site, made, lambda raw: raw["leader"] and sum(r["in_sync"] for r in raw["records"]) == 2
        )
        assert raw["leader"] in ("pod-a", "pod-b")
        assert sorted(one["leads"] for one in raw["agents"]) == [False, True]
        reasons = {one["object"]: one["reason"] for one in raw["records"]}
        assert reasons == {
            None: "Published",
            "esddns/web": "Published",
            "esddns/www": "ClaimedByAnother",
            "esddns/away": "Suspended",
        }
        assert raw["status"]["level"] == "failing"
        assert raw["status"]["title"] == f"Not in sync: web.{ZONE} A"
        model.store.delete(DNS_RECORDS, "esddns", "www")
        raw = await until(site, made, lambda raw: raw["status"]["level"] == "in-sync")
        assert "1 suspended" in raw["status"]["text"]


async def node(
    site: CommandSite, standin: HttpStandIn, name: str, stack: contextlib.AsyncExitStack
) -> str:
    """Run `esddns node`; gives where it listens."""
    path = stack.enter_context(kubeconfig(standin.url, standin.admit(name)))
    process = await site.start(
        "node", "--config", str(site.folder / "dns.ini"),
        env={"KUBECONFIG": path, "POD_NAME": name, "POD_NAMESPACE": "esddns",
             "ESDDNS_LISTEN": "127.0.0.1:0", "ESDDNS_LOG_FORMAT": "json",
             "ESDDNS_STATE_DIR": str(site.folder / name)},
    )  # fmt: skip
    pod = Web(process)
    reading = asyncio.create_task(pod.read())

    async def end() -> None:
        process.kill()
        await process.wait()
        await reading

    stack.push_async_callback(end)
    async with asyncio.timeout(_TIME):
        await pod.started.wait()
    return f"127.0.0.1:{pod.port}"


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    """The leader, which is well."""
    async with agents_of(healthy()) as (leader,):
        yield leader


async def test_memory_and_imports(site: CommandSite, agent: FakeAgent) -> None:
    """With TLS, after some requests, it is smaller than 64 MB, and what makes certificates is not in it."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    env = {"ESDDNS_TLS_LISTEN": "127.0.0.1:0", "ESDDNS_TLS_DIR": str(site.folder / "none")}
    async with web(site, f"127.0.0.1:{agent.port}", env) as made:
        for path in ("/", "/raw", "/metrics") * 10:
            assert (await get(made.port, path)).status == 200
            assert (await get(made.tls_port, path, tls=tls)).status == 200
        assert made.memory() < _LARGEST
        mapped = Path(f"/proc/{made.process.pid}/maps").read_text()
        for library in ("cryptography", "aiohttp", "kubernetes"):
            assert library not in mapped


async def test_what_it_does_not_import(site: CommandSite) -> None:
    """Neither Gandi's client nor the cluster's, nor anything large, is imported by the status service."""
    code = "import sys, esddns.roles.web; print(' '.join(sys.modules))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, env=site.environment()
    )
    out, _ = await process.communicate()
    modules = set(out.decode().split())
    assert "esddns.shell.web.app" in modules
    for unwanted in ("aiohttp", "requests", "kubernetes", "kopf", "cryptography", "rich", "dns",
                     "esddns.shell.gandi", "esddns.shell.kube", "esddns.config"):  # fmt: skip
        assert unwanted not in modules


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends(site: CommandSite, agent: FakeAgent, number: signal.Signals) -> None:
    """At SIGTERM it is not ready first, and serves on; then it ends within seconds, with 0."""
    async with web(site, f"127.0.0.1:{agent.port}") as made:
        idle = socket.create_connection(("127.0.0.1", made.port))

        async def readiness(is_now: str) -> None:
            while (await get(made.port, "/readyz")).text != is_now:
                pass

        async with asyncio.timeout(_TIME):
            await readiness("ok\n")
            made.process.send_signal(number)
            await readiness("not ready: this process ends\n")
            assert (await get(made.port, "/")).status == 200
            started = asyncio.get_running_loop().time()
            assert await made.process.wait() == 0
            assert asyncio.get_running_loop().time() - started < 6
        idle.close()
        assert [said["message"] for said in made.log][-1] == "ending"


@pytest.mark.parametrize("option", ["--listen", "--tls-listen"])
async def test_a_taken_port(site: CommandSite, option: str) -> None:
    """An address that another has is an error that names it and the option, with exit 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        others = {"--listen": "127.0.0.1:0", "--tls-listen": "127.0.0.1:0", option: where}
        arguments = [word for pair in others.items() for word in pair]
        done = await site.esddns("web", "--agents", "127.0.0.1:1", *arguments)
    assert done.code == 2
    wanted = (
        f"cannot listen on {where}: Address already in use: give another address with {option}\n"
    )
    assert done.err.endswith(wanted)


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"ESDDNS_AGENTS": "nowhere"}, "expected [HOST]:PORT, found 'nowhere' (in ESDDNS_AGENTS)"),
        ({"ESDDNS_AGENTS": ":8080"}, "expected HOST:PORT, separated by commas, found ':8080'"),
        ({"ESDDNS_AGENTS": "a:1,b:0"}, "expected HOST:PORT, separated by commas, found 'a:1,b:0'"),
        ({"ESDDNS_LISTEN": "x"}, "expected [HOST]:PORT, found 'x' (in ESDDNS_LISTEN)"),
        ({"ESDDNS_TLS_LISTEN": "x"}, "expected [HOST]:PORT, found 'x' (in ESDDNS_TLS_LISTEN)"),
    ],
)
async def test_wrong_options(site: CommandSite, env: dict[str, str], says: str) -> None:
    """An option that is wrong is refused with what was found, and where it came from."""
    done = await site.esddns("web", env=env)
    assert done.code == 2
    assert says in done.err
