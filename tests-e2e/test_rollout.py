"""Pods come and go, images too: the record is right, and written once for a change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from harness.argocd import ArgoCD
from harness.esddns import AGENTS, Esddns
from harness.figures import Figures
from harness.git_server import GitServer
from harness.internet import Internet
from harness.kubectl import NAMESPACE, Kubectl
from harness.nodes import Nodes
from harness.waiting import Stopwatch, holds, until

WORKLOADS = ("DaemonSet/esddns-operator-daemon", "Deployment/esddns-service")

pytestmark = pytest.mark.usefixtures("deployed")


def test_all_pods_deleted_at_once(
    kubectl: Kubectl, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """With every agent gone and then a WAN change, those that follow bring DNS right by one write."""
    wan = "203.0.113.81"
    with esddns.kept_record("orphaned") as name:
        before = kubectl.uids("pods", AGENTS)
        kubectl(
            "delete", "pods", f"--namespace={NAMESPACE}", f"--selector={AGENTS}", "--wait=false"
        )
        clock = Stopwatch()
        # Those that end are at work until they are gone.
        until(
            "rollout", lambda: before.isdisjoint(kubectl.uids("pods", AGENTS)), seen=esddns.agents
        )
        internet.move(wan)
        moved = Stopwatch()
        esddns.until_dns(name, wan)
        figures.add(
            8, "all agents deleted at once, then a WAN change: change to DNS", moved.seconds
        )
        until("rollout", esddns.all_ready, seen=esddns.agents)
        figures.add(8, "all agents deleted at once: all ready again", clock.seconds)
        assert internet.puts(name) == [[wan]]
        assert len(internet.tried_puts(name)) == 1


def test_a_rolling_update_under_a_wan_change(
    nodes: Nodes,
    git: GitServer,
    argocd: ArgoCD,
    esddns: Esddns,
    internet: Internet,
    figures: Figures,
) -> None:
    """A new image goes over the nodes one after another; the WAN moves in the middle, and is written once."""
    wan = "203.0.113.82"
    nodes.name_image("esddns:dev", "esddns:next")
    with esddns.kept_record("rolled") as name, argocd.drift_expected(*WORKLOADS):
        clock = Stopwatch()
        _push_tag(git, argocd, "next")
        until("rollout", lambda: "esddns:next" in _images(esddns), seen=esddns.agents)
        assert "esddns:dev" in _images(esddns), "it is not over yet"
        internet.move(wan)
        moved = Stopwatch()
        esddns.until_dns(name, wan)
        figures.add(8, "rolling update with a WAN change: change to DNS", moved.seconds)
        until(
            "rollout",
            lambda: set(_images(esddns)) == {"esddns:next"} and esddns.all_ready(),
            seen=esddns.agents,
        )
        figures.add(8, "push of a new image, to all agents ready with it", clock.seconds)
        argocd.until_healthy("esddns")
        assert internet.puts(name) == [[wan]]
        assert len(internet.tried_puts(name)) == 1


def test_a_bad_image_leaves_the_old_pods_at_work(
    git: GitServer, argocd: ArgoCD, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """An image that does not exist stops at its first pod; the others follow the WAN until it is reverted."""
    wan = "203.0.113.83"
    with esddns.kept_record("unmoved") as name, _pushed_tag(git, argocd, "no-such-tag"):
        until("rollout", lambda: _waiting_for_image(esddns), seen=esddns.agents)
        internet.move(wan)
        clock = Stopwatch()
        esddns.until_dns(name, wan)
        figures.add(8, "bad image pushed, with a WAN change: change to DNS", clock.seconds)
        until("Application compared", lambda: argocd.standing("esddns")[1] != "Healthy")
        holds(
            5,
            lambda: len(_ready(esddns)) == 2 and argocd.standing("esddns")[1] != "Healthy",
            "two of three agents are at work, and Argo CD says that not all is well",
        )
        assert internet.puts(name) == [[wan]]
    clock = Stopwatch()
    until("rollout", esddns.all_ready, seen=esddns.agents)
    figures.add(8, "bad image reverted, to all agents ready", clock.seconds)
    argocd.until_healthy("esddns")


def _waiting_for_image(esddns: Esddns) -> bool:
    return any(
        status.get("state", {}).get("waiting", {}).get("reason")
        in {"ErrImagePull", "ImagePullBackOff"}
        for pod in esddns.agents()
        for status in pod["status"].get("containerStatuses", [])
    )


def _ready(esddns: Esddns) -> list[dict[str, Any]]:
    return [
        pod
        for pod in esddns.agents()
        if all(
            status["ready"] for status in pod["status"].get("containerStatuses", [{"ready": False}])
        )
    ]


def _images(esddns: Esddns) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in esddns.agents()]


@contextmanager
def _pushed_tag(git: GitServer, argocd: ArgoCD, tag: str) -> Iterator[None]:
    """Have Git name another image while the context lasts."""
    with argocd.drift_expected(*WORKLOADS):
        before = _push_tag(git, argocd, tag)
        try:
            yield
        finally:
            _push_tag(git, argocd, before)


def _push_tag(git: GitServer, argocd: ArgoCD, tag: str) -> str:
    """Have Git name another image, and return the tag that was there before."""
    path = git.work / "clusters" / "kind" / "esddns" / "kustomization.yaml"
    document = yaml.safe_load(path.read_text())
    (image,) = document["images"]
    before: str = image["newTag"]
    image["newTag"] = tag
    path.write_text(yaml.safe_dump(document))
    argocd.tell_of_push(git.url, git.push(f"image {tag}"))
    return before
