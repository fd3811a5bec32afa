"""A process to be measured: begun and ended again, and what it takes meanwhile, from /proc (see proc(5))."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_ENDS_WITHIN = 10.0  # seconds after SIGTERM; then it is killed
_SAYS_WITHIN = 20.0  # seconds until it says where it is, or answers
_TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds
_UTIME = 11  # of the fields that follow the command's name in /proc/PID/stat


@contextlib.contextmanager
def started(command: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run it for as long as the block lasts, however that ends. `options` are Popen's."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """Give the line that it says next; there must be no other under way. Raises RuntimeError without any."""
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], _SAYS_WITHIN)[0]:
        raise RuntimeError(f"{process.args!r} said nothing within {_SAYS_WITHIN:g} s")
    said = process.stdout.readline()
    if not said:
        raise RuntimeError(f"{process.args!r} ended before it said anything: see above")
    return said


def memory(pid: int) -> dict[str, float]:
    """Give the sizes in /proc/PID/status, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = (text.split() for text in lines if text.endswith(" kB"))
    return {name.rstrip(":"): int(kib) * 1024 / 1e6 for name, kib, _unit in sizes}


def cpu_seconds(pid: int) -> float:
    """Give the processor time of all threads so far, in user and in kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[_UTIME : _UTIME + 2])) * _TICK
