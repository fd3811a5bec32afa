"""`make bench-fleet`: what fleets of 1 to 5000 agents ask of Gandi, of sources and of the API server."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path

import fleet_table
from fleet_site import Effort, FleetFigures, measure
from rich.console import Console

_SIZES = (1, 3, 10, 20, 100, 1000, 5000)
# More than a hundred agents repeat what fewer show; what they cost is the time of this bench.
_EFFORTS = ((100, Effort(3600, 50, 10)), (1000, Effort(3600, 10, 5)), (5000, Effort(1200, 3, 1)))
_QUICK = Effort(3600, 3, 1)


def main() -> int:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description="Measures whole fleets on virtual time.")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", default=_SIZES,
                        help="how many agents (%(default)s)")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="few changes and failovers of each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw them there (PNG or SVG)")
    arguments = parser.parse_args()
    try:
        fleets = _measure(sorted(set(arguments.sizes)), arguments.json, quick=arguments.quick)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    Console(width=150, highlight=False).print(*fleet_table.tables(fleets), sep="\n")
    if arguments.markdown:
        arguments.markdown.write_text(fleet_table.markdown(fleets), "utf-8")
    if arguments.picture:
        from fleet_picture import draw  # noqa: PLC0415  # slow to import, and seldom wanted

        draw(fleets, arguments.picture)
    return 0


def _effort(nodes: int, *, quick: bool) -> Effort:
    if quick:
        return _QUICK
    return next((effort for most, effort in _EFFORTS if nodes <= most), _EFFORTS[-1][1])


def _measure(sizes: Sequence[int], file: Path | None, *, quick: bool) -> list[FleetFigures]:
    """Measure each size in a process of its own, the largest first. Raises RuntimeError.

    What is measured stands in `file` at once: the largest take an hour.
    """
    began = time.monotonic()
    # Not forked: what one fleet leaves in memory would slow the next down.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, max_tasks_per_child=1) as pool:
        running: set[Future[FleetFigures]] = {
            pool.submit(measure, nodes, _effort(nodes, quick=quick)) for nodes in reversed(sizes)
        }
        fleets: list[FleetFigures] = []
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                fleets.append(future.result())
                if file is not None:
                    told = [asdict(fleet) for fleet in fleets]
                    file.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
                print(
                    f"{time.monotonic() - began:5.0f} s  {fleets[-1].nodes} agents done, "
                    f"{len(running)} sizes to come",
                    file=sys.stderr,
                )
    return sorted(fleets, key=lambda fleet: fleet.nodes)


if __name__ == "__main__":
    sys.exit(main())
