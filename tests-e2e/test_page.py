"""The status service through the load balancer and at node ports, whoever leads, and when nobody answers."""

from __future__ import annotations

from typing import Any

import pytest

from harness.argocd import ArgoCD
from harness.deployment import HOME
from harness.esddns import Esddns
from harness.figures import Figures
from harness.internet import FIRST_WAN, Internet
from harness.kubectl import NAMESPACE, Kubectl
from harness.nodes import Nodes
from harness.page import Page, by_load_balancer, by_node_port
from harness.waiting import Stopwatch, until
from harness.without import no_agents

pytestmark = pytest.mark.usefixtures("deployed", "internet")


@pytest.fixture
def page(kubectl: Kubectl) -> Page:
    """Return the page at the load balancer's address."""
    return by_load_balancer(kubectl)["80"]


@pytest.mark.parametrize("way", ["load balancer", "node port"])
@pytest.mark.parametrize("port", ["80", "443"])
def test_page_and_raw_tell_the_state(
    kubectl: Kubectl, nodes: Nodes, esddns: Esddns, way: str, port: str
) -> None:
    """People and programs are told address, leader, records and agents, by each way, in clear and by TLS."""
    pages = by_load_balancer(kubectl) if way == "load balancer" else by_node_port(kubectl, nodes)
    page = pages[port]
    raw = _told(page, "in-sync")
    assert raw["leader"] == esddns.leader()["metadata"]["name"]
    assert {agent["pod"] for agent in raw["agents"]} == {
        pod["metadata"]["name"] for pod in esddns.agents()
    }
    (home,) = [record for record in raw["records"] if record["object"] == f"{NAMESPACE}/{HOME}"]
    assert (home["in_sync"], home["published"]["values"]) == (True, [FIRST_WAN])

    def shows() -> bool:
        # Another of the pods may answer, which looked a little earlier.
        text = page.get().text
        return "<h1>In sync</h1>" in text and FIRST_WAN in text

    until("page", shows, seen=lambda: page.get().text)


def test_another_leader_is_shown(
    kubectl: Kubectl, esddns: Esddns, page: Page, figures: Figures
) -> None:
    """After the leader moved the page names the new one."""
    holder = esddns.holder()
    kubectl(
        "delete",
        "pod",
        esddns.leader()["metadata"]["name"],
        f"--namespace={NAMESPACE}",
        "--wait=false",
    )
    clock = Stopwatch()
    leader = esddns.another_leader(holder)["metadata"]["name"]
    until("page", lambda: page.raw()["leader"] == leader, seen=page.raw)
    figures.add(10, "leader ended, to the new one on the page", clock.seconds)
    until("rollout", esddns.all_ready, seen=esddns.agents)


def test_without_any_agent_the_last_state_is_shown_as_stale(
    kubectl: Kubectl,
    argocd: ArgoCD,
    esddns: Esddns,
    internet: Internet,
    page: Page,
    figures: Figures,
) -> None:
    """With all agents down the page shows what was known, and since when that is stale; then it recovers."""
    _told(page, "in-sync")
    with no_agents(kubectl, argocd):
        clock = Stopwatch()
        raw = _told(page, "stale", "page stale")
        figures.add(10, "all agents taken away, to stale on the page", clock.seconds)
        assert not raw["fresh"]
        assert raw["stale_since"]
        until("page", lambda: "Stale since" in page.get().text)
        assert internet.dig(HOME) == [FIRST_WAN]
    clock = Stopwatch()
    until("rollout", esddns.all_ready, seen=esddns.agents)
    _told(page, "in-sync")
    figures.add(10, "agents back, to in sync on the page", clock.seconds)


def _told(page: Page, level: str, what: str = "page") -> dict[str, Any]:
    """Return what /raw says once the site is at a level, with the WAN's first address.

    Another of the pods may say so a little later.
    """

    def told() -> dict[str, Any] | None:
        raw = page.raw()
        told = (raw["status"]["level"], [found["address"] for found in raw["addresses"]])
        return raw if told == (level, [FIRST_WAN]) else None

    return until(what, told, seen=page.raw)
