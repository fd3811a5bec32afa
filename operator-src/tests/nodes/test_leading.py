"""One detection and one write for a change, however many agents; and what the cache tells them."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from esddns.core.cache import NAME
from esddns.core.model import Drift, Record, RRType
from esddns.core.state import loads
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import CONFIG_MAPS
from nodes.virtual_cluster import NAMESPACE, cluster_of
from scenarios.in_process import OPERATORS
from scenarios.virtual_site import FIRST, HOME, SECOND, THIRD
from standin import Fault
from virtual_time import run_virtual

SIZES = [1, 10, 100]
MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize("size", SIZES)
def test_one_detection_and_one_put(tokens: TokenSource, size: int) -> None:
    """A change costs one round of questions and one PUT at every size, and all agents hear of it."""

    async def scenario() -> None:
        async with cluster_of(size, tokens) as cluster:
            site = cluster.site
            puts, asked, calls = site.puts(), site.asked(), site.api_calls()
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=30 + 5)
            await cluster.all_know(SECOND, within=5)
            await asyncio.sleep(10)
            assert site.puts() == puts + 1
            assert site.api_calls() - calls == 2
            # The probes until then, and one round of all.
            assert site.asked() - asked <= 3 + len(OPERATORS)

    run_virtual(scenario())


@pytest.mark.parametrize("size", SIZES)
def test_an_hour_costs_the_same_at_every_size(tokens: TokenSource, size: int) -> None:
    """In the steady state neither Gandi nor the sources see how many agents there are."""

    async def scenario() -> None:
        async with cluster_of(size, tokens) as cluster:
            site = cluster.site
            calls, asked = site.api_calls(), site.asked()
            await asyncio.sleep(HOUR)
            assert site.api_calls() == calls
            assert site.asked() - asked <= 12 * 3 + 108

    run_virtual(scenario())


@pytest.mark.parametrize("size", [3, 10])
def test_a_dead_leader_is_followed(tokens: TokenSource, size: int) -> None:
    """When the leader dies under a WAN change, another writes it, once, and nothing else is ever shown."""

    async def scenario() -> None:
        async with cluster_of(size, tokens) as cluster:
            site = cluster.site
            leader = await cluster.leader()
            puts = site.puts()
            crashing = asyncio.create_task(cluster.crash(leader))
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=22 + 5)
            await crashing
            await asyncio.sleep(5 * MINUTE)
            assert site.puts() == puts + 1
            assert site.values_seen == {str(FIRST), str(SECOND)}

    run_virtual(scenario())


def test_a_stopped_leader_is_followed(tokens: TokenSource) -> None:
    """A leader that ends as it should is followed at once, and its change of hands writes nothing."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            site = cluster.site
            puts = site.puts()
            leader = await cluster.leader()
            await leader.stop()
            await cluster.leader(within=2, not_=leader)
            await asyncio.sleep(5 * MINUTE)
            assert site.puts() == puts
            site.world.set_wan(ipv4=SECOND)
            await site.until(SECOND, within=35)

    run_virtual(scenario())


def test_a_new_leader_looks_at_the_api(tokens: TokenSource) -> None:
    """A new leader GETs every RRset at its start and 30 s later: what was on the wire is mended then."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            site = cluster.site
            leader = await cluster.leader()
            site.world.calls.clear()
            await leader.stop()
            await cluster.leader(within=2, not_=leader)
            await asyncio.sleep(10)
            first = len(site.world.calls.find(kind="api", method="GET"))
            assert first >= 1
            # A write of the old leader's lands after the new one has looked.
            site.world.set_record("example.com", "home", "A", str(THIRD), ttl=300)
            await site.until(FIRST, within=30)

    run_virtual(scenario())


def test_the_cache_is_made_and_owned(tokens: TokenSource) -> None:
    """The cache is made by the program, owned by the DaemonSet, and says what the design promises."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            data = cluster.cache()
            assert data is not None
            assert data["current_ip"] == str(FIRST)
            assert data["nodes"] == "3"
            found = next(iter(cluster.model.store.select(CONFIG_MAPS, NAMESPACE)))
            assert found["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet"
            checked = data["checked_at"]
            await asyncio.sleep(310)
            after = cluster.cache()
            assert after is not None
            assert after["checked_at"] > checked

    run_virtual(scenario())


@pytest.mark.parametrize(
    "deed", ["deleted", "emptied", "rubbish", "a wrong address", "a wrong state"]
)
def test_a_cache_that_somebody_touches(tokens: TokenSource, deed: str) -> None:
    """Whatever is done to the cache by hand is mended within one round, and never reaches DNS."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            store, before = cluster.model.store, cluster.cache()
            assert before is not None
            wrong = json.dumps(json.loads(before["state"])).replace(str(FIRST), str(THIRD))
            assert loads(wrong)
            data = {
                "emptied": {},
                "rubbish": dict.fromkeys(before, "rubbish"),
                "a wrong address": before | {"current_ip": str(THIRD)},
                "a wrong state": before | {"current_ip": str(THIRD), "state": wrong},
            }.get(deed)
            if data is None:
                store.delete(CONFIG_MAPS, NAMESPACE, NAME)
            else:
                metadata = {"name": NAME, "namespace": NAMESPACE}
                store.update(CONFIG_MAPS, NAMESPACE, {"metadata": metadata, "data": data})
            await asyncio.sleep(310)
            after = cluster.cache()
            assert after is not None
            assert after["current_ip"] == str(FIRST)
            assert cluster.site.values_seen == {str(FIRST)}
            assert all(agent.node.view.problem is None for agent in cluster.agents)

    run_virtual(scenario())


def test_a_cache_that_cannot_be_written(
    tokens: TokenSource, caplog: pytest.LogCaptureFixture
) -> None:
    """A leader whose cache writes are refused publishes all the same, and says so once."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.model.faults.append(
                Fault(status=500, verb="update", kind=CONFIG_MAPS, count=10**9)
            )
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.site.until(SECOND, within=35)
            await asyncio.sleep(120)
            cluster.model.faults.clear()
            await cluster.all_know(SECOND, within=65)

    with caplog.at_level(logging.WARNING):
        run_virtual(scenario())
    assert caplog.text.count("the cache cannot be written") == 1


def test_a_term_begins_with_the_cache_as_it_stands(tokens: TokenSource) -> None:
    """Who was cut off for a while and leads knows what was published meanwhile, before its watch tells."""

    async def scenario() -> None:
        reported = Record("told.example.com", RRType.A, drift=Drift.REPORT)
        async with cluster_of(2, tokens, records=(HOME, reported)) as cluster:
            leader = await cluster.leader()
            other = next(a for a in cluster.agents if a is not leader)
            before = other.node.view.cache
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.site.until(SECOND, within=60, fqdn="told.example.com")
            await asyncio.sleep(30)
            assert before is not None
            other.node.view.cache, other.memory.state = before, before.state
            await cluster.crash(leader)
            cluster.site.world.set_wan(ipv4=THIRD)
            await cluster.leader(not_=leader)
            await cluster.site.until(THIRD, within=60, fqdn="told.example.com")

    run_virtual(scenario())
