"""How an exception of somebody else's reads within an error: one line, ASCII, bounded."""

from __future__ import annotations

_LONGEST = 200  # characters


def in_words(error: Exception | str) -> str:
    """Give the text of `error`, which may quote what a stranger sent."""
    line = " ".join(str(error).split()) or type(error).__name__
    return line.encode("ascii", "backslashreplace").decode()[:_LONGEST]
