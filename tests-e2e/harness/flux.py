"""Flux in the cluster: its definitions alone, by which the API server judges its objects, or all of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from harness.expected import TESTS
from harness.github import headers_of_push
from harness.kubectl import Kubectl
from harness.nodes import Nodes
from harness.waiting import until

VERSION = "2.9.5"
NAMESPACE = "flux-system"
_DEFINITION = "CustomResourceDefinition"
_NAMESPACED = {"Deployment", "ResourceQuota", "Service", "ServiceAccount"}
_LISTED = Path(__file__).parents[1] / "fixtures" / "flux-schemas.txt"
# Where Go puts itself, for those who have it nowhere else.
_PATH = f"{os.environ['PATH']}:/usr/local/go/bin"


def can_be_fetched() -> bool:
    """Whether there is a Go, which fetches modules."""
    return shutil.which("go", path=_PATH) is not None


def can_run() -> bool:
    """Whether its controllers' images can be had: the nodes pull them, or FLUX_IMAGES names ours."""
    return bool(os.environ.get("FLUX_IMAGES")) or "ARGOCD_IMAGE" not in os.environ


def manifests(folder: Path) -> list[dict[str, Any]]:
    """Return the objects of a release; `folder` is for its files."""
    subprocess.run(
        [
            sys.executable, str(TESTS / "manifests" / "tools" / "fetch_schemas.py"),
            str(_LISTED), str(folder),
        ],
        env={**os.environ, "PATH": _PATH},
        check=True,
    )  # fmt: skip
    return [
        obj
        for path in sorted(folder.glob("*.yaml"))
        for obj in yaml.load_all(path.read_bytes(), yaml.CSafeLoader)
    ]


@contextmanager
def defined(kubectl: Kubectl, folder: Path) -> Iterator[None]:
    """Have the definitions, and Flux's namespace, while the context lasts."""
    found = manifests(folder)
    names = _names_of_definitions(found)
    try:
        _define(kubectl, found)
        yield
    finally:
        kubectl("delete", "customresourcedefinitions", "--ignore-not-found", *names)
        kubectl.delete("namespace", NAMESPACE)


class Flux:
    """Flux, once it runs."""

    def __init__(self, kubectl: Kubectl, nodes: Nodes) -> None:
        self._kubectl = kubectl
        self._nodes = nodes

    def install(self, folder: Path) -> None:
        """Apply its release and wait for its controllers; `folder` is for its files."""
        found = manifests(folder)
        _define(self._kubectl, found)
        for obj in found:
            if obj["kind"] in _NAMESPACED:
                obj["metadata"]["namespace"] = NAMESPACE
        self._kubectl.apply(*found)
        for obj in found:
            if obj["kind"] == "Deployment":
                self._kubectl.rolled_out(f"deployment/{obj['metadata']['name']}", NAMESPACE)

    def until_ready(self, kind: str, name: str) -> None:
        """Wait until an object is Ready at its generation."""
        until("Flux ready", lambda: self._ready(kind, name), seen=lambda: self._get(kind, name))

    def _ready(self, kind: str, name: str) -> bool:
        obj = self._get(kind, name)
        return any(
            condition["type"] == "Ready"
            and condition["status"] == "True"
            and condition.get("observedGeneration") == obj["metadata"]["generation"]
            for condition in obj.get("status", {}).get("conditions", [])
        )

    def _get(self, kind: str, name: str) -> dict[str, Any]:
        return self._kubectl.get(kind, name, NAMESPACE) or {}

    def reconcile(self, kind: str, name: str) -> None:
        """Have an object applied now (flux reconcile), and wait until it is."""
        asked = str(time.time_ns())
        self._kubectl(
            "annotate", "--overwrite", kind, name, f"--namespace={NAMESPACE}",
            f"reconcile.fluxcd.io/requestedAt={asked}",
        )  # fmt: skip
        until(
            "Flux ready",
            lambda: self._get(kind, name)["status"].get("lastHandledReconcileAt") == asked,
            seen=lambda: self._get(kind, name),
        )
        self.until_ready(kind, name)

    def tell_of_push(self, receiver: str, token: str) -> None:
        """Send what GitHub sends on a push, signed, to the path that a Receiver has."""
        body = json.dumps({"ref": "refs/heads/main"})
        address = self._get("service", "webhook-receiver")["spec"]["clusterIP"]
        path = self._get("receiver", receiver)["status"]["webhookPath"]
        headers = " ".join(
            f"--header '{name}: {value}'"
            for name, value in headers_of_push(body.encode(), token).items()
        )
        self._nodes.run(
            self._nodes.control_plane,
            f"curl --silent --show-error --fail --max-time 20 {headers} --data '{body}' http://{address}{path}",
        )


def _names_of_definitions(objects: list[dict[str, Any]]) -> list[str]:
    return [obj["metadata"]["name"] for obj in objects if obj["kind"] == _DEFINITION]


def _define(kubectl: Kubectl, objects: list[dict[str, Any]]) -> None:
    """Make the namespace and the definitions among the objects, and wait until they are served."""
    kubectl.apply_namespaces(NAMESPACE)
    kubectl.apply(*(obj for obj in objects if obj["kind"] == _DEFINITION))
    names = set(_names_of_definitions(objects))
    until("definitions served", lambda: _established(kubectl) >= names)


def _established(kubectl: Kubectl) -> set[str]:
    """Return the names of the definitions that the API server serves."""
    return {
        definition["metadata"]["name"]
        for definition in kubectl.list("customresourcedefinitions")
        # null, at first
        for condition in definition.get("status", {}).get("conditions") or []
        if (condition["type"], condition["status"]) == ("Established", "True")
    }
