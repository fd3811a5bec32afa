"""The Services whose load balancers give records their values, each kept in sight."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any

from esddns.core.dnsrecord import ServiceRef
from esddns.core.model import RRType
from esddns.core.service import Refusal, values_of
from esddns.core.target import Values
from esddns.shell.kube.seam import SERVICES, Cluster, ClusterError, DeniedError, Object
from esddns.shell.kube.watched import WatchedObject


@dataclass(slots=True)
class _Seen:
    """One Service: `problem` says why what it gives is not known."""

    watching: asyncio.Task[None]
    found: Object | None = None
    problem: str = "it was not read yet"


class Services:
    """Watches those that are named, one watch each: the right to read the others is not needed."""

    def __init__(
        self,
        cluster: Cluster,
        rng: random.Random,
        refusal: Refusal,
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        on_change: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._rng = rng
        self._refusal = refusal
        self._start = start
        self._on_change = on_change
        self._seen: dict[ServiceRef, _Seen] = {}

    def watch(self, refs: Collection[ServiceRef]) -> None:
        """Keep these in sight, and no others."""
        for ref in [ref for ref in self._seen if ref not in refs]:
            self._seen.pop(ref).watching.cancel()
        for ref in refs:
            if ref not in self._seen:
                self._seen[ref] = _Seen(self._start(self._follow(ref)))

    def values(self, ref: ServiceRef, rrtype: RRType) -> Values:
        """Give what a Service gives a record now."""
        seen = self._seen.get(ref)
        if seen is None or seen.problem:
            return Values(None, f"Service {ref}: {seen.problem if seen else 'not read yet'}")
        return values_of(ref, seen.found, rrtype, self._refusal)

    async def _follow(self, ref: ServiceRef) -> None:
        async def on_seen(found: Object | None) -> None:
            seen = self._seen[ref]
            if seen.problem or seen.found != found:
                seen.found, seen.problem = found, ""
                self._on_change()

        def on_failure(error: ClusterError) -> None:
            # Without the right to read it nothing will be known; any other failure passes.
            seen = self._seen[ref]
            if isinstance(error, DeniedError) and seen.problem != str(error):
                seen.problem = str(error)
                self._on_change()

        await WatchedObject(
            self._cluster, SERVICES, ref.name, self._rng, on_seen, on_failure,
            namespace=ref.namespace,
        ).run()  # fmt: skip
