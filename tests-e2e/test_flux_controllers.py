"""Flux itself, on a bare cluster: from Git to DNS, a push, drift, and the way out."""

from __future__ import annotations

import pytest
import yaml

from harness import flux
from harness.cluster import Cluster
from harness.deployment import HOME, create_credentials, make_bare
from harness.esddns import CACHE, Esddns, dnsrecord
from harness.expected import ROOT
from harness.figures import Figures
from harness.flux import Flux
from harness.git_server import GitServer
from harness.internet import FIRST_WAN, Internet
from harness.kubectl import NAMESPACE, Kubectl
from harness.waiting import Stopwatch, until

GROUP = 14
TOKEN = "token-of-the-webhook"
KUSTOMIZATION = "kustomization.kustomize.toolkit.fluxcd.io"

pytestmark = pytest.mark.usefixtures("internet")


@pytest.fixture(scope="module")
def running(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, figures: Figures) -> Flux:
    """Return Flux on a cluster without esddns; said in the table where it cannot be had."""
    if not (flux.can_run() and flux.can_be_fetched()):
        figures.add(GROUP, "Flux's controllers", "cannot be pulled here, not tested")
        pytest.skip("the images of Flux's controllers cannot be pulled here")
    make_bare(cluster)
    # So its own Kustomization cannot be applied, and must hold nothing up.
    cluster.remove_monitoring()
    return cluster.install_flux(tmp_path_factory.mktemp("flux"))


def test_flux_brings_everything_from_git(
    running: Flux,
    cluster: Cluster,
    kubectl: Kubectl,
    git: GitServer,
    esddns: Esddns,
    figures: Figures,
) -> None:
    """The folder is applied as its page tells; with the Secret CRD, agents and records are, in that order."""
    folder = git.work / "clusters" / "kind" / "flux"
    source = folder / "source.yaml"
    document = yaml.safe_load(source.read_text())
    document["spec"]["url"] = git.url
    source.write_text(yaml.safe_dump(document))
    record = git.work / "clusters" / "kind" / "records" / "home.yaml"
    record.write_text((ROOT / "clusters" / "kind" / "records" / "home.yaml").read_text())
    git.push("Flux looks here")
    secret = {"name": "esddns-webhook", "namespace": flux.NAMESPACE}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": {"token": TOKEN}}
    )
    clock = Stopwatch()
    kubectl("apply", f"--filename={folder}")
    until("rollout", lambda: len(esddns.agents()) == len(cluster.nodes.all), seen=esddns.agents)
    # The records wait for agents that are ready, and those for the Secret.
    assert kubectl.list("dnsrecords") == []
    create_credentials(cluster)
    esddns.until_mounted(esddns.all_ready)
    for name in ("esddns-crds", "esddns", "esddns-records"):
        running.until_ready(KUSTOMIZATION, name)
    esddns.until_dns(HOME, FIRST_WAN, "record in DNS")
    figures.add(GROUP, "Flux: folder applied, to records Ready and in DNS", clock.seconds)


def test_flux_follows_a_push(
    running: Flux, git: GitServer, internet: Internet, figures: Figures
) -> None:
    """A push, told to the Receiver as GitHub tells it, is in DNS."""
    running.until_ready("receiver", "esddns")
    record = git.work / "clusters" / "kind" / "records" / "home.yaml"
    record.write_text(yaml.safe_dump(dnsrecord(HOME, ttl=900, deletionPolicy="Delete")))
    git.push("another TTL")
    clock = Stopwatch()
    running.tell_of_push("esddns", TOKEN)
    until("push seen by Flux", lambda: internet.rrset(HOME)["ttl"] == 900, seen=internet.state)
    figures.add(GROUP, "Flux: push of another TTL, to DNS, by its Receiver", clock.seconds)
    assert internet.puts(HOME) == [[FIRST_WAN]]


def test_flux_puts_back_what_git_says_alone(
    running: Flux, kubectl: Kubectl, esddns: Esddns, figures: Figures
) -> None:
    """A field changed by hand is as in Git when it was applied anew; cache, status and finalizers stand."""
    cache, home = kubectl.get("configmap", CACHE), esddns.record(HOME)
    assert cache is not None
    assert home is not None
    kubectl.patch("configmap", "esddns-config", {"data": {"detection-interval": "77"}})
    clock = Stopwatch()
    running.reconcile(KUSTOMIZATION, "esddns")
    configuration = kubectl.get("configmap", "esddns-config")
    assert configuration is not None
    assert configuration["data"]["detection-interval"] == "10"
    figures.add(GROUP, "Flux: field changed by hand, to put back", clock.seconds)
    running.reconcile(KUSTOMIZATION, "esddns-records")
    after, now = kubectl.get("configmap", CACHE), esddns.record(HOME)
    assert after is not None
    assert now is not None
    assert after["metadata"]["uid"] == cache["metadata"]["uid"]
    assert now["metadata"]["finalizers"] == home["metadata"]["finalizers"] != []
    assert esddns.condition(HOME)[0] == "True"


def test_what_flux_brought_it_takes_away(
    running: Flux, kubectl: Kubectl, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """Records first: they leave DNS. Then all the rest, but for the CRD and the namespace."""
    running.until_ready(KUSTOMIZATION, "esddns-records")
    clock = Stopwatch()
    _delete(kubectl, "esddns-records")
    until("record gone", lambda: esddns.record(HOME) is None, seen=lambda: esddns.record(HOME))
    assert internet.dig(HOME) == []
    _delete(kubectl, "esddns-monitoring", "esddns", "esddns-crds")
    until("namespace empty", lambda: _left(kubectl) == [], seen=lambda: _left(kubectl))
    figures.add(GROUP, "Flux: Kustomizations deleted, to all gone", clock.seconds)
    assert kubectl.get("crd", "dnsrecords.esddns.io") is not None
    assert kubectl.get("namespace", NAMESPACE) is not None


def _left(kubectl: Kubectl) -> list[str]:
    """Return what the namespace has but for the Secret, and what each namespace has."""
    kinds = "daemonsets,deployments,pods,services,configmaps,networkpolicies,roles,serviceaccounts"
    found = [f"{obj['kind']}/{obj['metadata']['name']}" for obj in kubectl.list(kinds)]
    everywhere = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}
    return [name for name in found if name not in everywhere]


def _delete(kubectl: Kubectl, *names: str) -> None:
    for name in names:
        kubectl.delete(KUSTOMIZATION, name, "--wait=false", namespace=flux.NAMESPACE)
