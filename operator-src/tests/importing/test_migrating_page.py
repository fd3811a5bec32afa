"""docs/migrating.md: what it shows of `esddns import` is what the command says."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

import pytest

from importing.conftest import Run
from prose.prose_pages import Fence, fences, read

# The page has placeholders, which the program refuses.
NAMES = {"example.com": "esddns.dev", "example.net": "esddns.net"}
PAGE = fences(read("docs/migrating.md"), "docs/migrating.md")
SHOWN = [
    (console, output)
    for console, output in pairwise(PAGE)
    if "\n$ esddns import " in f"\n{console.text}" and output.language in {"ini", "yaml"}
]


def real(text: str) -> str:
    """With names that somebody may own."""
    for placeholder, name in NAMES.items():
        text = text.replace(placeholder, name)
    return text


def file_before(console: Fence) -> str:
    """The file that is shown last before a command reads it."""
    languages = {"text", "json"} | ({"ini"} if "older.ini" in console.text else set())
    found = [f for f in PAGE if f.line < console.line and f.language in languages]
    return real(found[-1].text)


@pytest.mark.parametrize(("console", "output"), SHOWN, ids=lambda fence: str(fence.line))
def test_shown(run: Run, monkeypatch: pytest.MonkeyPatch, console: Fence, output: Fence) -> None:
    """Input, messages and output belong together."""
    for name, value in re.findall(r"(\w+)=(\S+)", re.findall(r"^\$ export .*|$", console.text)[0]):
        monkeypatch.setenv(name, real(value))
    command, _, said = console.text.partition("$ esddns import ")[2].partition("\n")
    name, *options = shlex.split(command.partition(" > ")[0])
    done = run(file_before(console), *options, name=name)
    assert (done.code, done.out, done.err) == (0, real(output.text), real(said))


def test_each_tool_is_shown() -> None:
    """One of each, and one as objects."""
    assert len(SHOWN) == 4
