"""A process to be measured: begun and ended again, and what it takes meanwhile, from /proc (see proc(5))."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import requests

_ENDS_WITHIN = 10.0  # seconds after SIGTERM; then it is killed
_SAYS_WITHIN = 20.0  # seconds until it says where it is, or answers
_READY_WITHIN = 20.0  # seconds
_LOOK_EVERY = 0.2  # seconds
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


def free_port() -> int:
    """Give a port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    """Wait until it says that it is. Raises RuntimeError where it does not in time."""
    until = time.monotonic() + _READY_WITHIN
    said = "nothing yet"
    while time.monotonic() < until and process.poll() is None:
        try:
            reply = requests.get(url, timeout=1)
        except requests.RequestException as error:
            said = str(error)
        else:
            if reply.ok:
                return
            said = reply.text
        time.sleep(_LOOK_EVERY)
    raise RuntimeError(f"{process.args!r} was not ready within {_READY_WITHIN:g} s: {said}")


def memory(pid: int) -> dict[str, float]:
    """Give the sizes in /proc/PID/status, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = (text.split() for text in lines if text.endswith(" kB"))
    return {name.rstrip(":"): int(kib) * 1024 / 1e6 for name, kib, _unit in sizes}


def cpu_seconds(pid: int) -> float:
    """Give the processor time of all threads so far, in user and in kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[_UTIME : _UTIME + 2])) * _TICK
