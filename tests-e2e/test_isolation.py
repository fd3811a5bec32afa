"""Nodes without a way out: the one that has one leads, and the others ask nobody outside."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from harness.esddns import Esddns
from harness.figures import Figures
from harness.internet import Internet
from harness.nodes import Nodes
from harness.simulator import Addresses
from harness.waiting import Stopwatch, holds, until

WAN = "203.0.113.61"


@pytest.mark.usefixtures("deployed")
def test_the_only_node_with_a_way_out_leads(
    nodes: Nodes, simulator: Addresses, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """Two of three nodes reach nothing outside: leadership settles on the third; followers try nothing."""
    leader = esddns.lead_on_a_worker()
    third = next(node for node in nodes.workers if node != leader)
    isolated = [node for node in nodes.all if node != third]
    with esddns.kept_record("isolated") as name, ExitStack() as cuts:
        for node in isolated:
            cuts.enter_context(nodes.cut(node, *simulator.all))
        internet.move(WAN)
        clock = Stopwatch()
        until("only one can lead", lambda: esddns.leader_node() == third, seen=esddns.holder)
        figures.add(
            6, "two of three nodes isolated: leadership settled on the third", clock.seconds
        )
        esddns.until_dns(name, WAN)
        figures.add(6, "two of three nodes isolated: WAN change to DNS", clock.seconds)
        # Whoever led until now has ended what it had begun.
        until("agents agree", lambda: esddns.addresses_told() == {WAN}, seen=esddns.addresses_told)
        dropped = [nodes.dropped(node) for node in isolated]
        holds(15, lambda: esddns.leader_node() == third, "the third node leads")
        assert [nodes.dropped(node) for node in isolated] == dropped, "a follower tried to get out"
        assert internet.puts(name) == [[WAN]]
        figures.add(6, "packets to the outside from two isolated followers in 15 s", "0")
