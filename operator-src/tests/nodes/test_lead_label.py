"""A node's label keeps its agent from leading."""

from __future__ import annotations

import asyncio

from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import NODES
from nodes.virtual_cluster import cluster_of
from standin import Fault
from virtual_time import run_virtual


def test_a_labelled_node_never_leads(tokens: TokenSource) -> None:
    """Whoever has the label leaves the Lease to others; nobody else does."""

    async def scenario() -> None:
        async with cluster_of(3, tokens, with_nodes=True) as cluster:
            leader = await cluster.leader()
            others = [number for number, a in enumerate(cluster.agents) if a is not leader]
            cluster.label(others[0], "false")
            cluster.label(others[1], "true")
            await cluster.crash(leader)
            assert await cluster.leader() is cluster.agents[others[1]]

    run_virtual(scenario())


def test_the_label_is_taken_away_again(tokens: TokenSource) -> None:
    """Without any agent that may lead nobody does; a minute after the label is gone somebody does."""

    async def scenario() -> None:
        async with cluster_of(2, tokens, with_nodes=True) as cluster:
            leader = await cluster.leader()
            other = next(a for a in cluster.agents if a is not leader)
            cluster.label(cluster.agents.index(other), "false")
            await cluster.crash(leader)
            await asyncio.sleep(600)
            assert not other.leads
            cluster.label(cluster.agents.index(other), "anything")
            assert await cluster.leader(within=62) is other

    run_virtual(scenario())


def test_a_node_that_cannot_be_read_keeps_nobody(tokens: TokenSource) -> None:
    """No right to read it, or no answer, is no label."""

    async def scenario() -> None:
        async with cluster_of(2, tokens, with_nodes=True) as cluster:
            cluster.model.faults.append(Fault(status=403, verb="get", kind=NODES, count=100))
            await cluster.leader()

    run_virtual(scenario())
