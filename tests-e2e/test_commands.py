"""The commands of everyday, each as it is typed and copied, with what its user expects of it."""

from __future__ import annotations

import json
import re
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.argocd import ArgoCD
from harness.deployment import HOME
from harness.esddns import Esddns
from harness.figures import Figures
from harness.internet import FIRST_WAN, TOKEN, ZONE, Internet
from harness.kubectl import Kubectl
from harness.nodes import Nodes
from harness.page import by_load_balancer, by_node_port
from harness.shell import Shell
from harness.waiting import Stopwatch, until

LOGS = "kubectl logs -n esddns -l app=esddns-operator"
GET_RECORDS = "kubectl get dnsrec -n esddns"
GET_ALL = "kubectl get all -n esddns"
FORWARD = "kubectl port-forward -n esddns daemonset/esddns-operator-daemon {port}:8080"
METRICS = "curl http://localhost:{port}/metrics"
TARGET_DOMAIN = (
    "kubectl patch configmap esddns-config -n esddns"
    """ -p '{"data":{"target-domain":"%s"}}'"""
)
DELETE_SECRET = "kubectl delete secret esddns-gandi-credentials -n esddns"
CREATE_SECRET = (
    "kubectl create secret generic esddns-gandi-credentials -n esddns --from-file=api-key={file}"
)
RESTART = (
    "kubectl rollout restart -n esddns daemonset/esddns-operator-daemon deployment/esddns-service"
)
NODE_PORT = """kubectl patch svc esddns-service -n esddns -p '{"spec":{"type":"NodePort"}}'"""

pytestmark = pytest.mark.usefixtures("deployed", "internet")


@pytest.fixture(scope="module")
def shell(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Return a shell."""
    return Shell(kubectl, tmp_path_factory.mktemp("shell"))


def test_logs_of_all_agents(shell: Shell, esddns: Esddns) -> None:
    """The last lines of every agent, whichever leads, and nothing that is not theirs."""
    said = shell(LOGS).splitlines()
    logs = [esddns.log(pod).splitlines() for pod in esddns.agents()]
    assert len(logs) == 3
    for log in logs:
        assert set(said) & set(log), "an agent is missing"
    assert set(said) <= {line for log in logs for line in log}
    assert TOKEN not in "\n".join(said)


def test_get_records(shell: Shell, esddns: Esddns) -> None:
    """A line for each record, with its name in DNS, the address that stands there and how it is."""
    with esddns.kept_record("listed") as name:
        head, *lines = shell(GET_RECORDS).splitlines()
        assert head.split()[:2] == ["NAME", "FQDN"]
        line = next(line for line in lines if line.split()[0] == name)
        assert {f"{name}.{ZONE}", "True"} <= set(line.split()), line
        assert FIRST_WAN in line, line


def test_get_all(shell: Shell, kubectl: Kubectl, esddns: Esddns) -> None:
    """Both workloads are there and ready, with an agent on each node, and the page's address."""
    said = shell(GET_ALL)
    for pod in esddns.agents():
        assert re.search(rf"^pod/{pod['metadata']['name']} +1/1 +Running ", said, re.MULTILINE)
    assert re.search(r"^daemonset.apps/esddns-operator-daemon +3 +3 +3 ", said, re.MULTILINE)
    assert re.search(r"^deployment.apps/esddns-service +2/2 ", said, re.MULTILINE)
    address = by_load_balancer(kubectl)["80"].url.removeprefix("http://")
    assert re.search(
        rf"^service/esddns-service +LoadBalancer +\S+ +{re.escape(address)} +80:\d+/TCP,443:\d+/TCP",
        said,
        re.MULTILINE,
    )


def test_metrics_through_a_port_forward(shell: Shell, figures: Figures) -> None:
    """An agent's metrics tell address and records, from a machine that is none of the cluster's."""
    port = _free_port(8080)
    figures.add(13, "port-forward, to this machine's port", str(port))
    listens = f"Forwarding from 127.0.0.1:{port} -> 8080"
    with shell.running(FORWARD.format(port=port), "port forwarded", listens):
        said = shell(METRICS.format(port=port))
    assert f'esddns_current_wan_ip_info{{family="ipv4",ip="{FIRST_WAN}"}} 1.0' in said
    assert f'esddns_state_in_sync{{record="{HOME}.{ZONE}",type="A"}} 1.0' in said


def test_target_domain_by_a_patch(
    shell: Shell, argocd: ArgoCD, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """A new target-domain is in DNS without a restart; Argo CD puts that back as soon as it may."""
    name = "typed"
    before = _uids(esddns)
    with ExitStack() as stack:
        stack.callback(internet.erase, name)
        stack.enter_context(argocd.drift_expected("ConfigMap/esddns-config"))
        with argocd.looks_away("esddns"):
            clock = Stopwatch()
            with esddns.configuration_taken():
                shell(TARGET_DOMAIN % f"{name}.{ZONE}")
            esddns.until_dns(name, FIRST_WAN, "record in DNS")
            figures.add(13, "target-domain patched (the kubelet hastened), to DNS", clock.seconds)
            stack.enter_context(esddns.configuration_taken())
        until("self-heal", lambda: argocd.standing("esddns")[0] == "Synced")
    assert internet.puts(name) == [[FIRST_WAN]]
    assert internet.calls(kind="api", method="DELETE") == []
    assert _uids(esddns) == before


def test_secret_deleted_and_made_anew(
    shell: Shell, esddns: Esddns, internet: Internet, tmp_path: Path, figures: Figures
) -> None:
    """Without the Secret it says CredentialMissing and DNS stands; with it all is well by itself."""
    file = tmp_path / "api-key"
    file.write_text(TOKEN)
    before = _uids(esddns)
    with esddns.kept_record("keyless") as name:
        shell(DELETE_SECRET)
        clock = Stopwatch()
        try:
            leader = esddns.leader()["metadata"]["name"]
            listing = """import os; print(*os.listdir("/etc/esddns"))"""
            files = f"kubectl exec -n esddns {leader} -- python3 -c '{listing}'"
            esddns.until_mounted(lambda: "api-key" not in shell(files).split())
            esddns.until_condition(name, "False", "CredentialMissing")
            figures.add(
                13, "Secret deleted (the kubelet hastened), to CredentialMissing", clock.seconds
            )
            assert internet.dig(name) == [FIRST_WAN]
        finally:
            shell(CREATE_SECRET.format(file=file))
        clock = Stopwatch()
        esddns.until_mounted(lambda: esddns.condition(name)[0] == "True")
        figures.add(13, "Secret made anew (the kubelet hastened), to Ready", clock.seconds)
        esddns.until_mounted(esddns.all_ready)
        assert internet.tried_puts(name) == []
    assert _uids(esddns) == before


def test_rollout_restart(
    shell: Shell,
    kubectl: Kubectl,
    argocd: ArgoCD,
    esddns: Esddns,
    internet: Internet,
    figures: Figures,
) -> None:
    """All pods are others afterwards; the record stood all the time, and nothing was written."""
    with esddns.kept_record("restarted") as name:
        before = _uids(esddns)
        clock = Stopwatch()
        shell(RESTART)

        def restarted() -> bool:
            assert internet.dig(name) == [FIRST_WAN]
            return before.isdisjoint(_uids(esddns)) and esddns.all_ready()

        until("rollout", restarted, seen=esddns.agents)
        kubectl.rolled_out("deployment/esddns-service")
        figures.add(13, "rollout restart of both, to all ready", clock.seconds)
        esddns.until_condition(name, "True")
        assert internet.tried_puts(name) == []
    argocd.until_healthy("esddns")


def test_node_port_by_a_patch(
    shell: Shell, kubectl: Kubectl, nodes: Nodes, argocd: ArgoCD, figures: Figures
) -> None:
    """The page is on a port of the nodes then, and has no other address; Argo CD puts that back, too."""
    with argocd.drift_expected("Service/esddns-service"):
        with argocd.looks_away("esddns"):
            shell(NODE_PORT)
            service = json.loads(shell("kubectl get svc esddns-service -n esddns -o json"))
            assert service["spec"]["type"] == "NodePort"
            assert service["status"]["loadBalancer"] == {}
            page = by_node_port(kubectl, nodes)
            until("page", lambda: page["80"].tells("in-sync"))
            until("page", lambda: page["443"].tells("in-sync"))
        clock = Stopwatch()
        until("page", lambda: by_load_balancer(kubectl)["80"].tells("in-sync"))
        figures.add(13, "Service put back by Argo CD, to the page at its address", clock.seconds)
        until("self-heal", lambda: argocd.standing("esddns")[0] == "Synced")


def _uids(esddns: Esddns) -> set[str]:
    return {pod["metadata"]["uid"] for pod in esddns.agents()}


def _free_port(wanted: int) -> int:
    """Return the wanted port of this machine, or another where somebody has it."""
    for port in (wanted, 0):
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = sock.getsockname()[1]
            return found
    raise OSError("this machine has no free port")
