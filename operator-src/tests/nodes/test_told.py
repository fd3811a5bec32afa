"""What the agents tell: Events, metrics of leader and followers, and a configuration that changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from esddns.config.settings import ConfigurationError, Problem
from esddns.core.model import Record, RRType
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import DAEMON_SETS, DNS_RECORDS, SERVICES
from esddns.shell.leading import DAEMON_SET, SERVICE
from nodes.virtual_cluster import NAMESPACE, Agent, cluster_of
from scenarios.virtual_site import FIRST, SECOND, THIRD
from virtual_time import run_virtual

MINUTE = 60
HOME = {"record": "home.example.com", "type": "A"}
WEB = {"record": "web.example.com", "type": "A"}


def value(agent: Agent, name: str, **labels: str) -> float | None:
    """One series of an agent's, None where there is none."""
    return agent.metrics.registry.get_sample_value(name, labels)


def test_every_agent_serves_the_cache_s_view(tokens: TokenSource) -> None:
    """Address, sync and the time of the last write are told by every agent, of objects' records too."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            cluster.apply("web", fqdn="web.example.com")
            await cluster.becomes("web", "True", "Published")
            await asyncio.sleep(10)
            for agent in cluster.agents:
                assert value(agent, "esddns_current_wan_ip_info", family="ipv4", ip=str(FIRST)) == 1
                for labels in (HOME, WEB):
                    assert value(agent, "esddns_state_in_sync", **labels) == 1
                    assert value(agent, "esddns_last_dns_update_timestamp", **labels)
                assert value(agent, "esddns_configmap_reads_total", result="success")
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.all_know(SECOND, within=40)
            await asyncio.sleep(1)
            for agent in cluster.agents:
                gone = value(agent, "esddns_current_wan_ip_info", family="ipv4", ip=str(FIRST))
                assert gone is None
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
            await asyncio.sleep(5)
            for agent in cluster.agents:
                assert value(agent, "esddns_state_in_sync", **WEB) is None

    run_virtual(scenario())


def test_out_of_sync_is_told_by_all(tokens: TokenSource) -> None:
    """A record that does not hold what it should is 0 at every agent, and 1 when it does again."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.site.world.credentials.replace(["another-token"])
            cluster.site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(40)
            assert [value(a, "esddns_state_in_sync", **HOME) for a in cluster.agents] == [0, 0]

    run_virtual(scenario())


def test_the_leader_and_its_changes(tokens: TokenSource) -> None:
    """Who leads is told, how often that changed, and what only a leader knows goes with its term."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            store = cluster.model.store
            store.create(
                SERVICES,
                NAMESPACE,
                {"metadata": {"name": SERVICE}, "spec": {"type": "LoadBalancer"}},
            )
            await asyncio.sleep(3)
            first = await cluster.leader()
            name = "esddns_load_balancer_address_present"
            assert value(first, name, service=SERVICE) == 0
            status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}
            store.patch(SERVICES, NAMESPACE, SERVICE, {"status": status}, status=True)
            patch = {"status": {"numberReady": 2}}
            store.patch(DAEMON_SETS, NAMESPACE, DAEMON_SET, patch, status=True)
            await asyncio.sleep(3)
            assert value(first, name, service=SERVICE) == 1
            store.patch(SERVICES, NAMESPACE, SERVICE, {"spec": {"type": "NodePort"}})
            await asyncio.sleep(3)
            assert value(first, name, service=SERVICE) is None  # none is awaited
            store.patch(SERVICES, NAMESPACE, SERVICE, {"spec": {"type": "LoadBalancer"}})
            await asyncio.sleep(3)
            assert value(first, name, service=SERVICE) == 1
            assert value(first, "esddns_agents", state="desired") == 3
            assert value(first, "esddns_agents", state="ready") == 2
            assert [value(a, "esddns_leader") for a in cluster.agents].count(1) == 1
            await first.stop()
            wrote = value(first, "esddns_last_dns_update_timestamp", **HOME)
            second = await cluster.leader(within=2, not_=first)
            await asyncio.sleep(3)
            assert value(first, "esddns_leader") == 0
            again = value(second, "esddns_last_dns_update_timestamp", **HOME)
            assert again == pytest.approx(wrote, abs=0.001)
            state = second.memory.state.records["home.example.com/A"]
            assert state.last_write is not None
            assert value(first, name, service=SERVICE) is None
            assert value(second, name, service=SERVICE) == 1
            assert value(second, "esddns_leader_changes_total") == 1

    run_virtual(scenario())


def test_events_on_the_daemon_set(tokens: TokenSource) -> None:
    """What concerns no object is told of the DaemonSet; a lasting fault is one Event that counts."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            assert cluster.events("LeaderElected")
            assert cluster.events("AddressChanged")
            updated = cluster.events("RecordUpdated")[0]
            assert updated["involvedObject"]["kind"] == "DaemonSet"
            assert updated["involvedObject"]["uid"]
            assert "home.example.com/A" in updated["message"]
            cluster.site.world.credentials.replace(["another-token"])
            cluster.site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(60 * MINUTE)
            rejected = cluster.events("CredentialRejected")
            assert len(rejected) == 1
            assert rejected[0]["count"] > 3
            assert rejected[0]["type"] == "Warning"

    run_virtual(scenario())


def test_a_changed_configuration_is_used(tokens: TokenSource) -> None:
    """A changed configuration takes effect without a restart, in the same term, and is told."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            leader = await cluster.leader()
            holder = leader.node.elector.holder
            more = Record("more.example.com", RRType.A)
            cluster.settings = replace(cluster.settings, records=(*cluster.settings.records, more))
            await cluster.until(lambda: cluster.held("more") == (str(FIRST),), 10)
            assert leader.node.elector.holder == holder
            assert len(cluster.events("ConfigurationLoaded")) == 1
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.until(lambda: cluster.held("more") == (str(SECOND),), 35)
            # A record that is not named any more is left as it is.
            cluster.settings = replace(cluster.settings, records=cluster.settings.records[:1])
            await asyncio.sleep(10)
            cluster.site.world.set_wan(ipv4=THIRD)
            await cluster.site.until(THIRD, within=35)
            await asyncio.sleep(6 * MINUTE)
            assert cluster.held("more") == (str(SECOND),)

    run_virtual(scenario())


def test_a_broken_configuration_is_not_used(tokens: TokenSource) -> None:
    """A broken dns.ini keeps the last good one in use, and is told by an Event, a metric and readiness."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.broken = ConfigurationError(
                (Problem("dns.ini", "detection", "quorum", 3, "found 'two', allowed: 1…16"),)
            )
            await asyncio.sleep(10)
            for agent in cluster.agents:
                assert value(agent, "esddns_config_valid") == 0
                assert "quorum" in (agent.configuration.problem or "")
            told = cluster.events("ConfigurationInvalid")[0]
            assert "dns.ini:3: [detection] quorum" in told["message"]
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.site.until(SECOND, within=35)
            cluster.broken = None
            await asyncio.sleep(10)
            assert value(cluster.agents[0], "esddns_config_valid") == 1
            assert cluster.agents[0].configuration.problem is None

    run_virtual(scenario())


def test_solo_keeps_the_objects_records(tokens: TokenSource) -> None:
    """Without the API server the WAN records of objects are kept as well, and no others are touched."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn="web.example.com")
            cluster.apply("old", fqdn="old.example.com")
            static = {"type": "Static", "static": {"values": ["203.0.113.99"]}}
            cluster.apply("fixed", fqdn="fixed.example.com", source=static)
            for name in ("web", "old", "fixed"):
                await cluster.becomes(name, "True", "Published")
            cluster.apply("old", fqdn="old.example.com", suspend=True)
            await cluster.becomes("old", "Unknown", "Suspended")
            await asyncio.sleep(5)
            cluster.model.outage()
            cluster.site.world.set_record("example.com", "fixed", "A", "203.0.113.98", ttl=300)
            await asyncio.sleep(20)
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.until(lambda: cluster.held("web") == (str(SECOND),), 150)
            await asyncio.sleep(10 * MINUTE)
            assert cluster.held("old") == (str(FIRST),)
            assert cluster.held("fixed") == ("203.0.113.98",)
            modes = [value(a, "esddns_publishes_total", mode="solo") or 0 for a in cluster.agents]
            assert sum(modes) >= 1

    run_virtual(scenario())


def test_an_old_address_is_doubted_by_a_new_leader(tokens: TokenSource) -> None:
    """A new leader whose way out differs asks twice and says so, however long the address had stood."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            await asyncio.sleep(60 * MINUTE)
            first = await cluster.leader()
            cluster.site.world.set_wan(ipv4=SECOND)
            await first.stop()
            await cluster.site.until(SECOND, within=30)
            await asyncio.sleep(15)
            assert len(cluster.events("EgressDiffers")) == 1

    run_virtual(scenario())


def test_without_a_token(tokens: TokenSource, tmp_path: Path) -> None:
    """Without a token the agents say CredentialMissing, and go on when it arrives."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            token_file = tmp_path / "api-key"
            text = token_file.read_text()
            token_file.unlink()
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.until(lambda: bool(cluster.events("CredentialMissing")), 60)
            token_file.write_text(text)
            await cluster.site.until(SECOND, within=60)
            assert cluster.agents[0].address == SECOND

    run_virtual(scenario())


def test_an_address_that_is_not_detected(tokens: TokenSource) -> None:
    """AAAA of the WAN where no IPv6 is detected: the status says what to add."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            source = {"type": "WAN", "wan": {"ipv6Suffix": "::1"}}
            cluster.apply("web", fqdn="web.example.com", types=["AAAA"], source=source)
            await cluster.becomes("web", "Unknown", "Undecided")
            assert "[detection] families" in cluster.message("web")

    run_virtual(scenario())
