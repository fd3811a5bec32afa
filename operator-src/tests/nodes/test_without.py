"""Without the API server, a cache, or a way out: the agents carry on, and order returns by itself."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from esddns.core.cache import NAME
from esddns.shell.follower import SOLO_AFTER
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import CONFIG_MAPS
from esddns_simulator.faults import ApiFault
from nodes.virtual_cluster import NAMESPACE, VirtualCluster, cluster_of
from scenarios.virtual_site import FIRST, SECOND, THIRD, ZONE
from standin import Fault, NoAnswerError
from virtual_time import run_virtual

MINUTE, HOUR = 60, 3600
# The last answer may be a renewal's before the outage; then a look at the clock, a round and the jitter.
SOLO_WITHIN = SOLO_AFTER + 5 + 6 + 10 + 5


def fallbacks(cluster: VirtualCluster) -> float:
    """How often agents detected by themselves."""
    return sum(
        sample.value
        for agent in cluster.agents
        for metric in agent.metrics.fallbacks.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("size", [1, 3, 10])
def test_solo(tokens: TokenSource, size: int, silent: bool) -> None:
    """Without the API server a change is written all the same, by a few at most; then one leads again."""

    async def scenario() -> None:
        async with cluster_of(size, tokens) as cluster:
            site = cluster.site
            puts = site.puts()
            cluster.model.outage(silent=silent)
            await asyncio.sleep(20)
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(60)
            assert site.value() == str(FIRST)
            await site.until(SECOND, within=SOLO_WITHIN - 60)
            await asyncio.sleep(10 * MINUTE)
            assert 1 <= site.puts() - puts <= 3
            assert site.values_seen == {str(FIRST), str(SECOND)}
            cluster.model.recover()
            await cluster.leader(within=60)
            await cluster.all_know(SECOND, within=60)
            site.world.set_wan(ipv4=THIRD)
            await site.until(THIRD, within=40)

    run_virtual(scenario())


def test_a_new_token_does_not_wake_all_that_are_alone_at_once(
    tokens: TokenSource, tmp_path: Path
) -> None:
    """A token that was refused and is replaced in solo mode: few write, as after a new address."""

    async def scenario() -> None:
        async with cluster_of(40, tokens) as cluster:
            site = cluster.site
            puts = site.puts()
            site.world.credentials.replace(["second-token-of-the-site"], [])
            cluster.model.outage()
            await asyncio.sleep(20)
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(10 * MINUTE)
            assert site.value() == str(FIRST)
            site.world.faults.add(ApiFault("latency", seconds=0.5))
            (tmp_path / "api-key").write_text("second-token-of-the-site")
            await site.until(SECOND, within=30)
            await asyncio.sleep(MINUTE)
            assert 1 <= site.puts() - puts <= 3

    run_virtual(scenario())


def test_what_was_learnt_alone_is_not_held_against_it(tokens: TokenSource, tmp_path: Path) -> None:
    """A token that was refused in solo mode, and replaced after it, leaves no agent that is not ready."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            site = cluster.site
            cluster.model.outage()
            site.world.credentials.replace(["second-token-of-the-site"], [])
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(10 * MINUTE)
            refused = [agent for agent in cluster.agents if agent.reporter.credential_good is False]
            assert refused
            cluster.model.recover()
            await cluster.leader(within=60)
            (tmp_path / "api-key").write_text("second-token-of-the-site")
            await site.until(SECOND, within=60)
            await asyncio.sleep(MINUTE)
            for agent in cluster.agents:
                assert agent.reporter.credential_good is not False
                assert not agent.metrics.registry.get_sample_value("esddns_credential_rejected")

    run_virtual(scenario())


def test_a_stalled_loop_is_seen_in_solo_mode_too(tokens: TokenSource) -> None:
    """Whoever goes on alone and stands still is not alive; after it nothing more is waited for."""

    async def scenario() -> None:
        async with cluster_of(1, tokens) as cluster:
            (agent,) = cluster.agents
            cluster.model.outage()
            await asyncio.sleep(SOLO_WITHIN)
            assert agent.node.stalled() == []
            assert "keeper" in agent.node._solo_health._due
            agent.node._solo_health.beat("keeper", -1)
            assert agent.node.stalled() == ["keeper"]
            cluster.model.recover()
            await cluster.leader(within=60)
            await asyncio.sleep(10)
            assert agent.node.stalled() == []

    run_virtual(scenario())


def test_a_suspended_machine_asks_before_it_goes_on_alone(tokens: TokenSource) -> None:
    """Hours in which nobody asked are no silence of the API server's."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            for agent in cluster.agents:
                agent.suspended = 3.0 * HOUR
            await asyncio.sleep(5 * MINUTE)
            assert fallbacks(cluster) == 0

    run_virtual(scenario())


def test_solo_makes_nothing_and_repairs_nothing(tokens: TokenSource) -> None:
    """In solo mode a record that was deleted does not come back, and another's value stays."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            site = cluster.site
            cluster.model.outage()
            await asyncio.sleep(30)
            site.world.drop(ZONE, "home", "A")
            puts = site.puts()
            await asyncio.sleep(HOUR)
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(HOUR)
            assert site.value() is None
            site.world.set_record(ZONE, "home", "A", str(THIRD), ttl=300)
            await asyncio.sleep(HOUR)
            assert site.puts() == puts

    run_virtual(scenario())


def test_nobody_writes_alone_while_the_api_server_answers(tokens: TokenSource) -> None:
    """Errors are answers: while the API server refuses everything, nobody writes without the Lease."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            site = cluster.site
            cluster.model.faults.append(Fault(status=500, count=10**9))
            await asyncio.sleep(30)
            puts = site.puts()
            site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(20 * MINUTE)
            assert site.puts() == puts
            cluster.model.faults.clear()
            await site.until(SECOND, within=120)

    run_virtual(scenario())


@pytest.mark.parametrize("what", ["sources", "gandi"])
def test_a_leader_without_a_way_out_is_followed(tokens: TokenSource, what: str) -> None:
    """Where only the leader's way to the sources or to Gandi is cut, another node leads and writes."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            site = cluster.site
            leader = await cluster.leader()
            leader.cut.add(what)
            puts = site.puts()
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=30 + 15 + 60 + 10)
            assert site.puts() == puts + 1
            assert await cluster.leader() is not leader

    run_virtual(scenario())


def test_an_outage_for_all_is_no_merry_go_round(tokens: TokenSource) -> None:
    """When no node has a way out, leadership changes hands a few times in hours; then one goes on."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            for agent in cluster.agents:
                agent.cut.add("sources")
            holders = []
            for _ in range(4 * HOUR // 30):
                await asyncio.sleep(30)
                holder = cluster.agents[0].node.elector.holder
                if holder and holder not in holders:
                    holders.append(holder)
            assert len(holders) <= 9  # at once, after 5, 10, 20, 40 minutes, then hourly
            for agent in cluster.agents:
                agent.cut.clear()
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.site.until(SECOND, within=60)

    run_virtual(scenario())


def test_a_cache_that_is_gone(tokens: TokenSource, caplog: pytest.LogCaptureFixture) -> None:
    """Without a cache the agents look for themselves, say it and count it; the Lease decides who writes."""
    caplog.set_level(logging.INFO)

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            site = cluster.site
            puts = site.puts()
            cluster.model.faults.append(
                Fault(status=500, verb="create", kind=CONFIG_MAPS, count=10**9)
            )
            cluster.model.store.delete(CONFIG_MAPS, NAMESPACE, NAME)
            await asyncio.sleep(2 * MINUTE)
            assert fallbacks(cluster) == 2
            assert sum(str(a) == str(FIRST) for a in own_views(cluster)) == 2
            assert sum(line.startswith("this node's own view") for line in caplog.messages) == 2
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=40)
            assert site.puts() == puts + 1
            cluster.model.faults.clear()
            await asyncio.sleep(2 * MINUTE)
            assert all(agent.node.view.problem is None for agent in cluster.agents)
            assert own_views(cluster) == []

    run_virtual(scenario())


def test_a_cache_that_is_gone_unseen(tokens: TokenSource) -> None:
    """Taken away while nobody's watch tells of it, as after an outage, it is made by the next write."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            cluster.model.faults.append(
                Fault(status=503, verb="get", kind=CONFIG_MAPS, count=10**9)
            )
            cluster.model.end_watches(NoAnswerError())
            await asyncio.sleep(1)
            cluster.model.store.delete(CONFIG_MAPS, NAMESPACE, NAME)
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.site.until(SECOND, within=40)
            await cluster.until(lambda: (cluster.cache() or {}).get("current_ip") == str(SECOND), 2)

    run_virtual(scenario())


def own_views(cluster: VirtualCluster) -> list[object]:
    """The addresses that agents found by themselves."""
    return [address for agent in cluster.agents for address in agent.node.own_view.values()]
