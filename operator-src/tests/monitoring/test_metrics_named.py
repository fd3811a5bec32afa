"""What rules, dashboard and documentation name is what the program serves, and the other way round."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from esddns.shell.metrics import Metrics
from manifests.rendering import ROOT
from monitoring.dashboard_expressions import expressions
from monitoring.metrics_page import page
from monitoring.served import by_agents, by_service

# The table "Fixed names" of the design.
FIXED = {
    "esddns_dns_updates_total": ("record", "type"),
    "esddns_dns_update_failures_total": ("record", "type", "reason"),
    "esddns_last_dns_update_timestamp": ("record", "type"),
    "esddns_current_wan_ip_info": ("family", "ip"),
    "esddns_state_in_sync": ("record", "type"),
    "esddns_service_health": (),
    "esddns_configmap_reads_total": ("result",),
    "esddns_fallback_detections_total": ("reason",),
    "esddns_stale_cache_warnings_total": ("reason",),
    "esddns_request_duration_seconds": ("endpoint", "status"),
}
_NAME = re.compile(r"\besddns[_:][a-z0-9_:]+")


def rules() -> list[dict[str, Any]]:
    """Every rule."""
    text = (ROOT / "monitoring/prometheusrule.yaml").read_text("utf-8")
    return [rule for group in yaml.safe_load(text)["spec"]["groups"] for rule in group["rules"]]


def asked() -> dict[str, str]:
    """Every expression, by where it stands."""
    dashboard = json.loads((ROOT / "monitoring/dashboard/esddns.json").read_text("utf-8"))
    found = {f"rule {r.get('alert') or r['record']}: {r['expr']}": r["expr"] for r in rules()}
    return found | {f"dashboard: {text}": text for text in expressions(dashboard)}


@pytest.mark.parametrize("where", asked())
def test_what_is_asked_for_is_served(where: str) -> None:
    """No rule and no panel waits for a metric that nobody serves."""
    served = {name for metric in (*by_agents(), *by_service()) for name in metric.series}
    served |= {rule["record"] for rule in rules() if "record" in rule}
    named = set(_NAME.findall(re.sub(r'"[^"]*"', "", asked()[where])))
    assert named <= served
    assert named or "up{" in where


def test_the_page_is_what_the_code_serves() -> None:
    """docs/metrics.md is written from the code: `make generated` brings it up to date."""
    assert (ROOT / "docs/metrics.md").read_text("utf-8") == page()


def test_the_fixed_metrics() -> None:
    """Names and labels that users, rules and dashboards refer to."""
    served = {metric.name: metric.labels for metric in (*by_agents(), *by_service())}
    assert {name: served.get(name) for name in FIXED} == FIXED


def test_every_metric_says_what_it_is() -> None:
    """A help text of a sentence's first half; counters end with _total, times are seconds."""
    for metric in (*by_agents(), *by_service()):
        assert len(metric.help) > 10, metric.name
        assert not metric.help.endswith("."), metric.name
        assert metric.name.endswith("_total") is (metric.kind == "counter"), metric.name


def test_recorded_names_are_in_the_page() -> None:
    """What the rules record is documented beside it."""
    for rule in rules():
        if "record" in rule:
            name, _, window = rule["record"].rpartition("_rate")
            assert (name or window) in page()


def test_no_expiry_without_a_date() -> None:
    """Where nobody said when the token ends there is no series that could say it."""
    assert "esddns_credential_expiry" not in str(list(Metrics().registry.collect()))
