"""Expressions read and evaluated by promtool: Prometheus' own parser and engine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

_INTERVAL = "esddns_detection_interval_seconds"
_LABELS = '{namespace="esddns"}'


def parse(promql: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Have expressions read; those that cannot be are named."""
    recorded = [{"record": f"dashboard:{i}", "expr": text} for i, text in enumerate(promql)]
    return _promtool("check", {"groups": [{"name": "dashboard", "rules": recorded}]}, folder)


def evaluate(
    promql: str, scraped: dict[str, str], value: float | None, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Compare an expression's only value, None for none, with what comes out of an hour of scrapes."""
    series = [
        {"series": name + _LABELS, "values": f"{values}+0x59"}
        for name, values in ({_INTERVAL: "300"} | scraped).items()
    ]
    expected = [] if value is None else [{"labels": "{}", "value": value}]
    asked = {"expr": promql, "eval_time": "59m30s", "exp_samples": expected}
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [asked]}
    return _promtool("test", {"tests": [test]}, folder)


def _promtool(what: str, content: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("no promtool: Debian's package prometheus has it")
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(content))
    command = [promtool, what, "rules", str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
