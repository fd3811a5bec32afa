"""The end: Applications, namespace and all of esddns go, and what deploy.sh brought goes without a trace."""

from __future__ import annotations

import pytest
import yaml

from harness.argocd import NAMESPACE as ARGOCD
from harness.argocd import ArgoCD
from harness.cluster import Cluster
from harness.deployment import APPLICATIONS, HOME
from harness.esddns import FINALIZER, Esddns, dnsrecord
from harness.expected import ROOT
from harness.figures import Figures
from harness.git_server import GitServer
from harness.internet import FIRST_WAN, TOKEN, Internet
from harness.inventory import applied, inventory
from harness.kubectl import NAMESPACE, Kubectl, KubectlError
from harness.load_balancer import LoadBalancer
from harness.monitoring import APPLICATION as MONITORING
from harness.page import Page
from harness.shell import Done, Shell
from harness.waiting import Stopwatch, until, within
from harness.working_copy import WorkingCopy

CRD = "dnsrecords.esddns.io"
CASCADE = "resources-finalizer.argocd.argoproj.io"
# deploy.sh takes no name of example.com.
LAB = "lab.internal"
DEPLOY = "./deploy.sh development"

pytestmark = pytest.mark.usefixtures("deployed", "internet")


@pytest.fixture(scope="module")
def bare(kubectl: Kubectl) -> set[str]:
    """Have a cluster without anything of esddns, and return all that is there."""
    for application in (*APPLICATIONS, MONITORING):
        kubectl.delete("applications.argoproj.io", application, namespace=ARGOCD)
    if kubectl.get("namespace", NAMESPACE):
        kubectl.delete("namespace", NAMESPACE, "--wait=false")
        _give_up(kubectl)
        _until_namespace_gone(kubectl)
    kubectl.delete("crd", CRD)
    return inventory(kubectl)


class Site:
    """deploy.sh in a working copy, run as a person does it."""

    def __init__(self, shell: Shell, gandi: str) -> None:
        self._shell = shell
        self._environment = {
            "GANDI_URL": gandi,
            "GANDI_API_KEY": TOKEN,
            "TARGET_DOMAIN": f"deployed.{LAB}",
        }

    def run(self, line: str) -> Done:
        """Run deploy.sh; the token shows nowhere."""
        done = within(
            "deploy.sh ended",
            lambda limit: self._shell.run(line, timeout=limit, **self._environment),
        )
        assert TOKEN not in done.out + done.err
        return done


@pytest.fixture(scope="module")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return deploy.sh, with a clusters/development of its user's."""
    copy = WorkingCopy(ROOT, tmp_path_factory.mktemp("working-copy") / "esddns")
    copy.develop(f"home.{LAB}")
    return Site(Shell(cluster.kubectl, copy.folder), cluster.internet.gandi)


def test_deploy_keeps_off_what_argo_cd_keeps(site: Site) -> None:
    """Where Argo CD would undo it, deploy.sh changes nothing and says who is in charge."""
    done = site.run(DEPLOY)
    assert done.code == 2, done.err
    assert "esddns is kept by Argo CD or Flux here" in done.err


def test_records_leave_with_their_application(
    kubectl: Kubectl,
    git: GitServer,
    argocd: ArgoCD,
    esddns: Esddns,
    internet: Internet,
    figures: Figures,
) -> None:
    """An Application deleted with all that it brought takes Delete records out of DNS, and does not hang."""
    path = git.work / "clusters" / "kind" / "records" / "home.yaml"
    path.write_text(yaml.safe_dump(dnsrecord(HOME, deletionPolicy="Delete")))
    with argocd.drift_expected(f"DNSRecord/{HOME}"):
        revision = git.push("a record that goes with its object")
        argocd.tell_of_push(git.url, revision)
        argocd.until_synced("esddns-records", revision)
        until("record ready", lambda: FINALIZER in _finalizers(esddns, HOME))
        records = ("applications.argoproj.io", "esddns-records")
        kubectl.patch(*records, {"metadata": {"finalizers": [CASCADE]}}, namespace=ARGOCD)
        kubectl.delete(*records, "--wait=false", namespace=ARGOCD)
        clock = Stopwatch()
        until(
            "Application gone",
            lambda: kubectl.get(*records, ARGOCD) is None,
            seen=lambda: kubectl.get(*records, ARGOCD),
        )
        figures.add(12, "Application deleted with its Delete record, to gone", clock.seconds)
    assert internet.dig(HOME) == []
    assert esddns.record(HOME) is None


def test_without_applications_all_goes_on(
    kubectl: Kubectl, esddns: Esddns, internet: Internet
) -> None:
    """Applications deleted as they are take nothing away: agents and records go on without them."""
    with esddns.kept_record("bereft", deletionPolicy="Delete") as name:
        for application in APPLICATIONS:
            kubectl.delete("applications.argoproj.io", application, namespace=ARGOCD)
        wan = "203.0.113.121"
        internet.move(wan)
        esddns.until_dns(name, wan)
        assert esddns.all_ready()
        assert internet.puts(name) == [[wan]]


def test_the_namespace_goes_with_its_records(
    kubectl: Kubectl, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """With agents at work a deleted namespace ends, and takes from DNS what is to go with its object."""
    with esddns.kept_record("leaving", deletionPolicy="Delete") as leaving:
        esddns.add_record("staying")
        esddns.until_dns("staying", FIRST_WAN, "record in DNS")
        kubectl.delete("namespace", NAMESPACE, "--wait=false")
        clock = Stopwatch()
        try:
            _until_namespace_gone(kubectl)
        finally:
            _give_up(kubectl)
        figures.add(12, "namespace deleted with a Delete record in it, to gone", clock.seconds)
        assert internet.dig(leaving) == []
        assert internet.dig("staying") == [FIRST_WAN]
        internet.erase("staying")


def test_a_namespace_without_agents_says_what_it_waits_for(
    kubectl: Kubectl, esddns: Esddns
) -> None:
    """Where no agent is left the namespace names the finalizer; taking that off is the way out."""
    kubectl.apply_namespaces(NAMESPACE)
    orphan = dnsrecord("orphan", deletionPolicy="Delete")
    kubectl.apply({**orphan, "metadata": {**orphan["metadata"], "finalizers": [FINALIZER]}})
    kubectl.delete("namespace", NAMESPACE, "--wait=false")
    until("condition", lambda: FINALIZER in _waits_for(kubectl), seen=lambda: _waits_for(kubectl))
    assert esddns.record("orphan") is not None
    _give_up(kubectl)
    _until_namespace_gone(kubectl)


@pytest.mark.usefixtures("bare")
def test_deploy_on_a_bare_cluster(
    site: Site, internet: Internet, load_balancer: LoadBalancer, figures: Figures
) -> None:
    """One command brings all of it, says where the page is, and the names are in DNS."""
    clock = Stopwatch()
    done = site.run(DEPLOY)
    assert done.code == 0, done.err
    figures.add(12, "deploy.sh on a bare cluster", clock.seconds)
    address = load_balancer.address
    assert done.out.splitlines() == [f"http://{address}/", f"https://{address}/"]
    page = Page(done.out.splitlines()[0].removesuffix("/"))
    names = ("deployed", "home")
    until(
        "record in DNS",
        lambda: all(internet.dig(name, zone=LAB) == [FIRST_WAN] for name in names),
        seen=internet.state,
    )
    until("page", lambda: page.tells("in-sync"), seen=page.raw)


def test_deploy_again_changes_nothing(site: Site, kubectl: Kubectl, esddns: Esddns) -> None:
    """A second run ends well, and leaves every object and every pod as it was."""
    before = applied(kubectl, "esddns-deploy"), kubectl.uids("pods")
    assert "DaemonSet/esddns-operator-daemon" in before[0]
    assert "Secret/esddns-gandi-credentials" in before[0]
    done = site.run(DEPLOY)
    assert done.code == 0, done.err
    assert (applied(kubectl, "esddns-deploy"), kubectl.uids("pods")) == before
    assert esddns.all_ready()


def test_delete_leaves_nothing(
    site: Site, bare: set[str], kubectl: Kubectl, internet: Internet, figures: Figures
) -> None:
    """Nothing is in the cluster that was not there before; in DNS only what is to be retained."""
    clock = Stopwatch()
    done = site.run(f"{DEPLOY} --delete")
    assert done.code == 0, done.err
    assert "Nothing is left behind." in done.err
    figures.add(12, "deploy.sh --delete", clock.seconds)
    assert inventory(kubectl) - bare == set()
    assert internet.dig("home", zone=LAB) == []
    assert internet.dig("deployed", zone=LAB) == [FIRST_WAN]
    internet.erase("deployed", zone=LAB)


def _finalizers(esddns: Esddns, name: str) -> list[str]:
    found: list[str] = (esddns.record(name) or {})["metadata"].get("finalizers", [])
    return found


def _waits_for(kubectl: Kubectl) -> str:
    """Return what a namespace that is to go says it waits for."""
    status = (kubectl.get("namespace", NAMESPACE) or {}).get("status", {})
    return "; ".join(
        condition["message"]
        for condition in status.get("conditions", [])
        if condition["status"] == "True"
    )


def _until_namespace_gone(kubectl: Kubectl) -> None:
    until(
        "namespace gone",
        lambda: kubectl.get("namespace", NAMESPACE) is None,
        seen=lambda: _waits_for(kubectl),
    )


def _give_up(kubectl: Kubectl) -> None:
    """Take the finalizer off each record, so that no namespace waits for agents that are not there."""
    for record in kubectl.list("dnsrecords"):
        try:
            kubectl.patch(
                "dnsrecord", record["metadata"]["name"], {"metadata": {"finalizers": None}}
            )
        except KubectlError as err:
            if "NotFound" not in err.errors:  # one that is gone by now has none
                raise
