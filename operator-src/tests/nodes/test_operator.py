"""DNSRecords: kept by the leader, and what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from esddns.core.dnsrecord import FINALIZER
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.seam import DNS_RECORDS, SERVICES
from nodes.virtual_cluster import NAMESPACE, VirtualCluster, cluster_of
from scenarios.virtual_site import FIRST, SECOND, THIRD
from standin import Fault
from virtual_time import run_virtual

MINUTE = 60
WEB = "web.example.com"


def service(
    cluster: VirtualCluster, *ingress: Mapping[str, str], kind: str = "LoadBalancer"
) -> None:
    """Make the Service `lb` what its load balancer gave it."""
    store = cluster.model.store
    body: dict[str, Any] = {
        "metadata": {"name": "lb", "namespace": NAMESPACE},
        "spec": {"type": kind},
    }
    if not store.select(SERVICES, NAMESPACE, "lb"):
        store.create(SERVICES, NAMESPACE, body)
    status = {"loadBalancer": {"ingress": list(ingress)}}
    store.update(SERVICES, NAMESPACE, body | {"status": status}, status=True)


FROM_SERVICE = {"type": "Service", "service": {"name": "lb"}}


def test_a_record_is_made_and_told(tokens: TokenSource) -> None:
    """A DNSRecord is published at once, and its status says so, once; a WAN change follows with one PUT."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            puts = cluster.site.puts()
            cluster.apply("web", fqdn=WEB)
            await cluster.becomes("web", "True", "Published", within=5)
            assert cluster.held() == (str(FIRST),)
            assert cluster.site.puts() == puts + 1
            await asyncio.sleep(10)  # until DNS shows it, which is news
            found = cluster.record("web")
            assert found is not None
            status = found["status"]
            assert status["publishedValues"] == [str(FIRST)]
            assert status["zone"] == "example.com"
            assert status["observedGeneration"] == found["metadata"]["generation"]
            assert "finalizers" not in found["metadata"]
            assert found["metadata"]["annotations"] == {}
            await asyncio.sleep(10 * MINUTE)
            after = cluster.record("web")
            assert after is not None
            assert after["metadata"]["resourceVersion"] == found["metadata"]["resourceVersion"]
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.until(lambda: cluster.held() == (str(SECOND),), 35)
            await asyncio.sleep(10)
            assert cluster.site.puts() == puts + 3  # this one and that of dns.ini
            assert cluster.ready("web") == ("True", "Published")

    run_virtual(scenario())


def test_deleted_and_retained(tokens: TokenSource) -> None:
    """By default a deleted object leaves its record at Gandi, and nobody keeps it any more."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB)
            await cluster.becomes("web", "True", "Published")
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
            await asyncio.sleep(5)
            assert cluster.record("web") is None
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.site.until(SECOND, within=35)
            await asyncio.sleep(6 * MINUTE)
            assert cluster.held() == (str(FIRST),)

    run_virtual(scenario())


def test_deleted_with_its_record(tokens: TokenSource) -> None:
    """With deletionPolicy Delete the record at Gandi goes first, then the object; it never comes back."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
            await cluster.becomes("web", "True", "Published")
            found = cluster.record("web")
            assert found is not None
            assert found["metadata"]["finalizers"] == [FINALIZER]
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
            await cluster.until(lambda: cluster.record("web") is None, 5)
            assert cluster.held() is None
            cluster.site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(6 * MINUTE)
            assert cluster.held() is None

    run_virtual(scenario())


def test_deleting_spares_what_is_not_ours(tokens: TokenSource) -> None:
    """What another writer put there stays when the object goes."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete", driftPolicy="Report")
            await cluster.becomes("web", "True", "Published")
            cluster.site.world.set_record("example.com", "web", "A", str(THIRD), ttl=300)
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
            await cluster.until(lambda: cluster.record("web") is None, 5)
            assert cluster.held() == (str(THIRD),)

    run_virtual(scenario())


def test_deletion_waits_and_is_released(tokens: TokenSource) -> None:
    """An object whose record cannot be deleted waits and says why; the annotation lets it go."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
            await cluster.becomes("web", "True", "Published")
            cluster.site.world.credentials.replace(["another-token"])
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
            await cluster.becomes("web", "False", "DeletionWaits", within=10)
            await cluster.until(lambda: "401" in cluster.message("web"), 10)
            assert "kubectl annotate dnsrec" in cluster.message("web")
            await asyncio.sleep(6 * MINUTE)
            cluster.apply("web", fqdn=WEB, annotations={"esddns.io/release": "true"})
            await cluster.until(lambda: cluster.record("web") is None, 5)
            assert cluster.held() == (str(FIRST),)

    run_virtual(scenario())


def test_a_dropped_type_is_deleted(tokens: TokenSource) -> None:
    """With deletionPolicy Delete a type that the object drops is deleted at Gandi, and forgotten."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            static = {"type": "Static", "static": {"values": [str(THIRD), "2001:db8::1"]}}
            cluster.apply(
                "web", fqdn=WEB, deletionPolicy="Delete", types=["A", "AAAA"], source=static
            )
            await cluster.becomes("web", "True", "Published")
            assert cluster.held(rrtype="AAAA") == ("2001:db8::1",)
            static = {"type": "Static", "static": {"values": [str(THIRD)]}}
            cluster.apply("web", fqdn=WEB, deletionPolicy="Delete", types=["A"], source=static)
            await cluster.until(lambda: cluster.held(rrtype="AAAA") is None, 5)
            await asyncio.sleep(5)
            found = cluster.record("web")
            assert found is not None
            assert found["status"]["publishedValues"] == [str(THIRD)]
            assert cluster.held() == (str(THIRD),)

    run_virtual(scenario())


def test_suspended(tokens: TokenSource) -> None:
    """A suspended object is left alone whatever happens, says so, and goes on when it is resumed."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB)
            await cluster.becomes("web", "True", "Published")
            cluster.apply("web", fqdn=WEB, suspend=True)
            await cluster.becomes("web", "Unknown", "Suspended", within=5)
            cluster.site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(6 * MINUTE)
            assert cluster.held() == (str(FIRST),)
            cluster.apply("web", fqdn=WEB, suspend=False)
            await cluster.until(lambda: cluster.held() == (str(SECOND),), 10)
            await cluster.becomes("web", "True", "Published", within=5)

    run_virtual(scenario())


def test_the_reconcile_annotation(tokens: TokenSource) -> None:
    """A new value of the annotation has the API asked at once, whatever DNS says, and is answered once."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB)
            await cluster.becomes("web", "True", "Published")
            await asyncio.sleep(2 * MINUTE)
            calls = cluster.site.api_calls()
            cluster.apply("web", fqdn=WEB, annotations={"esddns.io/reconcile": "now-please"})

            def handled() -> bool:
                found = cluster.record("web") or {}
                return found.get("status", {}).get("lastHandledReconcile") == "now-please"

            await cluster.until(handled, 5)
            assert cluster.site.api_calls() == calls + 1
            await asyncio.sleep(10 * MINUTE)
            assert cluster.site.api_calls() == calls + 1

    run_virtual(scenario())


def test_two_claims(tokens: TokenSource) -> None:
    """dns.ini comes first, then the older object; who lost is told, and takes over when that is gone."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("ours", fqdn="home.example.com")
            cluster.apply("older", fqdn=WEB)
            await cluster.becomes("older", "True", "Published")
            other = {"type": "Static", "static": {"values": [str(THIRD)]}}
            cluster.apply("younger", fqdn=WEB, source=other)
            await cluster.becomes("ours", "False", "ClaimedByAnother")
            await cluster.becomes("younger", "False", "ClaimedByAnother")
            assert "DNSRecord esddns/older" in cluster.message("younger")
            assert cluster.held() == (str(FIRST),)
            cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "older")
            await cluster.becomes("younger", "True", "Published")
            assert cluster.held() == (str(THIRD),)

    run_virtual(scenario())


def test_another_namespace(tokens: TokenSource) -> None:
    """An object of another namespace is kept for the domains that the allow-list gives it, and no others."""

    async def scenario() -> None:
        async with cluster_of(2, tokens, namespaces={"team-a": frozenset({WEB})}) as cluster:
            cluster.model.store.namespaces.add("team-a")
            cluster.apply("web", "team-a", fqdn=WEB)
            cluster.apply("not", "team-a", fqdn="not.example.com")
            await cluster.becomes("web", "True", "Published", namespace="team-a")
            await cluster.becomes("not", "False", "DomainNotAllowed", namespace="team-a")
            assert cluster.held("not") is None

    run_virtual(scenario())


@pytest.mark.parametrize("ends_as", ["gone", "without-address", "cluster-ip"])
def test_a_service_that_loses_its_address(tokens: TokenSource, ends_as: str) -> None:
    """A Service's addresses are published and followed; one that is gone or lost them changes nothing."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            service(cluster)
            cluster.apply("web", fqdn=WEB, source=FROM_SERVICE)
            await cluster.becomes("web", "Unknown", "SourceUnknown")
            assert cluster.held() is None
            service(cluster, {"ip": str(SECOND)}, {"ip": str(THIRD)})
            await cluster.becomes("web", "True", "Published")
            assert cluster.held() == (str(SECOND), str(THIRD))
            service(cluster, {"ip": str(THIRD)})
            await cluster.until(lambda: cluster.held() == (str(THIRD),), 10)
            if ends_as == "gone":
                cluster.model.store.delete(SERVICES, NAMESPACE, "lb")
            elif ends_as == "without-address":
                service(cluster)
            else:
                patch = {"spec": {"type": "ClusterIP"}}
                cluster.model.store.patch(SERVICES, NAMESPACE, "lb", patch)
            await cluster.becomes("web", "Unknown", "SourceUnknown")
            await asyncio.sleep(11 * MINUTE)
            assert cluster.held() == (str(THIRD),)
            # Nor does a new leader change what it does not know.
            await (await cluster.leader()).stop()
            await asyncio.sleep(11 * MINUTE)
            assert cluster.held() == (str(THIRD),)
            assert cluster.ready("web") == ("Unknown", "SourceUnknown")

    run_virtual(scenario())


@pytest.mark.parametrize("rrtype", ["CNAME", "ALIAS"])
def test_a_host_name_of_a_service(tokens: TokenSource, rrtype: str) -> None:
    """A load balancer's host name becomes a CNAME or an ALIAS, with its final dot, and is followed."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            service(cluster, {"hostname": "LB-1.example.net"})
            cluster.apply("web", fqdn=WEB, types=[rrtype], source=FROM_SERVICE)
            await cluster.becomes("web", "True", "Published")
            assert cluster.held(rrtype=rrtype) == ("lb-1.example.net.",)
            puts = cluster.site.puts()
            await asyncio.sleep(11 * MINUTE)
            assert cluster.site.puts() == puts
            service(cluster, {"hostname": "lb-2.example.net"})
            await cluster.until(lambda: cluster.held(rrtype=rrtype) == ("lb-2.example.net.",), 10)

    run_virtual(scenario())


def test_a_private_address_of_a_service(tokens: TokenSource) -> None:
    """An address that may not be published is refused, and the message says what to do."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            service(cluster, {"ip": "192.168.1.240"})
            cluster.apply("web", fqdn=WEB, source=FROM_SERVICE)
            await cluster.becomes("web", "Unknown", "SourceUnknown")
            await cluster.until(lambda: "accept-networks" in cluster.message("web"), 5)
            assert cluster.held() is None

    run_virtual(scenario())


def test_an_invalid_object(tokens: TokenSource) -> None:
    """An object that is older than the CRD's rules is told what is wrong, and the others go on."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB)
            cluster.apply("bad", fqdn="Bad.example.com", ttl=5)
            await cluster.becomes("bad", "False", "InvalidSpec")
            assert "ttl" in cluster.message("bad")
            await cluster.becomes("web", "True", "Published")

    run_virtual(scenario())


def test_a_conflict_is_told(tokens: TokenSource) -> None:
    """Several values of another's are left alone; the status and an Event on the object say what to do."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.site.world.set_record(
                "example.com", "web", "A", str(SECOND), str(THIRD), ttl=300
            )
            cluster.apply("web", fqdn=WEB)
            await cluster.becomes("web", "False", "Conflict")
            assert cluster.held() == (str(SECOND), str(THIRD))
            await cluster.until(lambda: bool(cluster.events("RecordConflict")), 10)
            told = cluster.events("RecordConflict")[0]["involvedObject"]
            assert (told["kind"], told["name"]) == ("DNSRecord", "web")
            cluster.apply("web", fqdn=WEB, overwrite=True)
            await cluster.becomes("web", "True", "Published")

    run_virtual(scenario())


def test_a_drift_that_is_only_reported_is_told(tokens: TokenSource) -> None:
    """With driftPolicy Report an Event says what somebody put there, as it does for a conflict."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, driftPolicy="Report")
            await cluster.becomes("web", "True", "Published")
            cluster.site.world.set_record("example.com", "web", "A", str(SECOND), ttl=300)
            await cluster.becomes("web", "False", "DriftReported")
            await cluster.until(lambda: bool(cluster.events("RecordConflict")), 10)
            assert str(SECOND) in cluster.events("RecordConflict")[0]["message"]

    run_virtual(scenario())


def test_a_new_leader_knows_the_objects(tokens: TokenSource) -> None:
    """A new leader keeps all objects, though the cache is lost: what is ours stands in their status."""

    async def scenario() -> None:
        async with cluster_of(3, tokens) as cluster:
            cluster.apply("web", fqdn=WEB, driftPolicy="Report")
            await cluster.becomes("web", "True", "Published")
            puts = cluster.site.puts()
            leader = await cluster.leader()
            cluster.site.world.set_wan(ipv4=SECOND)
            await leader.stop()
            await cluster.until(lambda: cluster.held() == (str(SECOND),), 35)
            await cluster.becomes("web", "True", "Published")
            assert cluster.site.puts() == puts + 2

    run_virtual(scenario())


def test_nothing_before_the_list_is_complete(tokens: TokenSource) -> None:
    """A leader that cannot list the objects to the end writes nothing, and goes on when it can."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            fault = Fault(status=500, verb="list", kind=DNS_RECORDS, count=10**9)
            cluster.model.faults.append(fault)
            await (await cluster.leader()).stop()
            puts = cluster.site.puts()
            cluster.site.world.set_wan(ipv4=SECOND)
            await asyncio.sleep(5 * MINUTE)
            assert cluster.site.puts() == puts
            cluster.model.faults.clear()
            await cluster.site.until(SECOND, within=65)

    run_virtual(scenario())


def test_without_the_crd(tokens: TokenSource) -> None:
    """Without the CRD, or the right to read it, what dns.ini names is kept all the same."""

    async def scenario() -> None:
        async with cluster_of(2, tokens) as cluster:
            cluster.model.store.uninstall(DNS_RECORDS)
            await (await cluster.leader()).stop()
            cluster.site.world.set_wan(ipv4=SECOND)
            await cluster.site.until(SECOND, within=35)
            cluster.model.store.install(DNS_RECORDS)
            cluster.apply("web", fqdn=WEB)
            await cluster.becomes("web", "True", "Published", within=6 * MINUTE)

    run_virtual(scenario())
