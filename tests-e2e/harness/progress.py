"""Says what is being set up and how long it took, past pytest's capture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Progress:
    """Writes to pytest's terminal."""

    def __init__(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        assert isinstance(reporter, pytest.TerminalReporter)
        self._reporter = reporter

    def say(self, text: str) -> None:
        """Write one line with the time of day."""
        self._reporter.ensure_newline()
        self._reporter.write_line(f"{time.strftime('%H:%M:%S')}  {text}")

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say what begins, and how long it took."""
        self.say(f"{what} ...")
        started = time.monotonic()
        yield
        self.say(f"{what}: {time.monotonic() - started:.0f} s")
