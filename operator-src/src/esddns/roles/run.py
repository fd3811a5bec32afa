"""`esddns run`: detection and publishing without Kubernetes, one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from esddns.config.settings import ConfigurationError, Settings
from esddns.core.state import State
from esddns.roles.wiring import connect, make_rng
from esddns.shell.clock import Now, utc_now
from esddns.shell.gandi.token import TokenSource
from esddns.shell.gated import GatedProvider
from esddns.shell.health import Health
from esddns.shell.keeper import Keeper
from esddns.shell.log import event
from esddns.shell.memory import Memory, file_name
from esddns.shell.metrics import Metrics
from esddns.shell.publish import Publisher
from esddns.shell.report import Reporter
from esddns.shell.server import Endpoints
from esddns.shell.stateview import view
from esddns.shell.watch import AddressWatch

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


async def run(load: Load, options: RunOptions) -> None:
    """Run until SIGTERM. Raises ConfigurationError, and OSError where it cannot listen."""
    await Run(load, options, utc_now, make_rng()).serve()


class Run:
    """The process. `serve` runs until `stop`; `reload` takes a new configuration."""

    def __init__(self, load: Load, options: RunOptions, now: Now, rng: random.Random) -> None:
        self._load = load
        self._options = options
        self._now = now
        self._rng = rng
        self._settings, self._tokens = load()
        self._metrics = Metrics(mode="run")
        self._reporter = Reporter(self._metrics, now)
        self._health = Health()
        self._keeper: Keeper | None = None
        self._file: Path | None = None
        self._memory = Memory()
        self._stopping = asyncio.Event()
        self._reloading = asyncio.Event()
        self._config_problem: str | None = None
        self.address: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()

    @property
    def state(self) -> State:
        """What is remembered now."""
        return self._memory.state

    def stop(self) -> None:
        """End; a pass that is under way has a moment."""
        self._stopping.set()

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
        self._reloading.set()

    async def serve(self) -> None:
        """Run until stopped. Raises OSError where it cannot listen."""
        loop = asyncio.get_running_loop()
        endpoints = Endpoints(
            self._metrics.registry, self._view, self._health.stalled, self._not_ready
        )
        self.address.set_result(await endpoints.start(self._options.host, self._options.port))
        for number, action in ((signal.SIGTERM, self.stop), (signal.SIGINT, self.stop),
                               (signal.SIGHUP, self.reload)):  # fmt: skip
            with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread: a test
                loop.add_signal_handler(number, action)
        try:
            while not self._stopping.is_set():
                self._reloading.clear()
                await self._serve_configuration()
        finally:
            await endpoints.stop()

    async def _serve_configuration(self) -> None:
        """Run with the settings as they are, until stopped or reloaded."""
        settings = self._settings
        file = self._options.state_dir / file_name(settings.gandi.url)
        if file != self._file:
            self._file, self._memory = file, Memory(file)
        self._metrics.records(settings.records)
        outside = connect(settings, self._tokens, self._metrics.gandi_call, self._reporter.answer)
        provider = GatedProvider(outside.provider, self._rng, self._reporter.credential)
        publisher = Publisher(
            provider, outside.authority, self._now, dry_run=settings.gandi.dry_run
        )
        keeper = self._keeper = Keeper(
            settings.records,
            publisher,
            provider,
            self._memory,
            self._now,
            self._reporter,
            self._health,
            settings.gandi.credential_check,
        )
        watches = [
            AddressWatch(
                family,
                detector,
                settings.detection,
                self._memory,
                self._now,
                self._reporter,
                self._health,
                keeper.on_round,
            )
            for family, detector in outside.detectors.items()
        ]
        host, port = self.address.result()
        event(_log, logging.INFO, "started", records=len(settings.records), sources=len(
              settings.detection.sources), quorum=settings.detection.quorum,
              listening=f"{host}:{port}", dry_run=settings.gandi.dry_run or None)  # fmt: skip
        try:
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(watch.run()) for watch in watches]
                keeping = group.create_task(keeper.run())
                await self._until_told()
                for task in running:
                    task.cancel()
                keeper.stop()
                done, _late = await asyncio.wait({keeping}, timeout=_GRACE)
                if not done:
                    outside.provider.abort()
                    keeping.cancel()
        finally:
            outside.provider.close()
            for family in outside.detectors:
                self._health.ended(f"watch-{family}")

    async def _until_told(self) -> None:
        waits = [
            asyncio.ensure_future(self._stopping.wait()),
            asyncio.ensure_future(self._reloading.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _view(self) -> dict[str, object]:
        tracked = self._keeper.tracked if self._keeper else []
        return view(
            self._settings,
            self._memory.state,
            sorted(tracked, key=lambda t: self._settings.records.index(t.record)),
            self._reporter.errors,
            self._now(),
            self._reporter.credential_good,
        )

    def _not_ready(self) -> list[str]:
        """Why records cannot be kept now."""
        reasons = []
        if self._config_problem is not None:
            reasons.append(
                f"the configuration is broken, an older one is in use: {self._config_problem}"
            )
        if self._reporter.credential_good is False:
            reasons.append("the token is missing or was refused: see /state")
        if self._keeper is None or any(t.wanted is None for t in self._keeper.tracked):
            reasons.append("the address is not known yet")
        return reasons
