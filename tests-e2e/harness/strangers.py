"""Pods that nobody knows, and who reaches whom: whether NetworkPolicies hold is tried, not assumed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from harness.admission import pod
from harness.cluster import IMAGE
from harness.kubectl import Kubectl
from harness.waiting import until

STRANGER = "end-to-end-stranger"
# The namespace that the base's policies let in.
MONITORING = "monitoring"
PORT = 8080

_CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
except OSError:
    print("no")
else:
    print("yes")
"""
_DENY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "default-deny", "namespace": STRANGER},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}


class Strangers:
    """A pod in each of two namespaces, each listening on PORT."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def reaches(self, namespace: str, who: str, address: str, port: int = PORT) -> bool:
        """Whether a pod (`pod/x`, or `deployment/x` for any of its pods) opens a connection."""
        said = self._kubectl(
            "exec", f"--namespace={namespace}", who, "--",
            "python3", "-c", _CONNECT, address, str(port),
        )  # fmt: skip
        return {"yes\n": True, "no\n": False}[said]

    def address(self, namespace: str) -> str:
        """Return the address of a namespace's stranger."""
        found: str = (self._kubectl.get("pod", "stranger", namespace) or {})["status"]["podIP"]
        return found

    def until_policies_are_enforced(self) -> None:
        """Wait until a policy keeps one stranger from the other, who reached it before."""
        target = self.address(STRANGER)

        def reached() -> bool:
            return self.reaches(MONITORING, "pod/stranger", target)

        until("stranger's pod started", reached)
        self._kubectl.apply(_DENY)
        until("policy enforced", lambda: not reached())
        self._kubectl.delete("networkpolicy", "default-deny", namespace=STRANGER)


@contextmanager
def strangers(kubectl: Kubectl) -> Iterator[Strangers]:
    """Have them while the context lasts."""
    names = (STRANGER, MONITORING)
    try:
        kubectl.apply_namespaces(*names)
        for name in names:
            # Without it a pod is refused.
            until("account made", partial(kubectl.get, "serviceaccount", "default", name))
        kubectl.apply(*(_pod(name) for name in names))
        for name in names:
            until("stranger's pod started", partial(_ready, kubectl, name))
        yield Strangers(kubectl)
    finally:
        kubectl("delete", "namespaces", "--ignore-not-found", "--wait=false", *names)
        for name in names:
            until("namespace gone", partial(_gone, kubectl, name))


def _gone(kubectl: Kubectl, namespace: str) -> bool:
    return kubectl.get("namespace", namespace) is None


def _pod(namespace: str) -> dict[str, Any]:
    container = {
        "name": "stranger",
        "image": IMAGE,
        "command": ["python3", "-m", "http.server", "--directory=/tmp", str(PORT)],
    }
    spec = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
    }
    return pod("stranger", spec, namespace=namespace)


def _ready(kubectl: Kubectl, namespace: str) -> bool:
    status = (kubectl.get("pod", "stranger", namespace) or {}).get("status", {})
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in status.get("conditions", [])
    )
