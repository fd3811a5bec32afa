"""The examples of docs/examples: their files, and the objects in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from manifests.rendering import ROOT, Object, rendered

EXAMPLES = ROOT / "docs/examples"
# What is no object of a cluster: Kustomize's own, lines to be copied, and a configuration file.
NO_OBJECTS = {
    "argocd-notifications/kustomization.yaml", "flux-image-automation/images.yaml",
    "alertmanager/alertmanager.yml",
}  # fmt: skip


def files() -> list[Path]:
    """Every file but the page that lists them."""
    return sorted(path for path in EXAMPLES.rglob("*") if path.is_file() and path.suffix != ".md")


def relative(path: Path) -> str:
    """A file as the tables here name it."""
    return str(path.relative_to(EXAMPLES))


def objects() -> list[Path]:
    """The files that are objects of a cluster; each kustomization of deployment/ has tests of its own."""
    overlays = EXAMPLES.glob("deployment/*/kustomization.yaml")
    none = {*NO_OBJECTS, *map(relative, overlays)}
    return [path for path in files() if relative(path) not in none]


def load(name: str) -> Any:
    """What is in the one file of that name."""
    return yaml.safe_load((EXAMPLES / name).read_text("utf-8"))


def head(path: Path) -> str:
    """The comment on top of a file."""
    lines = path.read_text("utf-8").splitlines()
    count = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(line.removeprefix("#").strip() for line in lines[:count])


def overlay(work: Path, base: str, **parts: Any) -> list[Object]:
    """A folder of this repository with these parts of a kustomization over it, rendered."""
    made = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(ROOT / base, work)],
        **parts,
    }
    (work / "kustomization.yaml").write_text(yaml.safe_dump(made))
    text = rendered.__wrapped__(work)  # never the same folder twice
    return [obj for obj in yaml.load_all(text, yaml.CSafeLoader) if obj]
