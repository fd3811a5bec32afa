"""Each example of a deployment renders, is taken, and changes what it is for and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.core.model import RRType
from examples.example_files import EXAMPLES, overlay
from manifests.policies import problems
from manifests.rendering import (
    COMPONENTS,
    ROOT,
    Object,
    name_of,
    named,
    plain,
    render,
    render_with,
)
from manifests.schemas import schema_problems
from manifests.test_manifests_gitops import group_kind
from manifests.test_manifests_overlays import flat

FOLDER = EXAMPLES / "deployment"
PAGE, AGENT, WEB = (
    "Service/esddns-service",
    "DaemonSet/esddns-operator-daemon",
    "Deployment/esddns-service",
)
IMAGE = "spec.template.spec.containers[esddns].image"
MIRRORED = "registry.example.net/mirror/esddns@sha256:" + 64 * "0"
TOKEN, CERTIFICATE = "ExternalSecret/esddns-gandi-credentials", "Certificate/esddns-service"
SEALED = "SealedSecret/esddns-gandi-credentials"
NETWORK_LOAD_BALANCER = "metadata.annotations.service.beta.kubernetes.io/aws-load-balancer"
# Folder: the components that it lists, and what it changes beside what these do.
OVERLAYS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "eks": (
        [],
        {
            f"{PAGE} {NETWORK_LOAD_BALANCER}-type": "external",
            f"{PAGE} {NETWORK_LOAD_BALANCER}-nlb-target-type": "ip",
            f"{PAGE} {NETWORK_LOAD_BALANCER}-scheme": "internal",
        },
    ),
    "gke": ([], {f"{PAGE} metadata.annotations.networking.gke.io/load-balancer-type": "Internal"}),
    "aks": (
        [],
        {
            f"{PAGE} metadata.annotations.service.beta.kubernetes.io/azure-load-balancer-internal": "true"
        },
    ),
    "k3s-ingress": (
        ["ingress"],
        {
            "Ingress/esddns-service spec.rules[0].host": "status.example.net",
            "Ingress/esddns-service spec.ingressClassName": "traefik",
        },
    ),
    "k3s-ports": (
        [],
        {f"{PAGE} spec.ports[http].port": 8081, f"{PAGE} spec.ports[https].port": 8443},
    ),
    "nodeport": (
        ["nodeport"],
        {f"{PAGE} spec.ports[http].nodePort": 30080, f"{PAGE} spec.ports[https].nodePort": 30443},
    ),
    "metallb": (["metallb"], {"IPAddressPool/esddns spec.addresses[0]": "192.0.2.53/32"}),
    "ipv6": (
        [],
        {
            f"{PAGE} spec.ipFamilyPolicy": "PreferDualStack",
            "ConfigMap/esddns-config data.dns.ini": (
                "[detection]\nfamilies = ipv4, ipv6\nipv6-suffix = ::53"
            ),
        },
    ),
    "lead-label": (["lead-label"], {}),
    "service-source": (["service-source"], {}),
    "private-registry": (
        ["image-pull-secret"],
        {f"{AGENT} {IMAGE}": MIRRORED, f"{WEB} {IMAGE}": MIRRORED},
    ),
    "external-secret": (
        ["external-secret"],
        {
            f"{TOKEN} spec.secretStoreRef.name": "company-vault",
            f"{TOKEN} spec.data[0].remoteRef.key": "dns/gandi",
            f"{TOKEN} spec.data[0].remoteRef.property": "token",
        },
    ),
    "sealed-secret": (
        [],
        {
            f"{SEALED} apiVersion": "bitnami.com/v1alpha1",
            f"{SEALED} kind": "SealedSecret",
            f"{SEALED} metadata.name": "esddns-gandi-credentials",
            f"{SEALED} metadata.namespace": "esddns",
            f"{SEALED} spec.encryptedData.api-key": "placeholder",
            f"{SEALED} spec.template.metadata.name": "esddns-gandi-credentials",
            f"{SEALED} spec.template.metadata.namespace": "esddns",
        },
    ),
    "tls": (
        ["tls"],
        {
            f"{CERTIFICATE} spec.dnsNames[0]": "status.example.net",
            f"{CERTIFICATE} spec.issuerRef.name": "company-issuer",
        },
    ),
}
# Of which Argo CD's project has to be told first, and by what.
ALLOWED_BY = {"metallb": "argocd-metallb", "sealed-secret": "argocd-sealed-secrets"}
OTHERS = {"argocd-app-of-apps", "remote-base", "sops", *ALLOWED_BY.values()}


def leaves(objects: list[Object]) -> dict[str, Any]:
    """Everything that objects say, by name and path."""
    return {f"{name_of(obj)} {path}": leaf for obj in objects for path, leaf in flat(obj, "")}


def refused(objects: list[Object], over: str = "apps/esddns/base") -> list[str]:
    """What the API server and the policies say; of a SealedSecret nobody here can tell.

    What is as it was in the folder `over` is left out: others judge that.
    """
    known = [obj for obj in objects if obj["kind"] != "SealedSecret"]
    before = render(ROOT / over)
    known = [obj for obj in known if obj not in before]
    return [said for obj in known for said in (*schema_problems(obj), *problems(obj))]


def load(name: str) -> Any:
    """What is in a file."""
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def project(work: Path, *components: str) -> Object:
    """Argo CD's project of production, with these examples in it."""
    paths = [os.path.relpath(FOLDER / name, work) for name in components]
    over = "clusters/production/argocd"
    made = overlay(work, over, components=paths)
    assert refused(made, over) == []
    return named(made, "AppProject/esddns")["spec"]


def test_each_folder_is_looked_at() -> None:
    """None is missing in the tables here, and the page leads to each."""
    found = {path.name for path in FOLDER.iterdir()}
    assert found == OVERLAYS.keys() | OTHERS
    page = (ROOT / "docs/deployment.md").read_text("utf-8")
    assert [name for name in sorted(found) if f"](examples/deployment/{name}" not in page] == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_it_changes_what_it_is_for(name: str, tmp_path: Path) -> None:
    """It differs from the base with its components in exactly the fields of the table."""
    components, wanted = OVERLAYS[name]
    made = render(FOLDER / name)
    assert refused(made) == []
    before, after = leaves(render_with(components, tmp_path)), leaves(made)
    assert before.keys() - after.keys() == set()
    assert {key: leaf for key, leaf in after.items() if before.get(key) != leaf} == wanted
    listed = yaml.safe_load((FOLDER / name / "kustomization.yaml").read_text("utf-8"))
    assert [Path(path).name for path in listed.get("components", ())] == components


@pytest.mark.parametrize("cluster", ["production", "development"])
@pytest.mark.parametrize("name", OVERLAYS)
def test_it_goes_into_a_cluster(name: str, cluster: str, tmp_path: Path) -> None:
    """Its components, patches and images do the same in the overlay of a cluster of this repository."""
    components, wanted = OVERLAYS[name]
    parts = load(f"{name}/kustomization.yaml")
    paths = [os.path.relpath(COMPONENTS / component, tmp_path) for component in components]
    parts = {key: parts[key] for key in ("patches", "images") if key in parts}
    over = f"clusters/{cluster}/esddns"
    made = overlay(tmp_path, over, components=paths, **parts)
    assert refused(made, over) == []
    if name != "sealed-secret":  # a file of its own
        assert wanted.items() <= leaves(made).items()


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_project_allows_it(name: str, tmp_path: Path) -> None:
    """Argo CD may apply it: as the project is, or with the example for that, and then only with it."""
    made = render(FOLDER / name)

    def allowed(spec: Object) -> bool:
        lists = ("clusterResourceWhitelist", "namespaceResourceWhitelist")
        kinds = {(entry["group"], entry["kind"]) for key in lists for entry in spec[key]}
        places = {destination["namespace"] for destination in spec["destinations"]}
        used = {obj["metadata"].get("namespace", "esddns") for obj in made}
        return {group_kind(obj) for obj in made} <= kinds and used <= places

    assert allowed(project(tmp_path)) is (name not in ALLOWED_BY)
    if name in ALLOWED_BY:
        assert allowed(project(tmp_path, ALLOWED_BY[name]))


def test_a_secret_is_still_not_allowed(tmp_path: Path) -> None:
    """Neither example lets Argo CD apply a Secret."""
    spec = project(tmp_path, *sorted(ALLOWED_BY.values()))
    assert not [entry for entry in spec["namespaceResourceWhitelist"] if entry["kind"] == "Secret"]


@pytest.mark.parametrize(
    "path", sorted(FOLDER.rglob("*.yaml")), ids=lambda p: str(p.relative_to(FOLDER))
)
def test_single_objects(path: Path) -> None:
    """What is no kustomization is an object, or a SealedSecret, that the API server takes."""
    if path.name != "kustomization.yaml":
        assert refused([yaml.safe_load(path.read_text("utf-8"))]) == []


def test_ipv6() -> None:
    """The program takes the configuration in a cluster; the record has the same suffix and families."""
    text = named(render(FOLDER / "ipv6"), "ConfigMap/esddns-config")["data"]["dns.ini"]
    settings = parse(text, file="dns.ini", builtin=BUILTIN, require_records=False, in_cluster=True)
    spec = load("ipv6/dnsrecord.yaml")["spec"]
    assert tuple(RRType(rrtype).family for rrtype in spec["types"]) == settings.detection.families
    assert str(settings.detection.ipv6_suffix) == spec["source"]["wan"]["ipv6Suffix"]


@pytest.mark.parametrize("record", ["address", "hostname"])
def test_services_of_another_namespace(record: str) -> None:
    """The agents may read exactly the Service that the record names, where it is."""
    named_there = load(f"service-source/{record}.yaml")["spec"]["source"]["service"]
    role, binding = (load(f"service-source/{name}.yaml") for name in ("role", "rolebinding"))
    assert {role["metadata"]["namespace"], binding["metadata"]["namespace"]} == {
        named_there["namespace"]
    }
    (rule,) = role["rules"]
    (component,) = plain(COMPONENTS / "service-source")[1]["rules"]
    assert rule == {**component, "resourceNames": [named_there["name"]]}
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    base = render(ROOT / "apps/esddns/base")
    assert binding["subjects"] == named(base, "RoleBinding/esddns-operator-daemon")["subjects"]


def test_the_application_of_applications(tmp_path: Path) -> None:
    """It applies a folder that there is, of the repository that the project names."""
    spec = load("argocd-app-of-apps/application.yaml")["spec"]
    assert [spec["source"]["repoURL"]] == project(tmp_path)["sourceRepos"]
    made = render(ROOT / spec["source"]["path"])
    assert {obj["metadata"]["namespace"] for obj in made} == {spec["destination"]["namespace"]}
    # The project of esddns allows no Application.
    assert spec["project"] != "esddns"
    assert load("argocd-app-of-apps/application.yaml")["metadata"]["name"] not in {
        obj["metadata"]["name"] for obj in made
    }


def test_sops_waits_for_nobody() -> None:
    """Flux's Kustomization for the token has the same source as the others, and waits for none of them."""
    spec = load("sops/esddns-secrets.yaml")["spec"]
    others = plain(ROOT / "clusters/production/flux")
    source = next(obj for obj in others if obj["kind"] == "GitRepository")["metadata"]["name"]
    assert spec["sourceRef"] == {"kind": "GitRepository", "name": source}
    assert "dependsOn" not in spec
    assert spec["decryption"]["provider"] == "sops"
    taken = {obj["metadata"]["name"] for obj in others}
    assert load("sops/esddns-secrets.yaml")["metadata"]["name"] not in taken
