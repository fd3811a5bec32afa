"""Over the whole run: nothing that esddns did at run time was a difference to Git."""

from __future__ import annotations

import pytest

from harness.argocd import ArgoCD
from harness.figures import Figures
from harness.kubectl import Kubectl
from harness.waiting import until


@pytest.mark.usefixtures("deployed")
def test_no_application_was_out_of_sync_because_of_us(
    kubectl: Kubectl, argocd: ArgoCD, figures: Figures
) -> None:
    """The watch saw a change by hand, so that it sees; it saw no other than those that tests made."""
    with argocd.drift_expected("ConfigMap/esddns-config"):
        before = len(argocd.drift())
        kubectl.patch("configmap", "esddns-config", {"data": {"record-ttl": "77"}})
        until("self-heal", lambda: len(argocd.drift()) > before)
        until("self-heal", lambda: argocd.standing("esddns")[0] == "Synced")
    unexpected = {f"{seen.application}: {seen.resource}" for seen in argocd.unexpected_drift()}
    assert unexpected == set()
    figures.add(3, "resources out of sync over the whole run that no test had changed", "0")
