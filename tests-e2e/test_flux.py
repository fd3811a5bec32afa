"""Flux's manifests, judged by an API server that has Flux's definitions, without its controllers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from harness import flux
from harness.admission import answer, dry_run, dry_run_of
from harness.expected import ROOT, fixtures
from harness.figures import Figures
from harness.git_server import GitServer
from harness.kubectl import Kubectl

CLUSTERS = ("production", "development", "kind")
# As the API server says what operator-src's tests say otherwise.
REFUSED = {
    "flux-prune-missing": "spec.prune: Required value",
    "flux-source-without-url": "spec.url: Required value",
    "receiver-type": "spec.type: Unsupported value",
    "flux-unknown-field": 'unknown field "spec.waits"',
}

pytestmark = pytest.mark.usefixtures("deployed")


@pytest.fixture(scope="module")
def _definitions(
    kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory, figures: Figures
) -> Iterator[None]:
    """Flux's definitions in the cluster; said in the table where they cannot be had."""
    if not flux.can_be_fetched():
        figures.add(14, "Flux's manifests", "not held against its definitions: there is no Go")
        pytest.skip("Flux's definitions come as a Go module, and there is no Go")
    with flux.defined(kubectl, tmp_path_factory.mktemp("flux")):
        yield


def objects_of(cluster: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what Flux is given for a cluster, by kind and name."""
    found = {}
    for path in sorted((ROOT / "clusters" / cluster / "flux").iterdir()):
        obj = yaml.safe_load(path.read_text())
        found[obj["kind"], obj["metadata"]["name"]] = obj
    return found


@pytest.mark.usefixtures("_definitions")
def test_the_api_server_takes_what_flux_is_given(kubectl: Kubectl, figures: Figures) -> None:
    """Every object of every cluster passes Flux's schemas and rules, with no field unknown and no warning."""
    count = 0
    for cluster in CLUSTERS:
        taken = dry_run(kubectl, f"--filename={ROOT / 'clusters' / cluster / 'flux'}")
        assert taken.complaints == ""
        found = objects_of(cluster)
        assert len(taken.said.splitlines()) == len(found) == 6
        assert all(line.endswith(" created (server dry run)") for line in taken.said.splitlines())
        count += len(found)
    figures.add(14, f"objects taken by the API with Flux {flux.VERSION}'s definitions", str(count))


@pytest.mark.usefixtures("_definitions")
def test_the_api_server_refuses_what_is_wrong(kubectl: Kubectl) -> None:
    """A field that lacks, is unknown or has a wrong value is refused, and so is a broken rule."""
    wrong = {f.path.stem: f.objects[0] for f in fixtures("manifests/rejected")}
    for name, complaint in REFUSED.items():
        refused = dry_run_of(kubectl, wrong[name])
        assert complaint in refused.complaints
        assert refused.said == ""
    receiver = objects_of("kind")["Receiver", "esddns"]
    del receiver["spec"]["secretRef"]
    refused = dry_run_of(kubectl, receiver)
    assert "secretRef is required when type is not generic-oidc" in refused.complaints


@pytest.mark.parametrize("overlay", CLUSTERS)
def test_what_they_name_is_there(kubectl: Kubectl, overlay: str) -> None:
    """Folders exist and build, dependencies and sources have those names, and none waits for itself."""
    found = objects_of(overlay)
    kept = {name: obj["spec"] for (kind, name), obj in found.items() if kind == "Kustomization"}
    for name, spec in kept.items():
        assert (spec["sourceRef"]["kind"], spec["sourceRef"]["name"]) in found
        folder = ROOT / spec["path"]
        assert (folder / "kustomization.yaml").is_file()
        built = answer(kubectl, "kustomize", str(folder))
        assert built.complaints == ""
        assert list(yaml.safe_load_all(built.said))
        assert name not in _needed(name, kept)
        # Nothing is substituted: a `$` in the manifests is a `$`.
        assert "postBuild" not in spec
    (receiver,) = (obj["spec"] for (kind, _), obj in found.items() if kind == "Receiver")
    assert all((told["kind"], told["name"]) in found for told in receiver["resources"])


def _needed(name: str, kept: dict[str, Any]) -> set[str]:
    """Return all that a Kustomization waits for; KeyError for one that is not there."""
    needed: set[str] = set()
    left = [entry["name"] for entry in kept[name].get("dependsOn", [])]
    while left:
        other = left.pop()
        if other not in needed:
            needed.add(other)
            left += [entry["name"] for entry in kept[other].get("dependsOn", [])]
    return needed


def test_the_api_server_takes_what_flux_would_apply(
    kubectl: Kubectl, git: GitServer, figures: Figures
) -> None:
    """Over a cluster that Argo CD made Flux would change nothing but who is responsible."""
    paths = [
        spec["spec"]["path"]
        for (kind, name), spec in objects_of("kind").items()
        if kind == "Kustomization" and name != "esddns-monitoring"
    ]
    assert len(paths) == 3
    count = 0
    for path in paths:
        taken = dry_run(
            kubectl, "--server-side", "--force-conflicts", "--field-manager=kustomize-controller",
            "--output=json", f"--kustomize={git.work / path}",
        )  # fmt: skip
        assert taken.complaints == ""
        would = json.loads(taken.said)
        for obj in would.get("items", [would]):
            count += 1
            metadata = obj["metadata"]
            now = kubectl.get(obj["kind"], metadata["name"], metadata.get("namespace", "default"))
            assert now is not None
            assert _wanted(now) == _wanted(obj)
    figures.add(14, "objects that Flux would apply over Argo CD's, changing nothing", str(count))


def _wanted(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what the API server and controllers say of it."""
    metadata = {k: obj["metadata"].get(k) for k in ("name", "namespace", "labels", "generation")}
    return {k: v for k, v in obj.items() if k not in {"metadata", "status"}} | metadata
