"""Every PromQL expression of a dashboard, Grafana's variables replaced by what stands for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

VALUES = {
    "__interval": "1m",
    "__rate_interval": "5m",
    "__range": "6h",
    "cluster": ".*",
    "record": ".*",
}
_VARIABLE = re.compile(r"\$(\w+)")
_LABEL_VALUES = re.compile(r"label_values\((.*),\s*(\w+)\)")


def expressions(dashboard: dict[str, Any]) -> list[str]:
    """What panels, variables and annotations ask for, each once; KeyError for an unknown variable."""
    found = dict.fromkeys(_written(dashboard))
    return [_VARIABLE.sub(lambda variable: VALUES[variable[1]], text) for text in found]


def _written(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            values = _LABEL_VALUES.fullmatch(variable["query"])
            assert values, variable["query"]
            yield values[1]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["expr"]
