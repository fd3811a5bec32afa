"""The figures of fleets as tables: for a terminal, and as Markdown for the manual."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from fleet_site import ROUNDS, FleetFigures, Times
from rich.table import Table

Column = tuple[str, Callable[[FleetFigures], str]]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}" if abs(value) >= 0.05 else "0"


def _seconds(times: Times) -> str:
    return "-" if math.isnan(times.p50) else f"{times.p50:.2g} / {times.p99:.2g} s"


def _each(fleet: FleetFigures) -> float:
    return fleet.hour.followers / (fleet.nodes - 1) if fleet.nodes > 1 else math.nan


HOUR: tuple[Column, ...] = (
    ("agents", lambda f: f"{f.nodes}"),
    ("Gandi", lambda f: _number(f.hour.gandi)),
    ("HTTP", lambda f: _number(f.hour.http)),
    ("UDP", lambda f: _number(f.hour.udp)),
    ("API server: leader", lambda f: _number(f.hour.leader)),
    ("each follower", lambda f: "-" if f.nodes == 1 else f"{_each(f):.1f}"),
    ("Lease events", lambda f: _number(f.hour.lease_events)),
    ("other events", lambda f: _number(f.hour.other_events)),
    ("one service + Gandi: Gandi / HTTP", lambda f: f"{ROUNDS * f.nodes:,} / {ROUNDS * f.nodes:,}"),
    ("four services + Gandi", lambda f: f"{ROUNDS * f.nodes:,} / {4 * ROUNDS * f.nodes:,}"),
)  # fmt: skip
CHANGE: tuple[Column, ...] = (
    ("agents", lambda f: f"{f.nodes}"),
    ("Gandi", lambda f: _number(f.change.gandi)),
    ("HTTP", lambda f: _number(f.change.http)),
    ("UDP", lambda f: _number(f.change.udp)),
    ("API server: leader", lambda f: _number(f.change.leader)),
    ("events", lambda f: _number(f.change.other_events)),
    ("in DNS, p50 / p99", lambda f: _seconds(f.to_dns)),
    ("all agents know", lambda f: _seconds(f.to_agents)),
    ("after a crash", lambda f: _seconds(f.crash)),
    ("after a release", lambda f: _seconds(f.release)),
    ("busiest second", lambda f: f"{f.peak}" if f.nodes > 1 else "-"),
    (
        "changes, failovers",
        lambda f: f"{f.effort.changes}, {2 * f.effort.failovers if f.nodes > 1 else 0}",
    ),
)
_TITLES = (
    "An hour without a change",
    "On top for each change of the WAN; and when the leader ends",
)


def tables(fleets: Sequence[FleetFigures]) -> list[Table]:
    """Give both tables for a terminal."""
    made = []
    for title, columns in zip(_TITLES, (HOUR, CHANGE), strict=True):
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for name, _ in columns:
            table.add_column(name, justify="right")
        for fleet in fleets:
            table.add_row(*(show(fleet) for _, show in columns))
        made.append(table)
    return made


def markdown(fleets: Sequence[FleetFigures]) -> str:
    """Give both tables as Markdown."""
    made = []
    for title, columns in zip(_TITLES, (HOUR, CHANGE), strict=True):
        rows = [[name for name, _ in columns], ["--:"] * len(columns)]
        rows += [[show(fleet) for _, show in columns] for fleet in fleets]
        made.append(f"{title}:\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows))
    return "\n\n".join(made) + "\n"
