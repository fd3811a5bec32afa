"""Notes what is asked of a cluster, as RBAC rules name it: to be held against the Role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from esddns.shell.kube.seam import Cluster, Kind, Object, WatchEvent


class Rule(NamedTuple):
    """What a Role must allow. `name` None: resourceNames cannot narrow it (or the caller did not)."""

    verb: str
    group: str
    resource: str
    name: str | None


class RecordingCluster(Cluster):
    """Passes everything on to `inner`; `rules` is what was asked so far, allowed or not."""

    def __init__(self, inner: Cluster) -> None:
        self._inner = inner
        self.rules: set[Rule] = set()

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Object:
        """Read one object."""
        self._note("get", kind, name)
        return await self._inner.get(kind, name, namespace=namespace)

    async def list(self, kind: Kind, *, namespace: str | None = None) -> Any:
        """Read all objects of a kind."""
        self._note("list", kind)
        return await self._inner.list(kind, namespace=namespace)

    async def create(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Create."""
        self._note("create", kind)  # RBAC cannot know the name of what does not exist yet
        return await self._inner.create(kind, body)

    async def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Replace."""
        self._note("update", kind, (body.get("metadata") or {}).get("name"))
        return await self._inner.replace(kind, body)

    async def patch(
        self,
        kind: Kind,
        name: str,
        patch: Mapping[str, Any],
        *,
        namespace: str | None = None,
        status: bool = False,
    ) -> Object:
        """Merge into an object."""
        self._note("patch", kind, name, status=status)
        return await self._inner.patch(kind, name, patch, namespace=namespace, status=status)

    async def delete(self, kind: Kind, name: str, *, namespace: str | None = None) -> None:
        """Delete."""
        self._note("delete", kind, name)
        await self._inner.delete(kind, name, namespace=namespace)

    def watch(
        self,
        kind: Kind,
        *,
        name: str | None = None,
        namespace: str | None = None,
        since: str,
        seconds: float,
    ) -> AsyncIterator[WatchEvent]:
        """Watch; with a name it is sent as a field selector, which resourceNames can narrow."""
        self._note("watch", kind, name)
        return self._inner.watch(kind, name=name, namespace=namespace, since=since, seconds=seconds)

    def _note(
        self, verb: str, kind: Kind, name: str | None = None, *, status: bool = False
    ) -> None:
        resource = f"{kind.plural}/status" if status else kind.plural
        self.rules.add(Rule(verb, kind.group, resource, name))
