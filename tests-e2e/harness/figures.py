"""What the tests measured, for the table at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from harness.waiting import LIMITS, measured


@dataclass(frozen=True)
class Figure:
    """One measured thing of a group of tests, as it is to be read: `5.1 s`, `1 PUT`."""

    group: int
    what: str
    value: str


class Figures:
    """All of a run, in the order of the groups."""

    def __init__(self) -> None:
        self._all: list[Figure] = []

    def add(self, group: int, what: str, value: str | float) -> None:
        """Note a figure; a number is of seconds."""
        text = value if isinstance(value, str) else f"{value:.1f} s"
        self._all.append(Figure(group, what, text))

    def lines(self) -> Iterator[str]:
        """Return the table of the figures, and that of the waits."""
        width = max((len(figure.what) for figure in self._all), default=0)
        for figure in sorted(self._all, key=lambda figure: figure.group):
            yield f"{figure.group:>2}  {figure.what:<{width}}  {figure.value}"
        yield ""
        yield f"{'wait':<36} {'times':>5} {'median':>8} {'longest':>8} {'limit':>6}"
        for what, times in sorted(measured.items()):
            short = (
                "" if LIMITS[what] >= 3 * median(times) else "  limit below three times the median"
            )
            yield (
                f"{what:<36} {len(times):>5} {median(times):>6.1f} s {max(times):>6.1f} s"
                f" {LIMITS[what]:>4.0f} s{short}"
            )
