"""deploy.sh on a cluster that is as it should be: what it applies, twice too, and what it prints."""

from __future__ import annotations

import base64

import pytest

from deploy.deploy_site import ADDRESS, DOMAIN, IMAGE, PINNED, TOKEN, DeploySite

FORCE = "--force-conflicts"


def images(site: DeploySite) -> set[str]:
    """The images of the pods in the cluster."""
    return {
        container["image"]
        for kind, name in (
            ("DaemonSet", "esddns-operator-daemon"),
            ("Deployment", "esddns-service"),
        )
        for container in (site.object(kind, name) or {})["spec"]["template"]["spec"]["containers"]
    }


async def test_happy_path(site: DeploySite) -> None:
    """All is there in the end: CRD, Secret, the overlay with domain and image; stdout has the URLs alone."""
    done = await site.deploy("production", "--image", PINNED)
    assert (done.code, done.out) == (0, "http://203.0.113.9/\nhttps://203.0.113.9/\n"), done.err
    secret = site.object("Secret", "esddns-gandi-credentials")
    assert secret
    assert secret["data"] == {"api-key": base64.b64encode(TOKEN.encode()).decode()}
    config = site.object("ConfigMap", "esddns-config")
    assert config
    assert config["data"]["target-domain"] == DOMAIN
    assert images(site) == {PINNED}
    assert site.object("CustomResourceDefinition", "dnsrecords.esddns.io", "")
    assert done.steps == [
        "→ cluster of context testing", "→ rights", "→ token, at Gandi", "→ definition of DNSRecord",
        "→ definition is established", "→ namespace esddns", "→ Secret esddns-gandi-credentials",
        "→ esddns", "→ daemonset/esddns-operator-daemon runs", "→ deployment/esddns-service runs",
        "→ address of the page",
    ]  # fmt: skip
    assert "error" not in done.err


async def test_twice(site: DeploySite) -> None:
    """A second run changes nothing, and has to force nothing but the Secret, which a person may have made."""
    await site.deploy("production", "--image", PINNED)
    before = site.cluster().objects
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 0
    assert site.cluster().objects == before
    assert set(site.cluster().managers.values()) == {"esddns-deploy"}
    applied = [argv for argv in done.calls if argv[0] == "apply"]
    assert [FORCE in argv for argv in applied] == [False, False, True, False]


async def test_another_domain_and_image(site: DeploySite) -> None:
    """What is given at the second run takes the place of what was given at the first."""
    await site.deploy("production", "--image", PINNED)
    done = await site.deploy(
        "production", f"--image={IMAGE}", TARGET_DOMAIN="*.Other.net.", GANDI_API_KEY=TOKEN
    )
    assert done.code == 0
    assert "is a tag" in done.err
    assert images(site) == {IMAGE}
    config = site.object("ConfigMap", "esddns-config")
    assert config
    assert config["data"]["target-domain"] == "*.other.net"


async def test_development(site: DeploySite) -> None:
    """The other overlay is applied, whose interval is shorter."""
    assert (await site.deploy("development", "--image", IMAGE)).code == 0
    config = site.object("ConfigMap", "esddns-config")
    assert config
    assert int(config["data"]["detection-interval"]) < 300


async def test_placeholder_digest(site: DeploySite) -> None:
    """An image that no release has is refused before anything is changed, with what to do."""
    done = await site.deploy("production")
    assert done.code == 2
    assert "its digest all zeros" in done.err
    assert "--image ghcr.io/sqe/esddns:TAG@sha256:DIGEST" in done.err
    assert not site.cluster().objects


async def test_records(site: DeploySite) -> None:
    """The DNSRecords of the cluster come last; with them, TARGET_DOMAIN may be none."""
    site.record("cloud.sites.dev")
    done = await site.deploy("production", "--image", PINNED, TARGET_DOMAIN="none")
    assert done.code == 0
    assert done.steps.index("→ records") > done.steps.index("→ esddns")
    record = site.object("DNSRecord", "home")
    assert record
    assert record["spec"]["fqdn"] == "cloud.sites.dev"
    config = site.object("ConfigMap", "esddns-config")
    assert config
    assert config["data"]["target-domain"] == ""


@pytest.mark.parametrize("folder", ["records", "esddns"])
async def test_broken_manifests(site: DeploySite, folder: str) -> None:
    """What kustomize cannot render is named, in its words, before anything is changed."""
    site.record()
    (site.repository / f"clusters/production/{folder}/kustomization.yaml").write_text(
        "resources: [no.yaml]"
    )
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 2
    assert "no.yaml" in done.err
    assert f"clusters/production/{folder} cannot be rendered" in done.err
    assert not site.cluster().objects


async def test_nothing_to_keep(site: DeploySite) -> None:
    """TARGET_DOMAIN of none without any DNSRecord is refused."""
    (site.repository / "clusters/production/records/home.yaml").unlink()
    done = await site.deploy("production", "--image", PINNED, TARGET_DOMAIN="none")
    assert (done.code, site.cluster().objects) == (2, {})
    assert "there is nothing to keep" in done.err


async def test_others_fields(site: DeploySite) -> None:
    """What somebody else set is named and stands; FORCE_CONFLICTS=1 takes it over."""
    await site.deploy("production", "--image", PINNED)
    cluster = site.cluster()
    config = cluster.objects["ConfigMap/esddns/esddns-config"]
    cluster.apply({**config, "data": {"target-domain": "x.net"}}, "kubectl-edit", force=True)
    cluster.save()
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 1
    assert 'conflict with "kubectl-edit": .data.target-domain' in done.err
    assert "FORCE_CONFLICTS=1" in done.err
    assert "serverside-applied" not in done.err
    assert (site.object("ConfigMap", "esddns-config") or {})["data"]["target-domain"] == "x.net"
    assert (await site.deploy("production", "--image", PINNED, FORCE_CONFLICTS="1")).code == 0
    assert (site.object("ConfigMap", "esddns-config") or {})["data"]["target-domain"] == DOMAIN


async def test_secret_made_by_hand(site: DeploySite) -> None:
    """The token given now takes the place of one that was made by kubectl create secret."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "esddns"}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "esddns-gandi-credentials", "namespace": "esddns"},
        "data": {"api-key": "b2xk"},
    }
    site.add(namespace, secret)
    assert (await site.deploy("production", "--image", PINNED)).code == 0
    assert (site.object("Secret", "esddns-gandi-credentials") or {})["data"]["api-key"] != "b2xk"


async def test_secret_from_a_vault(site: DeploySite) -> None:
    """Where an ExternalSecret brings the token, none is made beside it."""
    file = site.repository / "clusters/production/esddns/kustomization.yaml"
    file.write_text(
        file.read_text() + "\ncomponents:\n  - ../../../apps/esddns/components/external-secret\n"
    )
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 0, done.err
    assert site.object("Secret", "esddns-gandi-credentials") is None
    assert site.object("ExternalSecret", "esddns-gandi-credentials")


@pytest.mark.parametrize("kind", ["NodePort", "ClusterIP"])
async def test_without_a_load_balancer(site: DeploySite, kind: str) -> None:
    """The components nodeport and clusterip wait for no address, and the way to the page is told."""
    file = site.repository / "clusters/production/esddns/kustomization.yaml"
    component = f"\ncomponents:\n  - ../../../apps/esddns/components/{kind.lower()}\n"
    file.write_text(file.read_text() + component)
    done = await site.deploy("production", "--image", PINNED)
    assert done.code == 0
    assert ("http://NODE:" in done.out) is (kind == "NodePort")
    assert ("port-forward" in done.err) is (kind == "ClusterIP")


async def test_host_names_and_ipv6(site: DeploySite) -> None:
    """Every address gets its URLs: a host name goes before its IP, and IPv6 stands in brackets."""
    site.traits(
        addresses=[{"hostname": "lb.net", "ip": "203.0.113.1"}, {"ip": "2001:db8::1"}, *ADDRESS]
    )
    done = await site.deploy("production", "--image", PINNED)
    hosts = ["lb.net", "[2001:db8::1]", "203.0.113.9"]
    assert done.out.split() == [
        f"{scheme}://{host}/" for host in hosts for scheme in ("http", "https")
    ]
