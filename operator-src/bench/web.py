"""`make bench-web`: what the status service and an agent's endpoints bear, on loopback, each as a process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from attack import ATTACKS, Server, bear, enough_files
from figure import Figure, keep, show
from load import load
from loopback import ESDDNS, Loopback, loopback
from process import cpu_seconds, free_port, memory, started, until_ready

_WEB_AIM = 64  # MB of an idle web process
_FILES = 10_500  # that this process must be able to open


def main() -> int:
    """Measure and print; aims that were missed are shown, and are no error."""
    parser = argparse.ArgumentParser(
        description="Measures the status service under load and abuse."
    )
    parser.add_argument("--quick", action="store_true", help="3 s for each part, not 15")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    if not enough_files(_FILES):
        print(f"this needs {_FILES} open files: ulimit -n {2 * _FILES}", file=sys.stderr)
        return 1
    seconds = 3.0 if arguments.quick else 15.0
    figures = []
    with loopback() as site, _services(site) as (agent, web, tls_port):
        figures += _idle(web, seconds)
        for name, server, paths in (
            ("web", web, ("/", "/raw", "/healthz")),
            ("agent", agent, ("/state", "/metrics")),
        ):
            for path in paths:
                figures += _loaded(f"{name} {path}", f"http://127.0.0.1:{server.port}{path}", server,
                                   seconds)  # fmt: skip
        figures += _loaded("web / over TLS", f"https://127.0.0.1:{tls_port}/", web, seconds)
        for name, server in (("web", web), ("agent", agent)):
            for what in ATTACKS:
                figures += _attacked(f"{name}, {what}", server, what, seconds)
            figures.append(Figure(f"{name} afterwards: RSS", memory(server.pid)["VmRSS"], "MB"))
    show(figures)
    if arguments.json:
        keep(figures, arguments.json, quick=arguments.quick)
    return 0


@contextlib.contextmanager
def _services(site: Loopback) -> Iterator[tuple[Server, Server, int]]:
    """Start one `esddns run` as an agent, and `esddns web` that asks it; gives both, and the TLS port."""
    agent_port, port, tls_port = (free_port() for _ in range(3))
    agent: Sequence[str | Path] = [
        ESDDNS, "run", *site.arguments, "--listen", f"127.0.0.1:{agent_port}",
    ]  # fmt: skip
    web: Sequence[str | Path] = [
        ESDDNS, "web", "--agents", f"127.0.0.1:{agent_port}", "--listen", f"127.0.0.1:{port}",
        "--tls-listen", f"127.0.0.1:{tls_port}", "--tls-dir", site.folder / "tls",
        "--state-dir", site.folder / "web", "--log-level", "warning",
    ]  # fmt: skip
    with started(agent) as running, started(web) as serving:
        until_ready(running, f"http://127.0.0.1:{agent_port}/readyz")
        until_ready(serving, f"http://127.0.0.1:{port}/readyz")
        yield Server(running.pid, agent_port), Server(serving.pid, port), tls_port


def _idle(web: Server, seconds: float) -> Iterator[Figure]:
    time.sleep(5)  # a first look at the agent, and the page's first rendering, are over
    before = cpu_seconds(web.pid)
    time.sleep(seconds)
    spent = (cpu_seconds(web.pid) - before) * 60 / seconds
    yield Figure("esddns web, idle: RSS", memory(web.pid)["VmRSS"], "MB", _WEB_AIM)
    yield Figure("esddns web, idle: processor time", spent, "s/min")


def _loaded(name: str, url: str, server: Server, seconds: float) -> Iterator[Figure]:
    result = asyncio.run(load(url, seconds))
    yield Figure(f"{name}, 8 at once: answers", result.rate, "1/s")
    yield Figure(f"{name}, 8 at once: p50", statistics.median(result.waits) * 1e3, "ms")
    yield Figure(f"{name}, 8 at once: p99", _p99(result.waits) * 1e3, "ms")
    yield Figure(f"{name}, 8 at once: failed", result.failed, "requests", 0)
    yield Figure(f"{name}, 8 at once: RSS afterwards", memory(server.pid)["VmRSS"], "MB")


def _attacked(name: str, server: Server, what: str, seconds: float) -> Iterator[Figure]:
    bearing = asyncio.run(bear(server, ATTACKS[what], seconds))
    yield Figure(f"{name}: RSS at most", bearing.largest, "MB")
    yield Figure(f"{name}: /healthz answered", len(bearing.waits), "times")
    yield Figure(f"{name}: /healthz not answered", bearing.unanswered, "times", 0)
    if bearing.waits:
        yield Figure(f"{name}: /healthz p99", _p99(bearing.waits) * 1e3, "ms")


def _p99(waits: Sequence[float]) -> float:
    return sorted(waits)[int(0.99 * (len(waits) - 1))]


if __name__ == "__main__":
    sys.exit(main())
