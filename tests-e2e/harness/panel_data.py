"""What the panels of a dashboard ask of Prometheus, and its answers as a person reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

_TIMEOUT = 30.0
_POINTS = 400
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONG = (("days", 86400.0), ("hours", 3600.0), ("mins", 60.0))
_SHORT = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))

Panel = dict[str, Any]


@dataclass(frozen=True)
class Series:
    """One series: what its legend says, and its points (Unix seconds, value). `query` is its letter."""

    name: str
    query: str
    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


@dataclass(frozen=True)
class Source:
    """A Prometheus and the time that is looked at, in Unix seconds; all clusters and records are chosen."""

    url: str
    start: float
    end: float

    def of(self, panel: Panel) -> list[Series]:
        """Ask what a panel asks; values that are no number are left out."""
        found = [one for target in panel["targets"] for one in self._target(target)]
        return [one for one in found if one.points]

    def events(self, annotation: dict[str, Any]) -> list[float]:
        """Return when an annotation's expression began to have a value, each time."""
        step, times = self._step("60s"), set[float]()
        for metric in self._range(annotation["expr"], "60s"):
            before = -math.inf
            for at, _ in metric["values"]:
                if at - before > 1.5 * step:
                    times.add(at)
                before = at
        return sorted(times)

    def step_of(self, panel: Panel) -> float:
        """Return how far apart the points of a panel are, in seconds."""
        return self._step(panel["targets"][0].get("interval", "15s"))

    def _target(self, target: dict[str, Any]) -> Iterator[Series]:
        interval = target.get("interval", "15s")
        if target.get("instant"):
            expression = self._filled_in(target["expr"], interval)
            answer = self._get("query", query=expression, time=str(self.end))
            found = [{**one, "values": [one["value"]]} for one in answer]
        else:
            found = self._range(target["expr"], interval)
        for one in sorted(found, key=lambda one: sorted(one["metric"].items())):
            values = ((float(at), float(value)) for at, value in one["values"])
            points = tuple((at, value) for at, value in values if math.isfinite(value))
            labels: dict[str, str] = one["metric"]
            name = re.sub(r"\{\{(\w+)\}\}", lambda m: labels.get(m[1], ""), target["legendFormat"])  # noqa: B023
            yield Series(name.strip(), target["refId"], labels, points)

    def _range(self, expression: str, interval: str) -> list[dict[str, Any]]:
        return self._get(
            "query_range",
            query=self._filled_in(expression, interval),
            start=str(self.start),
            end=str(self.end),
            step=str(self._step(interval)),
        )

    def _step(self, interval: str) -> float:
        return max(_seconds(interval), math.ceil((self.end - self.start) / _POINTS))

    def _filled_in(self, expression: str, interval: str) -> str:
        scrape, step = _seconds(interval), self._step(interval)
        values = {
            "__rate_interval": f"{max(step + scrape, 4 * scrape):.0f}s",
            "__interval": f"{step:.0f}s",
            "__range": f"{self.end - self.start:.0f}s",
            "cluster": ".*",
            "record": ".*",
        }
        return re.sub(r"\$(\w+)", lambda variable: values[variable[1]], expression)

    def _get(self, what: str, **parameters: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/api/v1/{what}", params=parameters, timeout=_TIMEOUT)
        assert answer.ok, f"{parameters['query']}: {answer.text}"
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found


def said(config: dict[str, Any], value: float | None, now: float = 0) -> tuple[str, str]:
    """Return a value's text and the name of its colour, by a field's mappings, thresholds and unit."""
    for mapping in config.get("mappings", []):
        if mapping["type"] == "special" and value is None:
            result = mapping["options"]["result"]
        elif mapping["type"] == "value" and value is not None:
            result = mapping["options"].get(f"{value:g}")
        else:
            result = None
        if result:
            return result["text"], result["color"]
    if value is None:
        return config.get("noValue", ""), "text"
    steps = config.get("thresholds", {}).get("steps", [])
    reached = [s["color"] for s in steps if s["value"] is None or value >= s["value"]]
    return with_unit(value, config.get("unit", "none"), now), reached[-1] if reached else "text"


def with_unit(value: float, unit: str, now: float = 0) -> str:
    """Return a number as it is read: `1.2 hours`, `99.9%`, `3 /min`."""
    if unit == "s":
        return _duration(value)
    if unit == "dateTimeFromNow":
        return f"{_duration(now - value / 1000)} ago"
    if unit == "percentunit":
        return f"{_short(100 * value)}%"
    return f"{_short(value)} {unit.removeprefix('suffix:')}" if ":" in unit else _short(value)


def _duration(seconds: float) -> str:
    for name, size in (*_LONG, *_SHORT):
        if abs(seconds) >= size:
            return f"{_short(seconds / size)} {name}"
    return "0 s"


def _short(value: float) -> str:
    digits = 0 if abs(value) >= 1000 else 3
    text = f"{value:.0f}" if digits == 0 else f"{value:.{digits}g}"
    return f"{float(text):g}" if "e" in text else text


def _seconds(interval: str) -> float:
    return float(interval[:-1]) * _SECONDS[interval[-1]]
