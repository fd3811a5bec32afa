"""`esddns run`: detection and publishing without Kubernetes, one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from esddns.config.settings import ConfigurationError, Settings
from esddns.core.state import State
from esddns.core.target import Target
from esddns.roles.wiring import connect, make_rng
from esddns.shell.clock import Now, utc_now
from esddns.shell.engine import Engine
from esddns.shell.gandi.token import TokenSource
from esddns.shell.health import Health
from esddns.shell.listening import cannot_listen, written
from esddns.shell.log import event
from esddns.shell.loop_lag import watch_lag
from esddns.shell.memory import Memory, file_name
from esddns.shell.metrics import Metrics
from esddns.shell.report import Reporter
from esddns.shell.server import Endpoints
from esddns.shell.stateview import view

_log = logging.getLogger("esddns")

# Seconds that a pass under way has to end at a stop; then its connection is cut. SIGTERM takes 2 s in all.
_GRACE = 1.2

# Reads the configuration again. Raises ConfigurationError.
Load = Callable[[], tuple[Settings, TokenSource]]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Where `run` listens, and the folder where it keeps its state."""

    host: str
    port: int
    state_dir: Path


async def run(load: Load, options: RunOptions, end: Callable[[int], None]) -> None:
    """Run until SIGTERM or SIGINT, then `end` with 0. Raises ConfigurationError and CannotListenError."""
    process = Run(load, options, utc_now, make_rng())
    loop = asyncio.get_running_loop()
    for number, action in ((signal.SIGTERM, process.stop), (signal.SIGINT, process.stop),
                           (signal.SIGHUP, process.reload)):  # fmt: skip
        loop.add_signal_handler(number, action)
    await process.serve()
    end(0)


class Run:
    """The process. `serve` runs until `stop`; `reload` takes a new configuration."""

    def __init__(self, load: Load, options: RunOptions, now: Now, rng: random.Random) -> None:
        self._load = load
        self._options = options
        self._now = now
        self._rng = rng
        self._settings, self._tokens = load()
        self._metrics = Metrics()
        self._reporter = Reporter(self._metrics, now)
        self._health = Health()
        self._engine: Engine | None = None
        self._file: Path | None = None
        self._memory = Memory()
        self._stopping = False
        self._told = asyncio.Event()  # to stop, or that there is a new configuration
        self._config_problem: str | None = None
        self.address: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()

    @property
    def state(self) -> State:
        """What is remembered now."""
        return self._memory.state

    def stop(self) -> None:
        """End; a pass that is under way has a moment."""
        self._stopping = True
        self._told.set()

    def reload(self) -> None:
        """Read the configuration again; a broken one is reported and the last good one stays."""
        try:
            self._settings, self._tokens = self._load()
        except ConfigurationError as error:
            self._config_problem = str(error)
            self._metrics.config_valid.set(0)
            event(_log, logging.ERROR, "the new configuration is not used; the last good one stays",
                  problems=str(error))  # fmt: skip
            return
        self._config_problem = None
        self._metrics.config_valid.set(1)
        event(_log, logging.INFO, "configuration read again")
        self._told.set()

    async def serve(self) -> None:
        """Run until stopped. Raises CannotListenError."""
        self._metrics.credential_missing.set_function(lambda: not self._tokens.version)
        watch_lag(self._metrics.loop_blocked.inc)
        endpoints = Endpoints(
            self._metrics.registry, self._view, self._health.stalled, self._not_ready
        )
        host, port = self._options.host, self._options.port
        try:
            self.address.set_result(await endpoints.start(host, port))
        except OSError as error:
            raise cannot_listen(host, port, error, "--listen") from None
        try:
            while not self._stopping:
                self._told.clear()
                await self._serve_configuration()
        finally:
            await endpoints.stop()

    async def _serve_configuration(self) -> None:
        """Run with the settings as they are, until stopped or reloaded."""
        settings = self._settings
        file = self._options.state_dir / file_name(settings.gandi.url)
        if file != self._file:
            self._file, self._memory = file, Memory(file)
        self._metrics.configured(settings)
        self._metrics.records(settings.records, self._memory.state)
        outside = connect(settings, self._tokens, self._metrics.gandi_call, self._reporter.answer)
        engine = self._engine = Engine(
            settings,
            outside,
            self._memory,
            self._now,
            self._rng,
            self._reporter,
            self._health,
            targets=[Target(record) for record in settings.records],
        )
        host, port = self.address.result()
        event(_log, logging.INFO, "started", records=len(settings.records),
              sources=len(settings.detection.sources), quorum=settings.detection.quorum,
              listening=written(host, port), dry_run=settings.gandi.dry_run or None)  # fmt: skip
        try:
            await engine.run(self._told, _GRACE)
        finally:
            outside.account.close()

    def _view(self) -> dict[str, object]:
        return {
            "mode": "run",
            "pod": None,
            "leads": True,  # there is no other
            **view(
                self._memory.state,
                self._engine,
                self._reporter.errors,
                self._now(),
                interval=self._settings.detection.interval,
                dry_run=self._settings.gandi.dry_run,
                credential_good=self._reporter.credential_good,
                not_ready=self._not_ready(),
            ),
        }

    def _not_ready(self) -> list[str]:
        """Why records cannot be kept now."""
        reasons = []
        if self._config_problem is not None:
            reasons.append(
                f"the configuration is broken, an older one is in use: {self._config_problem}"
            )
        if self._reporter.credential_good is False:
            reasons.append("the token is missing or was refused: see /state")
        if self._engine is None or any(t.wanted is None for t in self._engine.keeper.tracked):
            reasons.append("the address is not known yet")
        return reasons
