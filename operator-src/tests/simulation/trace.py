"""Who did what, and when: one line for each event, the same for the same seed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from simulation.loop import host

_FIELDS = "esddns_fields"


class Trace:
    """`now` gives true seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.lines: list[str] = []

    def add(self, who: str, what: str) -> None:
        """Note an event."""
        self.lines.append(f"{self._now():10.3f}  {who:10.10}  {what}")

    def __str__(self) -> str:
        """The timeline."""
        return "\n".join(self.lines)


class AgentLogs(logging.Handler):
    """What the agents log goes into the trace, under their names."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(logging.INFO)
        self._trace = trace

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line of an agent's."""
        here = host()
        if here is None or record.name != "esddns":
            return
        fields = getattr(record, _FIELDS, {})
        said = " ".join(f"{key}={value}" for key, value in fields.items())
        self._trace.add(
            here.name, f"{record.levelname.lower()}: {record.getMessage()} {said}".rstrip()
        )
