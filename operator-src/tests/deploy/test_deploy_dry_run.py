"""deploy.sh --dry-run: the cluster stays as it is, and what would be done is shown."""

from __future__ import annotations

from typing import Any

import yaml

from deploy.deploy_site import DOMAIN, PINNED, DeploySite


def objects(text: str) -> dict[str, dict[str, Any]]:
    """The objects of some YAML, by kind and name."""
    loaded = yaml.safe_load_all(text)
    return {f"{obj['kind']}/{obj['metadata']['name']}": obj for obj in loaded}


async def test_nothing_there_yet(site: DeploySite) -> None:
    """A cluster without the namespace gets nothing; what it would get is printed, but for the token."""
    site.record()
    before = site.cluster().objects
    done = await site.deploy("production", "--image", PINNED, "--dry-run")
    assert done.code == 0
    assert site.cluster().objects == before
    assert not done.made("apply")
    printed = objects(done.out)
    assert printed["Secret/esddns-gandi-credentials"]["stringData"] == {"api-key": "***"}
    assert printed["ConfigMap/esddns-config"]["data"]["target-domain"] == DOMAIN
    assert printed["DNSRecord/home"]["spec"]["fqdn"] == DOMAIN
    assert PINNED in str(printed["DaemonSet/esddns-operator-daemon"])
    assert "Nothing was changed." in done.err


async def test_no_cluster(site: DeploySite) -> None:
    """Without any cluster it is the same."""
    site.traits(unreachable=True)
    done = await site.deploy("production", "--image", PINNED, "--dry-run")
    assert done.code == 0
    assert "Secret/esddns-gandi-credentials" in objects(done.out)
    assert not done.made("apply")


async def test_api_server_tries_it(site: DeploySite) -> None:
    """Where esddns is installed the API server tries each object, as a dry run, and nothing is kept."""
    site.record()
    await site.deploy("production", "--image", PINNED)
    before = site.cluster().objects
    done = await site.deploy(
        "production", "--image", PINNED, "--dry-run", TARGET_DOMAIN="x.sites.dev"
    )
    assert done.code == 0, done.err
    assert site.cluster().objects == before
    assert "configmap/esddns-config serverside-applied (server dry run)" in done.out
    assert "dnsrecord/home serverside-applied (server dry run)" in done.out
    applied = done.made("apply")
    assert len(applied) == 5
    assert all("--dry-run=server" in argv for argv in applied)
    assert not done.made("rollout")


async def test_still_checks(site: DeploySite) -> None:
    """What would be refused is refused in a dry run, too."""
    done = await site.deploy("production", "--dry-run")
    assert done.code == 2
    assert "placeholder" in done.err


async def test_delete(site: DeploySite) -> None:
    """With --delete it lists what would go."""
    site.record()
    await site.deploy("production", "--image", PINNED)
    before = site.cluster().objects
    done = await site.deploy("production", "--delete", "--dry-run")
    assert done.code == 0
    assert site.cluster().objects == before
    for key in (
        "DNSRecord/esddns/home",
        "Secret/esddns/esddns-gandi-credentials",
        "Namespace//esddns",
    ):
        assert f"{key} deleted (server dry run)" in done.out
