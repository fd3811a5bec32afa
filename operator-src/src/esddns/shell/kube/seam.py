"""What this program asks of an API server, and what can come of it.

Objects are plain JSON (`dict`): each is read into a type of ours by whoever asks, at once. Compare-and-swap
is by `metadata.resourceVersion`, as the API server does it.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Object = dict[str, Any]

# Bookmarks come about once a minute, so a watch without any sign for longer is dead, whatever TCP thinks.
INACTIVITY = 180.0  # seconds


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object; `group` is empty for the core API."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As it stands in an object's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version


LEASES = Kind("coordination.k8s.io", "v1", "leases", "Lease")
CONFIG_MAPS = Kind("", "v1", "configmaps", "ConfigMap")
SERVICES = Kind("", "v1", "services", "Service")
EVENTS = Kind("", "v1", "events", "Event")
NODES = Kind("", "v1", "nodes", "Node", namespaced=False)
NAMESPACES = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
DAEMON_SETS = Kind("apps", "v1", "daemonsets", "DaemonSet")
DNS_RECORDS = Kind("esddns.io", "v1alpha1", "dnsrecords", "DNSRecord")


class ClusterError(Exception):
    """The API server did not do what was asked; says what, of which object, and what it answered."""


class NotFoundError(ClusterError):
    """404: no such object (or no such kind: a CRD that is not installed)."""


class ConflictError(ClusterError):
    """409: somebody else changed it since it was read, or it exists already. Read again."""


class GoneError(ClusterError):
    """410: the watch's resourceVersion is too old. List again."""


class DeniedError(ClusterError):
    """401, 403: this service account may not. Says which rule is missing."""


class InvalidObjectError(ClusterError):
    """400, 422: the object is wrong; trying again is of no use."""


class UnreachableError(ClusterError):
    """No answer: the API server, or the way to it, is gone. A write may have been applied all the same."""


class ServerError(ClusterError):
    """429, 5xx: it answered that it cannot now."""


class EventType(enum.StrEnum):
    """What a watch tells."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"  # nothing but a newer resourceVersion


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One event of a watch; for a bookmark `object` has no more than metadata.resourceVersion."""

    type: EventType
    object: Object


class Cluster(Protocol):
    """An API server, seen from one namespace unless another is named.

    Every method raises ClusterError's children and nothing else, and ends within its own time limit.
    """

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Object:
        """Read one object."""
        ...

    async def list(self, kind: Kind, *, namespace: str | None = None) -> tuple[list[Object], str]:
        """Read all objects of a kind, to the last page; gives the list's resourceVersion beside them."""
        ...

    async def create(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Create; ConflictError where it exists."""
        ...

    async def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Replace where `metadata.resourceVersion` still is what stands there; else ConflictError."""
        ...

    async def patch(
        self,
        kind: Kind,
        name: str,
        patch: Mapping[str, Any],
        *,
        namespace: str | None = None,
        status: bool = False,
    ) -> Object:
        """Merge (RFC 7396) into an object, or with `status` into its status subresource."""
        ...

    async def delete(self, kind: Kind, name: str, *, namespace: str | None = None) -> None:
        """Delete; NotFoundError where it is absent."""
        ...

    def watch(
        self,
        kind: Kind,
        *,
        name: str | None = None,
        namespace: str | None = None,
        since: str,
        seconds: float,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Tell what changes after resourceVersion `since`, for `seconds`; one object only with `name`.

        With `since` empty it tells first what there is, and is never refused as too old.

        Ends by itself. Raises GoneError where `since` is too old; UnreachableError where the connection
        breaks.
        """
        ...
