"""Plays many seeds on all cores, or shows the timeline of one: `make simulate`."""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulation.run import Outcome, simulate

_KEPT = Path(".simulation")  # what was played already, by this very code


def main() -> int:
    """Parse the command line; exit status 1 where anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="show the timeline of this one")
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="how many (200)")
    parser.add_argument(
        "--start", type=int, default=0, metavar="SEED", help="the first of them (0)"
    )
    parser.add_argument(
        "--nodes", type=int, default=0, metavar="N", help="agents (each seed's own choice)"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes"
    )
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _show(simulate(arguments.seed, size=arguments.nodes))
    seeds = range(arguments.start, arguments.start + arguments.seeds)
    return _many(seeds, arguments.nodes, arguments.jobs)


def _show(outcome: Outcome) -> int:
    sys.stdout.write(f"{outcome.trace}\n\nseed {outcome.seed}: {outcome.facts}\n")
    sys.stdout.writelines(f"VIOLATION {violation}\n" for violation in outcome.violations)
    return bool(outcome.violations)


def _many(seeds: range, nodes: int, jobs: int) -> int:
    """Play them all; those that this code has played before are not played again."""
    console = Console(stderr=True)
    _KEPT.mkdir(exist_ok=True)
    file = _KEPT / f"{_code()}-{nodes}.jsonl"
    known = dict(_read(file))
    waiting = [seed for seed in seeds if seed not in known]
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console,
    )  # fmt: skip
    with bar, file.open("a") as kept, multiprocessing.Pool(jobs) as pool:
        task = bar.add_task("seeds", total=len(seeds), completed=len(seeds) - len(waiting))
        for seed, hours, violations in pool.imap_unordered(partial(_play, nodes), waiting):
            known[seed] = (hours, violations)
            kept.write(json.dumps([seed, hours, violations]) + "\n")
            kept.flush()
            bar.advance(task)
            for violation in violations:
                bar.console.print(f"[red]seed {seed}[/]: {violation}", highlight=False)
    failed = [seed for seed in seeds if known[seed][1]]
    hours = sum(known[seed][0] for seed in seeds)
    sys.stdout.write(
        f"{len(seeds)} seeds, {hours:.0f} simulated hours, {len(failed)} with violations"
        f"{': ' + ', '.join(map(str, failed)) if failed else ''}\n"
    )
    if failed:
        sys.stdout.write(f"the timeline of one: python -m simulation {failed[0]}\n")
    return bool(failed)


def _play(nodes: int, seed: int) -> tuple[int, float, list[str]]:
    try:
        outcome = simulate(seed, size=nodes)
    except Exception as error:  # noqa: BLE001  # a seed that cannot be played is a finding, too
        return seed, 0.0, [f"{type(error).__name__}: {error}"]
    return seed, outcome.facts["seconds"] / 3600, list(outcome.violations)


def _code() -> str:
    """Tell this code from any other."""
    here = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for folder in ("src/esddns", "simulator/src", "tests/simulation", "tests/standin"):
        for file in sorted((here / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _read(file: Path) -> Iterator[tuple[int, tuple[float, list[str]]]]:
    lines: Iterable[str] = file.read_text().splitlines() if file.exists() else ()
    for line in lines:
        seed, hours, violations = json.loads(line)
        yield seed, (hours, violations)


if __name__ == "__main__":
    sys.exit(main())
