"""What Prometheus pays for one process: series, and size and time of a scrape."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator

from figure import Figure, median
from prometheus_client.parser import text_string_to_metric_families

_SCRAPES = 50


def free_port() -> int:
    """Give a port of loopback on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def series(port: int) -> int:
    """Count what a process serves."""
    families = text_string_to_metric_families(_scrape(port).decode())
    return sum(len(family.samples) for family in families)


def measure(name: str, port: int, aim: float | None = None) -> Iterator[Figure]:
    """Scrape a process. `aim`: series at most."""
    took = []
    for _ in range(_SCRAPES):
        began = time.perf_counter()
        text = _scrape(port)
        took.append(time.perf_counter() - began)
    yield Figure(f"{name}: series", series(port), "series", aim)
    yield Figure(f"{name}: size of a scrape", len(text) / 1e3, "kB")
    yield median(f"{name}: time of a scrape", took)


def _scrape(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        body: bytes = answer.read()
        return body
