"""How an exception of somebody else's reads within an error: one line, printable ASCII, bounded."""

from __future__ import annotations

_LONGEST = 200  # characters


def in_words(error: Exception | str) -> str:
    """Give the text of `error`, which may quote what a stranger sent."""
    line = " ".join(str(error).split()) or type(error).__name__
    shown = (c if " " <= c <= "~" else ascii(c)[1:-1] for c in line[:_LONGEST])
    return "".join(shown)[:_LONGEST]
