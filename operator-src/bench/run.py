"""`make bench`: what start-up, idling, a round of detection and a pass of `once` cost, on loopback.

The simulator and the stand-in for the API server speak plain HTTP, so TLS, and the way there, come on top.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import agents
import idle
import passes
import startup
from figure import Figure, keep, show
from loopback import loopback

_IDLE, _IDLE_QUICK = 60.0, 5.0  # seconds


def main() -> int:
    """Measure and print; aims that were missed are shown, and are no error."""
    parser = argparse.ArgumentParser(description="Measures esddns against the simulator.")
    parser.add_argument("--quick", action="store_true", help="idle for 5 s instead of a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    try:
        figures = list(_measure(_IDLE_QUICK if arguments.quick else _IDLE))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    show(figures)
    if arguments.json:
        keep(figures, arguments.json, quick=arguments.quick)
    return 0


def _measure(idle_seconds: float) -> Iterator[Figure]:
    with loopback() as site:
        yield from startup.measure(site)
        yield from idle.measure(site, idle_seconds)
        yield from agents.measure(site, idle_seconds)
        yield from asyncio.run(passes.rounds(site))
        yield from asyncio.run(passes.passes(site))


if __name__ == "__main__":
    sys.exit(main())
