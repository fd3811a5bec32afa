"""What `esddns run` takes while nothing happens: memory and processor time, from /proc (see proc(5))."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from figure import Figure
from loopback import ESDDNS, Loopback

_RSS_AIM = 60  # MB
_READY_WITHIN = 20.0  # seconds
_LOOK_EVERY = 0.2  # seconds
_TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds
_UTIME = 11  # of the fields that follow the command's name in /proc/PID/stat


def measure(site: Loopback, seconds: float) -> Iterator[Figure]:
    """Idle for `seconds` once the address is known. Raises RuntimeError where it does not come to that."""
    port = _free_port()
    command: list[str | Path] = [ESDDNS, "run", *site.arguments, "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(command) as process:
        try:
            started = time.monotonic()
            _until_ready(process, f"http://127.0.0.1:{port}/readyz")
            yield Figure("esddns run, until ready", time.monotonic() - started, "s")
            before = _cpu_seconds(process.pid)
            time.sleep(seconds)
            spent = _cpu_seconds(process.pid) - before
            memory = _memory(process.pid)
        finally:
            process.terminate()
    idle = f"esddns run, {seconds:g} s idle"
    yield Figure(f"{idle}: RSS", memory["VmRSS"], "MB", _RSS_AIM)
    yield Figure(f"{idle}: of it anonymous", memory["RssAnon"], "MB")
    yield Figure(f"{idle}: RSS at its peak", memory["VmHWM"], "MB")
    yield Figure(f"{idle}: processor time", spent * 1e3, "ms")


def _until_ready(process: subprocess.Popen[bytes], url: str) -> None:
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
    raise RuntimeError(f"esddns run was not ready within {_READY_WITHIN:g} s: {said}")


def _memory(pid: int) -> dict[str, float]:
    """Give the sizes in /proc/PID/status, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(kib) * 1024 / 1e6 for name, kib, _unit in sizes}


def _cpu_seconds(pid: int) -> float:
    """Give the processor time of all threads so far, in user and in kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[_UTIME : _UTIME + 2])) * _TICK


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
