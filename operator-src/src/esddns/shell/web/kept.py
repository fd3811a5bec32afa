"""The last answer whose word counted, in a file: a restart while the agents are away still shows it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

from esddns.core.agent_read import LARGEST, AgentAnswerError, read_agent
from esddns.core.site import Report
from esddns.core.state import format_time
from esddns.shell.log import event
from esddns.shell.memory import replace_file

_log = logging.getLogger("esddns")

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    OverflowError,
    RecursionError,
    AgentAnswerError,
)


class KeptAnswer:
    """The file. One that cannot be written to is warned about once, and work goes on without."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._warned = False

    def load(self) -> Report | None:
        """Give what was kept; None where there is nothing that can be read."""
        try:
            with self._file.open("rb") as handle:
                data = json.loads(handle.read(2 * LARGEST))
            at = datetime.fromisoformat(data["at"]).astimezone(UTC)
            state = read_agent(json.dumps(data["state"]).encode())
            return Report(str(data["where"]), at, state, "not asked since the start")
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            event(_log, logging.WARNING, "the last known state cannot be read; starting without it",
                  file=self._file, error=error)  # fmt: skip
            return None

    def save(self, where: str, at: datetime, body: bytes) -> None:
        """Keep one answer, as it came."""
        head = json.dumps({"where": where, "at": format_time(at)})
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._file, f'{head[:-1]}, "state": {body.decode()}}}\n')
        except (OSError, UnicodeDecodeError) as error:
            if not self._warned:
                event(_log, logging.WARNING, "the last known state cannot be kept; a restart will begin "
                      "without it", file=self._file, error=error)  # fmt: skip
            self._warned = True
        else:
            self._warned = False
