"""Alerts that were seen to fire: each by a real fault, through Prometheus to Alertmanager, and to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from harness.argocd import ArgoCD
from harness.cluster import Cluster
from harness.deployment import Deployment, replace_credentials
from harness.esddns import Esddns
from harness.expected import ROOT
from harness.figures import Figures
from harness.git_server import GitServer
from harness.haste import shorten
from harness.internet import ZONE, Internet
from harness.kubectl import Kubectl
from harness.load_balancer import LoadBalancer
from harness.monitoring import APPLICATION, Firing, Monitoring
from harness.nodes import Nodes
from harness.panels import draw
from harness.progress import Progress
from harness.without import no_agents, no_status_service

PICTURE = ROOT / "tests-e2e" / ".pictures" / "dashboard.png"
GROUP = 15
# What nothing here has: no heartbeat is configured, nobody said when the token ends.
NO_DATA = {"Heartbeats", "Token ends in"}


@pytest.fixture(scope="module")
def monitoring(
    cluster: Cluster,
    deployed: Deployment,  # noqa: ARG001  # there is something to be scraped
    argocd: ArgoCD,
    git: GitServer,
    progress: Progress,
) -> Monitoring:
    """Prometheus and Alertmanager, told what to do by nothing but the objects of monitoring/."""
    cluster.install_prometheus_operator()
    shorten(git.work / "monitoring")
    revision = git.push("alerts in haste")
    with progress.step("monitoring from Git"):
        argocd.give_up(APPLICATION)
        argocd.tell_of_push(git.url, revision)
        argocd.until_synced(APPLICATION, revision)
        argocd.until_healthy(APPLICATION)
    argocd.can_sync(APPLICATION)
    # Last: it finds everything as it stays, and reads its configuration once.
    return cluster.start_prometheus()


@pytest.fixture
def firing(
    monitoring: Monitoring, request: pytest.FixtureRequest, figures: Figures
) -> Iterator[Firing]:
    """Watch the alert that the test's marker names, which is silent before and after it."""
    name = request.node.get_closest_marker("alert").args[0]
    monitoring.until_resolved(name)
    watched = Firing(monitoring, name)
    yield watched
    if watched.resolved:
        figures.add(GROUP, f"{name}: fault to Alertmanager", watched.fired)
        figures.add(GROUP, f"{name}: mended, to resolved", watched.resolved)


def test_every_pod_is_scraped(monitoring: Monitoring, nodes: Nodes, figures: Figures) -> None:
    """PodMonitor and ServiceMonitor alone bring Prometheus to all agents and both status pages."""
    monitoring.until_value('count(up{job="esddns-operator"} == 1)', len(nodes.all))
    monitoring.until_value('count(up{job="esddns-service"} == 1)', 2)
    monitoring.until_value("sum(esddns_leader)", 1)
    kept = 'count(count by (endpoint) (esddns_request_duration_seconds_count{endpoint="readyz"}))'
    monitoring.until_value(kept, 1)
    for job in ("esddns-operator", "esddns-service"):
        most = monitoring.value(f'max(scrape_samples_scraped{{job="{job}"}})')
        assert most
        figures.add(GROUP, f"series of one pod at most, {job}", f"{most:.0f}")


@pytest.mark.alert("EsddnsDNSUpdateFailures")
def test_dns_update_failures(firing: Firing, esddns: Esddns, internet: Internet) -> None:
    """Gandi answers 500 to all, and the address changes."""
    wan = "198.51.100.151"
    with esddns.kept_record("alerted") as name:
        with internet.fault("f", on="api", kind="server-error"):
            internet.move(wan)
            firing.fires(record=f"{name}.{ZONE}", reason="unavailable")
        firing.mended()
        esddns.until_dns(name, wan)
        firing.resolves()


@pytest.mark.alert("EsddnsNoRecentUpdates")
def test_no_recent_updates(firing: Firing, internet: Internet) -> None:
    """No source answers any more."""
    for name in internet.state()["echoes"]:
        internet.echo(name, mode="dead")
    firing.fires(family="ipv4")
    firing.mended()
    internet.lift_all()
    firing.resolves()


@pytest.mark.alert("EsddnsCredentialRejected")
def test_credential_rejected(
    firing: Firing, cluster: Cluster, esddns: Esddns, internet: Internet
) -> None:
    """Gandi takes the token no more, and a new Secret is made."""
    internet.accept("nobody-has-this-one")
    firing.fires()
    firing.mended()
    internet.accept(replace_credentials(cluster))
    esddns.until_mounted(lambda: internet.calls(kind="api", status=200))
    firing.resolves()


@pytest.mark.alert("EsddnsLoadBalancerPending")
def test_load_balancer_pending(
    firing: Firing, kubectl: Kubectl, load_balancer: LoadBalancer
) -> None:
    """The load balancer takes the address away and gives no other."""
    with load_balancer.gives_none():
        change = {"status": {"loadBalancer": None}}
        kubectl.patch("service", "esddns-service", change, "--subresource=status")
        firing.fires(service="esddns-service")
        firing.mended()
    firing.resolves()


@pytest.mark.alert("EsddnsServiceDown")
def test_service_down(firing: Firing, kubectl: Kubectl, argocd: ArgoCD) -> None:
    """No pod of the status service is left."""
    with no_status_service(kubectl, argocd):
        firing.fires()
        firing.mended()
    firing.resolves()


@pytest.mark.alert("EsddnsOperatorDown")
def test_operator_down(firing: Firing, kubectl: Kubectl, argocd: ArgoCD, esddns: Esddns) -> None:
    """No agent is left."""
    with no_agents(kubectl, argocd):
        firing.fires()
        firing.mended()
    firing.resolves()
    esddns.leader()


def test_the_dashboard_has_its_data(monitoring: Monitoring, nodes: Nodes) -> None:
    """Every panel of the dashboard finds what it asks for, in what these tests left behind."""
    monitoring.until_value('count(up{job="esddns-operator"} == 1)', len(nodes.all))
    monitoring.until_value("min(esddns:state_in_sync)", 1)
    dashboard = json.loads((ROOT / "monitoring" / "dashboard" / "esddns.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            target["interval"] = "5s"  # between two scrapes, here
    PICTURE.parent.mkdir(exist_ok=True)
    empty = draw(dashboard, monitoring.prometheus, monitoring.since, time.time(), PICTURE)
    assert set(empty) <= NO_DATA
