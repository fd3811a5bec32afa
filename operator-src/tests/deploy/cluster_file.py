"""The stand-in's cluster: objects in a JSON file, applied, selected and deleted as an API server does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Object = dict[str, Any]

CRD = "CustomResourceDefinition//dnsrecords.esddns.io"
CLUSTER_SCOPED = {"CustomResourceDefinition", "Namespace", "ClusterRole", "ClusterRoleBinding"}
_WORKLOADS = {"DaemonSet", "Deployment"}


class RefusedError(Exception):
    """What the API server would answer."""


def key_of(obj: Object) -> str:
    """`Kind/namespace/name`, the namespace empty for what has none."""
    metadata = obj["metadata"]
    namespace = "" if obj["kind"] in CLUSTER_SCOPED else metadata.get("namespace", "default")
    return f"{obj['kind']}/{namespace}/{metadata['name']}"


class ClusterFile:
    """Reads the file at once; `save` writes it back. `traits` are what is unusual about this cluster."""

    def __init__(self, path: Path) -> None:
        self._path = path
        state = json.loads(path.read_text()) if path.exists() else {}
        self.traits: dict[str, Any] = state.get("traits", {})
        self.objects: dict[str, Object] = state.get("objects", {})
        # Who set each field: "Kind/namespace/name .a.b" to the field manager.
        self.managers: dict[str, str] = state.get("managers", {})

    def save(self) -> None:
        """Write it all."""
        state = {"traits": self.traits, "objects": self.objects, "managers": self.managers}
        self._path.write_text(json.dumps(state))

    def add(self, obj: Object, manager: str = "somebody") -> None:
        """Put an object there as another tool does."""
        self.apply(obj, manager, force=True)

    def apply(self, obj: Object, manager: str, *, force: bool) -> None:
        """Server-side apply: RefusedError for a conflict, and where namespace or kind do not exist."""
        key = key_of(obj)
        namespace = key.split("/")[1]
        if namespace not in {"", "default"} and f"Namespace//{namespace}" not in self.objects:
            raise RefusedError(f'namespaces "{namespace}" not found')
        if obj["kind"] == "DNSRecord" and CRD not in self.objects:
            raise RefusedError('no matches for kind "DNSRecord" in version "esddns.io/v1alpha1"')
        held = self.objects.setdefault(key, {"status": {}})
        wanted, had = dict(_fields(obj)), dict(_fields(held))
        conflicts = [
            f'conflict with "{owner}": {field}'
            for field, value in wanted.items()
            if (owner := self.managers.get(f"{key} {field}", manager)) != manager
            and had.get(field) != value
        ]
        if conflicts and not force:
            raise RefusedError(
                f"Apply failed with {len(conflicts)} conflicts: {' '.join(conflicts)}\n"
                "Please review the fields above--they currently have other managers."
            )
        held.update({**obj, "status": held["status"] | obj.get("status", {})})
        self.managers |= {f"{key} {field}": manager for field in wanted}
        self._reconcile(obj["kind"], held)

    def _reconcile(self, kind: str, held: Object) -> None:
        """Give the status that controllers would, unless this cluster's traits say otherwise."""
        if kind in _WORKLOADS and "stuck" not in self.traits:
            held["status"] |= {
                "numberReady": 1,
                "desiredNumberScheduled": self.traits.get("nodes", 1),
            }
        if kind == "Service" and held.get("spec", {}).get("type") == "LoadBalancer":
            held["status"] |= {"loadBalancer": {"ingress": self.traits.get("addresses", [])}}

    def select(self, kind: str, matches: Callable[[Object], bool] = lambda _: True) -> list[Object]:
        """The objects of a kind that match, in the order in which they came."""
        return [o for o in self.objects.values() if o["kind"] == kind and matches(o)]

    def delete(self, key: str) -> bool:
        """Delete an object and what hangs on it; False where a finalizer holds it."""
        obj = self.objects[key]
        if obj["metadata"].get("finalizers"):
            obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            return False
        namespace = obj["metadata"]["name"] if obj["kind"] == "Namespace" else None
        kind = "DNSRecord" if key == CRD else None
        below = [
            other
            for other, o in self.objects.items()
            if other.split("/")[1] == namespace or o["kind"] == kind
        ]
        done = [self.delete(other) for other in below]
        if all(done):
            del self.objects[key]
        return all(done)


def _fields(obj: Object, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path; a list is one leaf. What identifies an object is nobody's."""
    for name, value in obj.items():
        if not at and name in {"apiVersion", "kind", "status"}:
            continue
        path = f"{at}.{name}"
        if path in {".metadata.name", ".metadata.namespace", ".metadata.creationTimestamp"}:
            continue
        if isinstance(value, dict) and value:
            yield from _fields(value, path)
        else:
            yield path, value
