"""What the API server keeps: objects, versions, history. Synchronous: one request after the other.

Tests use it as somebody with kubectl would. Objects in here are never changed, only replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from esddns.shell.kube import seam
from esddns.shell.kube.seam import EventType, Kind, Object
from standin.history import Change, History
from standin.objects import CAS_ONLY, WITH_GENERATION, WITH_STATUS, check, clone, merge, successor
from standin.refusal import Refusal, UnknownKindError

KINDS = (
    seam.LEASES,
    seam.CONFIG_MAPS,
    seam.SERVICES,
    seam.EVENTS,
    seam.NODES,
    seam.NAMESPACES,
    seam.DAEMON_SETS,
    seam.DNS_RECORDS,
)
Key = tuple[str, str]
Snapshot = tuple[int, dict[Kind, dict[Key, Object]]]


class Store:
    """`now`: the time of day, for the time stamps. `window`: changes of a kind that are remembered."""

    def __init__(self, now: Callable[[], datetime], window: int = 1000) -> None:
        self.version = 1
        self.namespaces = {"default", "esddns", ""}  # the last is of what has none
        self.notify: Callable[[Kind, Change], None] = lambda _kind, _change: None
        self._now = now
        self._window = window
        self._objects: dict[Kind, dict[Key, Object]] = {kind: {} for kind in KINDS}
        self._history = {kind: History(window, 1) for kind in KINDS}
        self._pages: dict[str, tuple[int, list[Object]]] = {}
        self._serial = count(1)

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """Read one object."""
        return clone(self._standing(kind, namespace, name))

    def select(self, kind: Kind, namespace: str, name: str | None = None) -> list[Object]:
        """Give the objects of a namespace, in the order of their names; not copied."""
        objects = self._of(kind)
        return [
            objects[key]
            for key in sorted(objects)
            if key[0] == namespace and name in {None, key[1]}
        ]

    def page(
        self, kind: Kind, namespace: str, limit: int = 0, token: str = ""
    ) -> tuple[list[Object], int, str]:
        """Give a page of the list, its version, and what to ask the next page with."""
        if token and token not in self._pages:
            raise Refusal(410, "The provided continue parameter is too old")
        version, rest = (
            self._pages[token] if token else (self.version, self.select(kind, namespace))
        )
        if not limit or len(rest) <= limit:
            return clone(rest), version, ""
        following = f"{version}-{next(self._serial)}"
        self._pages[following] = (version, rest[limit:])
        return clone(rest[:limit]), version, following

    def create(self, kind: Kind, namespace: str, body: Mapping[str, Any]) -> Object:
        """Create one object."""
        objects = self._of(kind)
        if namespace not in self.namespaces:
            raise Refusal(404, f'namespaces "{namespace}" not found')
        new: Object = clone(dict(body)) | {
            "apiVersion": body.get("apiVersion", kind.api_version),
            "kind": body.get("kind", kind.kind),
        }
        metadata = new.setdefault("metadata", {})
        if metadata.setdefault("namespace", namespace) != namespace:
            raise Refusal(
                400,
                "the namespace of the provided object does not match the namespace sent on the request",
            )
        serial = next(self._serial)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName']}{serial:05x}"
        check(kind, new)
        if metadata.get("resourceVersion"):
            raise Refusal(500, "resourceVersion should not be set on objects to be created")
        key = (namespace, metadata["name"])
        if key in objects:
            raise Refusal(409, f'{_resource(kind)} "{key[1]}" already exists', "AlreadyExists")
        metadata["uid"] = f"{serial:08x}-0000-4000-8000-000000000000"
        metadata["creationTimestamp"] = self._stamp()
        if kind in WITH_GENERATION:
            metadata["generation"] = 1
        if kind in WITH_STATUS:
            new.pop("status", None)
        made = self._put(kind, EventType.ADDED, key, new)
        if metadata.get("ownerReferences"):
            self._collect()
        return clone(made)

    def update(
        self, kind: Kind, namespace: str, body: Mapping[str, Any], *, status: bool = False
    ) -> Object:
        """Replace one object, or its status; compare-and-swap where `body` has a resourceVersion."""
        if status and kind not in WITH_STATUS:
            raise Refusal(404, "the server could not find the requested resource")
        metadata = body.get("metadata") or {}
        name = metadata.get("name", "")
        old = self._standing(kind, namespace, name)
        version = metadata.get("resourceVersion")
        if not version and kind in CAS_ONLY:
            raise Refusal(
                422,
                f'{kind.kind} "{name}" is invalid: metadata.resourceVersion: must be specified for an update',
            )
        uid = metadata.get("uid", old["metadata"]["uid"])
        if (
            version not in {None, "", old["metadata"]["resourceVersion"]}
            or uid != old["metadata"]["uid"]
        ):
            raise Refusal(
                409,
                f'Operation cannot be fulfilled on {_resource(kind)} "{name}": the object has been modified',
            )
        new = successor(kind, old, dict(body), status=status)
        check(kind, new)
        if new == old:
            return clone(old)  # nothing is written, nobody is told
        if "deletionTimestamp" in new["metadata"] and not new["metadata"].get("finalizers"):
            return clone(self._remove(kind, (namespace, name), new))
        return clone(self._put(kind, EventType.MODIFIED, (namespace, name), new))

    def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        *,
        status: bool = False,
    ) -> Object:
        """Merge into one object, or into its status."""
        old = self._standing(kind, namespace, name)
        merged = merge(old, patch)
        if merged["metadata"].get("name") != name:
            raise Refusal(400, "the name of the object does not match the name on the URL")
        return self.update(kind, namespace, merged, status=status)

    def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """Delete one object; with finalizers it only begins to go."""
        old = self._standing(kind, namespace, name)
        if not old["metadata"].get("finalizers"):
            self._remove(kind, (namespace, name), old)
        elif "deletionTimestamp" not in old["metadata"]:
            going = {"deletionTimestamp": self._stamp(), "deletionGracePeriodSeconds": 0}
            if kind in WITH_GENERATION:
                going["generation"] = old["metadata"]["generation"] + 1
            self._put(
                kind,
                EventType.MODIFIED,
                (namespace, name),
                old | {"metadata": old["metadata"] | going},
            )

    def changes(self, kind: Kind, since: str) -> list[Change]:
        """Give what a watch from `since` has to tell at once; empty or 0: what there is."""
        if since in {"", "0"}:
            return [
                Change(self.version, EventType.ADDED, found) for found in self._of(kind).values()
            ]
        if not since.isdecimal():
            raise Refusal(
                400,
                f'Invalid value: "{since}": strconv.ParseUint: parsing "{since}": invalid syntax',
            )
        self._of(kind)
        return list(self._history[kind].after(int(since)))

    def compact(self) -> None:
        """Forget what was: watches from older versions, and lists that were begun, are 410."""
        self._pages.clear()
        for history in self._history.values():
            history.forget(self.version)

    def snapshot(self) -> Snapshot:
        """Keep a backup of etcd."""
        return self.version, {kind: dict(objects) for kind, objects in self._objects.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a backup of etcd: the versions begin again there."""
        self.version, objects = snapshot
        self._objects = {kind: dict(kept) for kind, kept in objects.items()}
        self.compact()

    @property
    def served(self) -> tuple[Kind, ...]:
        """The kinds that there are."""
        return tuple(self._objects)

    def uninstall(self, kind: Kind) -> None:
        """Take a CRD away, with all objects."""
        for key, found in list(self._of(kind).items()):
            self._remove(kind, key, found)
        del self._objects[kind]

    def install(self, kind: Kind) -> None:
        """Apply a CRD."""
        self._objects.setdefault(kind, {})

    def _of(self, kind: Kind) -> dict[Key, Object]:
        try:
            return self._objects[kind]
        except KeyError:
            raise UnknownKindError from None

    def _standing(self, kind: Kind, namespace: str, name: str) -> Object:
        try:
            return self._of(kind)[namespace, name]
        except KeyError:
            raise Refusal(404, f'{_resource(kind)} "{name}" not found') from None

    def _put(self, kind: Kind, event: EventType, key: Key, body: Object) -> Object:
        # What is kept is nobody else's: JSON there and back, so that nothing but JSON ever gets in.
        body = json.loads(json.dumps(body))
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self._objects[kind][key] = body
        self._tell(kind, event, body)
        return body

    def _remove(self, kind: Kind, key: Key, body: Object) -> Object:
        self.version += 1
        del self._objects[kind][key]
        gone = body | {"metadata": body["metadata"] | {"resourceVersion": str(self.version)}}
        self._tell(kind, EventType.DELETED, gone)
        self._collect()
        return gone

    def _tell(self, kind: Kind, event: EventType, body: Object) -> None:
        change = Change(self.version, event, body)
        self._history[kind].add(change)
        self.notify(kind, change)

    def _collect(self) -> None:
        """Remove what belongs to owners of which none is left (a real cluster takes a moment)."""
        everything = [
            (kind, *pair) for kind in self._objects for pair in self._objects[kind].items()
        ]
        living = {found["metadata"]["uid"] for _, _, found in everything}
        for kind, key, found in everything:
            owners = found["metadata"].get("ownerReferences")
            if (
                owners
                and not any(owner["uid"] in living for owner in owners)
                and key in self._objects[kind]
            ):
                self.delete(kind, *key)

    def _stamp(self) -> str:
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _resource(kind: Kind) -> str:
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural
