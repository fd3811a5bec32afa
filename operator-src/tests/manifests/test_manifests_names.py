"""What the manifests name is there: ports, labels, and the names that others refer to."""

from __future__ import annotations

import pytest

from esddns.config.builtin import BUILTIN
from esddns.config.settings import DnsTarget, HttpTarget
from manifests.policies import containers, pod_of
from manifests.rendering import CLUSTERS, ROOT, Object, named, render
from manifests.workloads import AGENT, WEB, container_of, ports, selections, workloads

UPSTREAM = "https://github.com/sqe/esddns"


def test_selectors_meet_pods(objects: list[Object]) -> None:
    """Whoever selects pods meets some, and the ports that it names are ports of those."""
    found = [one for obj in objects for one in selections(obj)]
    assert len(found) >= 11
    for what, labels, named_ports in found:
        met = workloads(objects, labels)
        assert met, f"{what}: no pod has {labels}"
        for workload in met if labels else ():
            (container,) = containers(pod_of(workload) or {})
            assert set(named_ports) <= ports(container).keys(), what


def test_probes_ask_ports_that_there_are(objects: list[Object]) -> None:
    """Each probe of each pod asks a port that the container has, and one of the pages for it."""
    for name in (AGENT, WEB):
        container = container_of(objects, name)
        for probe, path in (
            ("startup", "/healthz"),
            ("liveness", "/healthz"),
            ("readiness", "/readyz"),
        ):
            asked = container[f"{probe}Probe"]["httpGet"]
            assert asked["port"] in ports(container)
            assert asked["path"] == path


def test_the_service_monitor_meets_the_service(objects: list[Object]) -> None:
    """A ServiceMonitor goes by the labels of a Service, and by its port's name."""
    monitor = named(objects, "ServiceMonitor/esddns-service")["spec"]
    service = named(objects, "Service/esddns-service")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {e["port"] for e in monitor["endpoints"]} <= {
        p["name"] for p in service["spec"]["ports"]
    }


def test_fixed_names(objects: list[Object]) -> None:
    """Names, labels and ports that users, dashboards and other manifests refer to."""
    for obj in objects:
        assert obj["metadata"].get("namespace", "esddns") == "esddns"
    assert named(objects, "Namespace/esddns")
    agent, web = named(objects, AGENT), named(objects, WEB)
    assert agent["metadata"]["labels"]["app"] == "esddns-operator"
    assert agent["spec"]["template"]["metadata"]["labels"]["app"] == "esddns-operator"
    assert web["metadata"]["labels"]["app"] == "esddns-service"
    assert ports(container_of(objects, AGENT)) == {"metrics": 8080}
    assert ports(container_of(objects, WEB)) == {"http": 51339, "https": 51443}
    service = named(objects, "Service/esddns-service")["spec"]
    assert service["type"] == "LoadBalancer"
    assert [(p["port"], p["targetPort"]) for p in service["ports"]] == [
        (80, "http"),
        (443, "https"),
    ]
    assert set(named(objects, "ConfigMap/esddns-config")["data"]) == {
        "target-domain", "record-ttl", "detection-interval", "dns.ini",
    }  # fmt: skip


def test_every_node_is_covered(objects: list[Object]) -> None:
    """No taint keeps an agent away, so the control plane has one, too."""
    assert (pod_of(named(objects, AGENT)) or {})["tolerations"] == [{"operator": "Exists"}]


def test_everything_is_denied_but_what_is_named(objects: list[Object]) -> None:
    """Without a policy that allows it nothing comes in and nothing goes out; the monitoring may come in."""
    denied = named(objects, "NetworkPolicy/default-deny")["spec"]
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    into_agents = [
        rule
        for obj in objects
        if obj["kind"] == "NetworkPolicy"
        and obj["spec"]["podSelector"].get("matchLabels") == {"app": "esddns-operator"}
        for rule in obj["spec"].get("ingress", ())
    ]
    assert [rule["from"] for rule in into_agents] == [
        [{"podSelector": {"matchLabels": {"app": "esddns-service"}}}],
        [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
    ]
    out_of_web = named(objects, "NetworkPolicy/esddns-service")["spec"]["egress"]
    assert [len(rule["to"]) for rule in out_of_web] == [2, 1]


def test_agents_reach_what_they_ask() -> None:
    """The agents' policy lets out what the built-in sources, name servers, Gandi and the API server need."""
    policy = named(render(ROOT / "apps/esddns/base"), "NetworkPolicy/esddns-operator-daemon")[
        "spec"
    ]
    (rule,) = policy["egress"]
    assert "to" not in rule
    allowed = {(port["protocol"], port["port"]) for port in rule["ports"]}
    needed = {("UDP", 53), ("TCP", 53), ("TCP", 443), ("TCP", 6443)}
    for target in (target for source in BUILTIN for target in source.targets.values()):
        match target:
            case HttpTarget(url):
                assert url.startswith("https://")
            case DnsTarget():
                needed.add(("UDP", target.port))
            case _:
                needed.add(("UDP", target.port))
    assert allowed == needed


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (
            "ghcr.io/sqe/esddns",
            ["apps/esddns/base/kustomization.yaml", "clusters/kind/esddns/kustomization.yaml"],
        ),
        (
            "kubernetes.io/metadata.name: monitoring",
            ["apps/esddns/base/networkpolicy-agent-monitoring.yaml"],
        ),
        ("release: ", ["monitoring/kustomization.yaml"]),
    ],
)
def test_named_in_one_place(text: str, places: list[str]) -> None:
    """What a fork or another site has to change stands in one place (or where a cluster differs)."""
    released = {f"clusters/{c}/esddns/kustomization.yaml" for c in ("development", "production")}
    found = _files_with(text)
    if text == "ghcr.io/sqe/esddns":  # a release puts its digest there
        found = [path for path in found if path not in released]
    assert found == places


def test_the_repository_is_named_in_its_places() -> None:
    """Each has our address or a fork's, which is the project's; nothing else has either."""
    (address,) = named(render(ROOT / "apps/argocd/project"), "AppProject/esddns")["spec"][
        "sourceRepos"
    ]
    found = {path for known in (UPSTREAM, address) for path in _files_with(f"{known}\n")}
    assert found == {
        "apps/argocd/project/appproject.yaml",
        *(f"clusters/{c}/flux/source.yaml" for c in CLUSTERS),
    }


def _files_with(text: str) -> list[str]:
    return [
        str(path.relative_to(ROOT))
        for place in ("apps", "clusters", "monitoring")
        for path in sorted((ROOT / place).rglob("*.yaml"))
        if text in path.read_text("utf-8")
    ]
