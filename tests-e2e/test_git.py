"""What is pushed to Git is in DNS, and what is taken from Git leaves DNS where it is to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.argocd import ArgoCD
from harness.deployment import HOME
from harness.esddns import FINALIZER, Esddns, dnsrecord
from harness.figures import Figures
from harness.git_server import GitServer
from harness.internet import FIRST_WAN, Internet
from harness.waiting import Stopwatch, until

PUSHED = "pushed"
APPLICATION = "esddns-records"

pytestmark = pytest.mark.usefixtures("deployed")


class Records:
    """The folder of the cluster's DNSRecords in the working copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, **spec: object) -> None:
        """Write a DNSRecord's file, and have the kustomization name it."""
        (self._folder / f"{name}.yaml").write_text(yaml.safe_dump(dnsrecord(name, **spec)))
        self._list()

    def remove(self, name: str) -> None:
        """Take a DNSRecord away; one that is not there is away already."""
        (self._folder / f"{name}.yaml").unlink(missing_ok=True)
        self._list()

    def _list(self) -> None:
        path = self._folder / "kustomization.yaml"
        document = yaml.safe_load(path.read_text())
        files = sorted(file.name for file in self._folder.glob("*.yaml") if file != path)
        path.write_text(yaml.safe_dump({**document, "resources": files}))


@pytest.fixture(scope="module")
def records(git: GitServer) -> Records:
    """Return the folder in Git that the tests change."""
    return Records(git.work / "clusters" / "kind" / "records")


@pytest.fixture(scope="module", autouse=True)
def _expected(argocd: ArgoCD) -> Iterator[None]:
    # Between a push and its sync Git and cluster differ: that is what a sync is for.
    with argocd.drift_expected(f"DNSRecord/{PUSHED}"):
        yield


def test_a_pushed_record_is_in_dns(
    records: Records,
    git: GitServer,
    argocd: ArgoCD,
    internet: Internet,
    esddns: Esddns,
    figures: Figures,
) -> None:
    """A push, told by the webhook, brings a new record to DNS with the WAN's address."""
    records.write(PUSHED, deletionPolicy="Delete", ttl=600)
    revision = git.push("a record")
    compared = argocd.refreshed_by_webhook(APPLICATION)
    clock = Stopwatch()
    argocd.tell_of_push(git.url, revision)
    until(
        "push seen by webhook",
        lambda: internet.dig(PUSHED) == [FIRST_WAN],
        seen=lambda: (argocd.standing(APPLICATION), esddns.record(PUSHED)),
    )
    figures.add(2, "push of a new record, to DNS, by webhook", clock.seconds)
    assert argocd.refreshed_by_webhook(APPLICATION) > compared
    assert internet.rrset(PUSHED)["ttl"] == 600
    pushed = esddns.record(PUSHED)
    assert pushed is not None
    assert pushed["metadata"]["finalizers"] == [FINALIZER], "ours, which Git knows nothing of"
    argocd.until_synced(APPLICATION, revision)


def test_a_changed_ttl_is_followed(
    records: Records, git: GitServer, argocd: ArgoCD, internet: Internet, figures: Figures
) -> None:
    """A push that nobody tells of is seen by polling; a TTL that changed is one write."""
    records.write(PUSHED, deletionPolicy="Delete", ttl=900)
    revision = git.push("another TTL")
    clock = Stopwatch()
    until(
        "push seen by polling",
        lambda: internet.rrset(PUSHED)["ttl"] == 900,
        seen=lambda: argocd.standing(APPLICATION),
    )
    figures.add(
        2, "push of another TTL, to DNS, by polling (timeout.reconciliation 10 s)", clock.seconds
    )
    assert internet.puts(PUSHED) == [[FIRST_WAN]]
    argocd.until_synced(APPLICATION, revision)


def test_a_refused_record_and_its_fix(
    records: Records, git: GitServer, argocd: ArgoCD, internet: Internet, figures: Figures
) -> None:
    """A DNSRecord that the API server refuses is said by Argo CD, harms nobody, and its fix is taken."""
    records.write(PUSHED, deletionPolicy="Delete", ttl=1)
    # What it cannot compare, Argo CD may call out of sync, and all that is beside it.
    with argocd.drift_expected(f"DNSRecord/{HOME}"):
        argocd.tell_of_push(git.url, git.push("a TTL that Gandi does not take"))
        # Said until the next comparison only: then it calls it Synced again, and keeps what was there.
        message = until("Application synced", lambda: argocd.failure(APPLICATION))
        assert "spec.ttl" in message
        assert internet.dig(PUSHED) == internet.dig(HOME) == [FIRST_WAN]
    records.write(PUSHED, deletionPolicy="Delete", ttl=1200)
    revision = git.push("a TTL that it takes")
    clock = Stopwatch()
    argocd.tell_of_push(git.url, revision)
    until(
        "fix after a refusal",
        lambda: internet.rrset(PUSHED)["ttl"] == 1200,
        seen=lambda: argocd.application(APPLICATION)["status"],
    )
    figures.add(2, "push of a fix after one that was refused, to DNS", clock.seconds)
    argocd.until_synced(APPLICATION, revision)


def test_a_record_that_left_git_leaves_dns(
    records: Records,
    git: GitServer,
    argocd: ArgoCD,
    internet: Internet,
    esddns: Esddns,
    figures: Figures,
) -> None:
    """With deletionPolicy Delete what is taken from Git goes from DNS and cluster, and nothing else does."""
    records.remove(PUSHED)
    revision = git.push("no record")
    compared = argocd.refreshed_by_webhook(APPLICATION)
    clock = Stopwatch()
    argocd.tell_of_push(git.url, revision)
    until(
        "push seen by webhook", lambda: not internet.dig(PUSHED), seen=lambda: esddns.record(PUSHED)
    )
    figures.add(2, "push of a deletion (deletionPolicy Delete), to DNS, by webhook", clock.seconds)
    assert argocd.refreshed_by_webhook(APPLICATION) > compared
    until("record gone", lambda: esddns.record(PUSHED) is None, seen=lambda: esddns.record(PUSHED))
    argocd.until_synced(APPLICATION, revision)
    assert internet.dig(HOME) == [FIRST_WAN]
    assert [call["path"] for call in internet.calls(kind="api", method="DELETE")] == [
        f"/v5/livedns/domains/example.com/records/{PUSHED}/A"
    ]
