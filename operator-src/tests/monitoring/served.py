"""What the program serves to Prometheus: asked of the registries of an agent and a status service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.shell.metrics import Metrics
from esddns.shell.web.metrics import WebMetrics


@dataclass(frozen=True, slots=True)
class Served:
    """One metric, under the name that a query has: with `_total` where it is a counter."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str

    @property
    def series(self) -> set[str]:
        """The names that its series have."""
        if self.kind != "histogram":
            return {self.name}
        return {f"{self.name}_{part}" for part in ("bucket", "count", "sum")}


def by_agents() -> list[Served]:
    """What an agent can serve, with all that is optional switched on."""
    metrics = Metrics()
    text = (
        "[gandi]\ntoken-expires = 2027-03-01\n[detection]\nheartbeat-url = https://hc.example/1\n"
    )
    metrics.configured(parse(text, file="dns.ini", builtin=BUILTIN))
    return list(_served(metrics.registry))


def by_service() -> list[Served]:
    """What the status service can serve, TLS switched on."""
    metrics = WebMetrics()
    metrics.serve_tls()
    return list(_served(metrics.registry))


def _served(registry: CollectorRegistry) -> Iterator[Served]:
    for collector in list(registry._collector_to_names):
        (family,) = collector.collect()
        labels = tuple(getattr(collector, "_labelnames", ()))
        kind, suffix = family.type, {"counter": "_total", "info": "_info"}.get(family.type, "")
        if kind == "info":
            kind, labels = "gauge", ("version",)
        yield Served(family.name + suffix, kind, labels, family.documentation)
