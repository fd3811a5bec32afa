"""A dashboard of Grafana drawn from a live Prometheus, where no Grafana can be had: one PNG of all panels.

In tests-e2e: `python -m harness.panels --prometheus http://127.0.0.1:9090 --out dashboard.png`.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from harness.panel_box import COLORS, DPI, PAGE, PANEL, Box
from harness.panel_data import Panel, Source
from harness.panel_kinds import KINDS, is_filled, nothing

_DASHBOARD = Path(__file__).parents[2] / "monitoring" / "dashboard" / "esddns.json"
# Pixels: Grafana's grid has 24 columns, and lines of 30 with 8 between them.
_COLUMN, _LINE, _HEAD, _GAP = 80, 38, 56, 8


def draw(
    dashboard: dict[str, Any], prometheus_url: str, start: float, end: float, out: Path
) -> list[str]:
    """Draw it as a PNG, times in Unix seconds; return the titles of the panels that have no data."""
    source = Source(prometheus_url, start, end)
    lines = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    width, height = 24 * _COLUMN + 2 * _GAP, _HEAD + lines * _LINE + _GAP
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=PAGE)
    events = _head(Box(figure, _GAP, 0, width - 2 * _GAP, _HEAD), dashboard, source)
    empty = []
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        x, y = _GAP + at["x"] * _COLUMN, _HEAD + at["y"] * _LINE
        box = Box(figure, x, y, at["w"] * _COLUMN - _GAP, at["h"] * _LINE - _GAP)
        if panel["type"] == "row":
            box.text(4, box.h / 2, f"⌄  {panel['title']}", room=box.w, size=12, color="white")
        elif not _panel(box, panel, source, events):
            empty.append(panel["title"])
    figure.savefig(out, dpi=DPI, facecolor=PAGE)
    return empty


def _head(box: Box, dashboard: dict[str, Any], source: Source) -> list[tuple[float, str]]:
    """Write title, time and annotations; return when there were events, and their colours."""
    times = (datetime.fromtimestamp(at, UTC) for at in (source.start, source.end))
    period = " to ".join(f"{at:%Y-%m-%d %H:%M:%S}" for at in times)
    title = f"{dashboard['title']}     {period} UTC"
    box.text(8, box.h / 2, title, room=900, size=15, color="white", weight="bold")
    events = []
    for i, annotation in enumerate(dashboard["annotations"]["list"]):
        color = COLORS[annotation["iconColor"]]
        events += [(at, color) for at in source.events(annotation)]
        box.text(
            1250 + i * 200, box.h / 2, f"┆ {annotation['name']}", room=190, size=10, color=color
        )
    return events


def _panel(box: Box, panel: Panel, source: Source, events: list[tuple[float, str]]) -> bool:
    """Draw one; return whether it has data."""
    box.fill(PANEL)
    title = "white" if is_filled(panel) else COLORS["text"]
    if series := source.of(panel):
        KINDS[panel["type"]](box, panel, series, source)
        if panel["type"] == "timeseries":
            for at, color in events:
                box.figure.axes[-1].axvline(at, color=color, linestyle="--", linewidth=0.8)
    else:
        nothing(box, panel)
    box.text(10, 15, panel["title"], room=box.w - 20, size=9.5, color=title, weight="bold")
    return bool(series)


def main() -> None:
    """Draw the committed dashboard."""
    now = time.time()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prometheus", required=True, help="its URL")
    parser.add_argument("--from", dest="start", type=float, default=now - 3600, help="Unix seconds")
    parser.add_argument("--to", dest="end", type=float, default=now, help="Unix seconds")
    parser.add_argument("--out", type=Path, required=True, help="the PNG to write")
    chosen = parser.parse_args()
    dashboard = json.loads(_DASHBOARD.read_text("utf-8"))
    empty = draw(dashboard, chosen.prometheus, chosen.start, chosen.end, chosen.out)
    print(f"{chosen.out}: {len(empty)} panels have no data: {', '.join(empty)}")  # noqa: T201


if __name__ == "__main__":
    main()
