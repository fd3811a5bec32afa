"""What the status service tells Prometheus of itself. Every label's set is bounded."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
)

from esddns import __version__
from esddns.core.site import is_fresh
from esddns.shell.door import Closed
from esddns.shell.web.certificate import Certificate
from esddns.shell.web.snapshot import Snapshot

disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class WebMetrics:
    """All metrics of the service, on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        Info("esddns_build", "Version of the program", registry=self.registry).info(
            {"version": __version__}
        )
        self._healthy = self._gauge(
            "esddns_service_health", "Whether what is shown is fresh: an agent answers (0/1)"
        )
        self._agents = self._gauge("esddns_service_agents", "Agents by what they say", "state")
        self.requests = Histogram(
            "esddns_request_duration_seconds",
            "Time that an answer took",
            ["endpoint", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._closed = Counter(
            "esddns_connections_closed_total",
            "Connections that were closed on those outside",
            ["reason"],
            registry=self.registry,
        )
        for why in Closed:
            self._closed.labels(why)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def serve_tls(self) -> None:
        """Show what there is to say of the certificate, from now on."""
        self._ends = self._gauge(
            "esddns_certificate_not_after_timestamp", "Unix time at which the TLS certificate ends"
        )
        self._self_signed = self._gauge(
            "esddns_certificate_self_signed", "Whether the TLS certificate is self-signed (0/1)"
        )
        self._unused = self._gauge(
            "esddns_certificate_unused",
            "Whether a mounted certificate cannot be used, or is gone (0/1)",
        )

    def certificate(self, certificate: Certificate) -> None:
        """Show which certificate is in use."""
        if certificate.ends is not None:
            self._ends.set(certificate.ends.timestamp())
        self._self_signed.set(certificate.is_self_signed)
        self._unused.set(certificate.problem is not None)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Show how the last look at the agents went."""
        site = snapshot.site
        answering = sum(is_fresh(report, snapshot.at) for report in site.reports)
        self._healthy.set(site.fresh)
        self._agents.labels("answering").set(answering)
        self._agents.labels("silent").set(len(site.reports) - answering)
        self._agents.labels("beyond").set(site.beyond)

    def closed(self, why: Closed) -> None:
        """Count a connection that was closed on those outside."""
        self._closed.labels(why).inc()

    def refused(self, status: str) -> None:
        """Count a request that could not be read."""
        self.requests.labels("other", status).observe(0)
