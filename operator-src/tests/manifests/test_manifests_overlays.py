"""How the clusters differ: each difference is in a table here, and there is no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from manifests.policies import containers, pod_of, problems
from manifests.rendering import CLUSTERS, ROOT, Object, folders, name_of, named, render

AGENT, WEB = "DaemonSet/esddns-operator-daemon", "Deployment/esddns-service"
POD = "spec.template.spec"
LINK = "metadata.annotations.link.argocd.argoproj.io/status-page"


def flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every leaf with its path; what a list holds is called by its name, where it has one."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from flat(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            name = item.get("name", number) if isinstance(item, dict) else number
            yield from flat(item, f"{path}[{name}]")
    else:
        yield path, value


def leaves(cluster: str) -> dict[str, Any]:
    """Everything that a cluster's overlay says."""
    objects = render(ROOT / f"clusters/{cluster}/esddns")
    return {f"{name_of(obj)} {path}": leaf for obj in objects for path, leaf in flat(obj, "")}


def differences(one: str, other: str) -> dict[str, tuple[Any, Any]]:
    """What two clusters have differently; None: it is not there."""
    left, right = leaves(one), leaves(other)
    keys = [*left, *(key for key in right if key not in left)]
    return {k: (left.get(k), right.get(k)) for k in keys if left.get(k) != right.get(k)}


def whole(objects: list[Object], name: str) -> set[str]:
    """The paths of an object that only one of two clusters has."""
    return {f"{name} {path}" for path, _ in flat(named(objects, name), "")}


def test_production_and_development() -> None:
    """Development logs more, looks more often and is smaller; production has two of the web, spread.

    Each runs the release that was promoted to it.
    """
    box = f"{POD}.containers[esddns]"
    found = differences("production", "development")
    production = render(ROOT / "clusters/production/esddns")
    budget = whole(production, "PodDisruptionBudget/esddns-service")
    assert budget <= found.keys()
    spread = f"{WEB} {POD}.topologySpreadConstraints[0]"
    images = {f"{AGENT} {box}.image", f"{WEB} {box}.image"}
    assert {key: pair for key, pair in found.items() if key not in budget | images} == {
        "ConfigMap/esddns-config data.detection-interval": ("300", "60"),
        f"{AGENT} {box}.env[ESDDNS_LOG_LEVEL].name": (None, "ESDDNS_LOG_LEVEL"),
        f"{AGENT} {box}.env[ESDDNS_LOG_LEVEL].value": (None, "debug"),
        f"{AGENT} {box}.resources.requests.memory": ("96Mi", "80Mi"),
        f"{AGENT} {box}.resources.limits.memory": ("192Mi", "160Mi"),
        f"{WEB} {box}.env[ESDDNS_LOG_LEVEL].name": (None, "ESDDNS_LOG_LEVEL"),
        f"{WEB} {box}.env[ESDDNS_LOG_LEVEL].value": (None, "debug"),
        f"{WEB} {box}.resources.requests.memory": ("64Mi", "48Mi"),
        f"{WEB} {box}.resources.limits.memory": ("128Mi", "96Mi"),
        f"{WEB} spec.replicas": (2, None),
        f"{spread}.maxSkew": (1, None),
        f"{spread}.topologyKey": ("kubernetes.io/hostname", None),
        f"{spread}.whenUnsatisfiable": ("ScheduleAnyway", None),
        f"{spread}.labelSelector.matchLabels.app": ("esddns-service", None),
        f"{WEB} {LINK}": ("Status page|https://status.example.com/", None),
        f"Service/esddns-service {LINK}": ("Status page|https://status.example.com/", None),
    }


def test_production_and_kind() -> None:
    """The cluster of the end-to-end tests is production, but for image, addresses, intervals and sizes."""
    box = f"{POD}.containers[esddns]"
    image = (leaves("production")[f"{AGENT} {box}.image"], "esddns:dev")
    found = differences("production", "kind")
    kind = render(ROOT / "clusters/kind/esddns")
    addresses = whole(kind, "NetworkPolicy/esddns-operator-daemon-simulator") | {
        "ConfigMap/esddns-config data.dns.ini",
        f"{WEB} {LINK}",
        f"Service/esddns-service {LINK}",
    }
    assert addresses <= found.keys()
    assert {key: pair for key, pair in found.items() if key not in addresses} == {
        f"{AGENT} {box}.image": image,
        f"{WEB} {box}.image": image,
        "ConfigMap/esddns-config data.detection-interval": ("300", "10"),
        f"{AGENT} {box}.resources.requests.memory": ("96Mi", "64Mi"),
        f"{WEB} {box}.resources.requests.memory": ("64Mi", "48Mi"),
    }


def test_the_sizes_of_the_base() -> None:
    """What an agent and the status service ask for, and may have; no CPU limit costs an agent its Lease."""
    objects = render(ROOT / "apps/esddns/base")
    sizes = {
        name: containers(pod_of(named(objects, name)) or {})[0]["resources"]
        for name in (AGENT, WEB)
    }
    assert sizes == {
        AGENT: {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "192Mi"}},
        WEB: {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }


@pytest.mark.parametrize("folder", folders(), ids=lambda path: str(path.relative_to(ROOT)))
def test_hardened_and_pinned(folder: Any) -> None:
    """Every pod is hardened, every image pinned by digest, every right narrow; kind's own image has a tag."""
    found = [said for obj in render(folder) for said in problems(obj)]
    if folder == ROOT / "clusters/kind/esddns":
        found = [said for said in found if "image esddns:dev is not pinned" not in said]
    assert found == []


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_restricted(cluster: str) -> None:
    """The namespace itself refuses a pod that is not hardened."""
    labels = named(render(ROOT / f"clusters/{cluster}/esddns"), "Namespace/esddns")["metadata"][
        "labels"
    ]
    assert labels == {
        f"pod-security.kubernetes.io/{m}": "restricted" for m in ("enforce", "audit", "warn")
    }


def test_the_root_is_crds_and_base() -> None:
    """`kubectl apply -k` on the repository gives the definition and the base, and nothing else."""
    parts = render(ROOT / "apps/crds") + render(ROOT / "apps/esddns/base")
    assert sorted(map(name_of, render(ROOT))) == sorted(map(name_of, parts))
    assert all(obj in parts for obj in render(ROOT))
