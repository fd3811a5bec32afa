"""Argo CD puts back what Git says, and touches nothing that esddns says at run time."""

from __future__ import annotations

import pytest

from harness.argocd import NAMESPACE as ARGOCD
from harness.argocd import ArgoCD
from harness.deployment import APPLICATIONS, HOME
from harness.esddns import CACHE, Esddns
from harness.figures import Figures
from harness.internet import FIRST_WAN
from harness.kubectl import NAMESPACE, Kubectl
from harness.waiting import Stopwatch, until

pytestmark = pytest.mark.usefixtures("deployed")


def test_a_field_of_git_changed_by_hand_is_put_back(
    kubectl: Kubectl, argocd: ArgoCD, figures: Figures
) -> None:
    """What somebody changed by hand is as in Git again, without anybody's doing."""
    with argocd.drift_expected("ConfigMap/esddns-config"):
        kubectl.patch("configmap", "esddns-config", {"data": {"detection-interval": "77"}})
        clock = Stopwatch()
        until(
            "self-heal",
            lambda: (
                (kubectl.get("configmap", "esddns-config") or {})["data"]["detection-interval"]
                == "10"
            ),
            seen=lambda: argocd.standing("esddns"),
        )
        figures.add(3, "field changed by hand, to put back", clock.seconds)


@pytest.mark.usefixtures("internet")
def test_what_is_said_at_run_time_stands(kubectl: Kubectl, argocd: ArgoCD, esddns: Esddns) -> None:
    """Cache, status, finalizers and annotations survive a whole sync, and are no difference to Git."""
    kubectl("annotate", "dnsrecord", HOME, f"--namespace={NAMESPACE}", "esddns.io/reconcile=now")
    kubectl.patch("dnsrecord", HOME, {"metadata": {"finalizers": ["example.com/of-somebody"]}})
    cache = kubectl.get("configmap", CACHE)
    assert cache is not None
    try:
        for application in APPLICATIONS:
            argocd.sync(application)
            _refresh(kubectl, application)
            assert argocd.standing(application)[:2] == ("Synced", "Healthy")
        home = esddns.record(HOME)
        assert home is not None
        assert home["metadata"]["annotations"]["esddns.io/reconcile"] == "now"
        assert home["metadata"]["finalizers"] == ["example.com/of-somebody"]
        assert esddns.condition(HOME)[0] == "True"
        after = kubectl.get("configmap", CACHE)
        assert after is not None
        assert after["metadata"]["uid"] == cache["metadata"]["uid"]
        assert after["data"]["current_ip"] == cache["data"]["current_ip"] == FIRST_WAN
    finally:
        kubectl.patch("dnsrecord", HOME, {"metadata": {"finalizers": None}})
        kubectl("annotate", "dnsrecord", HOME, f"--namespace={NAMESPACE}", "esddns.io/reconcile-")


def _refresh(kubectl: Kubectl, application: str) -> None:
    """Have Argo CD compare an Application with Git and cluster anew, and wait until it has."""
    kubectl(
        "annotate", "applications.argoproj.io", application, f"--namespace={ARGOCD}",
        "argocd.argoproj.io/refresh=hard",
    )  # fmt: skip
    until(
        "Application compared",
        lambda: (
            "argocd.argoproj.io/refresh"
            not in (
                (kubectl.get("applications.argoproj.io", application, ARGOCD) or {})[
                    "metadata"
                ].get("annotations")
                or {}
            )
        ),
    )
