"""The figures of fleets as a picture, both axes logarithmic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from fleet_site import ROUNDS, FleetFigures

mpl.use("Agg")
from matplotlib import pyplot as plt

_OURS, _ONE, _FOUR, _LEASE = "#0b6e4f", "#c45100", "#8c2d19", "#4a6fa5"


def draw(fleets: Sequence[FleetFigures], file: Path) -> None:
    """Draw calls and requests of an hour over the number of agents."""
    sizes = [fleet.nodes for fleet in fleets]
    figure, (calls, requests) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    _line(calls, sizes, [4 * ROUNDS * n for n in sizes], _FOUR, "HTTP: four services a node", "--")
    _line(
        calls,
        sizes,
        [ROUNDS * n for n in sizes],
        _ONE,
        "HTTP or Gandi: one call a node each",
        "--",
    )
    _line(calls, sizes, [f.hour.http + f.hour.udp for f in fleets], _LEASE, "esddns: HTTP and UDP")
    _line(calls, sizes, [f.hour.http for f in fleets], _OURS, "esddns: HTTP")
    calls.set_title("Calls to the outside in an hour without a change", loc="left", fontsize=11)
    calls.text(1, 1.3, "esddns: to Gandi 0, and one every 6 hours", color=_OURS, fontsize=9)
    many = [fleet for fleet in fleets if fleet.nodes > 1]
    sizes = [fleet.nodes for fleet in many]
    _line(requests, sizes, [f.hour.lease_events for f in many], _LEASE, "Lease events")
    _line(requests, sizes, [f.hour.other_events for f in many], _ONE, "cache events")
    _line(requests, sizes, [f.hour.followers for f in many], _FOUR, "requests of all followers")
    _line(requests, sizes, [f.hour.leader for f in many], _OURS, "requests of the leader")
    requests.set_title("The API server in that hour", loc="left", fontsize=11)
    for axes in (calls, requests):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(bottom=1)
        axes.set_xlabel("agents (nodes)")
        axes.grid(which="major", color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=9, loc="upper left")
    figure.savefig(file, dpi=110)


def _line(
    axes: Any, x: Sequence[int], y: Sequence[float], colour: str, label: str, style: str = "-"
) -> None:
    axes.plot(x, y, style, color=colour, label=label, marker="o", markersize=3.5, linewidth=1.8)
