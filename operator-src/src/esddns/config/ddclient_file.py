"""ddclient.conf as text: which options hold for which host, each with its line.

The rules are those that ddclient's manual and its reader (ddclient.in, version 4) give: options, then hosts,
then a login and a password; options without a host hold for every host behind them; a backslash at a line's
end joins the next; `#` begins a comment, but not in a password.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_PASSWORD = re.compile(r"password\s*=\s*('.*'[^\s,]*|[^'\s]\S*)")
_IDENTIFIER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
_ASSIGNMENT = re.compile(
    r"""(?P<name>[A-Za-z][0-9A-Za-z_-]*)=
        (?P<value>(?:\\.|'(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?|[^\s,'"\\])*)""",
    re.VERBOSE,
)
_QUOTING = re.compile(r"\\(.)|['\"]")
_BETWEEN = re.compile(r"[\s,]*")
_COMMA = re.compile(r"\s*,\s*")
_HELD = "\x01"  # stands for a password; no file has it, as control characters are refused before
_SECRET_KEYS = frozenset({"apikey", "api-key", "key", "secret", "token"})
_MOST = 1000  # hosts, and options that hold for all: far beyond any site's
_MOST_WORDS = 3  # hosts, login, password


@dataclass(frozen=True, slots=True)
class Option:
    """One option's value, and the line that it is on; `variable`: it is `$` and the name of a variable."""

    value: str
    line: int
    variable: bool = False


@dataclass(frozen=True, slots=True)
class Host:
    """One host as the file names it, with all options that hold for it."""

    name: str
    line: int
    options: Mapping[str, Option]


@dataclass(slots=True)
class DdclientFile:
    """What the file says. `secrets`: every password; `odd`: lines with more words than it reads.

    `too_much`: the line at which it was given up, as it is no configuration of anybody's.
    """

    globals: dict[str, Option] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    too_much: int | None = None


@dataclass(slots=True)
class _Joined:
    """A line with those that it goes on over; `starts` are the offsets at which they begin."""

    parts: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    length: int = 0

    def append(self, number: int, text: str) -> None:
        self.parts.append(text)
        self.starts.append(self.length)
        self.numbers.append(number)
        self.length += len(text)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def line_at(self, offset: int) -> int:
        return self.numbers[bisect_right(self.starts, offset) - 1] if self.numbers else 0


def split_ddclient(text: str) -> DdclientFile:
    """Read the text of a ddclient.conf; any text is one."""
    file = DdclientFile()
    read = 0
    for joined in _joined_lines(text.replace(_HELD, " ")):
        file.secrets += joined.passwords
        options, rest = _options(joined)
        line = joined.line_at(rest)  # where the hosts are
        words = _COMMA.sub(",", joined.text[rest:]).split()
        file.secrets += words[2:]
        if len(words) > _MOST_WORDS or any("=" in word for word in words[1:]):
            file.odd.append(line)
        names = [options["host"].value] if "host" in options else []
        names += words[:1]
        for key, word in zip(("login", "password"), words[1:], strict=False):
            options[key] = Option(word, line)
        file.secrets += [options[key].value for key in _secret_keys(options)]
        hosts = [host for name in names for host in re.split(r"[\s,]+", name) if host]
        read += len(hosts)
        if max(read, len(file.globals), len(options)) > _MOST:
            file.too_much = line
            break
        for host in hosts:
            earlier = file.hosts[host].options if host in file.hosts else {}
            first = file.hosts[host].line if host in file.hosts else line
            # As ddclient has it: what an earlier line said of a host stands.
            file.hosts[host] = Host(host, first, {**file.globals, **options, **earlier})
        if not hosts:
            file.globals.update(options)
    return file


def _secret_keys(options: Mapping[str, Option]) -> Iterator[str]:
    for key in options:
        if (key in _SECRET_KEYS or "passw" in key) and not options[key].variable:
            yield key


def _joined_lines(text: str) -> Iterator[_Joined]:
    joined = _Joined()
    for number, line in enumerate(text.split("\n"), start=1):
        kept = _without_password(line.replace("\r", ""), joined)
        kept = kept.partition("#")[0].rstrip()
        if kept.endswith("\\"):
            joined.append(number, kept[:-1] + " ")
            continue
        joined.append(number, kept)
        yield joined
        joined = _Joined()
    yield joined


def _without_password(line: str, joined: _Joined) -> str:
    """Take a password out before anything else is looked for, as it may hold any character."""
    found = _PASSWORD.search(line)
    if found is None or "#" in line[: found.start()]:
        return line
    value = found[1]
    if value.startswith("'"):
        value, more = value.strip("'"), ""
    else:
        more = "\\" if value.endswith("\\") else ""
        value = value.rstrip("\\,")
    joined.passwords.append(value)
    before = line[: found.start()]
    name = before[len(before.rstrip(_IDENTIFIER)) :] + "password"
    before = before[: len(before.rstrip(_IDENTIFIER))]
    held = f"{_HELD}{len(joined.passwords) - 1}{_HELD}"
    return f"{before} {name}={held} {line[found.end() :]}{more}"


def _options(joined: _Joined) -> tuple[dict[str, Option], int]:
    """Read the options in front; gives them, and where the words behind them begin."""
    options: dict[str, Option] = {}
    text = joined.text
    at = _skip(text, 0)
    while found := _ASSIGNMENT.match(text, at):
        value = _QUOTING.sub(lambda quoted: quoted[1] or "", found["value"])
        if value.startswith(_HELD):
            value = joined.passwords[int(value.strip(_HELD))]
        name = found["name"].lower()
        if name.endswith("_env"):
            options[name[:-4]] = Option(f"${value}", joined.line_at(at), variable=True)
        else:
            options[name] = Option(value, joined.line_at(at))
        at = _skip(text, found.end())
    return options, at


def _skip(text: str, at: int) -> int:
    between = _BETWEEN.match(text, at)
    return between.end() if between else at
