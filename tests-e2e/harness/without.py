"""A part of esddns taken away for a while; Argo CD, which would put that right, looks away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harness.argocd import ArgoCD
from harness.kubectl import Kubectl

DAEMON_SET = "esddns-operator-daemon"
DEPLOYMENT = "esddns-service"


@contextmanager
def no_agents(kubectl: Kubectl, argocd: ArgoCD) -> Iterator[None]:
    """Have no node run an agent while the context lasts."""
    nowhere = {"spec": {"template": {"spec": {"nodeSelector": {"no-such-node": "here"}}}}}
    with _changed(kubectl, argocd, "DaemonSet", DAEMON_SET, nowhere):
        yield


@contextmanager
def no_status_service(kubectl: Kubectl, argocd: ArgoCD) -> Iterator[None]:
    """Have no pod of the status service while the context lasts."""
    with _changed(kubectl, argocd, "Deployment", DEPLOYMENT, {"spec": {"replicas": 0}}):
        yield


@contextmanager
def _changed(
    kubectl: Kubectl, argocd: ArgoCD, kind: str, name: str, change: Mapping[str, Any]
) -> Iterator[None]:
    with argocd.looks_away("esddns"), argocd.drift_expected(f"{kind}/{name}"):
        kubectl.patch(kind.lower(), name, change)
        yield
