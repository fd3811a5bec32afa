"""Objects that go at a bad moment: nothing of ours stays behind, and nothing of another's goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import CONFIG_MAPS, DNS_RECORDS, NAMESPACES
from esddns_simulator.faults import ApiFault
from nodes.virtual_cluster import NAMESPACE, cluster_of
from scenarios.virtual_site import FIRST, SECOND, THIRD
from standin import Fault
from virtual_time import run_virtual

MINUTE = 60
WEB = "web.example.com"


def test_deleted_before_its_status_said_anything(tokens: TokenSource) -> None:
    """A record that was written goes with its object, though no status could be written meanwhile."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            fault = Fault(status=500, verb="patch", kind=DNS_RECORDS, count=10**6)
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
            await cluster.until(
                lambda: "finalizers" in (cluster.record("web") or {}).get("metadata", {}), 5
            )
            cluster.model.faults.append(fault)
            await cluster.until(lambda: cluster.held() is not None, 5)
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
            await asyncio.sleep(10)
            cluster.model.faults.clear()
            await cluster.until(lambda: cluster.record("web") is None, 2 * MINUTE)
            assert cluster.held() is None

    run_virtual(scenario())


def test_released_while_gandi_is_asked(tokens: TokenSource) -> None:
    """A record that is released before its deletion begins is not deleted, though its value was asked for."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
            await cluster.becomes("web", "True", "Published")
            await asyncio.sleep(MINUTE)
            cluster.site.world.faults.add(ApiFault("latency", seconds=3, method="GET"))
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
            await asyncio.sleep(1)
            cluster.apply("web", fqdn=WEB, annotations={"esddns.io/release": "true"})
            await cluster.until(lambda: cluster.record("web") is None, 2)
            await asyncio.sleep(MINUTE)
            assert cluster.held() == (str(FIRST),)

    run_virtual(scenario())


def test_written_alone_and_deleted_under_a_new_leader(tokens: TokenSource) -> None:
    """What an agent wrote alone, and told nobody of, goes with its object: by the address it is ours."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
            await cluster.becomes("web", "True", "Published")
            # The object's record is the only one, and so the first that the token is tried with.
            cluster.settings = replace(cluster.settings, records=())
            await asyncio.sleep(MINUTE)
            writer, other = cluster.agents
            other.cut.update({"gandi", "sources"})
            cluster.model.outage()
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.until(lambda: cluster.held() == (str(SECOND),), 3 * MINUTE)
            await cluster.crash(writer)
            other.cut.clear()
            other.cut.add("slow-sources")
            cluster.model.recover()
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
            await cluster.until(lambda: cluster.record("web") is None, 2 * MINUTE)
            assert cluster.held() is None

    run_virtual(scenario())


def test_the_namespace_goes_with_all_that_is_in_it(tokens: TokenSource) -> None:
    """Agents are ended before the objects are deleted: the leader does it then, and holds nothing up."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
            cluster.apply("mail", fqdn="mail.example.com")
            await cluster.becomes("web", "True", "Published")
            await cluster.becomes("mail", "True", "Published")
            store = cluster.model.store
            store.delete(NAMESPACES, "", NAMESPACE)
            started = asyncio.get_running_loop().time()
            for agent in cluster.agents:
                await agent.stop()
            assert asyncio.get_running_loop().time() - started < 5
            for name in ("web", "mail"):
                store.delete(DNS_RECORDS, NAMESPACE, name)
                assert cluster.record(name) is None
            assert cluster.held() is None
            assert cluster.held("mail") == (str(FIRST),)

    run_virtual(scenario())


def test_an_end_alone_deletes_nothing(tokens: TokenSource) -> None:
    """Agents that end while their namespace stays leave every record where it is."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
            await cluster.becomes("web", "True", "Published")
            for agent in cluster.agents:
                await agent.stop()
            assert cluster.held() == (str(FIRST),)
            assert "finalizers" in (cluster.record("web") or {})["metadata"]

    run_virtual(scenario())


def test_a_namespace_that_goes_while_gandi_refuses(tokens: TokenSource) -> None:
    """An agent ends within its time though a record cannot be deleted, which then stays, and its object."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
            await cluster.becomes("web", "True", "Published")
            cluster.model.store.delete(NAMESPACES, "", NAMESPACE)
            cluster.site.world.credentials.replace(["another-token-0123456789"])
            started = asyncio.get_running_loop().time()
            for agent in cluster.agents:
                await agent.stop()
            assert asyncio.get_running_loop().time() - started < 20
            assert cluster.held() == (str(FIRST),)
            assert "finalizers" in (cluster.record("web") or {})["metadata"]

    run_virtual(scenario())


def test_a_record_that_an_object_may_not_name(tokens: TokenSource) -> None:
    """What an object's status says is no licence to delete what the allow-list does not give it."""

    async def scenario() -> None:
        async with cluster_of(2, tokens, namespaces={"team-a": frozenset({WEB})}) as cluster:
            store = cluster.model.store
            store.namespaces.add("team-a")
            cluster.site.world.set_record("example.com", "mail", "A", str(THIRD), ttl=300)
            cluster.apply("mail", "team-a", fqdn="mail.example.com", deletionPolicy="Delete")
            await cluster.becomes("mail", "False", "DomainNotAllowed", namespace="team-a")
            published = [{"type": "A", "values": [str(THIRD)], "ttl": 300}]
            status = {"status": {"published": published, "zone": "example.com"}}
            store.patch(DNS_RECORDS, "team-a", "mail", status, status=True)
            store.delete(DNS_RECORDS, "team-a", "mail")
            await asyncio.sleep(MINUTE)
            assert cluster.held("mail") == (str(THIRD),)

    run_virtual(scenario())


def test_a_zone_that_is_none(tokens: TokenSource) -> None:
    """Rubbish in a status harms nobody: the record is kept, and the others are."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB)
            await cluster.becomes("web", "True", "Published")
            status = {"status": {"zone": "elsewhere.example.net"}}
            cluster.model.store.patch(DNS_RECORDS, NAMESPACE, "web", status, status=True)
            cluster.model.store.delete(CONFIG_MAPS, NAMESPACE, "esddns-wan-ip")
            await (await cluster.leader()).stop()
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.until(lambda: cluster.held() == (str(SECOND),), 40)

    run_virtual(scenario())


def test_the_cache_follows_at_once(tokens: TokenSource) -> None:
    """What is learnt while the cache is being written is written next, not with the next round."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            leader = await cluster.leader()
            way = cluster.model.client(leader.name).way
            way.latency_to = way.latency_back = 0.15
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.site.until(SECOND, within=35)
            await asyncio.sleep(10)
            follower = next(agent for agent in cluster.agents if agent is not leader)
            ours = follower.memory.state.records["home.example.com/A"].ours
            assert ours is not None
            assert ours.values == {str(SECOND)}

    run_virtual(scenario())


def test_two_that_published_the_same(tokens: TokenSource) -> None:
    """Of two deleted objects that both published an RRset, both go."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            static = {"type": "Static", "static": {"values": [str(FIRST)]}}
            store = cluster.model.store
            for name in ("one", "two"):
                cluster.apply(name, fqdn=WEB, deletionPolicy="Delete", source=static)
                await asyncio.sleep(5)
            published = {"published": [{"type": "A", "values": [str(FIRST)], "ttl": 300}]}
            store.patch(DNS_RECORDS, NAMESPACE, "two", {"status": published}, status=True)
            await asyncio.sleep(1)
            for name in ("one", "two"):
                store.delete(DNS_RECORDS, NAMESPACE, name)
            await cluster.until(
                lambda: cluster.record("one") is None and cluster.record("two") is None, MINUTE
            )
            assert cluster.held() is None

    run_virtual(scenario())
