"""What an API server does to objects: copies, merges, checks, and what is no client's to change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DNS_RECORDS,
    LEASES,
    SERVICES,
    Kind,
    Object,
)
from standin.refusal import Refusal

WITH_STATUS = {DAEMON_SETS, DNS_RECORDS, SERVICES}
WITH_GENERATION = {DAEMON_SETS, DNS_RECORDS}
# Of these the API server takes no update without a resourceVersion; over others it writes blindly.
CAS_ONLY = {DNS_RECORDS, LEASES}
LARGEST = 1024 * 1024  # bytes of a ConfigMap's data

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# Set once, by the API server.
_FIXED = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)


def clone(value: T) -> T:
    """Copy JSON: ten times as fast as `copy.deepcopy`."""
    copied: Any = value
    if isinstance(value, Mapping):
        copied = {key: clone(inner) for key, inner in value.items()}
    elif isinstance(value, list | tuple):
        copied = [clone(inner) for inner in value]
    return copied  # type: ignore[no-any-return]


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, Mapping):
        return clone(patch)
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def check(kind: Kind, body: Object) -> None:
    """Refuse what the API server's own validation would; of a CRD's schema it knows nothing."""
    if (
        body.get("apiVersion", kind.api_version) != kind.api_version
        or body.get("kind", kind.kind) != kind.kind
    ):
        raise Refusal(400, f"the object is no {kind.api_version} {kind.kind}")
    name = str(body["metadata"].get("name", ""))
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise Refusal(
            422, f'{kind.kind} "{name}" is invalid: metadata.name: Invalid value: "{name}"'
        )
    if kind == LEASES:
        seconds = body.get("spec", {}).get("leaseDurationSeconds", 1)
        if seconds < 1:
            raise Refusal(
                422,
                f'Lease "{name}" is invalid: spec.leaseDurationSeconds: Invalid value: {seconds}',
            )
    if kind == CONFIG_MAPS:
        data = body.get("data") or {}
        if not all(isinstance(value, str) for value in data.values()):
            raise Refusal(
                400, "json: cannot unmarshal into Go struct field ConfigMap.data of type string"
            )
        if sum(len(value.encode()) for value in data.values()) > LARGEST:
            raise Refusal(
                422,
                f'ConfigMap "{name}" is invalid: []: Too long: may not be more than {LARGEST} bytes',
            )


def successor(kind: Kind, old: Object, body: Object, *, status: bool) -> Object:
    """What stands there after an update: what is not this request's to change stays as it was."""
    if status:
        return old | {"status": body["status"]} if "status" in body else _without(old, "status")
    new = clone(body)
    if kind in WITH_STATUS:
        new = _without(new, "status") | ({"status": old["status"]} if "status" in old else {})
    before, metadata = old["metadata"], new["metadata"]
    for key in (*_FIXED, "resourceVersion"):
        metadata.pop(key, None)
        if key in before:
            metadata[key] = before[key]
    if "deletionTimestamp" in before and set(metadata.get("finalizers", ())) - set(
        before.get("finalizers", ())
    ):
        raise Refusal(
            422,
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted",
        )
    if kind in WITH_GENERATION and _content(new) != _content(old):
        metadata["generation"] = before["generation"] + 1
    return new | {"apiVersion": kind.api_version, "kind": kind.kind}


def _without(body: Object, key: str) -> Object:
    return {name: value for name, value in body.items() if name != key}


def _content(body: Object) -> Object:
    return {
        key: value
        for key, value in body.items()
        if key not in {"metadata", "status", "apiVersion", "kind"}
    }
