"""deploy.sh --delete: records first, the namespace last, and nothing left behind, or said what and why."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.cluster_file import Object
from deploy.deploy_site import PINNED, DeploySite

FINALIZER = "esddns.io/delete-rrsets"


def record(name: str, namespace: str = "esddns", **metadata: Any) -> Object:
    """A DNSRecord that says why it is not gone."""
    return {
        "apiVersion": "esddns.io/v1alpha1",
        "kind": "DNSRecord",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": {"fqdn": f"{name}.sites.dev"},
        "status": {"conditions": [{"type": "Ready", "message": "not deleted at Gandi yet: 401"}]},
    }


@pytest.fixture
async def installed(site: DeploySite) -> DeploySite:
    """A cluster with all of it, and a record of its folder."""
    site.record()
    assert (await site.deploy("production", "--image", PINNED)).code == 0
    return site


async def test_nothing_is_left(installed: DeploySite) -> None:
    """Everything goes, in an order in which the agents outlive the records; no token is needed."""
    done = await installed.deploy("production", "--delete", GANDI_API_KEY=None, TARGET_DOMAIN=None)
    assert (done.code, done.out) == (0, "")
    assert installed.cluster().objects == {}
    assert done.steps[2:] == [
        "→ records", "→ esddns", "→ Secret esddns-gandi-credentials", "→ roles of the component cluster-wide",
        "→ definition of DNSRecord", "→ namespace esddns",
    ]  # fmt: skip
    assert done.err.endswith("Nothing is left behind.\n")
    assert not installed.sim.calls(kind="api")[1:]  # one at the installation


async def test_twice(installed: DeploySite) -> None:
    """Where nothing is left a second run finds nothing to do, and is content."""
    await installed.deploy("production", "--delete")
    done = await installed.deploy("production", "--delete")
    assert (done.code, installed.cluster().objects) == (0, {})


async def test_stuck_record(installed: DeploySite) -> None:
    """A record that stays stops it: agents and token are left alive; the command that unblocks is printed."""
    installed.add(record("stuck", finalizers=[FINALIZER]))
    before = set(installed.cluster().objects)
    done = await installed.deploy("production", "--delete")
    assert done.code == 12
    assert "  stuck: not deleted at Gandi yet: 401\n" in done.err
    assert (
        "  kubectl annotate dnsrecords.esddns.io stuck --namespace=esddns esddns.io/release=true\n"
        in done.err
    )
    assert "--type=merge" not in done.err
    assert before - set(installed.cluster().objects) == {"DNSRecord/esddns/home"}


async def test_stuck_record_without_agents(installed: DeploySite) -> None:
    """Where no agent is there to see the annotation, the command is another."""
    cluster = installed.cluster()
    cluster.objects["DaemonSet/esddns/esddns-operator-daemon"]["status"] = {"numberReady": 0}
    cluster.save()
    installed.add(record("stuck", finalizers=[FINALIZER]))
    installed.traits(stuck=True)
    done = await installed.deploy("production", "--delete")
    assert done.code == 12
    assert "No agent is ready" in done.err
    assert "kubectl patch dnsrecords.esddns.io stuck --namespace=esddns --type=merge" in done.err
    assert "esddns.io/release" not in done.err


async def test_goes_on_where_it_ended(installed: DeploySite) -> None:
    """When the record was let go, the next run does the rest."""
    installed.add(record("stuck", finalizers=[FINALIZER]))
    assert (await installed.deploy("production", "--delete")).code == 12
    cluster = installed.cluster()
    del cluster.objects["DNSRecord/esddns/stuck"]
    cluster.save()
    assert (await installed.deploy("production", "--delete")).code == 0
    assert installed.cluster().objects == {}


async def test_records_elsewhere(installed: DeploySite) -> None:
    """The definition stays while other namespaces have DNSRecords; all else goes, and the code says so."""
    team = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
    installed.add(team, record("other", "team"))
    done = await installed.deploy("production", "--delete")
    assert done.code == 12
    assert "\n  team/other" in done.err
    assert "Nothing is left behind" not in done.err
    assert set(installed.cluster().objects) == {
        "CustomResourceDefinition//dnsrecords.esddns.io", "Namespace//team", "DNSRecord/team/other",
    }  # fmt: skip


async def test_records_elsewhere_that_need_the_agents(installed: DeploySite) -> None:
    """Where those have a finalizer that only the agents take away, nothing is deleted at all."""
    team = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
    installed.add(team, record("other", "team", finalizers=[FINALIZER]))
    before = installed.cluster().objects
    done = await installed.deploy("production", "--delete")
    assert (done.code, installed.cluster().objects) == (12, before)
    assert "team/other" in done.err
    assert "nothing was deleted" in done.err


async def test_namespace_stays(installed: DeploySite) -> None:
    """A namespace that something holds says what it waits for."""
    cluster = installed.cluster()
    held = {"name": "held", "namespace": "esddns", "finalizers": ["others.io/x"]}
    cluster.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    cluster.objects["Namespace//esddns"]["status"] = {
        "conditions": [
            {
                "type": "NamespaceFinalizersRemaining",
                "status": "True",
                "message": "others.io/x in 1",
            },
            {
                "type": "NamespaceDeletionContentFailure",
                "status": "False",
                "message": "All deleted",
            },
        ]
    }
    cluster.save()
    done = await installed.deploy("production", "--delete")
    assert done.code == 12
    assert "others.io/x in 1" in done.err
    assert "All deleted" not in done.err


async def test_cluster_wide_roles(installed: DeploySite) -> None:
    """Roles of the component cluster-wide go, also where the overlay no longer has it."""
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        installed.add(
            {"apiVersion": "v1", "kind": kind, "metadata": {"name": "esddns-cluster-wide"}}
        )
    assert (await installed.deploy("production", "--delete")).code == 0
    assert installed.cluster().objects == {}
