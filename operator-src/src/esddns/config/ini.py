"""dns.ini as text: its sections, keys and values, each with the line that a message can name.

configparser reads the values. What it calls on its way (the pattern of a section header, `optionxform`
of a key) tells which line it is at, so that the line numbers cannot disagree with the values, as those of
a second reading of the text could.
"""

from __future__ import annotations

import configparser
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from esddns.config.report import Report

# Stands for the part before the first header; no header of a file can be it, as NUL is refused first.
_BEFORE_FIRST = "\0"
_HEADER = re.compile(r"\[(?P<header>[^\[\]]+)\]$")
_NO_TEXT = (
    (
        re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"),
        "found a control character: not a text file",
    ),
    (
        re.compile(r".{4097}"),  # configparser takes time with the square of a line's length
        "found a line of more than 4096 characters: a list may go on over several lines",
    ),
    (
        re.compile(r"\A(?:[^\n]*\n){10001}"),  # and with the square of the number of wrong lines
        "found more than 10000 lines: not a configuration file",
    ),
)
_MOST_LINES = 10  # that a message lists


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key = value`: the key in lower case, a value over several lines joined by line feeds."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """One section; `line` is that of its header, None for a section that the file does not have."""

    name: str
    line: int | None = None
    entries: tuple[Entry, ...] = ()

    def entry(self, key: str) -> Entry | None:
        """Find a key's entry."""
        return next((entry for entry in self.entries if entry.key == key), None)


class _HeaderPattern:
    """configparser's pattern of a section header, which notes where each header was."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader

    def match(self, text: str) -> re.Match[str] | None:
        found = _HEADER.match(text)
        if found:
            self._reader.note_header(found["header"])
        return found


class _Reader(configparser.RawConfigParser):
    """configparser, set to this format and noting the line of every header and key."""

    def __init__(self) -> None:
        super().__init__(
            delimiters=("=",),
            comment_prefixes=(";", "#"),
            inline_comment_prefixes=(";", "#"),
            strict=False,  # duplicates are reported with all other problems, not instead of them
            empty_lines_in_values=False,
            default_section="",  # a header is never empty, so [DEFAULT] is a section like any other
        )
        self.SECTCRE = _HeaderPattern(self)  # type: ignore[assignment]  # only match() is called
        self.header_lines: dict[str, list[int]] = {}
        self.key_lines: dict[tuple[str, str], list[int]] = {}
        self._section = _BEFORE_FIRST
        self._line = 0

    def lines(self, text: str) -> Iterator[str]:
        yield f"[{_BEFORE_FIRST}]\n"
        for self._line, line in enumerate(io.StringIO(text, newline=None), start=1):
            yield line

    def note_header(self, name: str) -> None:
        self._section = name
        self.header_lines.setdefault(name, []).append(self._line)

    def optionxform(self, optionstr: str) -> str:
        key = optionstr.lower()
        self.key_lines.setdefault((self._section, key), []).append(self._line)
        return key


def read_ini(text: str, report: Report) -> tuple[Section, ...]:
    """Split `text` into sections, in the file's order; problems of the syntax go to `report`.

    Lines are never repeated in a message, as a token may be on them. Of a key given twice the last
    value is in the result. Raises ConfigurationError at once for what is no text of lines, as no
    further look at it is worth anything.
    """
    for pattern, message in _NO_TEXT:
        if found := pattern.search(text):
            line = text.count("\n", 0, found.start()) + 1
            report.add("", None, line, message)
            report.raise_any()
    reader = _Reader()
    try:
        reader.read_file(reader.lines(text))
    except configparser.ParsingError as error:
        for line, _ in error.errors:
            message = "found neither [section], key = value, nor a comment (; or # in front)"
            report.add("", None, line - 1, message)  # the line put before the first counts too
    _report_duplicates(reader, report)
    return tuple(
        Section(name, lines[0], _entries(reader, name))
        for name, lines in reader.header_lines.items()
        if name != _BEFORE_FIRST
    )


def _entries(reader: _Reader, section: str) -> tuple[Entry, ...]:
    return tuple(
        Entry(key, value, reader.key_lines[section, key][-1])
        for key, value in reader.items(section)
        if key  # `= value`, which is a syntax error and reported as one
    )


def _report_duplicates(reader: _Reader, report: Report) -> None:
    for section, lines in reader.header_lines.items():
        if len(lines) > 1:
            message = f"found this section {len(lines)} times, at {_at(lines)}: keep one"
            report.add(section, None, lines[1], message)
    for (section, key), lines in reader.key_lines.items():
        if section == _BEFORE_FIRST:
            for line in lines:
                report.add("", None, line, "found a line before the first [section]")
        elif key and len(lines) > 1:
            message = f"found this key {len(lines)} times, at {_at(lines)}: keep one"
            report.add(section, key, lines[1], message)


def _at(lines: list[int]) -> str:
    shown = lines[:_MOST_LINES]
    last = "others" if len(lines) > _MOST_LINES else shown.pop()
    return f"lines {', '.join(map(str, shown))} and {last}"
