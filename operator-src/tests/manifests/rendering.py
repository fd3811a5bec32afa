"""Kustomizations of this repository, rendered by the real kustomize; its warnings are errors."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

Object = dict[str, Any]

ROOT = Path(__file__).parents[3]
TOOLS = Path(__file__).parent / "tools"
COMPONENTS = ROOT / "apps/esddns/components"
CLUSTERS = ("production", "development", "kind")


def folders() -> list[Path]:
    """Every folder with a kustomization, the components apart: those are no whole by themselves."""
    places = (ROOT, *(ROOT / name for name in ("apps", "clusters", "monitoring")))
    found = {p.parent for p in ROOT.glob("kustomization.yaml")}
    found |= {p.parent for place in places[1:] for p in place.rglob("kustomization.yaml")}
    return sorted(folder for folder in found if COMPONENTS not in folder.parents)


def components() -> list[Path]:
    """Every component."""
    return sorted(p.parent for p in COMPONENTS.glob("*/kustomization.yaml"))


def cache() -> Path:
    """Where install-tools.sh puts what is pinned now."""
    key = hashlib.sha256()
    for name in ("go.mod", "go.sum", "schemas.txt"):
        key.update((TOOLS / name).read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "esddns-test-tools" / key.hexdigest()[:16]
    if not (folder / "complete").exists():
        pytest.skip(f"no {folder}: tests/manifests/install-tools.sh makes it, and needs Go")
    return folder


@functools.cache
def rendered(folder: Path) -> str:
    """What kustomize makes of a folder. Fails where it says anything on stderr."""
    command = [str(cache() / "kustomize"), "build", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def render(folder: Path) -> list[Object]:
    """The objects of a folder."""
    return _objects(rendered(folder))


def _objects(text: str) -> list[Object]:
    return [obj for obj in yaml.load_all(text, yaml.CSafeLoader) if obj]


def render_with(
    components: Sequence[str], work: Path, base: str = "apps/esddns/base"
) -> list[Object]:
    """The objects of an overlay in `work` that adds components to a folder of this repository."""
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(ROOT / base, work)],
        "components": [os.path.relpath(COMPONENTS / name, work) for name in components],
    }
    (work / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return _objects(rendered.__wrapped__(work))  # it may be written again


def plain(folder: Path) -> list[Object]:
    """The objects of a folder that no kustomization is in, as Flux reads it."""
    texts = (path.read_text("utf-8") for path in sorted(folder.glob("*.yaml")))
    return [obj for text in texts for obj in yaml.safe_load_all(text) if obj]


def name_of(obj: Object) -> str:
    """`Service/esddns-service`."""
    return f"{obj['kind']}/{obj['metadata']['name']}"


def named(objects: list[Object], name: str) -> Object:
    """The one object of that `Kind/name`."""
    (found,) = [obj for obj in objects if name_of(obj) == name]
    return found


def everything() -> list[tuple[str, list[Object]]]:
    """All that is applied to a cluster, by folder: rendered, and Flux's plain files."""
    made = [(str(folder.relative_to(ROOT)), render(folder)) for folder in folders()]
    flux = [f"clusters/{cluster}/flux" for cluster in CLUSTERS]
    return made + [(folder, plain(ROOT / folder)) for folder in flux]
