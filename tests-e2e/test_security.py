"""What the API refuses, what the pods may do, and where the token is not."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from harness import argocd_health, expected
from harness.admission import dry_run, dry_run_of, pod
from harness.cluster import IMAGE
from harness.deployment import HOME
from harness.esddns import AGENTS, CREDENTIALS, PAGE, Esddns
from harness.figures import Figures
from harness.internet import NEXT_TOKEN, TOKEN
from harness.kubectl import NAMESPACE, Kubectl, KubectlError
from harness.nodes import DockerError, Nodes
from harness.processes import Process, processes
from harness.rights import Right, account, right, rights
from harness.simulator import Addresses
from harness.strangers import MONITORING, STRANGER, strangers

AGENT_ACCOUNT, WEB_ACCOUNT = "esddns-operator-daemon", "esddns-service"
RIGHTS = {
    right("configmaps", "create"),
    right("configmaps", "get watch update", "esddns-wan-ip"),
    right("daemonsets.apps", "get watch", "esddns-operator-daemon"),
    right("dnsrecords.esddns.io", "get list watch patch"),
    right("dnsrecords.esddns.io/status", "patch"),
    right("events", "create patch"),
    right("leases.coordination.k8s.io", "create"),
    right("leases.coordination.k8s.io", "get watch update", "esddns-leader"),
    right("namespaces", "get", "esddns"),
    right("services", "get watch", "esddns-service"),
}
# Each of them alone is reason enough.
UNHARDENED: dict[str, dict[str, Any]] = {
    "nothing-said": {},
    "privileged": {"securityContext": {"privileged": True}},
}
HOLDS_TOKENS = (
    "configmaps,dnsrecords,leases,events,pods,services,daemonsets,deployments,serviceaccounts"
)

pytestmark = pytest.mark.usefixtures("deployed", "internet")


@pytest.fixture(scope="module")
def agents(nodes: Nodes) -> list[Process]:
    """The agents' processes."""
    found = processes(nodes, "esddns node")
    assert len(found) == len(nodes.all)
    return found


@pytest.fixture(scope="module")
def web(nodes: Nodes) -> list[Process]:
    """The processes of the status service."""
    found = processes(nodes, "esddns web")
    assert len(found) == 2
    return found


@pytest.fixture(scope="module")
def own_namespace(kubectl: Kubectl) -> Iterator[str]:
    """A namespace where no agent looks."""
    name = "end-to-end-admission"
    kubectl.apply_namespaces(name)
    yield name
    kubectl.delete("namespace", name)


@pytest.mark.parametrize("name", UNHARDENED)
def test_the_namespace_refuses_a_pod_that_is_not_hardened(kubectl: Kubectl, name: str) -> None:
    """`restricted` is enforced: such a pod is refused; a workload with it is warned of."""
    spec = {"containers": [{"name": "it", "image": IMAGE, **UNHARDENED[name]}]}
    refused = dry_run_of(kubectl, pod(name, spec))
    assert 'violates PodSecurity "restricted:latest"' in refused.complaints
    assert refused.said == ""
    labels = {"app": name}
    workload = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    assert "would violate PodSecurity" in dry_run_of(kubectl, workload).complaints


def test_the_pods_of_each_workload_are_restricted(kubectl: Kubectl) -> None:
    """A pod of each template is taken under `restricted`, without a warning."""
    found = kubectl.list("daemonsets,deployments")
    assert sorted(workload["metadata"]["name"] for workload in found) == [
        AGENT_ACCOUNT,
        WEB_ACCOUNT,
    ]
    for workload in found:
        template = workload["spec"]["template"]
        taken = dry_run_of(kubectl, pod("of-template", template["spec"]))
        assert taken.said == "pod/of-template created (server dry run)\n"
        assert taken.complaints == ""


def test_the_kernel_holds_them_to_it(agents: list[Process], web: list[Process]) -> None:
    """No root, no capability, no new privileges, filtered system calls, a root that is read-only."""
    for process in [*agents, *web]:
        status = process.status
        assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[kind], 16) == 0
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        (root,) = (line.split() for line in process.mounts.splitlines() if line.split()[4] == "/")
        assert "ro" in root[5].split(",")


def test_wrong_records_are_refused_and_right_ones_taken(kubectl: Kubectl, figures: Figures) -> None:
    """The API server says of each wrong DNSRecord what its file expects, and nothing against a right one."""
    wrong, good = expected.fixtures("crd/rejected"), expected.fixtures("crd/accepted")
    refused = dry_run(kubectl, f"--filename={wrong[0].path.parent}")
    assert refused.said == ""
    complaints = refused.complaints.splitlines()
    assert len(complaints) == len(wrong)
    for fixture in wrong:
        (said,) = (line for line in complaints if f'{fixture.path}": ' in line)
        assert fixture.complaint
        assert fixture.complaint in said

    taken = dry_run(kubectl, f"--filename={good[0].path.parent}")
    assert taken.complaints == ""
    assert taken.said.splitlines() == [
        f"dnsrecord.esddns.io/{fixture.path.stem} created (server dry run)" for fixture in good
    ]
    figures.add(
        11, "wrong DNSRecords refused, right ones taken by the API", f"{len(wrong)}, {len(good)}"
    )


def test_name_and_zone_of_a_record_stay(
    kubectl: Kubectl, own_namespace: str, figures: Figures
) -> None:
    """An object that is there keeps its fqdn and its zone, added and removed included; its TTL may change."""
    found = expected.fixtures("crd/immutable")
    for fixture in found:
        before, after = (_moved(obj, own_namespace) for obj in fixture.objects)
        kubectl.apply(before)
        with pytest.raises(KubectlError) as refused:
            kubectl.apply(after)
        assert fixture.complaint in refused.value.errors
        kubectl.apply(before | {"spec": {**before["spec"], "ttl": 600}})
        stored = kubectl.get("dnsrecord", before["metadata"]["name"], own_namespace)
        assert stored is not None
        assert stored["spec"].items() >= {**before["spec"], "ttl": 600}.items()
        assert ("zone" in stored["spec"]) == ("zone" in before["spec"])
    figures.add(11, "changes of fqdn and zone refused by the API", str(len(found)))


def _moved(obj: dict[str, Any], namespace: str) -> dict[str, Any]:
    return obj | {"metadata": {**obj["metadata"], "namespace": namespace}}


def test_health_by_argo_cds_own_command(kubectl: Kubectl, esddns: Esddns, figures: Figures) -> None:
    """Argo CD reads each status as the unit tests expect it, and two objects as they really are."""
    esddns.add_record("suspended", suspend=True)
    try:
        esddns.until_condition("suspended", "Unknown", "Suspended")
        suspended, home = esddns.record("suspended"), esddns.record(HOME)
        assert suspended is not None
        assert home is not None
        cases = [(home, "Healthy"), (suspended, "Suspended"), *expected.healths()]
        found = argocd_health.healths(kubectl, [obj for obj, _ in cases])
    finally:
        kubectl.delete("dnsrecord", "suspended")
    assert [health for health, _ in found] == [wanted for _, wanted in cases]
    assert found[0][1].startswith("Published: ")
    assert found[1][1].startswith("Suspended: ")
    assert {health for health, _ in found} == {"Healthy", "Degraded", "Suspended", "Progressing"}
    figures.add(11, "DNSRecords whose health Argo CD's test command gave", str(len(found)))


def test_rights_are_the_listed_ones(kubectl: Kubectl, own_namespace: str, figures: Figures) -> None:
    """Each account may do what is listed here; beside it only what every service account may."""
    metadata = {"name": "nobody", "namespace": own_namespace}
    kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    for namespace in (NAMESPACE, "default", "kube-system"):
        everybodys = rights(kubectl, account("nobody", own_namespace), namespace)
        wanted: set[Right] = RIGHTS if namespace == NAMESPACE else set()
        assert not everybodys & RIGHTS
        assert rights(kubectl, account(AGENT_ACCOUNT), namespace) == everybodys | wanted
        for name in (WEB_ACCOUNT, "default"):
            assert rights(kubectl, account(name), namespace) == everybodys
    figures.add(11, "rights of the agents, of the status service", f"{len(RIGHTS)}, none")


@pytest.mark.parametrize("name", [AGENT_ACCOUNT, WEB_ACCOUNT])
def test_no_account_reads_secrets(kubectl: Kubectl, name: str) -> None:
    """The token is a file to the agents; by the API they read no Secret, neither that one nor a list."""
    for what in ([f"secret/{CREDENTIALS}"], ["secrets"]):
        with pytest.raises(KubectlError, match="is forbidden"):
            kubectl("get", *what, f"--namespace={NAMESPACE}", account(name))


def test_the_status_service_has_no_token_of_any_kind(
    nodes: Nodes, agents: list[Process], web: list[Process]
) -> None:
    """Neither that of its service account nor Gandi's is mounted; with the agents both are."""
    for process in agents:
        assert "/serviceaccount " in process.mounts
        assert process.read(nodes, "/etc/esddns/api-key") in {TOKEN, NEXT_TOKEN}
    for process in web:
        assert "serviceaccount" not in process.mounts
        with pytest.raises(DockerError, match="No such file"):
            process.read(nodes, "/etc/esddns/api-key")


def test_the_token_is_nowhere_else(
    kubectl: Kubectl, nodes: Nodes, agents: list[Process], web: list[Process], figures: Figures
) -> None:
    """No log, no object but the Secret, no endpoint, no command line, environment or written file has it."""
    encoded = [base64.b64encode(token.encode()).decode() for token in (TOKEN, NEXT_TOKEN)]
    assert TOKEN in NEXT_TOKEN
    # The search finds it where it is.
    secret = kubectl("get", "secret", CREDENTIALS, f"--namespace={NAMESPACE}", "--output=json")
    assert any(text in secret for text in encoded)

    places = {"objects": kubectl("get", HOLDS_TOKENS, f"--namespace={NAMESPACE}", "--output=json")}
    for obj in kubectl.list("pods", AGENTS) + kubectl.list("pods", PAGE):
        name, node = obj["metadata"]["name"], obj["spec"]["nodeName"]
        places[f"log of {name}"] = kubectl("logs", name, f"--namespace={NAMESPACE}")
        for status in obj["status"]["containerStatuses"]:
            if status["restartCount"]:
                said = kubectl("logs", name, f"--namespace={NAMESPACE}", "--previous")
                places[f"log of {name} before it was started again"] = said
        port, paths = (8080, ("metrics", "state")) if "daemon" in name else (51339, ("", "raw"))
        for path in paths:
            url = f"http://{obj['status']['podIP']}:{port}/{path}"
            places[url] = nodes.fetch(node, url)
    for process in [*agents, *web]:
        where = f"{process.pid} on {process.node}"
        places[f"command line of {where}"] = process.command_line
        places[f"environment of {where}"] = process.environment
        for text in (TOKEN, *encoded):
            assert process.files_with(nodes, text, "/var/lib/esddns", "/tmp") == []  # noqa: S108  # the pod's
    assert [where for where, text in places.items() if not text] == []
    found = [where for where, text in places.items() for t in (TOKEN, *encoded) if t in text]
    assert found == []
    size = sum(map(len, places.values())) // 1024
    figures.add(11, "the token, searched for", f"{len(places)} places of {size} KiB: in none")


def test_network_policies_hold(
    kubectl: Kubectl, esddns: Esddns, simulator: Addresses, figures: Figures
) -> None:
    """Under a CNI that enforces policies only the ways are open that are to be."""
    with strangers(kubectl) as them:
        agent = esddns.agents()[0]["status"]["podIP"]
        page = kubectl.list("pods", PAGE)[0]["status"]["podIP"]
        kubernetes = kubectl.get("service", "kubernetes", "default")
        assert kubernetes is not None
        stranger, prometheus = (STRANGER, "pod/stranger"), (MONITORING, "pod/stranger")
        web = (NAMESPACE, "deployment/esddns-service")
        operator = (NAMESPACE, "daemonset/esddns-operator-daemon")
        allowed = [
            (*prometheus, agent, 8080),
            (*web, agent, 8080),
            (*stranger, page, 51339),
            (*stranger, page, 51443),
            (*operator, simulator.gandi, 80),
        ]
        forbidden = [
            (*stranger, agent, 8080),
            (*operator, page, 51339),
            (*web, simulator.gandi, 80),
            (*web, simulator.sources[0], 80),
            (*web, kubernetes["spec"]["clusterIP"], 443),
        ]
        them.until_policies_are_enforced()
        assert [way for way in allowed + forbidden if them.reaches(*way)] == allowed
    what = f"enforced: {len(allowed)} ways open, {len(forbidden)} closed, as they must be"
    figures.add(11, "NetworkPolicies", what)
