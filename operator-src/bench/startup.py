"""How long whole processes take: `esddns --version`, and `esddns once` when all is in sync."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from figure import Figure, median
from loopback import ESDDNS, Loopback

_RUNS = 10
_VERSION_AIM = 150  # ms


def measure(site: Loopback) -> Iterator[Figure]:
    """Give the medians. Raises RuntimeError where a run fails."""
    version = [_run(ESDDNS, "--version") for _ in range(_RUNS)]
    yield median("esddns --version, whole process", version, _VERSION_AIM)
    _run(ESDDNS, "once", *site.arguments)  # makes the record: from here on all is in sync
    once = [_run(ESDDNS, "once", *site.arguments) for _ in range(_RUNS)]
    yield median("esddns once in sync, whole process", once)


def _run(*command: str | Path) -> float:
    """Run it to its end; gives the seconds it took."""
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        shown = " ".join(map(str, command))
        raise RuntimeError(f"{shown}: exit {done.returncode}: {done.stderr or done.stdout}")
    return seconds
