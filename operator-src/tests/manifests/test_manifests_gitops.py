"""Argo CD and Flux apply the same things in the same order, and take away nothing that must stay."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from manifests.rendering import (
    CLUSTERS,
    ROOT,
    Object,
    components,
    name_of,
    named,
    plain,
    render,
    render_with,
)

PARTS = ["crds", "esddns", "records", "monitoring"]
WAVE = "argocd.argoproj.io/sync-wave"
KEPT = {
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}


def folder_of(part: str, cluster: str) -> str:
    """Where a part of a cluster stands."""
    return {"crds": "apps/crds", "monitoring": "monitoring"}.get(part, f"clusters/{cluster}/{part}")


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """The objects of a kind."""
    return [obj for obj in objects if obj["kind"] == kind]


def wave(obj: Object) -> int:
    """When Argo CD applies it."""
    return int(obj["metadata"].get("annotations", {}).get(WAVE, "0"))


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_applications(cluster: str) -> None:
    """Four Applications, in order, of this cluster's folders, from the project's one repository."""
    objects = render(ROOT / f"clusters/{cluster}/argocd")
    project = named(objects, "AppProject/esddns")
    found = sorted(of_kind(objects, "Application"), key=wave)
    assert [wave(app) for app in found] == [0, 1, 2, 3]
    assert [app["spec"]["source"]["path"] for app in found] == [
        folder_of(p, cluster) for p in PARTS
    ]
    for app in found:
        spec = app["spec"]
        assert (ROOT / spec["source"]["path"] / "kustomization.yaml").is_file()
        assert [spec["source"]["repoURL"]] == project["spec"]["sourceRepos"]
        assert spec["project"] == "esddns"
        assert spec["destination"]["namespace"] == "esddns"
        assert spec["syncPolicy"]["automated"]["selfHeal"] is True
        # So that what others own (status, finalizers, the cache) is no difference.
        assert "ServerSideApply=true" in spec["syncPolicy"]["syncOptions"]
        assert "ignoreDifferences" not in spec
        assert "finalizers" not in app["metadata"]
    prune = [app["spec"]["syncPolicy"]["automated"]["prune"] for app in found]
    assert prune == [False, True, True, True]


def group_kind(obj: Object) -> tuple[str, str]:
    """As a whitelist names it."""
    group = obj["apiVersion"].rpartition("/")[0]
    return group, obj["kind"]


def test_the_project_allows_what_is_there(tmp_path: Path) -> None:
    """The AppProject has the kinds of all parts and options, and no others (but that of alerts)."""
    objects = [obj for c in CLUSTERS for p in PARTS for obj in render(ROOT / folder_of(p, c))]
    for component in components():
        objects += render_with([component.name], tmp_path)
    objects = [obj for obj in objects if obj["metadata"].get("namespace") != "metallb-system"]
    cluster = {group_kind(obj) for obj in objects if "namespace" not in obj["metadata"]}
    inside = {group_kind(obj) for obj in objects} - cluster
    spec = named(render(ROOT / "apps/argocd/project"), "AppProject/esddns")["spec"]

    def listed(key: str) -> set[tuple[str, str]]:
        return {(entry["group"], entry["kind"]) for entry in spec[key]}

    assert listed("clusterResourceWhitelist") == cluster
    assert listed("namespaceResourceWhitelist") == inside | {
        ("monitoring.coreos.com", "PrometheusRule")
    }
    assert [destination["namespace"] for destination in spec["destinations"]] == ["esddns"]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_nothing_of_esddns_waits_for_another(cluster: str) -> None:
    """One wave: a sync that waits for an earlier wave's health takes no newer commit, nor its revert."""
    objects = render(ROOT / f"clusters/{cluster}/esddns")
    assert {wave(obj) for obj in objects} == {0}


def test_a_refused_commit_is_not_tried_for_ever() -> None:
    """What the API server refused is tried again with the newest commit, which may have mended it."""
    objects = render(ROOT / "apps/argocd/applications")
    policies = [obj["spec"]["syncPolicy"] for obj in of_kind(objects, "Application")]
    (fleet,) = of_kind(render(ROOT / "clusters/fleet"), "ApplicationSet")
    policies.append(fleet["spec"]["template"]["spec"]["syncPolicy"])
    assert [policy["retry"]["refresh"] for policy in policies] == [True] * 5


def test_what_is_never_taken_away() -> None:
    """Definition and namespace are kept by both tools, whatever happens in Git; nothing else is."""
    kept = []
    for obj in render(ROOT):
        annotations = obj["metadata"].get("annotations", {})
        if annotations.keys() & KEPT.keys():
            assert KEPT.items() <= annotations.items()
            kept.append(obj["kind"])
    assert sorted(kept) == ["CustomResourceDefinition", "Namespace"]


def test_the_cache_is_not_in_git() -> None:
    """What is made at run time is nowhere in the manifests, so that nobody puts it back or takes it away."""
    for cluster in CLUSTERS:
        names = [name_of(obj) for part in PARTS for obj in render(ROOT / folder_of(part, cluster))]
        assert "ConfigMap/esddns-wan-ip" not in names
        assert not [name for name in names if name.startswith(("Secret/", "Lease/", "Event/"))]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_flux(cluster: str) -> None:
    """The same four folders, each after what it needs; no load balancer can keep the records waiting."""
    objects = plain(ROOT / f"clusters/{cluster}/flux")
    (source,) = of_kind(objects, "GitRepository")
    kept = {obj["metadata"]["name"]: obj["spec"] for obj in of_kind(objects, "Kustomization")}
    names = ["esddns-crds", "esddns", "esddns-records", "esddns-monitoring"]
    assert {name: spec["path"] for name, spec in kept.items()} == {
        name: f"./{folder_of(part, cluster)}" for name, part in zip(names, PARTS, strict=True)
    }
    for spec in kept.values():
        assert spec["sourceRef"] == {"kind": "GitRepository", "name": source["metadata"]["name"]}
    after = {name: [d["name"] for d in spec.get("dependsOn", ())] for name, spec in kept.items()}
    assert after == {
        "esddns-crds": [],
        "esddns": ["esddns-crds"],
        "esddns-records": ["esddns"],
        "esddns-monitoring": ["esddns"],
    }
    assert {name: spec["prune"] for name, spec in kept.items()} == {
        name: name != "esddns-crds" for name in names
    }
    assert [name for name in names if not kept[name].get("wait")] == ["esddns"]
    (checked,) = kept["esddns"]["healthChecks"]
    assert checked["namespace"] == "esddns"
    assert named(
        render(ROOT / f"clusters/{cluster}/esddns"), f"{checked['kind']}/{checked['name']}"
    )


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_receiver(cluster: str) -> None:
    """A push is told to the source that the Kustomizations follow; its secret is not in Git."""
    objects = plain(ROOT / f"clusters/{cluster}/flux")
    (receiver,) = of_kind(objects, "Receiver")
    (source,) = of_kind(objects, "GitRepository")
    (told,) = receiver["spec"]["resources"]
    assert (told["kind"], told["name"]) == ("GitRepository", source["metadata"]["name"])
    assert not of_kind(objects, "Secret")


def test_clusters_differ_in_their_folders_alone() -> None:
    """Flux's files of two clusters are the same but for the cluster's name and the repository's address."""
    texts = {
        cluster: {
            path.name: _of_any_cluster(path.read_text("utf-8"), cluster)
            for path in (ROOT / f"clusters/{cluster}/flux").iterdir()
        }
        for cluster in CLUSTERS
    }
    assert texts["production"] == texts["development"] == texts["kind"]


def _of_any_cluster(text: str, cluster: str) -> str:
    """Take out what a cluster, or a fork, has of its own."""
    return re.sub(r"url: .+", "url: X", text.replace(f"clusters/{cluster}/", "clusters/X/"))


def test_the_fleet() -> None:
    """One ApplicationSet makes the same four Applications of every labelled cluster, and deletes nothing."""
    objects = render(ROOT / "clusters/fleet")
    project = named(objects, "AppProject/esddns")
    spec: Any = named(objects, "ApplicationSet/esddns")["spec"]
    assert spec["syncPolicy"] == {
        "applicationsSync": "create-update",
        "preserveResourcesOnDeletion": True,
    }
    clusters, listed = spec["generators"][0]["matrix"]["generators"]
    (label,) = clusters["clusters"]["selector"]["matchExpressions"]
    elements = listed["list"]["elements"]
    assert [element["part"] for element in elements] == PARTS
    assert spec["template"]["metadata"]["name"].startswith("{{ .nameNormalized }}-esddns")
    source = spec["template"]["spec"]["source"]
    assert [source["repoURL"]] == project["spec"]["sourceRepos"]
    assert f'index .metadata.labels "{label["key"]}"' in source["path"]
    for element in elements:
        for cluster in CLUSTERS:
            path = element["path"] or f"clusters/{cluster}/{element['part']}"
            assert path == folder_of(element["part"], cluster)
