"""Times and sentences as people say them."""

from __future__ import annotations

from datetime import datetime

_UNITS = (("day", 86400), ("h", 3600), ("min", 60))
_SOON = 2  # seconds


def lasting(since: datetime, now: datetime) -> str:
    """How long that is: `12 s`, `3 min`, `2 h`, `5 days`. A clock that is behind makes nothing negative."""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, size in _UNITS:
        if seconds >= 2 * size or (seconds >= size and unit != "min"):
            count = seconds // size
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{seconds} s"


def ago(at: datetime, now: datetime) -> str:
    """How long ago that was."""
    return "just now" if (now - at).total_seconds() < _SOON else f"{lasting(at, now)} ago"


def clock(at: datetime) -> str:
    """The time of day, to the minute, with its date."""
    return f"{at:%d %b %Y, %H:%M}"


def sentence(text: str) -> str:
    """With a capital and a full stop; a name or an address at its head stays as it is."""
    first = text.split(" ", 1)[0].rstrip(":,;")
    if first.isascii() and first.isalpha():
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".!?…" else f"{text}."
