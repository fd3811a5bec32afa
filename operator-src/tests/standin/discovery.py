"""What the API server says that it serves: for clients that look before they ask."""

from __future__ import annotations

from typing import Any

from esddns.shell.kube.seam import Kind

# What every API server has; here they are only spoken of: nobody of ours has a right to them.
_EVERYWHERE = (
    Kind("", "v1", "namespaces", "Namespace"),
    Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
)
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


def discover(path: str, kinds: tuple[Kind, ...]) -> dict[str, Any] | None:
    """Answer /api, /apis and /apis/GROUP/VERSION; None for any other path."""
    groups: dict[str, list[Kind]] = {}
    for kind in (*_EVERYWHERE, *kinds):
        groups.setdefault(kind.group, []).append(kind)
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        listed = [_group(name, found[0].version) for name, found in groups.items() if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    for name, found in groups.items():
        version = found[0].version
        if path == (f"/apis/{name}/{version}" if name else f"/api/{version}"):
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": found[0].api_version,
                "resources": [_resource(kind) for kind in found],
            }
    return None


def _group(name: str, version: str) -> dict[str, Any]:
    served = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [served], "preferredVersion": served}


def _resource(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind not in _EVERYWHERE,
        "kind": kind.kind,
        "verbs": _VERBS,
    }
