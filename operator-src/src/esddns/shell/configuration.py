"""The settings in use, and those that a changed file asks for: what is broken is said and not used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from esddns.config.settings import ConfigurationError, Settings
from esddns.core.kube_event import Reason
from esddns.shell.log import event
from esddns.shell.report import Reporter

_log = logging.getLogger("esddns")

_LOOK = 5.0  # seconds between looks at the files; a kubelet takes a minute or two to bring a change

# Reads all files again. Raises ConfigurationError.
Load = Callable[[], Settings]


class Configuration:
    """Holds the last good settings. `changed` is set, and replaced, when there are others."""

    def __init__(self, load: Load, reporter: Reporter) -> None:
        self._load = load
        self.reporter = reporter
        self.settings = load()
        reporter.metrics.configured(self.settings)
        self.problem: str | None = None
        self.changed = asyncio.Event()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK)
            self.look()

    def look(self) -> None:
        """Take what the files say now; where that is broken the last good settings stay."""
        try:
            settings = self._load()
        except ConfigurationError as error:
            text = str(error)
            # A new fault is said once in the log; Events are brought together by whoever listens.
            if text != self.problem:
                event(_log, logging.ERROR, "the new configuration is not used; the last good one stays",
                      problems=text)  # fmt: skip
            self.problem = text
            self.reporter.metrics.config_valid.set(0)
            self.reporter.tell(Reason.CONFIGURATION_INVALID, None,
                                f"the last good configuration stays in use: {text}")  # fmt: skip
            return
        if self.problem is not None:
            event(_log, logging.INFO, "the configuration is good again")
        self.problem = None
        self.reporter.metrics.config_valid.set(1)
        if settings != self.settings:
            self.settings = settings
            self.reporter.metrics.configured(settings)
            event(_log, logging.INFO, "the configuration changed", records=len(settings.records))
            self.reporter.tell(
                Reason.CONFIGURATION_LOADED, None, "a changed configuration is in use"
            )
            self.changed.set()
            self.changed = asyncio.Event()
