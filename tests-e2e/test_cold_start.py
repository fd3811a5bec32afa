"""From Git to DNS, on a cluster that had nothing."""

from __future__ import annotations

import pytest

from harness.argocd import ArgoCD
from harness.deployment import APPLICATIONS, Deployment
from harness.figures import Figures
from harness.internet import FIRST_WAN
from harness.monitoring import APPLICATION as MONITORING
from harness.waiting import until


def test_everything_comes_up_from_git(
    deployed: Deployment, argocd: ArgoCD, figures: Figures
) -> None:
    """Applications are Synced and Healthy at the pushed commit, and the authority gives the WAN's address."""
    figures.add(1, "Applications applied, to all pods running", deployed.pods_running)
    figures.add(
        1, "Secret made, to the record in DNS (the kubelet's part included)", deployed.in_dns
    )
    figures.add(1, "Secret made, to all Applications Healthy", deployed.healthy)
    assert deployed.answer == [FIRST_WAN]
    for application in APPLICATIONS:
        assert argocd.standing(application) == ("Synced", "Healthy", deployed.revision)


def test_without_the_secret_it_says_what_is_missing(deployed: Deployment, figures: Figures) -> None:
    """A record says CredentialMissing, and which Secret and key it waits for."""
    figures.add(1, "Applications applied, to CredentialMissing said", deployed.missing_said)
    assert "esddns-gandi-credentials" in deployed.missing_message
    assert "api-key" in deployed.missing_message


@pytest.mark.usefixtures("deployed")
def test_without_a_prometheus_operator_all_else_is_there(argocd: ArgoCD) -> None:
    """Its own Application says which definitions it lacks, and holds nothing up."""
    argocd.until_healthy("esddns")
    until(
        "Application compared",
        lambda: "monitoring.coreos.com" in argocd.failure(MONITORING),
        seen=lambda: argocd.failure(MONITORING),
    )


@pytest.mark.usefixtures("deployed")
def test_the_resource_tree_shows_the_record(argocd: ArgoCD) -> None:
    """Argo CD's own tree shows the DNSRecord, with the health that our Lua gives it."""
    tree = {(node["kind"], node["name"]): node for node in argocd.resource_tree("esddns-records")}
    assert tree["DNSRecord", "home"]["health"]["status"] == "Healthy"
