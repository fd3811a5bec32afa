"""What a symptom is reproduced with: commands beside a simulator, and a cluster's agents on virtual time."""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from commands.command_site import CommandSite, Finished
from commands.conftest import Command
from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.config.settings import ConfigurationError
from esddns.roles.node import _not_ready
from esddns.shell.gandi.token import TokenSource
from esddns.shell.health import probe_answer
from esddns.shell.kube.seam import DNS_RECORDS, EVENTS, Kind, Object
from esddns.shell.log import _Formatter
from nodes.virtual_cluster import NAMESPACE, VirtualCluster, cluster_of
from virtual_time import run_virtual

MINUTE = 60
WEB = "web.example.com"
OTHER = "team-a"  # a namespace that is not the operator's
NAMESPACES = (NAMESPACE, OTHER)


@dataclass(frozen=True)
class Bench:
    """The simulator with a dns.ini, and the two commands that look once."""

    site: CommandSite
    check: Command
    once: Command


# Gives all that was shown.
Typed = Callable[[Bench], Awaitable[str]]
Played = Callable[[TokenSource], str]
Scenario = Callable[[VirtualCluster], Awaitable[Any]]


def said(done: Finished, code: int) -> str:
    """What a command printed that ended as the page says."""
    assert done.code == code, done
    return done.out + done.err


def refused(text: str, *, in_cluster: bool = False) -> str:
    """What is said of a dns.ini that cannot be used."""
    try:
        parse(text, file="/etc/esddns/dns.ini", builtin=BUILTIN, in_cluster=in_cluster)
    except ConfigurationError as error:
        return str(error)
    raise AssertionError("it was taken")


@contextmanager
def heard() -> Iterator[io.StringIO]:
    """The log as a pod writes it."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(_Formatter("text", lambda text: text))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def played(tokens: TokenSource, scenario: Scenario, *, size: int = 1, **settings: Any) -> str:
    """Play it on agents that are at work, and give all that they showed to the end of it."""

    async def main() -> str:
        async with cluster_of(size, tokens, **settings) as cluster:
            await scenario(cluster)
            return shown(cluster)

    with heard() as log:
        end = run_virtual(main())
    return f"{log.getvalue()}\n{end}"


def shown(cluster: VirtualCluster) -> str:
    """What `kubectl get dnsrec` and `kubectl get events` show, and what the agents answer at /readyz."""
    lines = []
    for found in _all(cluster, DNS_RECORDS):
        known = {c["type"]: c for c in found.get("status", {}).get("conditions", ())}
        if known:
            ready = known["Ready"]
            lines.append("READY INSYNC REASON MESSAGE")
            lines.append(
                f"{ready['status']} {known['InSync']['status']} {ready['reason']} {ready['message']}"
            )
    lines += [f"{e['type']} {e['reason']} {e['message']}" for e in _all(cluster, EVENTS)]
    for agent in cluster.agents:
        credential: Any = SimpleNamespace(source=cluster.tokens)
        why = _not_ready(agent.node, agent.reporter, agent.configuration, credential)
        lines.append(" ".join(map(str, probe_answer("not ready", why))))
    return "\n".join(lines)


def _all(cluster: VirtualCluster, kind: Kind) -> list[Object]:
    """The objects of both namespaces that scenarios use."""
    return [one for place in NAMESPACES for one in cluster.model.store.select(kind, place)]
