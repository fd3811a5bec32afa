"""What stands below the first screen, a row for each part of the program."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.models.common import GraphDrawStyle

from look import SCRAPE, Panel, Query, at_a_glance, over_time, states_over_time

_PER_MINUTE = "suffix:/min"
# Full rounds are due every five minutes: one at least is in a window of four times this.
_ROUNDS = "90s"
_UNRULED = "no rule records it"


def rows() -> Iterator[tuple[str, Iterator[Panel]]]:
    """Give each row's title and panels."""
    yield "Objective: every record is right 99.9 % of the time", _objective()
    yield "Writes", _writes()
    yield "Gandi", _gandi()
    yield "Sources of the address", _sources()
    yield "Agents", _agents()
    yield "Status service", _service()


def _rate(counter: str, *labels: str, prefix: str = "") -> Query:
    by, legend = _by(*labels)
    return f"60 * sum by ({by}) (rate({counter}[$__rate_interval]))", prefix + legend


def _quantile(quantile: float, histogram: str, label: str) -> Query:
    by, legend = _by(label)
    buckets = f"sum by ({by}, le) (rate({histogram}_bucket{{S}}[$__rate_interval]))"
    return f"histogram_quantile({quantile}, {buckets})", f"{quantile * 100:.0f} % {legend}"


def _by(*labels: str) -> tuple[str, str]:
    """Give what to aggregate by, and the legend that shows it."""
    legend = " ".join(f"{{{{{label}}}}}" for label in (*labels, "cluster"))
    return ", ".join(("cluster", *labels)), legend


def _counted(
    title: str,
    why: str,
    *queries: Query,
    width: int,
    none: str = "none in this time",
    stacked: bool = False,
    scrape: str = SCRAPE,
) -> Panel:
    return over_time(title, why, *queries, width=width, unit=_PER_MINUTE, none=none, stacked=stacked,
                     scrape=scrape)  # fmt: skip


def _objective() -> Iterator[Panel]:
    windows = ("5m", "30m", "1h", "6h", "3d")
    worst = "max by (cluster) (esddns:out_of_sync:ratio_rateWINDOW{R}) / 0.001"
    yield over_time(
        "Burn rate of the error budget",
        "How many times faster than allowed the worst record uses it up: 14.4 for an hour wakes a person.",
        *((worst.replace("WINDOW", window), window + " {{cluster}}") for window in windows),
        width=12,
        unit="suffix:times",
        steps=((None, "green"), (1.0, "orange"), (14.4, "red")),
        none=_UNRULED,
    )
    yield over_time(
        "Out of sync within the last hour",
        "Share of the hour before in which a record did not hold what it should.",
        ("esddns:out_of_sync:ratio_rate1h{R}", "{{record}} {{type}} {{cluster}}"),
        width=12,
        unit="percentunit",
        none=_UNRULED,
    )


def _writes() -> Iterator[Panel]:
    yield _counted(
        "Writes that Gandi took",
        "By who might write: the leader, or an agent alone while the API server is silent.",
        _rate("esddns_publishes_total{S}", "mode"),
        width=6,
        none="no write yet",
    )
    yield _counted(
        "Writes by record",
        "Which record was written.",
        _rate("esddns_dns_updates_total{R}", "record", "type"),
        width=6,
    )
    yield _counted(
        "Refused or failed",
        "Passes over a record that came to nothing, by the reason.",
        _rate("esddns_dns_update_failures_total{R}", "reason", "record", "type"),
        width=6,
        none="none failed",
    )
    yield _counted(
        "Drift repaired",
        "How often somebody else's change of a record was put right.",
        _rate("esddns_drift_repaired_total{R}", "record", "type"),
        width=6,
    )


def _gandi() -> Iterator[Panel]:
    yield _counted(
        "Requests to Gandi",
        "By method and status; the status error is no answer at all.",
        _rate("esddns_gandi_requests_total{S}", "method", "status"),
        width=12,
        none="no request yet",
        stacked=True,
    )
    yield over_time(
        "Time that Gandi takes",
        "Median and 95 % of the requests, by method; there are few, so these are dots.",
        _quantile(0.5, "esddns_gandi_request_duration_seconds", "method"),
        _quantile(0.95, "esddns_gandi_request_duration_seconds", "method"),
        width=12,
        unit="s",
        none="no request yet",
        style=GraphDrawStyle.POINTS,
    )


def _sources() -> Iterator[Panel]:
    asked = "sum by (cluster, family) (rate(esddns_detection_rounds_total{S}[$__rate_interval]))"
    agreed = asked.replace("{S}", '{S,outcome=~"decided|unchanged"}')
    yield _counted(
        "Answers by operator",
        "What the sources of each operator said: an address, or why they gave none.",
        _rate("esddns_source_answers_total{S}", "operator", "outcome"),
        width=12,
        none="no question yet",
        stacked=True,
        scrape=_ROUNDS,
    )
    yield over_time(
        "Time that sources take",
        "95 % of the answers of each operator came within it.",
        _quantile(0.95, "esddns_source_duration_seconds", "operator"),
        width=12,
        unit="s",
        none="no question yet",
        scrape=_ROUNDS,
    )
    yield over_time(
        "Agreement",
        "Share of the full rounds in which a quorum agreed.",
        (f"{agreed} / {asked}", "{{family}} {{cluster}}"),
        width=8,
        unit="percentunit",
        none="no round yet",
        most=1.0,
        scrape=_ROUNDS,
    )
    yield _counted(
        "Full rounds",
        "By what they came to: unchanged, decided, or why there was no decision.",
        _rate("esddns_detection_rounds_total{S}", "family", "outcome"),
        width=8,
        none="no round yet",
        scrape=_ROUNDS,
    )
    yield _counted(
        "Probes",
        "One source asked between the rounds: whether it confirmed the address.",
        _rate("esddns_detection_probes_total{S}", "family", "outcome"),
        width=8,
        none="no probe yet",
        scrape=_ROUNDS,
    )


def _agents() -> Iterator[Panel]:
    changes = "60 * max by (cluster) (rate(esddns_leader_changes_total{S}[$__rate_interval]))"
    blocked = (
        "max by (cluster, pod) (rate(esddns_event_loop_blocked_seconds_total{S}[$__rate_interval]))"
    )
    yield states_over_time(
        "Who led when",
        "A bar for each pod that led in this time.",
        ("max by (cluster, pod) (esddns_leader{S} == 1)", "{{pod}} {{cluster}}"),
        width=12,
        height=7,
        says={1.0: ("leads", "blue")},
        none="nobody led",
    )
    yield _counted(
        "Changes of the leader",
        "How often leadership changed hands, and how often it was given up for a reason.",
        (changes, "changes {{cluster}}"),
        _rate("esddns_leader_yields_total{S}", "reason", prefix="gave up: "),
        width=12,
    )
    yield over_time(
        "Event loop held up",
        "Share of the time in which an agent could not run when it should: past 10 % its Lease is in danger.",
        (blocked, "{{pod}} {{cluster}}"),
        width=6,
        unit="percentunit",
        steps=((None, "green"), (0.1, "red")),
    )
    yield _counted(
        "Without the leader",
        "Detections that agents made for themselves, and how often the cache was of no use to them.",
        _rate("esddns_fallback_detections_total{S}", "reason", prefix="detected: "),
        _rate("esddns_stale_cache_warnings_total{S}", "reason", prefix="cache "),
        width=6,
    )
    yield _counted(
        "Reads of the cache",
        "How often agents read the ConfigMap esddns-wan-ip, and failed to.",
        _rate("esddns_configmap_reads_total{S}", "result"),
        width=6,
    )
    yield _counted(
        "Heartbeats",
        "GETs of heartbeat-url, where one is configured.",
        _rate("esddns_heartbeats_total{S}", "outcome"),
        width=6,
        none="no heartbeat-url",
    )


def _service() -> Iterator[Panel]:
    addresses = "min by (cluster, service) (esddns_load_balancer_address_present{S})"
    yield at_a_glance(
        "Load balancer",
        "Whether each Service of type LoadBalancer has an address, as the leader sees it.",
        (addresses, "{{service}} {{cluster}}"),
        width=6,
        says={0.0: ("PENDING", "red"), 1.0: ("has an address", "green")},
        none=("not of that type", "text"),
    )
    yield at_a_glance(
        "Agents that the page shows",
        "Agents by what they say to the status service; beyond 32 they are only counted.",
        ("max by (cluster, state) (esddns_service_agents{S})", "{{state}} {{cluster}}"),
        width=6,
        unit="none",
    )
    yield at_a_glance(
        "Certificate ends in",
        "Time until the TLS certificate of the status service ends.",
        ("min(esddns_certificate_not_after_timestamp{S}) - time()", "ends in"),
        width=4,
        unit="s",
        steps=((None, "red"), (14.0 * 86400, "green")),
        none=("no TLS", "text"),
    )
    yield at_a_glance(
        "Certificate",
        "Whether the certificate in use is the one that was mounted.",
        (
            """
            2 * group(esddns_certificate_unused{S} == 1)
            or group(esddns_certificate_self_signed{S} == 1)
            or 0 * group(esddns_certificate_unused{S})
            """,
            "certificate",
        ),
        width=4,
        says={0.0: ("mounted", "green"), 1.0: ("self-signed", "text"), 2.0: ("UNUSABLE", "red")},
        none=("no TLS", "text"),
    )
    yield at_a_glance(
        "Version",
        "What is installed; two are seen while an update is on its way.",
        ("count by (version) (esddns_build_info{S})", "{{version}}"),
        width=4,
        steps=((None, "blue"),),
        name=True,
    )
    yield _counted(
        "Requests",
        "What the status service was asked, by endpoint and status.",
        _rate("esddns_request_duration_seconds_count{S}", "endpoint", "status"),
        width=8,
        none="no request yet",
        stacked=True,
    )
    yield over_time(
        "Time that an answer takes",
        "95 % of the answers of each endpoint were given within it.",
        _quantile(0.95, "esddns_request_duration_seconds", "endpoint"),
        width=8,
        unit="s",
        none="no request yet",
    )
    yield _counted(
        "Connections closed on those outside",
        "Full: too many at once; slow: they did not say in time what they want; old: their time was up.",
        _rate("esddns_connections_closed_total{S}", "reason"),
        width=8,
    )
