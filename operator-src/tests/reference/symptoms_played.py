"""Symptoms that the agents of a cluster show, each played on virtual time by the real agents."""

from __future__ import annotations

import asyncio

from commands.command_site import LIE
from esddns.config.settings import ConfigurationError, Problem
from esddns.core.cache import NAME as CACHE
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.leases import NAME as LEASE
from esddns.shell.kube.seam import CONFIG_MAPS, DNS_RECORDS, LEASES, NAMESPACES, SERVICES
from esddns_simulator import ApiFault, DnsFault, RRset
from nodes.test_operator import FROM_SERVICE, service
from nodes.virtual_cluster import NAMESPACE, TOKEN, VirtualCluster
from reference.symptom_tools import MINUTE, OTHER, WEB, played
from scenarios.virtual_site import SECOND, ZONE
from standin import Fault

ANOTHERS = "another-token-of-somebody"
HOME = f"home.{ZONE}"


def no_token(tokens: TokenSource) -> str:
    """The Secret was deleted: in a pod."""
    file = tokens._file
    in_pod = TokenSource(file, {"KUBERNETES_SERVICE_HOST": "192.0.2.1"})

    async def scenario(cluster: VirtualCluster) -> None:
        file.unlink()
        cluster.apply("web", fqdn=WEB)
        await cluster.becomes("web", "False", "CredentialMissing")
        await asyncio.sleep(MINUTE)

    try:
        return played(in_pod, scenario)
    finally:
        file.write_text(TOKEN)


async def token_refused(cluster: VirtualCluster) -> None:
    """Gandi has another token."""
    cluster.site.world.credentials.replace([ANOTHERS])
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "False", "CredentialRejected")
    await asyncio.sleep(MINUTE)


async def forbidden(cluster: VirtualCluster) -> None:
    """The token may not touch the zone."""
    cluster.site.world.faults.add(ApiFault("forbidden", zone=ZONE))
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "False", "ZoneForbidden")
    await asyncio.sleep(MINUTE)


async def no_zone(cluster: VirtualCluster) -> None:
    """The account has no zone that the name is in."""
    cluster.apply("web", fqdn="web.example.net")
    await cluster.becomes("web", "False", "NoSuchZone")
    await asyncio.sleep(10)


async def rate_limit(cluster: VirtualCluster) -> None:
    """Gandi has had enough of this address."""
    cluster.site.world.faults.add(ApiFault("rate-limit", retry_after=60))
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "False", "RateLimited")
    await asyncio.sleep(10)


async def gandi_away(cluster: VirtualCluster) -> None:
    """Gandi answers with errors."""
    cluster.site.world.faults.add(ApiFault("server-error", status=503))
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "False", "ProviderUnavailable")
    await asyncio.sleep(10)


async def undecided(cluster: VirtualCluster) -> None:
    """One operator of six answers."""
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "True", "Published")
    cluster.site.behave("dead")
    cluster.site.behave("honest", "ipify")
    await cluster.becomes("web", "Unknown", "Undecided", within=20 * MINUTE)
    await asyncio.sleep(10)


async def cut_off(cluster: VirtualCluster) -> None:
    """The leader reaches no source."""
    (await cluster.leader()).cut.add("sources")
    await asyncio.sleep(10 * MINUTE)


async def another_way_out(cluster: VirtualCluster) -> None:
    """The address changes, and the leader does not reach Gandi."""
    (await cluster.leader()).cut.add("gandi")
    cluster.site.world.set_wan(ipv4=SECOND)
    await asyncio.sleep(10 * MINUTE)


async def port_53(cluster: VirtualCluster) -> None:
    """Whoever answers port 53 says something else than Gandi."""
    forged = RRset(("192.0.2.200",), 300)
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "True", "Published")
    await asyncio.sleep(MINUTE)
    cluster.site.world.faults.add(DnsFault("override", name="*", type="A", rrset=forged))
    await asyncio.sleep(30 * MINUTE)


async def no_aa(cluster: VirtualCluster) -> None:
    """A resolver answers in place of the zone's name servers."""
    cluster.site.world.faults.add(DnsFault("no-aa"))
    await asyncio.sleep(10 * MINUTE)


async def adopted(cluster: VirtualCluster) -> None:
    """One other value stands there."""
    cluster.site.world.set_record(ZONE, "web", "A", LIE)
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "True", "Published")
    await asyncio.sleep(MINUTE)


async def conflict(cluster: VirtualCluster) -> None:
    """Two other values stand there."""
    cluster.site.world.set_record(ZONE, "web", "A", LIE, str(SECOND))
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "False", "Conflict")
    await asyncio.sleep(10)


async def cname(cluster: VirtualCluster) -> None:
    """A CNAME stands at the name."""
    cluster.site.world.set_record(ZONE, "web", "CNAME", "lb.example.org.")
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "False", "Conflict")


async def contested(cluster: VirtualCluster) -> None:
    """Somebody writes his value again and again."""
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "True", "Published")
    for _ in range(4):
        cluster.site.world.set_record(ZONE, "web", "A", LIE, ttl=300)
        await asyncio.sleep(305)
    await cluster.becomes("web", "False", "Contested")


async def reported(cluster: VirtualCluster) -> None:
    """Somebody changes the value, and driftPolicy is Report."""
    cluster.apply("web", fqdn=WEB, driftPolicy="Report")
    await cluster.becomes("web", "True", "Published")
    cluster.site.world.set_record(ZONE, "web", "A", LIE, ttl=300)
    await cluster.becomes("web", "False", "DriftReported", within=6 * MINUTE)
    await asyncio.sleep(10)


async def two_claims(cluster: VirtualCluster) -> None:
    """Two objects want one name, and one wants what dns.ini has."""
    cluster.apply("home", fqdn=HOME)
    cluster.apply("web", fqdn=WEB)
    await cluster.becomes("web", "True", "Published")
    await asyncio.sleep(2)
    cluster.apply("web-again", fqdn=WEB)
    await cluster.becomes("home", "False", "ClaimedByAnother")
    await cluster.becomes("web-again", "False", "ClaimedByAnother")


async def other_namespace(cluster: VirtualCluster) -> None:
    """A namespace names a domain, and a Service, that is not its own."""
    cluster.model.store.namespaces.add(OTHER)
    cluster.apply("web", namespace=OTHER, fqdn="www.example.com")
    await cluster.becomes("web", "False", "DomainNotAllowed", namespace=OTHER)
    cluster.apply(
        "blog", namespace=OTHER, fqdn=WEB,
        source={"type": "Service", "service": {"name": "lb", "namespace": NAMESPACE}},
    )  # fmt: skip
    await cluster.becomes("blog", "False", "ServiceNotAllowed", namespace=OTHER)


async def reserved(cluster: VirtualCluster) -> None:
    """The object names a zone that its name is not in."""
    cluster.apply("web", fqdn="web.home.lan", zone="example.com")
    await cluster.becomes("web", "False", "InvalidSpec")


async def denied(cluster: VirtualCluster) -> None:
    """The right to list DNSRecords is missing."""
    fault = Fault(status=403, verb="list", kind=DNS_RECORDS, count=10**6)
    cluster.model.faults.append(fault)
    await asyncio.sleep(20 * MINUTE)


async def pending(cluster: VirtualCluster) -> None:
    """The load balancer gave nothing yet."""
    service(cluster)
    cluster.apply("web", fqdn=WEB, source=FROM_SERVICE)
    await cluster.becomes("web", "Unknown", "SourceUnknown")
    await asyncio.sleep(5)


async def host_name(cluster: VirtualCluster) -> None:
    """The load balancer gave a host name, and the type is A."""
    service(cluster, {"hostname": "lb.example.org"})
    cluster.apply("web", fqdn=WEB, source=FROM_SERVICE)
    await cluster.becomes("web", "Unknown", "SourceUnknown")
    await asyncio.sleep(5)


async def private(cluster: VirtualCluster) -> None:
    """The load balancer gave a private address."""
    service(cluster, {"ip": "192.168.7.20"})
    cluster.apply("web", fqdn=WEB, source=FROM_SERVICE)
    await cluster.becomes("web", "Unknown", "SourceUnknown")
    await asyncio.sleep(5)


async def no_service(cluster: VirtualCluster) -> None:
    """The Service is of another type."""
    cluster.apply("web", fqdn=WEB, source=FROM_SERVICE)
    await cluster.becomes("web", "Unknown", "SourceUnknown")
    service(cluster, kind="ClusterIP")
    await asyncio.sleep(10)


async def service_denied(cluster: VirtualCluster) -> None:
    """The right to read the Service is missing."""
    for verb in ("get", "list", "watch"):
        cluster.model.faults.append(Fault(status=403, verb=verb, kind=SERVICES, count=10**6))
    cluster.apply("web", fqdn=WEB, source=FROM_SERVICE)
    await cluster.becomes("web", "Unknown", "SourceUnknown")
    await asyncio.sleep(5)


async def not_detected(cluster: VirtualCluster) -> None:
    """AAAA is wanted of the WAN, and IPv6 is not detected."""
    wan = {"type": "WAN", "wan": {"ipv6Suffix": "::10"}}
    cluster.apply("web", fqdn=WEB, types=["AAAA"], source=wan)
    await cluster.becomes("web", "Unknown", "Undecided")


async def deletion_waits(cluster: VirtualCluster) -> None:
    """The object is deleted, and the token is dead."""
    cluster.apply("web", fqdn=WEB, deletionPolicy="Delete")
    await cluster.becomes("web", "True", "Published")
    cluster.site.world.credentials.replace([ANOTHERS])
    cluster.model.store.delete(DNS_RECORDS, NAMESPACE, "web")
    await cluster.becomes("web", "False", "DeletionWaits")
    await asyncio.sleep(10)


async def namespace_goes(cluster: VirtualCluster) -> None:
    """The namespace is deleted, and the token is dead."""
    await deletion_waits(cluster)
    cluster.model.store.delete(NAMESPACES, "", NAMESPACE)
    for agent in cluster.agents:
        await agent.stop()


async def suspended(cluster: VirtualCluster) -> None:
    """The object is suspended."""
    cluster.apply("web", fqdn=WEB, suspend=True)
    await cluster.becomes("web", "Unknown", "Suspended")


async def no_lease(cluster: VirtualCluster) -> None:
    """The right to write the Lease is missing."""
    leader = await cluster.leader()
    for verb in ("create", "update", "patch"):
        cluster.model.faults.append(
            Fault(status=403, verb=verb, kind=LEASES, name=LEASE, count=10**6)
        )
    await asyncio.sleep(3 * MINUTE)
    assert not leader.leads


async def cache_gone(cluster: VirtualCluster) -> None:
    """The cache was deleted, and may not be made anew."""
    cluster.model.faults.append(Fault(status=403, verb="create", kind=CONFIG_MAPS, count=10**6))
    cluster.model.store.delete(CONFIG_MAPS, NAMESPACE, CACHE)
    await asyncio.sleep(2 * MINUTE)


async def cache_edited(cluster: VirtualCluster) -> None:
    """Somebody edited the cache."""
    patch = {"data": {"current_ip": "192.0.2.99"}}
    cluster.model.store.patch(CONFIG_MAPS, NAMESPACE, CACHE, patch)
    await asyncio.sleep(2 * MINUTE)


async def api_server_gone(cluster: VirtualCluster) -> None:
    """The API server is gone for three minutes."""
    cluster.model.outage()
    await asyncio.sleep(3 * MINUTE)
    cluster.model.recover()
    await asyncio.sleep(2 * MINUTE)


async def broken_file(cluster: VirtualCluster) -> None:
    """The mounted dns.ini has a mistake."""
    problem = Problem("/etc/esddns/dns.ini", "detection", "quorum", 3, "found 'two', allowed: 1…16")
    cluster.broken = ConfigurationError((problem,))
    await asyncio.sleep(10)
