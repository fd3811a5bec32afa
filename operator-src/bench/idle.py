"""What `esddns run` takes while nothing happens: memory and processor time."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from figure import Figure
from loopback import ESDDNS, Loopback
from process import cpu_seconds, memory, started

_RSS_AIM = 60  # MB
_READY_WITHIN = 20.0  # seconds
_LOOK_EVERY = 0.2  # seconds


def measure(site: Loopback, seconds: float) -> Iterator[Figure]:
    """Idle for `seconds` once the address is known. Raises RuntimeError where it does not come to that."""
    port = _free_port()
    command: list[str | Path] = [ESDDNS, "run", *site.arguments, "--listen", f"127.0.0.1:{port}"]
    with started(command) as process:
        began = time.monotonic()
        _until_ready(process, f"http://127.0.0.1:{port}/readyz")
        yield Figure("esddns run, until ready", time.monotonic() - began, "s")
        before = cpu_seconds(process.pid)
        time.sleep(seconds)
        spent = cpu_seconds(process.pid) - before
        sizes = memory(process.pid)
    idle = f"esddns run, {seconds:g} s idle"
    yield Figure(f"{idle}: RSS", sizes["VmRSS"], "MB", _RSS_AIM)
    yield Figure(f"{idle}: of it anonymous", sizes["RssAnon"], "MB")
    yield Figure(f"{idle}: RSS at its peak", sizes["VmHWM"], "MB")
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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
