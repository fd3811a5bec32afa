"""The commands, their options and exit codes, read out of the program's own parser."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from esddns.cli import _COMMANDS
from esddns.options import make_parser
from reference.template import NONE

# What there is on a machine in these pages: a home, and nothing that is set otherwise.
ENVIRON: Mapping[str, str] = {"HOME": "~"}

_DEFAULT = re.compile(r" ?\(default: ([^()]*)\)")
_VARIABLE = re.compile(r"\b(?:ESDDNS|POD|NODE)_[A-Z_]+\b")
_LITERAL = re.compile(r"[~/:\[\]\w.-]+")


@dataclass(frozen=True)
class Option:
    """One option, or a positional argument, and the commands that have it."""

    shown: str
    commands: tuple[str, ...]
    default: str
    variable: str
    text: str

    @property
    def default_shown(self) -> str:
        """The default: as code where it can be typed, as words where it is told."""
        return f"`{self.default}`" if _LITERAL.fullmatch(self.default) else self.default or NONE


def parsers(environ: Mapping[str, str] = ENVIRON) -> Mapping[str, argparse.ArgumentParser]:
    """Each command's parser, by its name."""
    return _commands(environ).choices


def lines() -> list[tuple[str, str]]:
    """Each command with the line that says what it does."""
    commands = _commands(ENVIRON)
    return [(action.dest, action.help or "") for action in commands._get_subactions()]


def _commands(
    environ: Mapping[str, str],
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    (found,) = (
        action
        for action in make_parser(_COMMANDS, environ)._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return found


def options() -> list[Option]:
    """Every option once, those that are the same in several commands with all of these."""
    found: dict[Option, list[str]] = {}
    for name, parser in parsers().items():
        for one in _options(parser):
            found.setdefault(one, []).append(name)
    return [replace(one, commands=tuple(names)) for one, names in found.items()]


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The options and arguments of a command, but --help."""
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction):
            yield action


def _options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    for action in actions(parser):
        text = (action.help or "") % {**vars(action), "prog": parser.prog}
        told = _DEFAULT.search(text)
        unless = "off" if action.nargs == 0 else ""
        default, _, more = (told[1] if told else unless).partition("; ")
        named = variable(parser, action)
        yield Option(
            shown=_shown(action),
            commands=(),
            default=default.removeprefix(f"{named}, else "),
            variable=named,
            text=_DEFAULT.sub("", text) + more,
        )


def _shown(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings)
    choices = f"{{{','.join(map(str, action.choices))}}}" if action.choices else ""
    value = "" if action.nargs == 0 else str(action.metavar or choices or action.dest.upper())
    return f"{names} {value}".strip()


def variable(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """The variable that gives what the option gives, as the command's own help names it; empty: none."""
    said = set(_VARIABLE.findall(parser.epilog or "")) | set(_VARIABLE.findall(action.help or ""))
    name = action.dest.upper()
    return next((found for found in (f"ESDDNS_{name}", name) if found in said), "")


def exit_codes() -> dict[str, list[str]]:
    """What the commands' help says of their exit codes, and whose that is."""
    found: dict[str, list[str]] = {}
    for name, parser in parsers().items():
        _, begun, said = (parser.epilog or "").partition("exit codes:\n")
        assert begun, name
        found.setdefault(textwrap.dedent(said.partition("\n\n")[0]).strip("\n"), []).append(name)
    return found
