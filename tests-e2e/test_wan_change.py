"""The WAN's address changes: seconds until DNS has it, one write, and every agent knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.argocd import ArgoCD
from harness.esddns import Esddns
from harness.figures import Figures
from harness.git_server import GitServer
from harness.internet import Internet
from harness.waiting import Stopwatch

pytestmark = pytest.mark.usefixtures("deployed")

NEXT_WANS = ["198.51.100.41", "203.0.113.42", "198.51.100.43"]


def test_a_change_is_written_once(esddns: Esddns, internet: Internet, figures: Figures) -> None:
    """Each change is one PUT, whoever detects it, and the agents of all nodes tell the new address."""
    times, told = [], 0.0
    with esddns.kept_record("moved") as name:
        for wan in NEXT_WANS:
            clock = Stopwatch()
            internet.move(wan)
            esddns.until_dns(name, wan)
            times.append(clock.seconds)
            esddns.until_all_tell(wan)
            told = clock.seconds
        assert internet.puts(name) == [[wan] for wan in NEXT_WANS]
        assert len(internet.tried_puts(name)) == len(NEXT_WANS)
    shown = ", ".join(f"{seconds:.1f}" for seconds in times)
    figures.add(4, "WAN change to DNS, probes every 2 s, three changes", f"{shown} s")
    figures.add(4, "WAN change to all agents informed (the last of the three)", told)
    figures.add(4, "PUTs for each change, 3 nodes", "1")


@pytest.mark.long
def test_a_change_at_the_default_intervals(
    git: GitServer, argocd: ArgoCD, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """With a round every 300 s and a probe every 30 s a change is in DNS within a probe's turn."""
    wan = "203.0.113.44"
    with _intervals(git, argocd, esddns, "300", "30"), esddns.kept_record("seldom") as name:
        clock = Stopwatch()
        internet.move(wan)
        esddns.until_dns(name, wan, "WAN change at default intervals")
        figures.add(
            4, "WAN change to DNS, default intervals (300 s, probes every 30 s)", clock.seconds
        )
        assert internet.puts(name) == [[wan]]


@contextmanager
def _intervals(
    git: GitServer, argocd: ArgoCD, esddns: Esddns, detection: str, probe: str
) -> Iterator[None]:
    """Have Git say other intervals while the context lasts."""
    path = git.work / "clusters" / "kind" / "esddns" / "configmap.yaml"
    before = path.read_text()
    changed = before.replace('detection-interval: "10"', f'detection-interval: "{detection}"')
    changed = changed.replace("probe-interval = 2\n", f"probe-interval = {probe}\n")

    def _bring(text: str) -> None:
        path.write_text(text)
        with argocd.drift_expected("ConfigMap/esddns-config"), esddns.configuration_taken():
            revision = git.push("other intervals")
            argocd.tell_of_push(git.url, revision)
            argocd.until_synced("esddns", revision)

    assert changed.count(f'"{detection}"') == changed.count(f"probe-interval = {probe}\n") == 1
    try:
        _bring(changed)
        yield
    finally:
        _bring(before)
