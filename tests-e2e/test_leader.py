"""Whatever happens to the leader: another takes over, DNS follows the WAN, and nothing wrong is written."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from harness.esddns import Esddns
from harness.figures import Figures
from harness.internet import Internet
from harness.kubectl import NAMESPACE, Kubectl
from harness.nodes import Nodes
from harness.simulator import Addresses
from harness.waiting import Stopwatch, holds, until, within

pytestmark = pytest.mark.usefixtures("deployed", "internet")

# Seconds in which one that led before would write, if it did: it looks every 2 s.
_BACK = 6.0
_wans = (f"198.51.100.{number}" for number in itertools.count(51))


@dataclass(frozen=True)
class Scene:
    """A record in DNS, an agent on a worker that leads, and where the WAN is about to move to."""

    record: str
    node: str
    pod: str
    addresses: frozenset[str]
    holder: str
    wan: str


@pytest.fixture
def scene(request: pytest.FixtureRequest, nodes: Nodes, esddns: Esddns) -> Iterator[Scene]:
    """Set the scene, with a record of the test's own."""
    name = request.node.name.removeprefix("test_the_leader_").replace("_", "-")
    with esddns.kept_record(name):
        node = esddns.lead_on_a_worker()
        holder, pod = esddns.holder(), esddns.agent_on(node)
        assert holder.startswith(pod["metadata"]["name"])
        # What comes from another node may have its pod's address or its node's.
        addresses = frozenset({pod["status"]["podIP"], nodes.address(node)})
        yield Scene(name, node, pod["metadata"]["name"], addresses, holder, next(_wans))


def _calls_of(scene: Scene, internet: Internet, **criteria: str | int) -> list[dict[str, Any]]:
    """Return the calls that match and came from the scene's leader."""
    return [call for call in internet.calls(**criteria) if call["client"] in scene.addresses]


def _written_once(scene: Scene, internet: Internet, figures: Figures, what: str) -> None:
    """Prove that only the new address was ever asked for, and once: so far, and by whoever is back now."""
    holds(
        _BACK,
        lambda: internet.tried_puts(scene.record) == internet.puts(scene.record) == [[scene.wan]],
        "one write, of the new address",
    )
    figures.add(5, f"{what}: PUTs", str(len(internet.tried_puts(scene.record))))


def test_the_leader_is_killed(
    scene: Scene, nodes: Nodes, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """SIGKILL: nothing is released; another leads when the Lease has run out."""
    nodes.kill_processes(scene.node, "esddns node")
    internet.move(scene.wan)
    clock = Stopwatch()
    esddns.another_leader(scene.holder)
    figures.add(5, "leader killed (SIGKILL) with a WAN change: new leader", clock.seconds)
    esddns.until_dns(scene.record, scene.wan)
    figures.add(5, "leader killed: WAN change to DNS", clock.seconds)
    _written_once(scene, internet, figures, "leader killed")


def test_the_leader_is_drained(
    scene: Scene, kubectl: Kubectl, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """A drain leaves a DaemonSet's pods; one that is then told to end releases the Lease."""
    options = ["--ignore-daemonsets", "--delete-emptydir-data"]
    within(
        "node drained",
        lambda limit: kubectl("drain", scene.node, *options, f"--timeout={limit:.0f}s"),
    )
    try:
        assert esddns.holder() == scene.holder
        kubectl("delete", "pod", scene.pod, f"--namespace={NAMESPACE}", "--wait=false")
        clock = Stopwatch()
        internet.move(scene.wan)
        esddns.another_leader(scene.holder)
        figures.add(
            5, "leader drained and ended (SIGTERM) with a WAN change: new leader", clock.seconds
        )
        esddns.until_dns(scene.record, scene.wan)
        figures.add(5, "leader drained: WAN change to DNS", clock.seconds)
        _written_once(scene, internet, figures, "leader drained")
    finally:
        kubectl("uncordon", scene.node)
    until("rollout", esddns.all_ready, seen=esddns.agents)


def test_the_leader_is_frozen(
    scene: Scene, nodes: Nodes, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """A node stands still with a write to be made, and wakes when that is out of date: it starts no write."""
    latest = next(_wans)
    with ExitStack() as frozen:
        with internet.fault("f", on="api", kind="server-error"):
            internet.move(scene.wan)
            # It knows the address, and tries to write it until it may.
            until("leader asks", lambda: _calls_of(scene, internet, kind="api", status=500))
            frozen.enter_context(nodes.paused(scene.node))
            clock = Stopwatch()
        until("new leader", lambda: esddns.holder() not in {scene.holder, ""}, seen=esddns.holder)
        figures.add(5, "leader's node frozen after a WAN change: new leader", clock.seconds)
        esddns.until_dns(scene.record, scene.wan)
        figures.add(5, "leader's node frozen: to DNS", clock.seconds)
        internet.move(latest)
        esddns.until_dns(scene.record, latest)
        holder = esddns.holder()
    until("node notices", lambda: esddns.address_told_by(scene.node) == latest)
    holds(
        10,
        lambda: internet.tried_puts(scene.record) == [[scene.wan], [latest]],
        "one write for each address, none of them out of date",
    )
    assert internet.dig(scene.record) == [latest]
    assert esddns.holder() == holder, "the old one does not take it back"
    assert _calls_of(scene, internet, kind="api", method="PUT") == [], "the old one starts no write"
    figures.add(
        5,
        "leader's node frozen, two WAN changes: PUTs",
        str(len(internet.tried_puts(scene.record))),
    )
    until("rollout", esddns.all_ready, seen=esddns.agents)


@pytest.fixture
def taken_over(
    scene: Scene, nodes: Nodes, esddns: Esddns, internet: Internet, figures: Figures
) -> Callable[..., None]:
    """Return a check: with ways of the leader cut and the WAN moved, another leads and writes, once."""

    def check(what: str, *cut: str) -> None:
        with nodes.cut(scene.node, *cut):
            internet.move(scene.wan)
            clock = Stopwatch()
            esddns.another_leader(scene.holder)
            figures.add(5, f"{what} with a WAN change: new leader", clock.seconds)
            esddns.until_dns(scene.record, scene.wan)
            figures.add(5, f"{what}: WAN change to DNS", clock.seconds)
            assert esddns.leader_node() != scene.node
        _written_once(scene, internet, figures, what)

    return check


def test_the_leader_cannot_reach_gandi(
    taken_over: Callable[..., None], simulator: Addresses
) -> None:
    """Without a way to Gandi, with a write to be made, it yields, and another writes."""
    taken_over("leader's way to Gandi cut", simulator.gandi)


def test_the_leader_cannot_reach_the_sources(
    taken_over: Callable[..., None], simulator: Addresses
) -> None:
    """Without an answer from any source it yields, and another finds the address."""
    taken_over("leader's way to the sources cut", *simulator.sources)
