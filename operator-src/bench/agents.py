"""What `esddns node` takes while nothing happens: one agent that leads, and one that follows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import scrape
from cluster import NAMESPACE, Cluster, Standing, cluster
from figure import Figure
from loopback import ESDDNS, Loopback
from process import cpu_seconds, memory, started

from esddns.shell.kube.seam import DNS_RECORDS

_PODS = ("agent-a", "agent-b")
_RECORDS = 10
_LEADER_AIM, _FOLLOWER_AIM = 90, 70  # MB
_SERIES_AIM = 150  # of a follower
_SETTLED_WITHIN = 90.0  # seconds
_LOOK_EVERY = 0.5  # seconds
_CALM_AFTER = 5.0  # seconds: what follows upon the last Ready, Events and the cache, is no idling
_EXCERPT = 2000  # characters of a log in a message


@dataclass(frozen=True, slots=True)
class _Agent:
    """One process. `log`: its standard error, in which Python says each module that it imports."""

    pod: str
    process: subprocess.Popen[bytes]
    log: Path
    port: int

    def kopf_modules(self) -> int:
        """Count the modules of Kopf that it has imported."""
        lines = self._said(imports=True)
        return sum(text.rpartition("|")[2].split(".")[0].strip() == "kopf" for text in lines)

    def complaints(self) -> str:
        """What it logged, without the imports."""
        return f"{self.pod}:\n" + "\n".join(self._said(imports=False))[-_EXCERPT:]

    def _said(self, *, imports: bool) -> list[str]:
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [text for text in lines if text.startswith("import time:") is imports]


def measure(site: Loopback, seconds: float) -> Iterator[Figure]:
    """Idle for `seconds` once all is Ready. Raises RuntimeError where it does not come to that."""
    with contextlib.ExitStack() as running:
        api = running.enter_context(cluster(_RECORDS, _PODS))
        agents = [running.enter_context(_agent(site, api, pod)) for pod in _PODS]
        began = time.monotonic()
        _settle(api, agents)
        yield Figure(f"esddns node, {_RECORDS} DNSRecords Ready", time.monotonic() - began, "s")
        time.sleep(_CALM_AFTER)
        before = api.standing()
        cpu = {agent.pod: cpu_seconds(agent.process.pid) for agent in agents}
        time.sleep(seconds)
        after = api.standing()
        if after.holder != before.holder or _missing(after, agents):
            raise _unsettled("they did not stay idle", after, agents)
        for agent in sorted(agents, key=lambda agent: _leads(agent, after)):
            spent = cpu_seconds(agent.process.pid) - cpu[agent.pod]
            asked = after.requests[agent.pod] - before.requests[agent.pod]
            yield from _figures(agent, _leads(agent, after), seconds, spent, asked)
        both = sum(scrape.series(agent.port) for agent in agents)
        yield Figure(f"esddns node, {len(agents)} agents: series in all", both, "series")


def _figures(
    agent: _Agent, leads: bool, seconds: float, spent: float, asked: int
) -> Iterator[Figure]:
    sizes = memory(agent.process.pid)
    aim, modules_aim = (_LEADER_AIM, None) if leads else (_FOLLOWER_AIM, 0)
    name = f"esddns node, {'leader' if leads else 'follower'}, {seconds:g} s idle"
    yield Figure(f"{name}: RSS", sizes["VmRSS"], "MB", aim)
    yield Figure(f"{name}: of it anonymous", sizes["RssAnon"], "MB")
    yield Figure(f"{name}: RSS at its peak", sizes["VmHWM"], "MB")
    yield Figure(f"{name}: processor time", spent * 60 / seconds, "s/min")
    yield Figure(f"{name}: requests to the API server", asked, "requests")
    yield Figure(f"{name}: modules of Kopf", agent.kopf_modules(), "modules", modules_aim)
    what = f"esddns node, {'leader' if leads else 'follower'}, {_RECORDS} DNSRecords"
    yield from scrape.measure(what, agent.port, None if leads else _SERIES_AIM)


@contextlib.contextmanager
def _agent(site: Loopback, api: Cluster, pod: str) -> Iterator[_Agent]:
    folder = site.folder / pod
    folder.mkdir()
    log, port = folder / "log", scrape.free_port()
    command: list[str | Path] = [
        ESDDNS, "node", "--config", site.config_without_records, "--log-level", "warning",
        "--listen", f"127.0.0.1:{port}", "--state-dir", folder, "--pod-name", pod,
        "--pod-namespace", NAMESPACE,
    ]  # fmt: skip
    env = os.environ | {
        "KUBECONFIG": api.kubeconfigs[pod],
        "PYTHONPROFILEIMPORTTIME": "1",  # nothing outside a process tells which modules it has
    }
    with log.open("wb") as file, started(command, env=env, stderr=file) as process:
        yield _Agent(pod, process, log, port)


def _settle(api: Cluster, agents: list[_Agent]) -> Standing:
    """Wait until one leads, keeps all DNSRecords and is told of them by Kopf."""
    until = time.monotonic() + _SETTLED_WITHIN
    while _missing(standing := api.standing(), agents):
        if time.monotonic() > until or any(a.process.poll() is not None for a in agents):
            raise _unsettled(f"they did not settle within {_SETTLED_WITHIN:g} s", standing, agents)
        time.sleep(_LOOK_EVERY)
    return standing


def _missing(standing: Standing, agents: list[_Agent]) -> list[str]:
    """Name what there has to be before an idle leader and an idle follower can be measured."""
    leaders = [agent for agent in agents if _leads(agent, standing)]
    holds = {
        "two processes that run": all(agent.process.poll() is None for agent in agents),
        "one leader": len(leaders) == 1,
        f"{_RECORDS} DNSRecords that are Ready": standing.ready == _RECORDS,
        "a leader that runs Kopf": all(_runs_kopf(agent, standing) for agent in leaders),
    }
    return [what for what, there in holds.items() if not there]


def _runs_kopf(agent: _Agent, standing: Standing) -> bool:
    """Whether it does, by what the API server sees: nothing else watches DNSRecords.

    And by its imports: where a leader's import of Kopf went unseen, a follower's would as well.
    """
    return DNS_RECORDS.plural in standing.watched[agent.pod] and agent.kopf_modules() > 0


def _leads(agent: _Agent, standing: Standing) -> bool:
    return standing.holder.startswith(f"{agent.pod}_")


def _unsettled(what: str, standing: Standing, agents: list[_Agent]) -> RuntimeError:
    said = "\n".join(agent.complaints() for agent in agents)
    missing = ", ".join(_missing(standing, agents)) or "the same leader"
    return RuntimeError(f"esddns node: {what}, missing: {missing}\n{standing}\n{said}")
