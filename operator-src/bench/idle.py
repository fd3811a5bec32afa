"""What `esddns run` takes while nothing happens: memory and processor time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from figure import Figure
from loopback import ESDDNS, Loopback
from process import cpu_seconds, free_port, memory, started, until_ready

_RSS_AIM = 60  # MB


def measure(site: Loopback, seconds: float) -> Iterator[Figure]:
    """Idle for `seconds` once the address is known. Raises RuntimeError where it does not come to that."""
    port = free_port()
    command: list[str | Path] = [ESDDNS, "run", *site.arguments, "--listen", f"127.0.0.1:{port}"]
    with started(command) as process:
        began = time.monotonic()
        until_ready(process, f"http://127.0.0.1:{port}/readyz")
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
