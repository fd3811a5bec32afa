"""esddns from nothing, as its users do it: a push, the Applications, and the Secret by hand."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import yaml

from harness.argocd import NAMESPACE as ARGOCD
from harness.argocd import ArgoCD
from harness.cluster import Cluster
from harness.esddns import CREDENTIALS, Esddns
from harness.flux import NAMESPACE as FLUX
from harness.git_server import GitServer
from harness.internet import FIRST_WAN, NEXT_TOKEN, TOKEN
from harness.kubectl import NAMESPACE
from harness.monitoring import APPLICATION as MONITORING
from harness.waiting import Stopwatch, until

APPLICATIONS = ("esddns-crds", "esddns", "esddns-records")
HOME = "home"


@dataclass(frozen=True)
class Deployment:
    """How it went. Times are in seconds: from `kubectl apply` of the Applications, and from the Secret on."""

    pods_running: float
    missing_said: float
    missing_message: str
    in_dns: float
    healthy: float
    revision: str
    answer: list[str]


def deploy(cluster: Cluster, argocd: ArgoCD, git: GitServer, esddns: Esddns) -> Deployment:
    """Bring esddns into a cluster that has none, and wait until all is well."""
    kubectl, internet = cluster.kubectl, cluster.internet
    # What a fork changes: one place for the repository.
    project = git.work / "apps" / "argocd" / "project" / "appproject.yaml"
    text = project.read_text()
    (repository,) = yaml.safe_load(text)["spec"]["sourceRepos"]
    assert text.count(repository) == 1, "the repository is not in one place"
    project.write_text(text.replace(repository, git.url))
    revision = git.push("the repository is here")
    internet.lift_all()
    internet.move(FIRST_WAN)
    make_bare(cluster)

    clock = Stopwatch()
    kubectl("apply", "--kustomize", str(git.work / "clusters" / "kind" / "argocd"))
    # There is no Prometheus operator yet: this one alone cannot sync.
    argocd.cannot_sync(MONITORING)
    until("rollout", lambda: _running(esddns, len(cluster.nodes.all)), seen=esddns.agents)
    pods_running = clock.seconds
    missing_message = esddns.until_condition(HOME, "False", "CredentialMissing")
    missing_said = clock.seconds

    clock = Stopwatch()
    create_credentials(cluster)
    until(
        "mounted file changed",
        lambda: internet.dig(HOME) == [FIRST_WAN],
        seen=lambda: esddns.record(HOME),
    )
    in_dns = clock.seconds
    for application in APPLICATIONS:
        argocd.until_healthy(application)
    return Deployment(
        pods_running,
        missing_said,
        missing_message,
        in_dns,
        clock.seconds,
        revision,
        internet.dig(HOME),
    )


def make_bare(cluster: Cluster) -> None:
    """Take away what an earlier run left on a cluster that was kept; one that is bare stays so."""
    kubectl = cluster.kubectl
    # Who would bring it all back goes first.
    for kind, namespace in (
        ("kustomizations.kustomize.toolkit.fluxcd.io", FLUX),
        ("applications.argoproj.io", ARGOCD),
    ):
        if kubectl.get("crd", kind) is not None:
            kubectl("delete", kind, "--all", f"--namespace={namespace}")
    if kubectl.get("namespace", NAMESPACE) is None:
        return
    if kubectl.get("crd", "dnsrecords.esddns.io") is not None:
        for record in kubectl.list("dnsrecords"):
            name = record["metadata"]["name"]
            kubectl(
                "annotate",
                "dnsrecord",
                name,
                f"--namespace={NAMESPACE}",
                "esddns.io/release=true",
                "--overwrite",
            )
        kubectl("delete", "dnsrecords", "--all", f"--namespace={NAMESPACE}")
    kubectl.delete("namespace", NAMESPACE)
    cluster.internet.erase(HOME)
    cluster.remove_monitoring()


def create_credentials(cluster: Cluster, token: str = TOKEN) -> None:
    """Make the Secret, as the base's comment tells."""
    cluster.kubectl(
        "create", "secret", "generic", CREDENTIALS, f"--namespace={NAMESPACE}",
        "--from-file=api-key=/dev/stdin", stdin=token,
    )  # fmt: skip


def replace_credentials(cluster: Cluster) -> str:
    """Give the Secret the other one of the two tokens, and return it."""
    secret = cluster.kubectl.get("secret", CREDENTIALS)
    assert secret is not None
    before = base64.b64decode(secret["data"]["api-key"]).decode()
    token = NEXT_TOKEN if before == TOKEN else TOKEN
    cluster.kubectl.patch("secret", CREDENTIALS, {"stringData": {"api-key": token}})
    return token


def _running(esddns: Esddns, count: int) -> bool:
    pods = esddns.agents()
    return len(pods) == count and all(
        status.get("started")
        for pod in pods
        for status in pod["status"].get("containerStatuses", [{}])
    )
