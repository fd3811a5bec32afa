"""Flux's definitions in the cluster, without its controllers: the API server then judges Flux's objects."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from harness.expected import TESTS
from harness.kubectl import Kubectl
from harness.waiting import until

VERSION = "2.9.5"
NAMESPACE = "flux-system"
_LISTED = Path(__file__).parents[1] / "fixtures" / "flux-schemas.txt"
# Where Go puts itself, for those who have it nowhere else.
_PATH = f"{os.environ['PATH']}:/usr/local/go/bin"


def can_be_fetched() -> bool:
    """Whether there is a Go, which fetches modules."""
    return shutil.which("go", path=_PATH) is not None


def definitions(folder: Path) -> list[dict[str, Any]]:
    """Return the CustomResourceDefinitions of a release; `folder` is for its manifests."""
    subprocess.run(
        [
            sys.executable, str(TESTS / "manifests" / "tools" / "fetch_schemas.py"),
            str(_LISTED), str(folder),
        ],
        env={**os.environ, "PATH": _PATH},
        check=True,
    )  # fmt: skip
    objects = [
        obj
        for path in sorted(folder.glob("*-controller.yaml"))
        for obj in yaml.load_all(path.read_bytes(), yaml.CSafeLoader)
    ]
    return [obj for obj in objects if obj["kind"] == "CustomResourceDefinition"]


@contextmanager
def defined(kubectl: Kubectl, folder: Path) -> Iterator[None]:
    """Have the definitions, and Flux's namespace, while the context lasts."""
    found = definitions(folder)
    names = [definition["metadata"]["name"] for definition in found]
    try:
        kubectl.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, *found
        )
        until("definitions served", lambda: _established(kubectl) >= set(names))
        yield
    finally:
        kubectl("delete", "customresourcedefinitions", "--ignore-not-found", *names)
        kubectl.delete("namespace", NAMESPACE)


def _established(kubectl: Kubectl) -> set[str]:
    """Return the names of the definitions that the API server serves."""
    return {
        definition["metadata"]["name"]
        for definition in kubectl.list("customresourcedefinitions")
        # null, at first
        for condition in definition.get("status", {}).get("conditions") or []
        if (condition["type"], condition["status"]) == ("Established", "True")
    }
