"""The pods of the manifests, and who selects them."""

from __future__ import annotations

from collections.abc import Iterator

from manifests.policies import containers, pod_of
from manifests.rendering import Object, name_of, named

AGENT, WEB = "DaemonSet/esddns-operator-daemon", "Deployment/esddns-service"
# Who selects, by which labels, and which ports of those pods it names.
Selection = tuple[str, dict[str, str], list[str]]


def container_of(objects: list[Object], name: str) -> Object:
    """The one container of a workload."""
    (found,) = containers(pod_of(named(objects, name)) or {})
    return found


def mounts(container: Object) -> dict[str, str]:
    """Its volumes by the folder that they are mounted at."""
    return {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}


def ports(container: Object) -> dict[str, int]:
    """Its ports by name."""
    return {port["name"]: port["containerPort"] for port in container["ports"]}


def workloads(objects: list[Object], labels: dict[str, str]) -> list[Object]:
    """The workloads whose pods have these labels."""
    return [
        obj
        for obj in objects
        if pod_of(obj) and labels.items() <= obj["spec"]["template"]["metadata"]["labels"].items()
    ]


def selections(obj: Object) -> Iterator[Selection]:
    """Each choice of pods that an object makes."""
    spec, what = obj.get("spec") or {}, name_of(obj)
    match obj["kind"]:
        case "Service":
            yield what, spec["selector"], [port["targetPort"] for port in spec["ports"]]
        case "PodDisruptionBudget" | "DaemonSet" | "Deployment":
            yield what, spec["selector"]["matchLabels"], []
        case "PodMonitor":
            asked = [endpoint["port"] for endpoint in spec["podMetricsEndpoints"]]
            yield what, spec["selector"]["matchLabels"], asked
        case "NetworkPolicy":
            yield from ((what, *chosen) for chosen in _of_policy(spec))
    for spread in (pod_of(obj) or {}).get("topologySpreadConstraints", ()):
        yield what, spread["labelSelector"]["matchLabels"], []


def _of_policy(spec: Object) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The ports of a rule belong to the pods that are reached: for ingress the policy's own."""
    own = [port for rule in spec.get("ingress", ()) for port in _named(rule)]
    yield spec["podSelector"].get("matchLabels", {}), own
    for way, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(way, ()):
            for peer in rule.get(peers, ()):
                if "podSelector" in peer:
                    ports = _named(rule) if way == "egress" else []
                    yield peer["podSelector"]["matchLabels"], ports


def _named(rule: Object) -> list[str]:
    return [port["port"] for port in rule.get("ports", ()) if isinstance(port["port"], str)]
