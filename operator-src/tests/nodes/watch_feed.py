"""A feed of DNSRecords straight from the stand-in, on virtual time: what Kopf does in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from esddns.shell.kube.feed import FeedError, OnEvent
from esddns.shell.kube.seam import DNS_RECORDS, Cluster, ClusterError


class WatchFeed:
    """Watches each namespace until that ends, then says so, as Kopf does."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def follow(self, namespaces: Sequence[str], on_event: OnEvent) -> None:
        """Tell every event until cancelled. Raises FeedError when a watch fails."""
        try:
            async with asyncio.TaskGroup() as group:
                for namespace in namespaces:
                    group.create_task(self._watch(namespace, on_event))
        except* ClusterError as failures:
            raise FeedError(str(failures.exceptions[0])) from None

    async def _watch(self, namespace: str, on_event: OnEvent) -> None:
        while True:
            watch = self._cluster.watch(DNS_RECORDS, namespace=namespace, since="", seconds=600)
            async with contextlib.aclosing(watch) as events:
                async for seen in events:
                    on_event(seen)
            await asyncio.sleep(1)
