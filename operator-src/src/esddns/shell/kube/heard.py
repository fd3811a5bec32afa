"""An API server, and how long nothing was heard of it, whatever it answers, and whomever of this agent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from esddns.shell.kube.seam import (
    Cluster,
    ClusterError,
    Kind,
    Object,
    UnreachableError,
    WatchEvent,
)

T = TypeVar("T")


class HeardCluster(Cluster):
    """Passes everything on. An error is an answer, too, unless nothing came at all."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._clock = clock  # seconds
        self._heard_at = clock()
        self.trouble = ""  # what came of the last request that got no answer

    def silent_for(self) -> float:
        """Seconds since it answered anything."""
        return self._clock() - self._heard_at

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Object:
        """Read one object."""
        return await self._hear(self._cluster.get(kind, name, namespace=namespace))

    async def list(self, kind: Kind, *, namespace: str | None = None) -> tuple[list[Object], str]:
        """Read all objects of a kind."""
        return await self._hear(self._cluster.list(kind, namespace=namespace))

    async def create(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Create."""
        return await self._hear(self._cluster.create(kind, body))

    async def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Replace."""
        return await self._hear(self._cluster.replace(kind, body))

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
        return await self._hear(
            self._cluster.patch(kind, name, patch, namespace=namespace, status=status)
        )

    async def delete(self, kind: Kind, name: str, *, namespace: str | None = None) -> None:
        """Delete."""
        await self._hear(self._cluster.delete(kind, name, namespace=namespace))

    async def watch(
        self,
        kind: Kind,
        *,
        name: str | None = None,
        namespace: str | None = None,
        since: str,
        seconds: float,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Watch; each event is a sign of life, a bookmark too."""
        watch = self._cluster.watch(
            kind, name=name, namespace=namespace, since=since, seconds=seconds
        )
        async with aclosing(watch) as events:
            while (event := await self._hear(anext(events, None))) is not None:
                yield event

    async def _hear(self, answer: Awaitable[T]) -> T:
        try:
            answered = await answer
        except UnreachableError as error:
            self.trouble = str(error)
            raise
        except ClusterError:
            self._heard_at = self._clock()
            raise
        self._heard_at = self._clock()
        return answered
