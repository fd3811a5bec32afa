"""What the seam promises, of the model in process as of the real client over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    DNS_RECORDS,
    EVENTS,
    LEASES,
    NODES,
    ConflictError,
    InvalidObjectError,
    NotFoundError,
)
from kube.sites import Site, config_map, lease, record, version
from standin import Fault

Play = Callable[..., None]


def test_create_and_get(play_both: Play) -> None:
    """What is created is read as it was sent, with what the API server adds."""

    async def scenario(site: Site) -> None:
        made = await site.cluster.create(CONFIG_MAPS, config_map(current_ip="192.0.2.1"))
        assert made["data"] == {"current_ip": "192.0.2.1"}
        assert (made["kind"], made["apiVersion"]) == ("ConfigMap", "v1")
        assert made["metadata"]["uid"]
        assert made["metadata"]["creationTimestamp"].startswith("2026-11-01T00:00:00")
        assert await site.cluster.get(CONFIG_MAPS, "wan-ip") == made
        with pytest.raises(ConflictError, match=r"ConfigMap esddns/wan-ip: HTTP 409: .*exists"):
            await site.cluster.create(CONFIG_MAPS, config_map())

    play_both(scenario)


def test_what_has_no_namespace(play_both: Play) -> None:
    """A Node belongs to no namespace: it is found without one."""

    async def scenario(site: Site) -> None:
        site.model.store.create(NODES, "", {"metadata": {"name": "one", "labels": {"a": "b"}}})
        assert (await site.cluster.get(NODES, "one"))["metadata"]["labels"] == {"a": "b"}

    play_both(scenario)


def test_generate_name(play_both: Play) -> None:
    """Events are named by the API server, each otherwise."""

    async def scenario(site: Site) -> None:
        body = {"metadata": {"generateName": "home."}, "reason": "RecordUpdated"}
        names = {(await site.cluster.create(EVENTS, body))["metadata"]["name"] for _ in range(3)}
        assert len(names) == 3
        assert all(name.startswith("home.") for name in names)

    play_both(scenario)


def test_compare_and_swap(play_both: Play) -> None:
    """Of two who replace what both have read, one wins and the other is told."""

    async def scenario(site: Site) -> None:
        first = await site.cluster.create(LEASES, lease("a"))
        second = await site.cluster.replace(LEASES, lease("b", version(first)))
        assert version(second) != version(first)
        with pytest.raises(ConflictError, match="update Lease esddns/leader: HTTP 409"):
            await site.cluster.replace(LEASES, lease("c", version(first)))
        assert (await site.cluster.get(LEASES, "leader"))["spec"]["holderIdentity"] == "b"

    play_both(scenario)


def test_replace_without_a_version(play_both: Play) -> None:
    """Nothing is replaced blindly, of no kind."""

    async def scenario(site: Site) -> None:
        await site.cluster.create(CONFIG_MAPS, config_map())
        with pytest.raises(InvalidObjectError, match="resourceVersion"):
            await site.cluster.replace(CONFIG_MAPS, config_map(a="b"))

    play_both(scenario)


def test_absent(play_both: Play) -> None:
    """What is not there is not found, whatever is asked of it."""

    async def scenario(site: Site) -> None:
        with pytest.raises(NotFoundError, match="get ConfigMap esddns/wan-ip: HTTP 404"):
            await site.cluster.get(CONFIG_MAPS, "wan-ip")
        with pytest.raises(NotFoundError):
            await site.cluster.delete(CONFIG_MAPS, "wan-ip")
        with pytest.raises(NotFoundError):
            await site.cluster.patch(DNS_RECORDS, "home", {"status": {}}, status=True)
        with pytest.raises(NotFoundError):
            await site.cluster.replace(LEASES, lease("a", "7"))

    play_both(scenario)


def test_no_crd(play_both: Play) -> None:
    """A kind that is not installed is not found either: its list is no empty list."""

    async def scenario(site: Site) -> None:
        site.model.store.uninstall(DNS_RECORDS)
        with pytest.raises(NotFoundError, match="404 page not found"):
            await site.cluster.list(DNS_RECORDS)
        with pytest.raises(NotFoundError):
            await anext(aiter(site.watch(DNS_RECORDS)))
        site.model.store.install(DNS_RECORDS)
        assert (await site.cluster.list(DNS_RECORDS))[0] == []

    play_both(scenario)


def test_patch(play_both: Play) -> None:
    """A patch merges: what it does not name stays, null deletes."""

    async def scenario(site: Site) -> None:
        await site.cluster.create(CONFIG_MAPS, config_map(a="1", b="2"))
        patched = await site.cluster.patch(CONFIG_MAPS, "wan-ip", {"data": {"b": None, "c": "3"}})
        assert patched["data"] == {"a": "1", "c": "3"}
        again = await site.cluster.patch(CONFIG_MAPS, "wan-ip", {"data": {"c": "3"}})
        assert version(again) == version(patched)

    play_both(scenario)


def test_status(play_both: Play) -> None:
    """Status and the rest are written apart, and only the rest has a generation."""

    async def scenario(site: Site) -> None:
        made = await site.cluster.create(DNS_RECORDS, record() | {"status": {"x": 1}})
        assert "status" not in made
        patch = {"spec": {"ttl": 600}, "status": {"observedGeneration": 1}}
        stated = await site.cluster.patch(DNS_RECORDS, "home", patch, status=True)
        assert stated["status"] == {"observedGeneration": 1}
        assert "ttl" not in stated["spec"]
        specified = await site.cluster.patch(DNS_RECORDS, "home", patch | {"status": None})
        assert specified["status"] == {"observedGeneration": 1}
        assert (stated["metadata"]["generation"], specified["metadata"]["generation"]) == (1, 2)
        with pytest.raises(NotFoundError):
            await site.cluster.patch(LEASES, "leader", {"status": {}}, status=True)

    play_both(scenario)


def test_delete(play_both: Play) -> None:
    """What is deleted is gone; with a finalizer only once that is taken off."""

    async def scenario(site: Site) -> None:
        await site.cluster.create(DNS_RECORDS, record(finalizers=["esddns.io/delete"]))
        await site.cluster.delete(DNS_RECORDS, "home")
        going = await site.cluster.get(DNS_RECORDS, "home")
        assert going["metadata"]["deletionTimestamp"]
        with pytest.raises(InvalidObjectError, match="finalizers"):
            await site.cluster.patch(DNS_RECORDS, "home", {"metadata": {"finalizers": ["b", "c"]}})
        await site.cluster.patch(DNS_RECORDS, "home", {"metadata": {"finalizers": None}})
        with pytest.raises(NotFoundError):
            await site.cluster.get(DNS_RECORDS, "home")

    play_both(scenario)


def test_invalid(play_both: Play) -> None:
    """What is wrong in itself is told apart from what may go well another time."""

    async def scenario(site: Site) -> None:
        with pytest.raises(InvalidObjectError, match="422"):
            await site.cluster.create(CONFIG_MAPS, config_map("Not-A-Name"))
        with pytest.raises(InvalidObjectError, match="400"):
            await site.cluster.create(CONFIG_MAPS, config_map() | {"data": {"a": 1}})

    play_both(scenario)


def test_list_to_the_last_page(play_both: Play) -> None:
    """A list has all objects, in full, however many pages it takes."""

    async def scenario(site: Site) -> None:
        for number in range(1101):
            site.model.store.create(CONFIG_MAPS, "esddns", config_map(f"c{number:04}"))
        site.model.store.namespaces.add("other")
        elsewhere = {"metadata": {"name": "elsewhere"}}
        site.model.store.create(CONFIG_MAPS, "other", elsewhere)
        found, at = await site.cluster.list(CONFIG_MAPS)
        assert [item["metadata"]["name"] for item in found] == [f"c{n:04}" for n in range(1101)]
        assert {(item["apiVersion"], item["kind"]) for item in found} == {("v1", "ConfigMap")}
        assert at == str(site.model.store.version)
        assert site.client.requests == {("list", "configmaps"): 3}
        (only,), _ = await site.cluster.list(CONFIG_MAPS, namespace="other")
        assert only["metadata"]["name"] == "elsewhere"

    play_both(scenario)


def test_list_forgotten_between_two_pages(play_both: Play) -> None:
    """A list that expires between two pages is begun anew, and is whole."""

    async def scenario(site: Site) -> None:
        for number in range(501):
            site.model.store.create(DNS_RECORDS, "esddns", record(f"r{number}"))
        site.model.faults += [Fault(verb="list"), Fault(status=410, verb="list")]
        found, _ = await site.cluster.list(DNS_RECORDS)
        assert len(found) == 501
        assert site.client.requests == {("list", "dnsrecords"): 4}

    play_both(scenario)
