"""deploy.sh where pods do not run, or the page gets no address: it says why, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.cluster_file import Object
from deploy.deploy_site import IMAGE, DeploySite

NAMESPACE: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "esddns"}}
SVCLB = {
    "svccontroller.k3s.cattle.io/svcname": "esddns-service",
    "svccontroller.k3s.cattle.io/svcnamespace": "esddns",
}
# As real schedulers and controllers put it.
NO_PORTS = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
NO_CPU = "0/1 nodes are available: 1 Insufficient cpu. preemption: not helpful for scheduling."
QUOTA = "Error syncing load balancer: failed to ensure load balancer: TooManyLoadBalancers: Exceeded quota"
METALLB = 'Failed to allocate IP for "esddns/esddns-service": no available IPs'


def pod(name: str, namespace: str = "esddns", labels: Any = None, **status: Any) -> Object:
    """A pod with that status."""
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": labels or {"app": "esddns-operator"},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def waiting(reason: str, message: str, phase: str = "Pending") -> dict[str, Any]:
    """The status of a pod whose container waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": phase, "containerStatuses": [{"ready": False, "state": state}]}


def unscheduled(message: str) -> dict[str, Any]:
    """The status of a pod that no node takes."""
    condition = {"type": "PodScheduled", "status": "False", "message": message}
    return {"phase": "Pending", "conditions": [condition]}


def event(reason: str, message: str, kind: str = "Service", name: str = "esddns-service") -> Object:
    """A warning about an object."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name}.{reason}", "namespace": "esddns"},
        "involvedObject": {"kind": kind, "name": name},
        "type": "Warning",
        "reason": reason,
        "message": message,
    }


def load_balancer(name: str, *ports: int) -> Object:
    """Another Service that takes ports of the nodes."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": port} for port in ports]},
    }


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            waiting("ImagePullBackOff", "Back-off pulling image"),
            ("1: Pending, ImagePullBackOff, Back-off pulling image\n", "cannot be pulled", "pull-secret"),
        ),
        (unscheduled(NO_CPU), (f"esddns-1: Pending, {NO_CPU}\n", "No node takes a pod")),
        (
            waiting("CrashLoopBackOff", "back-off 10s", "Running"),
            ("esddns-1: Running, CrashLoopBackOff, back-off 10s\n", "Last words of esddns-1:\n  no token\n"),
        ),
        (
            {"phase": "Running", "containerStatuses": [{"ready": False, "state": {"running": {}}}]},
            ("esddns-1: Running\n", "Last words of esddns-1:\n  no token\n"),
        ),
    ],
)  # fmt: skip
async def test_rollout_fails(
    site: DeploySite, status: dict[str, Any], said: tuple[str, ...]
) -> None:
    """The pods that are not ready are told with their reasons, and what to do; those that are, are not."""
    site.traits(stuck=True, logs="no token")
    site.add(
        NAMESPACE,
        pod("esddns-1", **status),
        pod("esddns-2", phase="Running", containerStatuses=[{"ready": True}]),
        pod("other", labels={"app": "other"}, **status),
        event("FailedMount", "no such volume", "Pod", "esddns-1"),
    )
    done = await site.deploy("development", "--image", IMAGE)
    assert (done.code, done.out) == (10, "")
    for words in said:
        assert words in done.err
    assert "esddns-1: FailedMount: no such volume" in done.err
    assert "esddns-2" not in done.err
    assert "other" not in done.err
    assert "ROLLOUT_TIMEOUT" in done.err


async def test_no_pod_is_made(site: DeploySite) -> None:
    """Where a policy keeps pods from being made, the warning that says so is shown."""
    site.traits(stuck=True)
    site.add(
        NAMESPACE, event("FailedCreate", "exceeded quota: pods", "ReplicaSet", "esddns-service-1")
    )
    done = await site.deploy("development", "--image", IMAGE)
    assert done.code == 10
    assert "There is no pod that is not ready" in done.err
    assert "esddns-service-1: FailedCreate: exceeded quota: pods" in done.err


async def test_no_node_for_an_agent(site: DeploySite) -> None:
    """A DaemonSet that wants no pod at all is not what anybody asked for."""
    site.traits(nodes=0)
    done = await site.deploy("development", "--image", IMAGE)
    assert done.code == 10
    assert "no node is one for an agent" in done.err


PENDING = [
    pytest.param(
        [pod("svclb-1", "kube-system", SVCLB, **unscheduled(NO_PORTS)), load_balancer("traefik", 80, 443),
         load_balancer("mqtt", 1883)],
        ("takes ports 80 and 443 of the nodes", "  by Service kube-system/traefik 80 443\n",
         "components/ingress", "components/nodeport", "--disable=traefik"),
        id="k3s-traefik",
    ),
    pytest.param(
        [pod("svclb-1", "kube-system", SVCLB, **unscheduled(NO_PORTS))],
        ("takes ports 80 and 443 of the nodes", "by a pod with hostPort, or by a program on the nodes"),
        id="k3s-another-program",
    ),
    pytest.param(
        [pod("svclb-1", "kube-system", SVCLB, **unscheduled(NO_CPU))],
        (f"k3s's load balancer has a pod that waits: {NO_CPU}",),
        id="k3s-another-reason",
    ),
    pytest.param(
        [pod("svclb-1", "kube-system", {**SVCLB, "svccontroller.k3s.cattle.io/svcnamespace": "x"},
             **unscheduled(NO_PORTS)), event("Unhealthy", "x", "Pod", "esddns-1")],
        ("Nothing in this cluster gives addresses", "MetalLB", "components/metallb", "components/nodeport"),
        id="no-load-balancer",
    ),
    pytest.param(
        [event("SyncLoadBalancerFailed", QUOTA)],
        (f"esddns-service: SyncLoadBalancerFailed: {QUOTA}\n", "limit on load balancers", "raised"),
        id="quota",
    ),
    pytest.param(
        [event("AllocationFailed", METALLB)],
        (f"esddns-service: AllocationFailed: {METALLB}\n", "MetalLB has no address to give"),
        id="metallb-empty",
    ),
    pytest.param(
        [event("EnsuringLoadBalancer", "Ensuring load balancer")],
        ("A load balancer is at work on it", "--watch"),
        id="at-work",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("objects", "said"), PENDING)
async def test_address_pending(
    site: DeploySite, objects: list[Object], said: tuple[str, ...]
) -> None:
    """Each reason for a missing address is told, with what to do, and no other; DNS is kept all the same."""
    site.traits(addresses=[])
    site.add(NAMESPACE, {**NAMESPACE, "metadata": {"name": "kube-system"}}, *objects)
    done = await site.deploy("development", "--image", IMAGE)
    assert (done.code, done.out) == (11, "")
    for words in said:
        assert words in done.err
    assert "mqtt" not in done.err
    assert "esddns runs and keeps DNS, but its page has no address yet" in done.err
    reasons = {other.values[1][0] for other in PENDING}
    assert {reason for reason in reasons if reason in done.err} == {said[0]}
