"""What may be wrong with a dashboard: one change each, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], object]


def panel_of(dashboard: dict[str, Any], kind: str) -> dict[str, Any]:
    """The first of a kind."""
    return next(panel for panel in dashboard["panels"] if panel["type"] == kind)


WRONG: dict[str, tuple[Change, str]] = {
    "field of the dashboard": (lambda d: d.update(titel="esddns"), "titel: unknown field"),
    "field of a panel": (
        lambda d: panel_of(d, "stat").update(unit="s"),
        "unit: unknown field",
    ),
    "field of a panel's options": (
        lambda d: panel_of(d, "stat")["options"].update(textmode="name"),
        "textmode: unknown field",
    ),
    "field of a kind's field configuration": (
        lambda d: panel_of(d, "timeseries")["fieldConfig"]["defaults"]["custom"].update(lines=1),
        "lines: unknown field",
    ),
    "field of a query": (
        lambda d: panel_of(d, "table")["targets"][0].update(expression="up"),
        "expression: unknown field",
    ),
    "field of a variable": (
        lambda d: d["templating"]["list"][1].update(all_value=".*"),
        "all_value: unknown field",
    ),
    "field of an annotation": (
        lambda d: d["annotations"]["list"][0].update(title="x"),
        "title: unknown field",
    ),
    "field of a transformation": (
        lambda d: panel_of(d, "table")["transformations"][0].update(name="merge"),
        "name: unknown field",
    ),
    "property of an override": (
        lambda d: panel_of(d, "table")["fieldConfig"]["overrides"][0]["properties"].append(
            {"id": "units", "value": "s"}
        ),
        "units: unknown field",
    ),
    "property of an override of a kind": (
        lambda d: panel_of(d, "table")["fieldConfig"]["overrides"][0]["properties"].append(
            {"id": "custom.colour", "value": "red"}
        ),
        "colour: unknown field",
    ),
    "kind of a panel": (
        lambda d: panel_of(d, "stat").update(type="singlestats"),
        "unknown kind 'singlestats'",
    ),
    "query of another source": (
        lambda d: panel_of(d, "stat").update(datasource={"type": "graphite", "uid": "x"}),
        "none of Prometheus",
    ),
    "text that is a number": (lambda d: d.update(title=5), "title: 5 is no str"),
    "number that is a text": (
        lambda d: panel_of(d, "stat")["gridPos"].update(w="12"),
        "w: '12' is no int",
    ),
    "truth that is a number": (lambda d: d.update(editable=1), "editable: 1 is no bool"),
    "list that is a text": (lambda d: d.update(tags="dns"), "tags: 'dns' is no list"),
    "object that is a text": (
        lambda d: panel_of(d, "stat").update(datasource="prometheus"),
        "cannot be read",
    ),
    "calculation that is a number": (
        lambda d: panel_of(d, "stat")["options"]["reduceOptions"].update(calcs=[1]),
        "calcs[0]: 1 is no str",
    ),
    "enum of the dashboard": (lambda d: d.update(graphTooltip=7), "7 is none of [0, 1, 2]"),
    "enum of a panel's options": (
        lambda d: panel_of(d, "stat")["options"].update(textMode="huge"),
        "'huge' is none of ['auto'",
    ),
    "enum of a kind's field configuration": (
        lambda d: panel_of(d, "timeseries")["fieldConfig"]["defaults"]["custom"].update(
            drawStyle="dots"
        ),
        "'dots' is none of ['line'",
    ),
    "enum of a query": (
        lambda d: panel_of(d, "stat")["targets"][0].update(format="csv"),
        "'csv' is none of ['time_series'",
    ),
    "enum of a variable": (
        lambda d: d["templating"]["list"][1].update(refresh=5),
        "5 is none of [0, 1, 2]",
    ),
    "value of a mapping": (
        lambda d: panel_of(d, "stat")["fieldConfig"]["defaults"]["mappings"][0].update(type="map"),
        "cannot be read",
    ),
    "enum in an override": (
        lambda d: panel_of(d, "table")["fieldConfig"]["overrides"][0]["properties"][1].update(
            value={"type": "color-background", "mode": "loud"}
        ),
        "'loud' is none of ['basic'",
    ),
    "text of an event that is none": (
        lambda d: d["annotations"]["list"][0].update(titleFormat=1),
        "titleFormat is no text",
    ),
}
