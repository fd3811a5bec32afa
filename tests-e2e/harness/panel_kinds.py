"""How each kind of Grafana's panels is drawn: it sees its place, its definition and its series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from harness.panel_box import COLORS, DIM, Box
from harness.panel_data import Panel, Series, Source, said, with_unit

_SERIES = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#ffa6b0",
           "#96d98d", "#ffcb7d", "#ca95e5", "#6ed0e0")  # fmt: skip
_TABLE_LINE = 28


def is_filled(panel: Panel) -> bool:
    """Return whether a panel shows its value by its background."""
    return str(panel["options"].get("colorMode")).startswith("background")


def nothing(box: Box, panel: Panel) -> None:
    """Say that there is no data, in the words of the panel."""
    text, color = said(panel["fieldConfig"]["defaults"], None)
    large, middle = panel["type"] == "stat", box.h / 2 + 4
    shade = COLORS[color]
    if is_filled(panel):
        box.fill(shade)
        shade = "white"
    box.text(box.w / 2, middle, text, room=box.w - 30, size=20 if large else 11, ha="center",
             color=shade)  # fmt: skip
    box.text(box.w / 2, middle + (30 if large else 20), "no data", room=box.w, size=8, ha="center",
             color="white" if is_filled(panel) else DIM, style="italic")  # fmt: skip


def _config(panel: Panel, name: str) -> dict[str, Any]:
    """Return the configuration of a field by its name: the panel's, and what overrides it."""
    config = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"] == {"id": "byName", "options": name}:
            config |= {given["id"]: given["value"] for given in override["properties"]}
    return config


def _stat(box: Box, panel: Panel, series: Sequence[Series], source: Source) -> None:
    by_name = panel["options"]["textMode"] == "name"
    least = 9 * max(len(one.name) for one in series) if by_name else 120
    columns = max(1, min(len(series), int(box.w / least)))
    lines = -(-len(series) // columns)
    room, high = box.w / columns, (box.h - (24 if lines > 1 else 0)) / lines
    named = len(series) > 1 and not by_name
    for i, one in enumerate(series):
        text, color = said(_config(panel, one.name), one.last, source.end)
        if is_filled(panel):
            Box(box.figure, box.x + i * room, box.y, room, box.h).fill(COLORS[color])
        x, y = (i % columns + 0.5) * room, box.h - (lines - i // columns - 0.5) * high
        shade = "white" if is_filled(panel) else COLORS[color]
        box.text(x, y - (4 if named else -4 / lines), one.name if by_name else text, room=room - 30,
                 size=min(24, high / 3.2), ha="center", weight="bold", color=shade)  # fmt: skip
        if named:
            box.text(
                x,
                y + high / 4,
                one.name,
                room=room - 16,
                size=min(9, high / 6),
                ha="center",
                color=DIM,
            )


def _timeseries(box: Box, panel: Panel, series: Sequence[Series], source: Source) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    custom, unit = defaults["custom"], defaults["unit"]
    columns = max(1, int((box.w - 40) // (7 * max(len(one.name) for one in series) + 40)))
    shown = series[: 3 * columns]
    axes = box.over_time(source.start, source.end, bottom=34 + 17 * -(-len(shown) // columns))
    dots = custom["drawStyle"] == "points"
    below: dict[float, float] = {}
    for one, color in zip(series, cycle(_SERIES), strict=False):
        x, y = [at for at, _ in one.points], [value for _, value in one.points]
        if custom.get("stacking", {}).get("mode") == "normal":
            base = [below.get(at, 0.0) for at in x]
            y = [low + value for low, value in zip(base, y, strict=True)]
            below |= dict(zip(x, y, strict=True))
            axes.fill_between(x, base, y, color=color, alpha=0.4, linewidth=0)
        axes.plot(
            *_with_gaps(x, y, 2.5 * source.step_of(panel)), linestyle="" if dots else "-", linewidth=1.2,
            marker="o" if dots or len(x) == 1 else "", markersize=3.5, color=color, label=one.name,
        )  # fmt: skip
    top = axes.get_ylim()[1]
    axes.set_ylim(defaults.get("min", 0), 1.02 * defaults.get("max", top if top > 0 else 1))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: with_unit(value, unit)))
    if custom.get("thresholdsStyle"):
        for step in defaults["thresholds"]["steps"][1:]:
            if step["value"] <= axes.get_ylim()[1]:
                axes.axhline(
                    step["value"], color=COLORS[step["color"]], linestyle="--", linewidth=1
                )
    _legend(box, axes, len(shown), len(series), columns)


def _legend(box: Box, axes: Axes, shown: int, all_: int, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    labels = labels[:shown]
    if all_ > shown:
        labels[-1] += f"  (+{all_ - shown} more)"
    axes.legend(
        handles[:shown], labels, ncols=columns, fontsize=8, labelcolor=COLORS["text"], frameon=False,
        loc="lower left", bbox_to_anchor=box.corner(10, box.h - 4), bbox_transform=box.figure.transFigure,
        borderpad=0.2, handlelength=1.2, labelspacing=0.25, columnspacing=1.5,
    )  # fmt: skip


def _with_gaps(x: list[float], y: list[float], gap: float) -> tuple[list[float], list[float]]:
    """Put a hole where points are missing, so that no line is drawn over it."""
    xs, ys = x[:1], y[:1]
    for (before, at), value in zip(pairwise(x), y[1:], strict=True):
        if at - before > gap:
            xs.append((before + at) / 2)
            ys.append(float("nan"))
        xs.append(at)
        ys.append(value)
    return xs, ys


def _timeline(box: Box, panel: Panel, series: Sequence[Series], source: Source) -> None:
    left = min(box.w * 0.4, 24 + 6.6 * max(len(one.name) for one in series))
    axes = box.over_time(source.start, source.end, bottom=30, left=left)
    axes.grid(visible=False)
    step = source.step_of(panel)
    for i, one in enumerate(series):
        for at, value in one.points:
            _, color = said(_config(panel, one.name), value)
            width = min(1.05 * step, source.end - at)  # a little more, so that no hairline is left
            axes.barh(
                i, width, left=at, height=0.75, color=COLORS[color], align="center", linewidth=0
            )
    axes.set_yticks(range(len(series)), [one.name for one in series])
    axes.set_ylim(len(series) - 0.4, -0.6)


def _heatmap(box: Box, panel: Panel, series: Sequence[Series], source: Source) -> None:
    bounds = sorted(series, key=lambda one: float(one.labels["le"]))
    axes = box.over_time(source.start, source.end, bottom=30)
    axes.grid(visible=False)
    step, lower = source.step_of(panel), dict[float, float]()
    most = max(value for one in bounds for _, value in one.points) or 1
    for i, one in enumerate(bounds):
        for at, value in one.points:
            if (count := value - lower.get(at, 0.0)) > 1e-6:
                shade = 0.25 + 0.75 * min(1.0, count / most)
                axes.barh(i, step, left=at - step, height=0.92, color=COLORS["orange"], alpha=shade,
                          linewidth=0)  # fmt: skip
        lower = dict(one.points)
    least = [float(one.labels["le"]) for one in bounds]
    named = [with_unit(bound, "s") if bound != float("inf") else "longer" for bound in least]
    axes.set_yticks(range(len(bounds)), named)
    axes.set_ylim(-0.6, len(bounds) - 0.4)


def _table(box: Box, panel: Panel, series: Sequence[Series], source: Source) -> None:
    """Join what has the same labels, as the transformations merge and organize do."""
    (organize,) = (t["options"] for t in panel["transformations"] if t["id"] == "organize")
    rows: dict[tuple[tuple[str, str], ...], dict[str, str | float]] = {}
    for one in series:
        labels = {k: v for k, v in one.labels.items() if k in organize["renameByName"]}
        row = rows.setdefault(tuple(sorted(labels.items())), dict(labels))
        row[f"Value #{one.query}"] = one.last
    known = {name for row in rows.values() for name in row}
    names = sorted(known, key=organize["indexByName"].__getitem__)
    room = [0.6 if name == "type" else 1.0 if name.startswith("Value") else 1.6 for name in names]
    widths = [(box.w - 20) * part / sum(room) for part in room]
    head: dict[str, str | float] = {name: organize["renameByName"][name] for name in names}
    for i, row in enumerate([head, *rows.values()][: int((box.h - 34) // _TABLE_LINE)]):
        x, y = 10.0, 34 + _TABLE_LINE * i
        for name, width in zip(names, widths, strict=True):
            config, value = _config(panel, organize["renameByName"][name]), row.get(name, "")
            text, color = (
                (value, "text") if isinstance(value, str) else said(config, value, source.end)
            )
            shade = "#8ab8ff" if i == 0 else COLORS[color]
            if "custom.cellOptions" in config and color != "text":
                Box(box.figure, box.x + x, box.y + y, width - 4, _TABLE_LINE - 3).fill(shade)
                shade = "white"
            box.text(x + 6, y + 13, text, room=width - 14, size=9, color=shade)
            x += width


KINDS: dict[str, Callable[[Box, Panel, Sequence[Series], Source], None]] = {
    "stat": _stat,
    "timeseries": _timeseries,
    "state-timeline": _timeline,
    "heatmap": _heatmap,
    "table": _table,
}
