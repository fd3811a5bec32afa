"""What there is in a cluster, of every kind that it knows."""

from __future__ import annotations

import json
from typing import Any

from harness.kubectl import NAMESPACE, Kubectl

# They come and go by themselves.
_FLEETING = ("events", "events.events.k8s.io", "componentstatuses")


def inventory(kubectl: Kubectl) -> set[str]:
    """Return kind, namespace and name of every object."""
    text = kubectl(
        "get", _kinds(kubectl), "--all-namespaces", "--ignore-not-found",
        "--output=jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{'\\n'}{end}",
    )  # fmt: skip
    return set(text.splitlines())


def applied(kubectl: Kubectl, manager: str) -> dict[str, Any]:
    """Return each object of esddns that a field manager applied, without what others say of it."""
    found = _objects(kubectl, _kinds(kubectl, "--namespaced=true"), f"--namespace={NAMESPACE}")
    found += _objects(kubectl, f"namespace/{NAMESPACE}", "crd/dnsrecords.esddns.io")
    managed = {}
    for one in found:
        metadata = one["metadata"]
        entries = metadata.get("managedFields", ())  # what is only computed has none
        fields = [entry for entry in entries if entry["manager"] == manager]
        if fields:
            kept = {k: v for k, v in metadata.items() if k != "resourceVersion"}
            rest = {k: v for k, v in one.items() if k != "status"}
            name = f"{one['kind']}/{metadata['name']}"
            managed[name] = {**rest, "metadata": {**kept, "managedFields": fields}}
    return managed


def _kinds(kubectl: Kubectl, *options: str) -> str:
    """Return all kinds that can be listed, as kubectl takes them."""
    names = kubectl("api-resources", "--verbs=list", "--output=name", *options).split()
    return ",".join(name for name in names if name not in _FLEETING)


def _objects(kubectl: Kubectl, *arguments: str) -> list[dict[str, Any]]:
    text = kubectl(
        "get", *arguments, "--output=json", "--show-managed-fields", "--ignore-not-found"
    )
    items: list[dict[str, Any]] = json.loads(text)["items"]
    return items
