"""What tells Prometheus whom to scrape, with the operator and without: by the same jobs and labels."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from manifests.rendering import ROOT, Object, named, render
from manifests.workloads import AGENT, WEB, container_of, ports

JOBS = {"esddns-operator": (AGENT, "metrics"), "esddns-service": (WEB, "http")}


@pytest.fixture(scope="module")
def monitoring() -> list[Object]:
    """The objects of the folder monitoring/."""
    return render(ROOT / "monitoring")


def scrape_configs() -> list[dict[str, Any]]:
    """The example for those without the operator."""
    text = (ROOT / "monitoring/examples/scrape-config.yaml").read_text("utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["scrape_configs"]
    return found


def test_the_operator_s_objects(monitoring: list[Object]) -> None:
    """The job is the value of the label `app`, and each endpoint is scraped often enough."""
    pods = named(monitoring, "PodMonitor/esddns-operator-daemon")["spec"]
    service = named(monitoring, "ServiceMonitor/esddns-service")["spec"]
    for spec, endpoints in ((pods, "podMetricsEndpoints"), (service, "endpoints")):
        assert spec["jobLabel"] == "app"
        assert spec["selector"]["matchLabels"]["app"] in JOBS
        assert [endpoint["interval"] for endpoint in spec[endpoints]] == ["30s"]


def test_the_page_that_was_asked_for_keeps_its_label(monitoring: list[Object]) -> None:
    """The operator's own label `endpoint` does not take the place of the metric's."""
    (endpoint,) = named(monitoring, "ServiceMonitor/esddns-service")["spec"]["endpoints"]
    assert {"action": "labeldrop", "regex": "endpoint"} in endpoint["relabelings"]


def test_without_the_operator() -> None:
    """The example finds the same pods and ports, under the same jobs, with namespace and pod as labels."""
    objects = render(ROOT / "clusters/production/esddns")
    found = {config["job_name"]: config for config in scrape_configs()}
    assert found.keys() == JOBS.keys()
    for job, (workload, port) in JOBS.items():
        config = found[job]
        assert config["scrape_interval"] == "30s"
        keep, *labels = config["relabel_configs"]
        assert keep["regex"] == f"{job};{port}"
        assert keep["action"] == "keep"
        assert {label["target_label"] for label in labels} == {"namespace", "pod"}
        assert port in ports(container_of(objects, workload))
        assert named(objects, workload)["spec"]["template"]["metadata"]["labels"]["app"] == job


def test_all_have_the_label_that_prometheus_selects_by(monitoring: list[Object]) -> None:
    """One label, in one place, on everything."""
    labels = {obj["metadata"]["labels"]["release"] for obj in monitoring}
    assert labels == {"kube-prometheus-stack"}


def test_the_dashboard_is_taken_up(monitoring: list[Object]) -> None:
    """The ConfigMap has a fixed name, the label that Grafana's sidecar goes by, and the file as it is."""
    found = named(monitoring, "ConfigMap/esddns-dashboard")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    text = (ROOT / "monitoring/dashboard/esddns.json").read_text("utf-8")
    assert found["data"] == {"esddns.json": text}
