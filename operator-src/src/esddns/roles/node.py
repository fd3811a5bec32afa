"""`esddns node`: the process of one pod of the DaemonSet."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from esddns.config.settings import Settings
from esddns.core.errors import CredentialMissingError
from esddns.core.state import format_time
from esddns.roles.wiring import connect, make_rng
from esddns.shell.clock import boottime, utc_now
from esddns.shell.configuration import Configuration, Load
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube import client
from esddns.shell.kube.kopf_feed import KopfFeed
from esddns.shell.kube.seam import Cluster
from esddns.shell.listening import written
from esddns.shell.log import event
from esddns.shell.loop_lag import watch_lag
from esddns.shell.memory import Memory, file_name
from esddns.shell.metrics import Metrics
from esddns.shell.node import Identity, Node
from esddns.shell.report import Reporter
from esddns.shell.seams import Outside
from esddns.shell.server import Endpoints
from esddns.shell.stateview import view

_log = logging.getLogger("esddns")

# Gives what reads the token, from where the settings say, and masks it in every log.
Tokens = Callable[[Settings], TokenSource]


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """Who this pod is, where it listens, and where it keeps its last state (an emptyDir).

    `node`: the Node whose label may keep it from leading; empty: no label is looked at.
    """

    pod: str
    namespace: str
    node: str
    host: str
    port: int
    state_dir: Path


async def node(
    load: Load, tokens: Tokens, options: NodeOptions, end: Callable[[int], None]
) -> None:
    """Run until SIGTERM or SIGINT, then `end` with 0.

    Raises ConfigurationError, ClusterError and OSError at the start.
    """
    reporter = Reporter(Metrics(), utc_now)
    configuration = Configuration(load, reporter)
    cluster = await client.connect(options.namespace)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await _serve(configuration, Credential(tokens, configuration), options, cluster, stop)
    finally:
        await cluster.close()
    end(0)


class Credential:
    """The token, from where the configuration in use says: what reads it stays while that place does."""

    def __init__(self, tokens: Tokens, configuration: Configuration) -> None:
        self._tokens = tokens
        self._configuration = configuration
        self._place = configuration.settings.gandi.token_file
        self._source = tokens(configuration.settings)

    @property
    def source(self) -> TokenSource:
        """What reads the token now."""
        settings = self._configuration.settings
        if settings.gandi.token_file != self._place:
            self._place = settings.gandi.token_file
            self._source = self._tokens(settings)
        return self._source


async def _serve(
    configuration: Configuration,
    credential: Credential,
    options: NodeOptions,
    cluster: Cluster,
    stop: asyncio.Event,
) -> None:
    reporter = configuration.reporter
    memory = Memory(options.state_dir / file_name(configuration.settings.gandi.url))
    reporter.records(configuration.settings.records, memory.state)

    def to_outside(settings: Settings) -> Outside:
        on_call = reporter.metrics.gandi_call
        return connect(settings, credential.source, on_call, reporter.answer)

    agent = Node(
        Identity(options.pod, options.namespace, options.node),
        configuration,
        cluster,
        KopfFeed(),
        to_outside,
        memory=memory,
        now=utc_now,
        boottime=boottime,
        rng=make_rng(),
        reporter=reporter,
    )

    def not_ready() -> list[str]:
        return _not_ready(agent, reporter, configuration, credential)

    metrics = reporter.metrics
    metrics.credential_missing.set_function(lambda: not credential.source.version)
    watch_lag(metrics.loop_blocked.inc)
    endpoints = Endpoints(
        metrics.registry,
        lambda: _view(agent, memory, configuration, options.pod, not_ready()),
        agent.stalled,
        not_ready,
    )
    host, port = await endpoints.start(options.host, options.port)
    event(_log, logging.INFO, "started", pod=options.pod, listening=written(host, port),
          records=len(configuration.settings.records))  # fmt: skip
    running = asyncio.ensure_future(agent.run())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await agent.leave()
    finally:
        stopping.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running  # the write on the wire is done and the Lease released when this returns
        await endpoints.stop()


def _view(
    agent: Node, memory: Memory, configuration: Configuration, pod: str, not_ready: Iterable[str]
) -> Mapping[str, Any]:
    """What this agent knows; the status service puts those of all agents together."""
    cache, operator, reporter = agent.view.cache, agent.operator, configuration.reporter
    settings = configuration.settings
    return {
        "mode": "node",
        "pod": pod,
        "leads": agent.elector.term is not None,
        "holder": agent.elector.holder or None,
        "cache_problem": agent.view.problem,
        "checked_at": format_time(cache.checked_at) if cache else None,
        "api_server_silent_seconds": round(agent.silent_for(), 1),
        **view(
            memory.state,
            agent.engine,
            reporter.errors,
            utc_now(),
            interval=settings.detection.interval,
            dry_run=settings.gandi.dry_run,
            credential_good=reporter.credential_good,
            not_ready=not_ready,
            object_of=operator.object_of if operator else lambda _key: None,
            set_aside=operator.set_aside() if operator else (),
        ),
    }


def _not_ready(
    agent: Node, reporter: Reporter, configuration: Configuration, credential: Credential
) -> list[str]:
    """Why this agent could not keep records now."""
    reasons = []
    if configuration.problem is not None:
        reasons.append(
            f"ConfigurationInvalid: an older configuration is in use: {configuration.problem}"
        )
    try:
        credential.source.read()
        if reporter.credential_good is False:
            reasons.append("the token was refused: see /state")
    except CredentialMissingError as error:
        reasons.append(f"CredentialMissing: {error}")
    if agent.view.problem is not None and agent.elector.term is None:
        reasons.append(agent.view.problem)
    return reasons
