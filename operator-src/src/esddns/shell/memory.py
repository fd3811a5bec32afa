"""What is remembered, and the file it is kept in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from esddns.core.state import State, StateError, loads, to_json
from esddns.shell.log import event

_log = logging.getLogger(__name__)


def file_name(url: str) -> str:
    """Name the file by the API that it is about: what was published at one says nothing of another."""
    return f"state-{hashlib.sha256(url.encode()).hexdigest()[:8]}.json"


class Memory:
    """Holds the state; with a file, each change is kept there.

    One that cannot be written to is warned about once, and work goes on without.
    """

    def __init__(self, file: Path | None = None, *, read_only: bool = False) -> None:
        self._file = file
        self._read_only = read_only
        self._warned = False
        self.on_change: Callable[[], None] = lambda: None
        self._state = self._load()

    @property
    def state(self) -> State:
        """What is remembered now."""
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        if state != self._state:
            self._state = state
            self._save()
            self.on_change()

    def _load(self) -> State:
        if self._file is None:
            return State()
        try:
            state = loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return State()
        except (OSError, UnicodeDecodeError, StateError) as error:
            event(_log, logging.WARNING, "kept state cannot be read; starting without it",
                  file=self._file, error=error, kept_as=self._set_aside())  # fmt: skip
            return State()
        # How the records stand now, nobody has looked yet.
        records = {k: replace(r, in_sync_since=None) for k, r in state.records.items()}
        return replace(state, records=records)

    def _set_aside(self) -> Path | None:
        """Keep what could not be read for a person to look at; the first of several is the one that tells."""
        if self._file is None or self._read_only:
            return None
        aside = self._file.with_suffix(".unreadable.json")
        if os.path.lexists(aside):
            aside = self._file.with_suffix(".unreadable-again.json")
        with contextlib.suppress(OSError):
            self._file.replace(aside)
            return aside
        return None

    def _save(self) -> None:
        if self._file is None or self._read_only:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._file, json.dumps(to_json(self._state), indent=1) + "\n")
        except OSError as error:
            if not self._warned:
                event(_log, logging.WARNING, "state cannot be kept; a restart will begin without it",
                      file=self._file, error=error)  # fmt: skip
            self._warned = True
        else:
            self._warned = False


def replace_file(file: Path, text: str) -> None:
    """Write a file whole or not at all. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
