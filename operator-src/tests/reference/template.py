"""A page's prose, kept in a template, with what is made from the code put where `{{name}}` stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# Stands where a cell has nothing.
NONE = "\N{EN DASH}"

_PLACE = re.compile(r"\{\{([^{}]+)\}\}")
# A separator in a table's cell, unless it is escaped already.
_BAR = re.compile(r"(?<!\\)\|")


def fill(template: Path, parts: Mapping[str, Callable[[], str]]) -> str:
    """Fill a template in. Each part has a place, exactly one, and each place a part."""
    text = template.read_text("utf-8")
    places = _PLACE.findall(text)
    if sorted(places) != sorted(parts):
        missing, unknown = sorted(parts.keys() - set(places)), sorted(set(places) - parts.keys())
        raise ValueError(
            f"{template.name}: no place for {missing}, nothing for {unknown}: every part is wanted once"
        )
    return _PLACE.sub(lambda place: parts[place[1]]().strip("\n"), text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table; a bar in a cell is no new cell."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(_BAR.sub(chr(92) + '|', cell) for cell in line)} |" for line in lines
    )


def plain(text: str) -> str:
    """Put a text into a cell in which nothing is Markdown."""
    return re.sub(r"([*<])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Put a text between backticks; nothing for nothing."""
    return f"`{text}`" if text else ""
