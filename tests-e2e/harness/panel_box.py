"""A place on a picture of a dashboard, in Grafana's dark look: what can be written and drawn there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter

DPI = 100
PAGE, PANEL, DIM = "#111217", "#181b1f", "#8e8e9c"
COLORS = {
    "green": "#73bf69",
    "orange": "#ff9830",
    "red": "#f2495c",
    "blue": "#5794f2",
    "purple": "#b877d9",
    "text": "#ccccdc",
}
_EDGE, _GRID = "#2c3038", "#2a2e35"
# Between marks of the time axis, in seconds.
_TICKS = (
    1,
    5,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    4 * 3600,
    8 * 3600,
    86400,
    7 * 86400,
)


@dataclass(frozen=True)
class Box:
    """Pixels from the upper left corner of the figure."""

    figure: Figure
    x: float
    y: float
    w: float
    h: float

    def corner(self, x: float, y: float) -> tuple[float, float]:
        """Return a point within it as a share of the figure, as matplotlib counts: from below."""
        width, height = self.figure.get_size_inches() * DPI
        return (self.x + x) / width, 1 - (self.y + y) / height

    def axes(self, *, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0) -> Axes:
        """Make axes within it, with margins."""
        begin, end = self.corner(left, self.h - bottom), self.corner(self.w - right, top)
        axes = self.figure.add_axes((*begin, end[0] - begin[0], end[1] - begin[1]))
        axes.set_facecolor("none")
        axes.set_axis_off()
        return axes

    def over_time(self, start: float, end: float, *, bottom: float, left: float = 74) -> Axes:
        """Make axes with Unix seconds from left to right."""
        axes = self.axes(left=left, top=34, right=20, bottom=bottom)
        axes.set_axis_on()
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(colors=DIM, labelsize=8, length=0)
        axes.grid(color=_GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlim(start, end)
        most = max(2, (self.w - left) // 110)
        apart = next((t for t in _TICKS if (end - start) / t <= most), _TICKS[-1])
        marks = [t * apart for t in range(int(start // apart) + 1, int(end // apart) + 1)]
        said = "%H:%M:%S" if apart < 60 else "%H:%M" if apart < 86400 else "%m-%d"
        axes.xaxis.set_major_locator(FixedLocator(marks))
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda at, _: datetime.fromtimestamp(at, UTC).strftime(said))
        )
        return axes

    def fill(self, color: str) -> None:
        """Fill it, with an edge."""
        self.axes().add_patch(
            Rectangle((0, 0), 1, 1, facecolor=color, edgecolor=_EDGE, linewidth=1.5)
        )

    def text(self, x: float, y: float, text: str, *, room: float, size: float, **how: Any) -> None:
        """Write into it, smaller where there is not enough room for it."""
        written = self.figure.text(
            *self.corner(x, y), text, fontsize=size, **{"va": "center", **how}
        )
        if (taken := written.get_window_extent().width) > room:
            written.set_fontsize(max(6.0, size * room / taken))
