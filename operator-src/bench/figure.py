"""One measured figure, and how the figures are shown and kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

_DIGITS = 3  # significant ones; the rest is noise


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured. `aim`: at most so much, in the same unit; None where there is none."""

    name: str
    value: float
    unit: str
    aim: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim was met; None where there is none."""
        return None if self.aim is None else self.value <= self.aim


def median(name: str, seconds: Sequence[float], aim: float | None = None) -> Figure:
    """Give the median of durations, as milliseconds. `aim`: milliseconds."""
    return Figure(f"{name}, median of {len(seconds)}", statistics.median(seconds) * 1e3, "ms", aim)


def p95(name: str, seconds: Sequence[float]) -> Figure:
    """Give the 95th percentile of durations, as milliseconds."""
    value = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return Figure(f"{name}, 95th percentile", value * 1e3, "ms")


def show(figures: Iterable[Figure]) -> None:
    """Print the figures as one table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit")
    table.add_column("aim", justify="right", no_wrap=True)
    for figure in figures:
        aim = "" if figure.aim is None else f"≤ {figure.aim:g} {'met' if figure.met else 'MISSED'}"
        table.add_row(figure.name, _short(figure.value), figure.unit, aim)
    Console(width=100, highlight=False).print(table)


def keep(figures: Iterable[Figure], file: Path, *, quick: bool) -> None:
    """Write the figures, and what they were measured on, as JSON. Raises OSError."""
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "quick": quick,
    }
    listed = [asdict(figure) | {"met": figure.met} for figure in figures]
    file.write_text(json.dumps({"on": machine, "figures": listed}, indent=2) + "\n", "utf-8")


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 ** (_DIGITS - 1) else f"{value:.{_DIGITS}g}"
