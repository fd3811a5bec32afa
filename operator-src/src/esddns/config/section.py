"""One section's values: each read by a converter, with every problem put where the user wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from esddns.config import schema
from esddns.config.ini import Entry, Section
from esddns.config.report import Report, shown
from esddns.config.values import BadValueError

_Value = TypeVar("_Value")


class SectionValues:
    """Reads the values of a section that is of `kind` in the schema."""

    def __init__(self, section: Section, kind: str, report: Report) -> None:
        self.section = section
        self._kind = kind
        self._report = report
        self._unsound: set[str] = set()

    def get(self, name: str, convert: Callable[[str], _Value], default: _Value) -> _Value:
        """Read a key; `default` where it is absent, or where it is wrong and that was reported."""
        entry = self.section.entry(name)
        if entry is None:
            return default
        key = schema.key_of(self._kind, name)
        if not entry.value:
            if not key.optional:
                self.problem(name, _empty(key))
            return default
        if _swallowed_a_line(entry, key):
            self.problem(
                name,
                "the value goes on over several lines, as the next line is indented: "
                "start each key at the left margin; only a list may have more lines",
            )
            return default
        try:
            return convert(entry.value)
        except BadValueError as error:
            self.problem(name, bad_value(key, entry.value, error))
            return default

    def require(self, name: str, convert: Callable[[str], _Value]) -> _Value | None:
        """Read a key that must be there; None where it is absent or wrong, and that was reported."""
        if self.given(name):
            return self.get(name, convert, None)
        self.problem(name, f"missing, allowed: {schema.key_of(self._kind, name).range}")
        return None

    def given(self, name: str) -> bool:
        """Tell whether the section has the key."""
        return self.section.entry(name) is not None

    def sound(self, *keys: str) -> bool:
        """Tell whether nothing was wrong with these keys, so that they may be compared with others."""
        return self._unsound.isdisjoint(keys)

    def problem(self, name: str | None, message: str, *, at: str | None = None) -> None:
        """Report a problem of a key, at the line of the key `at` (default: its own), else the header."""
        if name is not None:
            self._unsound.add(name)
        entry = self.section.entry(at or name or "")
        line = entry.line if entry else self.section.line
        self._report.add(self.section.name, name, line, message)


def bad_value(key: schema.Key, text: str, error: BadValueError) -> str:
    """Word what was found and what is allowed."""
    if not error.show or key.secretive:
        return error.reason or (
            f"found something else (not shown, as it may be a token), allowed: {key.range}"
        )
    found = f"found {shown(text if error.found is None else error.found)}"
    return f"{found}: {error.reason}" if error.reason else f"{found}, allowed: {key.range}"


def _empty(key: schema.Key) -> str:
    hint = f"; leave the key out for the default {key.default}" if key.default else ""
    return f"found nothing after =, allowed: {key.range}{hint}"


def _swallowed_a_line(entry: Entry, key: schema.Key) -> bool:
    """Tell whether an indented key was read as part of the value before it; it may hold a token."""
    more = entry.value.partition("\n")[2]
    return bool(more) and (not key.many or "=" in more)
