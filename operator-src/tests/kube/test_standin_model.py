"""What only the model can be asked: owners, backups, counts, rules."""

from __future__ import annotations

from typing import Any

import pytest

from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DNS_RECORDS,
    LEASES,
    SERVICES,
    ConflictError,
    EventType,
    NotFoundError,
)
from kube.sites import BEGIN, Site, config_map, lease, model_site, play, record, version
from standin import Fault, ModelCluster, RecordingCluster, Refusal, Rule, Store


@pytest.fixture
def store() -> Store:
    """An empty store."""
    return Store(lambda: BEGIN)


def owned_by(*owners: dict[str, Any]) -> dict[str, Any]:
    """Metadata of what these own."""
    return {"ownerReferences": [{"uid": owner["metadata"]["uid"]} for owner in owners]}


def names(store: Store) -> list[str]:
    """Names of all ConfigMaps."""
    return [found["metadata"]["name"] for found in store.select(CONFIG_MAPS, "esddns")]


def test_owned(store: Store) -> None:
    """What a DaemonSet owns goes with it, unless it has another owner left."""
    one, other = (
        store.create(DAEMON_SETS, "esddns", {"metadata": {"name": name}}) for name in ("a", "b")
    )
    for name, owners in {
        "both": (one, other),
        "free": (),
        "one": (one,),
        "other": (other,),
    }.items():
        body = config_map(name)
        body["metadata"] |= owned_by(*owners)
        store.create(CONFIG_MAPS, "esddns", body)
    seen: list[str] = []
    store.notify = lambda _kind, change: seen.append(change.type)
    store.delete(DAEMON_SETS, "esddns", "a")
    assert names(store) == ["both", "free", "other"]
    assert seen == [EventType.DELETED, EventType.DELETED]


def test_orphan(store: Store) -> None:
    """What is made with an owner that has gone is collected at once."""
    owner = store.create(DAEMON_SETS, "esddns", {"metadata": {"name": "a"}})
    store.delete(DAEMON_SETS, "esddns", "a")
    body = config_map()
    body["metadata"] |= owned_by(owner)
    store.create(CONFIG_MAPS, "esddns", body)
    assert names(store) == []


def test_the_same_name_again(store: Store) -> None:
    """An object made anew under a name is another: what was read of the old one replaces nothing."""
    old = store.create(LEASES, "esddns", lease())
    store.delete(LEASES, "esddns", "leader")
    new = store.create(LEASES, "esddns", lease())
    assert old["metadata"]["uid"] != new["metadata"]["uid"]
    old["metadata"]["resourceVersion"] = version(new)
    with pytest.raises(Refusal, match="modified"):
        store.update(LEASES, "esddns", old)


def test_status_of_a_service(store: Store) -> None:
    """A cloud provider gives a Service its address by the status subresource alone."""
    store.create(SERVICES, "esddns", {"metadata": {"name": "web"}, "status": {"x": 1}})
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    store.patch(SERVICES, "esddns", "web", {"status": status})
    assert "status" not in store.get(SERVICES, "esddns", "web")
    store.patch(SERVICES, "esddns", "web", {"status": status}, status=True)
    assert store.get(SERVICES, "esddns", "web")["status"] == status


def test_kept_apart(store: Store) -> None:
    """What is given out or taken in is a copy: nobody changes the store but by asking."""
    body = config_map(a="1")
    made = store.create(CONFIG_MAPS, "esddns", body)
    body["data"]["a"] = made["data"]["a"] = "2"
    store.page(CONFIG_MAPS, "esddns")[0][0]["data"]["a"] = "3"
    assert store.get(CONFIG_MAPS, "esddns", "wan-ip")["data"] == {"a": "1"}


def test_largest(store: Store) -> None:
    """A ConfigMap holds no more than 1 MiB."""
    store.create(CONFIG_MAPS, "esddns", config_map(a="x" * 1048576))
    with pytest.raises(Refusal, match="Too long"):
        store.patch(CONFIG_MAPS, "esddns", "wan-ip", {"data": {"b": "y"}})


def test_deleting(store: Store) -> None:
    """With a finalizer an object is told to go once, and told to be gone when that is off."""
    seen: list[str] = []
    store.notify = lambda _kind, change: seen.append(change.type)
    store.create(DNS_RECORDS, "esddns", record(finalizers=["a"]))
    store.delete(DNS_RECORDS, "esddns", "home")
    store.delete(DNS_RECORDS, "esddns", "home")
    assert store.get(DNS_RECORDS, "esddns", "home")["metadata"]["generation"] == 2
    store.patch(DNS_RECORDS, "esddns", "home", {"metadata": {"finalizers": []}})
    assert seen == ["ADDED", "MODIFIED", "DELETED"]


def test_back_to_a_backup() -> None:
    """After etcd went back, what was made since is gone, and versions come a second time."""

    async def scenario(site: Site) -> None:
        first = await site.cluster.create(LEASES, lease("a"))
        backup = site.model.store.snapshot()
        second = await site.cluster.replace(LEASES, lease("b", version(first)))
        await site.cluster.create(CONFIG_MAPS, config_map())
        site.model.restore(backup)
        assert await site.cluster.get(LEASES, "leader") == first
        with pytest.raises(NotFoundError):
            await site.cluster.get(CONFIG_MAPS, "wan-ip")
        with pytest.raises(ConflictError):
            await site.cluster.replace(LEASES, lease("b", version(second)))
        other = await site.cluster.replace(LEASES, lease("c", version(first)))
        assert version(other) == version(second)

    play(scenario, model_site)


def test_each_client_by_itself() -> None:
    """Counts and faults are one client's own; the sum is there too."""

    async def scenario(site: Site) -> None:
        other = ModelCluster(site.model, "agent-2")
        await site.cluster.create(LEASES, lease())
        site.model.faults.append(Fault(status=409, client="agent-2", verb="update", count=2))
        mine = await site.cluster.replace(
            LEASES, lease("b", version(await other.get(LEASES, "leader")))
        )
        for _ in range(2):
            with pytest.raises(ConflictError):
                await other.replace(LEASES, lease("c", version(mine)))
        await other.replace(LEASES, lease("c", version(mine)))
        assert site.client.requests == {("create", "leases"): 1, ("update", "leases"): 1}
        assert site.model.requests["update", "leases"] == 4
        site.client.refuse()
        assert (await other.get(LEASES, "leader"))["spec"]["holderIdentity"] == "c"

    play(scenario, model_site)


def test_rules() -> None:
    """Whatever is asked is noted as a Role would have to allow it."""

    async def scenario(site: Site) -> None:
        cluster = RecordingCluster(site.cluster)
        made = await cluster.create(LEASES, lease())
        await cluster.replace(LEASES, lease("b", version(made)))
        await cluster.get(LEASES, "leader")
        await cluster.create(DNS_RECORDS, record())
        await cluster.patch(DNS_RECORDS, "home", {"status": {}}, status=True)
        await cluster.list(DNS_RECORDS)
        await cluster.delete(DNS_RECORDS, "home")
        assert [e async for e in cluster.watch(SERVICES, name="web", since="", seconds=1)] == []
        leases, records = "coordination.k8s.io", "esddns.io"
        assert cluster.rules == {
            Rule("create", leases, "leases", None),
            Rule("update", leases, "leases", "leader"),
            Rule("get", leases, "leases", "leader"),
            Rule("create", records, "dnsrecords", None),
            Rule("patch", records, "dnsrecords/status", "home"),
            Rule("list", records, "dnsrecords", None),
            Rule("delete", records, "dnsrecords", "home"),
            Rule("watch", "", "services", "web"),
        }

    play(scenario, model_site)
