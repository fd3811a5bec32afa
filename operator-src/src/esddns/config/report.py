"""Where the problems of a configuration are gathered, so that a person sees all of them at once."""

from __future__ import annotations

import re

from esddns.config.settings import ConfigurationError, Problem

_LONGEST_SHOWN = 60

# Gandi's tokens have 40 characters, its legacy keys 24; no key or path is of such a form.
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9]{20,}")
_PLAIN_NAME = re.compile(r"[\x20-\x7e]{1,300}")


def looks_like_token(text: str) -> bool:
    """Tell whether `text` may be a secret that was put into the wrong place."""
    return bool(_TOKEN_LIKE.fullmatch(text))


def shown(text: str) -> str:
    """Quote what was found: ASCII only, so that a look-alike character is seen, and bounded."""
    quoted = ascii(text)
    if len(quoted) <= _LONGEST_SHOWN:
        return quoted
    return f"{quoted[: _LONGEST_SHOWN - 2]}…{quoted[0]}"


class Report:
    """The problems found so far in one configuration file and in what overrides it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: list[Problem] = []

    def add(self, section: str, key: str | None, line: int | None, message: str) -> None:
        """Note a problem of the file."""
        if section and not _PLAIN_NAME.fullmatch(section):
            section = shown(section)
        if key and looks_like_token(key):
            key = "(a name not shown, as it may be a token)"
        elif key and not _PLAIN_NAME.fullmatch(key):
            key = shown(key)
        self._problems.append(Problem(self.file, section, key, line, message))

    def add_outside(self, origin: str, message: str) -> None:
        """Note a problem of a flag, a variable or another file, named by `origin`."""
        self._problems.append(Problem(origin, "", None, None, message))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in the order of the file's lines, those from outside the file last."""
        return tuple(sorted(self._problems, key=lambda p: (p.file != self.file, p.line or 0)))

    def raise_any(self) -> None:
        """Raise ConfigurationError where there is any problem."""
        if self._problems:
            raise ConfigurationError(self.problems)
