"""What the manifests say of rights, network flows and pods, in the words of docs/security.md's tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from manifests.policies import pod_of
from manifests.rendering import Object
from manifests.workloads import ports, workloads
from prose.prose_pages import spans

# One thing that may be done: API group, resource, name, verb.
Right = tuple[str, str, str, str]
# One way that is open: policy, from, to, port.
Flow = tuple[str, str, str, str]

ANYWHERE, ANY_NAME, CORE = "anywhere", "any", "core"


def rights(role: Object) -> set[Right]:
    """What a Role or ClusterRole allows, one by one."""
    return {
        (group or CORE, resource, name, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [ANY_NAME])
        for verb in rule["verbs"]
    }


def stated_rights(row: list[str]) -> set[Right]:
    """What a row of a table says, from its column `API group` on."""
    group, resource, name, verbs = row[:4]
    return {(_word(group), _word(resource), _word(name), verb) for verb in spans(verbs)}


def flows(objects: list[Object]) -> Iterator[Flow]:
    """Every way that the NetworkPolicies leave open."""
    for policy in objects:
        if policy["kind"] != "NetworkPolicy":
            continue
        name, spec = policy["metadata"]["name"], policy["spec"]
        own = spec["podSelector"].get("matchLabels", {})
        for way, peers in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(way, ()):
                for peer in rule.get(peers, [{}]):
                    reached = own if way == "ingress" else _labels(peer)
                    ends = (_peer(peer), _selector(own))
                    start, end = ends if way == "ingress" else ends[::-1]
                    for port in rule["ports"]:
                        yield name, start, end, _port(port, objects, reached)


def stated_flows(row: list[str]) -> Iterator[Flow]:
    """What a row of the table says."""
    policy, start, end, listed = row[:4]
    yield from ((_word(policy), _words(start), _words(end), port) for port in listed.split())


def field(template: Object, path: str) -> str:
    """A field of a pod, as the table writes it; empty where it is not set."""
    value: Any = template
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else (value or {}).get(part)
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def pod(objects: list[Object], label: str) -> Object:
    """The pod of the workload with that label `app`."""
    (found,) = workloads(objects, {"app": label})
    return pod_of(found) or {}


def _labels(peer: Object) -> dict[str, str]:
    labels: dict[str, str] = peer.get("podSelector", {}).get("matchLabels", {})
    return labels


def _peer(peer: Object) -> str:
    if "ipBlock" in peer:
        assert peer["ipBlock"].keys() == {"cidr"}
        return str(peer["ipBlock"]["cidr"])
    if "namespaceSelector" in peer:
        assert "podSelector" not in peer
        (found,) = peer["namespaceSelector"]["matchLabels"].items()
        assert found[0] == "kubernetes.io/metadata.name"
        return f"namespace {found[1]}"
    return _selector(_labels(peer)) if peer else ANYWHERE


def _selector(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _port(port: Object, objects: list[Object], reached: dict[str, str]) -> str:
    number = port["port"]
    if isinstance(number, str):
        (workload,) = workloads(objects, reached)
        number = ports((pod_of(workload) or {})["containers"][0])[number]
    return f"{number}/{port.get('protocol', 'TCP')}"


def _word(cell: str) -> str:
    return cell.strip("`")


def _words(cell: str) -> str:
    return cell.replace("`", "")
