"""The agents' rights are what they call, collected from their requests in a scenario of everything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from esddns.core.cache import NAME as CACHE
from esddns.shell.gandi.token import TokenSource
from esddns.shell.kube.kopf_feed import KopfFeed
from esddns.shell.kube.leases import NAME as LEASE
from esddns.shell.kube.seam import CONFIG_MAPS, DNS_RECORDS, EVENTS, LEASES, NAMESPACES, SERVICES
from esddns.shell.leading import DAEMON_SET, SERVICE
from kube.sites import kubeconfig
from manifests.rendering import ROOT, Object, name_of, named, render, render_with
from nodes.virtual_cluster import NAMESPACE, TOKEN, cluster_of
from scenarios.virtual_site import SECOND, THIRD
from standin import ApiServerModel, Fault, HttpStandIn, Request
from virtual_time import run_virtual

OTHER = "team-a"
ACCOUNT = {"kind": "ServiceAccount", "name": DAEMON_SET, "namespace": NAMESPACE}


@dataclass(frozen=True)
class Right:
    """One thing that may be done; `name` None: whatever it is called."""

    verb: str
    group: str
    resource: str
    name: str | None


def rights(role: Object) -> set[Right]:
    """What a role allows, one by one."""
    return {
        Right(verb, group, resource, name)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [None])
    }


def bound(objects: list[Object], kind: str) -> list[Object]:
    """The roles that are bound to the agents, by bindings of that kind."""
    refs = [o["roleRef"] for o in objects if o["kind"] == kind and ACCOUNT in o["subjects"]]
    return [named(objects, f"{ref['kind']}/{ref['name']}") for ref in refs]


def wanted(request: Request) -> set[Right]:
    """The rights of which one is enough for a request, the narrowest first in mind."""
    wide = Right(request.verb, request.kind.group, request.resource, None)
    if request.verb in {"create", "list"} or request.name is None:
        return {wide}
    return {wide, Right(request.verb, request.kind.group, request.resource, request.name)}


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, Right, Right]]:
    """What agents ask of an API server: namespace, the right as narrow as it may be, and as wide."""
    seen: list[Request] = []
    arrive = ApiServerModel._arrive

    def note(model: ApiServerModel, request: Request) -> Any:
        seen.append(request)
        return arrive(model, request)

    token = tmp_path_factory.mktemp("token") / "api-key"
    token.write_text(TOKEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ApiServerModel, "_arrive", note)
        run_virtual(everything_happens(TokenSource(token, {})))
        asyncio.run(kopf_follows())
    found = set()
    for request in seen:
        narrow = min(wanted(request), key=lambda right: right.name is None)
        # A Namespace is in itself, as far as rights go.
        where = request.name if request.kind is NAMESPACES else request.namespace
        found.add((where, narrow, next(r for r in wanted(request) if r.name is None)))
    return found


async def everything_happens(tokens: TokenSource) -> None:
    """Records come, change and go; another writes in between; the cache and the leader are lost."""
    namespaces = {OTHER: frozenset({"team.example.com"})}
    async with cluster_of(2, tokens, namespaces=namespaces, with_nodes=True) as cluster:
        store = cluster.model.store
        store.namespaces.add(OTHER)
        for namespace, fqdn in ((NAMESPACE, "web.example.com"), (OTHER, "team.example.com")):
            address = {"ingress": [{"ip": str(THIRD)}]}
            body = {"metadata": {"name": "web"}, "spec": {"type": "LoadBalancer"}}
            store.create(SERVICES, namespace, body)
            status = {"status": {"loadBalancer": address}}
            store.update(SERVICES, namespace, body | status, status=True)
            source = {"type": "Service", "service": {"name": "web"}}
            cluster.apply(f"{namespace}-lb", namespace, fqdn=f"lb.{fqdn}", source=source)
            cluster.apply(f"{namespace}-wan", namespace, fqdn=fqdn, deletionPolicy="Delete")
            # Somebody changes it between our reading and our writing.
            fault = Fault(status=409, verb="patch", kind=DNS_RECORDS, name=f"{namespace}-wan")
            cluster.model.faults.append(fault)
        for namespace in (NAMESPACE, OTHER):
            for kind in ("lb", "wan"):
                name = f"{namespace}-{kind}"
                await cluster.becomes(name, "True", "Published", namespace=namespace, within=400)
        cluster.site.world.set_wan(ipv4=SECOND)
        await cluster.site.until(SECOND, within=60)
        for _ in range(2):  # the second time is told by a patch of the first one's Event
            for name in ("web", "team"):
                cluster.site.world.set_record("example.com", name, "A", str(THIRD), ttl=300)
            await asyncio.sleep(700)
        store.delete(CONFIG_MAPS, NAMESPACE, CACHE)
        await asyncio.sleep(400)
        await (await cluster.leader()).stop()
        await asyncio.sleep(60)
        for namespace in (NAMESPACE, OTHER):
            store.delete(DNS_RECORDS, namespace, f"{namespace}-wan")
        await cluster.until(
            lambda: not any(cluster.record(f"{n}-wan", n) for n in (NAMESPACE, OTHER)), 120
        )
    assert store.select(EVENTS, OTHER)


async def kopf_follows() -> None:
    """The real Kopf, which is not in the scenarios on virtual time."""
    model = ApiServerModel(lambda: datetime.now(UTC))
    model.store.namespaces.add(OTHER)
    async with HttpStandIn(model) as http:
        with kubeconfig(http.url, http.admit("agent")) as path:
            feed = KopfFeed(kubeconfig=path)
            told = asyncio.Event()
            following = asyncio.create_task(
                feed.follow([NAMESPACE, OTHER], lambda _seen: told.set())
            )
            async with asyncio.timeout(30):
                while len(model.client("agent").watches) < 2:  # noqa: ASYNC110  # nothing tells of it
                    await asyncio.sleep(0.01)
                model.store.create(DNS_RECORDS, OTHER, {"metadata": {"name": "home"}, "spec": {}})
                await told.wait()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def split(
    requests: set[tuple[str, Right, Right]], *, of_services: bool, namespace: str
) -> Iterator[tuple[Right, Right]]:
    """The requests in a namespace that are (not) about the Services of records."""
    for where, narrow, wide in requests:
        about = wide.resource == "services" and narrow.name != SERVICE
        if where == namespace and about is of_services:
            yield narrow, wide


def compare(role: Object, asked: Iterator[tuple[Right, Right]]) -> None:
    """Every request is allowed, and every right is used."""
    granted = rights(role)
    used = set()
    for narrow, wide in asked:
        allowed = granted & {narrow, wide}
        assert allowed, f"the agents ask for {narrow}, which {name_of(role)} does not allow"
        used |= allowed
    assert granted - used == set(), f"{name_of(role)} allows what nobody asks for"


def test_the_base(requests: set[tuple[str, Right, Right]]) -> None:
    """In their own namespace the agents may do what they do, and nothing more."""
    objects = render(ROOT / "apps/esddns/base")
    (role,) = bound(objects, "RoleBinding")
    assert role["kind"] == "Role"
    compare(role, split(requests, of_services=False, namespace=NAMESPACE))


def test_names_wherever_they_can_be_given() -> None:
    """Only what cannot be known before is allowed without a name: what is made, Events, and DNSRecords."""
    (role,) = bound(render(ROOT / "apps/esddns/base"), "RoleBinding")
    nameless = {(right.verb, right.resource) for right in rights(role) if right.name is None}
    assert {(v, r) for v, r in nameless if not r.startswith("dnsrecords")} == {
        ("create", "leases"), ("create", "configmaps"), ("create", "events"), ("patch", "events"),
    }  # fmt: skip
    assert {right.name for right in rights(role)} - {None} == {
        LEASE,
        CACHE,
        DAEMON_SET,
        SERVICE,
        NAMESPACE,
    }


def test_service_source(requests: set[tuple[str, Right, Right]], tmp_path: Path) -> None:
    """The component adds what Services of records need."""
    objects = render_with(["service-source"], tmp_path)
    (role,) = [r for r in bound(objects, "RoleBinding") if r["metadata"]["name"] != DAEMON_SET]
    compare(role, split(requests, of_services=True, namespace=NAMESPACE))


def test_cluster_wide(requests: set[tuple[str, Right, Right]], tmp_path: Path) -> None:
    """The component adds what DNSRecords of other namespaces need, with their Services and Events."""
    (role,) = bound(render_with(["cluster-wide"], tmp_path), "ClusterRoleBinding")
    asked = [
        pair
        for flag in (True, False)
        for pair in split(requests, of_services=flag, namespace=OTHER)
    ]
    compare(role, iter(asked))


def test_lead_label(requests: set[tuple[str, Right, Right]], tmp_path: Path) -> None:
    """The component adds what an agent needs to read the label of its node."""
    (role,) = bound(render_with(["lead-label"], tmp_path), "ClusterRoleBinding")
    compare(role, split(requests, of_services=False, namespace=""))


@pytest.mark.parametrize("overlay", ["production", "development", "kind"])
def test_no_overlay_adds_rights(overlay: str) -> None:
    """A cluster has the rights of the base, none for the whole cluster, and none for the status service."""
    objects = render(ROOT / f"clusters/{overlay}/esddns")
    kinds = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    found = [obj for obj in objects if obj["kind"] in kinds]
    base = [obj for obj in render(ROOT / "apps/esddns/base") if obj["kind"] in kinds]
    assert found == base
    assert not [obj for obj in found if obj["kind"].startswith("Cluster")]
    subjects = [s for obj in found for s in obj.get("subjects", ())]
    assert subjects == [ACCOUNT]


def test_the_lease_is_asked_for(requests: set[tuple[str, Right, Right]]) -> None:
    """The collection is not empty by a mistake: the election is in it, with every verb that it needs."""
    verbs = {narrow.verb for _, narrow, _ in requests if narrow.resource == LEASES.plural}
    assert verbs == {"create", "get", "watch", "update"}
