"""The history of the address as a picture: a lane for each family, a stretch for each address.

Across, all is in hundredths of the width: the shapes grow and shrink with the window, the words do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from esddns.core.model import Family
from esddns.core.site_verdict import words_of
from esddns.core.state import Change
from esddns.shell.web.words import clock, lasting

_LANE = 58  # units of height
_TOP = 26  # where the bar of a lane begins
_BAR = 18
_NARROWEST = 0.6  # hundredths
_CHARACTER = 7.6  # pixels
_WIDE, _NARROW = 640, 290  # pixels that the picture has at least, on a screen and on a phone


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that one address stood. `label` is empty where it would not fit, or only on a wide screen.

    `tip` is for a pointer.
    """

    x: str
    width: str
    y: int
    now: bool
    shade: int
    label: str
    wide: bool
    tip: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One family."""

    name: str
    address: str
    y: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """All lanes. `description` says the same in words."""

    lanes: tuple[Lane, ...]
    height: int
    axis: int
    bar: int
    begins: str
    ends: str
    description: str


def draw(changes: Sequence[Change], now: datetime, as_of: datetime | None) -> Picture | None:
    """Draw the history, up to the time to which it is known; None where there is none."""
    known = sorted(changes, key=lambda change: change.at)
    if not known:
        return None
    begins, ends = known[0].at, max(as_of or now, known[-1].at)
    lanes: list[Lane] = []
    for family in Family:
        of = [change for change in known if change.family is family]
        if of:
            y = len(lanes) * _LANE
            stretches = tuple(_stretches(of, begins, ends, y))
            lanes.append(Lane(words_of(family), str(of[-1].after), y + 16, stretches))
    height = len(lanes) * _LANE
    description = "; ".join(
        f"{words_of(change.family)} {change.after} from {clock(change.at)} UTC" for change in known
    )
    last = clock(as_of) if as_of else "now"
    return Picture(tuple(lanes), height + 20, height + 12, _BAR, clock(begins), last, description)


def _stretches(
    changes: Sequence[Change], begins: datetime, ends: datetime, y: int
) -> Iterator[Stretch]:
    whole = max(1.0, (ends - begins).total_seconds())
    for index, change in enumerate(changes):
        last = index == len(changes) - 1
        until = ends if last else changes[index + 1].at
        start = 100 * (change.at - begins).total_seconds() / whole
        width = max(_NARROWEST, 100 * (until - change.at).total_seconds() / whole)
        start = min(start, 100 - width)
        word = str(change.after)
        yield Stretch(
            x=f"{start:.2f}%",
            width=f"{width:.2f}%",
            y=y + _TOP,
            now=last,
            shade=index % 2,
            label=word if _fits(word, width, _WIDE) else "",
            wide=not _fits(word, width, _NARROW),
            tip=f"{word}, {'since' if last else 'from'} {clock(change.at)} UTC, "
            f"{lasting(change.at, until)}",
        )


def _fits(word: str, width: float, pixels: int) -> bool:
    return width / 100 * pixels >= _CHARACTER * (len(word) + 2)
