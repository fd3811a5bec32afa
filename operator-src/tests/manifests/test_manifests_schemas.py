"""Every object is one that the API server takes, and none is there that the checks should refuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from manifests.policies import problems
from manifests.receiver_schema import RECEIVER, TYPES
from manifests.rendering import (
    CLUSTERS,
    ROOT,
    cache,
    components,
    folders,
    name_of,
    plain,
    render,
    render_with,
)
from manifests.schemas import schema_problems

REJECTED = sorted((Path(__file__).parent / "rejected").glob("*.yaml"))


def relative(path: Path) -> str:
    """A folder as people name it."""
    return str(path.relative_to(ROOT))


def test_the_folders_are_found() -> None:
    """The tables below are not empty by a mistake of their path, and the layout is the documented one."""
    found = {relative(folder) for folder in folders()}
    wanted = {".", "apps/crds", "apps/esddns/base", "clusters/fleet", "monitoring"}
    wanted |= {f"clusters/{c}/{part}" for c in CLUSTERS for part in ("esddns", "records", "argocd")}
    assert wanted <= found
    assert {folder.name for folder in components()} == {
        "nodeport", "clusterip", "ingress", "metallb", "tls", "external-secret", "image-pull-secret",
        "service-source", "cluster-wide", "lead-label",
    }  # fmt: skip
    assert len(REJECTED) >= 25


@pytest.mark.parametrize("folder", folders(), ids=relative)
def test_rendered(folder: Path) -> None:
    """It renders without a warning, and the schemas take every object, without an unknown field."""
    assert [said for obj in render(folder) for said in schema_problems(obj)] == []


@pytest.mark.parametrize("folder", folders(), ids=relative)
def test_no_object_twice(folder: Path) -> None:
    """No two objects of a folder are the same one."""
    found = [(o["apiVersion"], name_of(o), o["metadata"].get("namespace")) for o in render(folder)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_flux_reads_plain_files(cluster: str) -> None:
    """Flux's folder has no kustomization, which would hide what `flux bootstrap` adds to it; all is valid."""
    folder = ROOT / f"clusters/{cluster}/flux"
    assert not (folder / "kustomization.yaml").exists()
    assert [said for obj in plain(folder) for said in schema_problems(obj)] == []


@pytest.mark.parametrize("component", components(), ids=lambda path: path.name)
@pytest.mark.parametrize("base", ["apps/esddns/base", "clusters/production/esddns"])
def test_components(component: Path, base: str, tmp_path: Path) -> None:
    """Each option renders over the base and over an overlay, and changes something; the result is valid."""
    objects = render_with([component.name], tmp_path, base)
    assert objects != render(ROOT / base)
    assert [said for obj in objects for said in schema_problems(obj)] == []
    assert [said for obj in objects for said in problems(obj)] == []


def test_all_components_that_go_together(tmp_path: Path) -> None:
    """Options do not stand in each other's way."""
    names = [
        path.name for path in components() if path.name not in {"nodeport", "clusterip", "metallb"}
    ]
    assert [said for obj in render_with(names, tmp_path) for said in schema_problems(obj)] == []


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_rejected(path: Path) -> None:
    """What is wrong is refused, for the one reason that the file's first line gives."""
    expected = path.read_text("utf-8").splitlines()[0].removeprefix("# expect: ")
    obj = yaml.safe_load(path.read_text("utf-8"))
    found = [*schema_problems(obj), *problems(obj)]
    assert len(found) == 1, found
    assert expected in found[0]


def test_the_schema_of_receiver_is_that_of_its_types() -> None:
    """What was written down by hand has the fields and the types that Flux's Go types have."""
    source = (cache() / "receiver_types.go").read_text("utf-8")
    (spec,) = re.findall(
        r"^type ReceiverSpec struct \{\n(.*?)^\}", source, re.MULTILINE | re.DOTALL
    )
    assert set(re.findall(r'json:"(\w+)', spec)) == set(
        RECEIVER["properties"]["spec"]["properties"]
    )
    (enum,) = re.findall(r"validation:Enum=(\S+)", spec)
    assert enum.split(";") == TYPES


def test_files_are_small() -> None:
    """A file is one object that fits on a screen or two, but for our own kind and the list of rules."""
    large = {
        relative(path): path.stat().st_size
        for place in ("apps", "clusters", "monitoring")
        for path in (ROOT / place).rglob("*.yaml")
        if path.stat().st_size > 3000
    }
    assert set(large) <= {"apps/crds/dnsrecords.esddns.io.yaml", "monitoring/prometheusrule.yaml"}
