"""One open watch: what waits to be told, and when it may arrive."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING

from esddns.shell.kube.seam import EventType, WatchEvent
from standin.history import Change
from standin.objects import clone
from standin.request import Request

if TYPE_CHECKING:
    from standin.clients import Client, Way

BOOKMARKS = 60.0  # seconds from one to the next


class Watch:
    """`everyone`: what lies on all ways. `version` gives the API server's latest resourceVersion."""

    def __init__(
        self, request: Request, client: Client, everyone: Way, version: Callable[[], int]
    ) -> None:
        self.kind = request.kind
        self._request = request
        self._since = int(request.since or "0")
        self._client = client
        self._ways = (client.way, everyone)
        self._version = version
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, WatchEvent]] = deque()
        self._due = 0.0
        self._failure: Exception | None = None
        self._woken = asyncio.Event()

    def offer(self, change: Change) -> None:
        """Tell a change, if it is of what is watched."""
        metadata = change.object["metadata"]
        if metadata["namespace"] != self._request.namespace or change.version <= self._since:
            return
        if self._request.name not in {None, metadata["name"]}:
            return
        event = WatchEvent(change.type, change.object)
        for _ in range(2 if any(way.duplicate for way in self._ways) else 1):
            self._push(event)

    def fail(self, error: Exception) -> None:
        """End it with an error, once what waits has been told."""
        self._failure = error
        self.wake()

    def wake(self) -> None:
        """Look again at what may arrive."""
        self._woken.set()

    async def events(self, seconds: float) -> AsyncGenerator[WatchEvent]:
        """Tell what arrives, for `seconds`; each event is the reader's own copy."""
        end = self._loop.time() + seconds
        bookmark = self._loop.time() + BOOKMARKS
        while True:
            self._woken.clear()
            now = self._loop.time()
            if now >= bookmark:
                bookmark += BOOKMARKS
                self._push_bookmark()
            silent = any(way.cut_back for way in self._ways)
            broken = any(way.refused for way in self._ways)
            if self._failure and (broken or (not silent and not self._waiting)):
                raise self._failure
            if self._waiting and self._waiting[0][0] <= now and not silent:
                event = self._waiting.popleft()[1]
                self._count(event)
                yield WatchEvent(event.type, clone(event.object))
                continue
            if now >= end and not silent:
                return
            # While nothing comes through only somebody's call of `wake` can change anything.
            following = [end, bookmark, *(due for due, _ in list(self._waiting)[:1])]
            await self._wait(None if silent else min(following))

    def close(self) -> None:
        """End it: the client has gone."""
        self._client.watches.remove(self)

    def _count(self, event: WatchEvent) -> None:
        bookmark = event.type is EventType.BOOKMARK
        (self._client.bookmarks if bookmark else self._client.events)[self._request.resource] += 1

    def _push(self, event: WatchEvent) -> None:
        delay = sum(way.latency_back + way.event_delay for way in self._ways)
        # TCP keeps the order, however the delay changes.
        self._due = max(self._due, self._loop.time() + delay)
        self._waiting.append((self._due, event))
        self.wake()

    def _push_bookmark(self) -> None:
        metadata = {"resourceVersion": str(self._version()), "creationTimestamp": None}
        what = {"apiVersion": self.kind.api_version, "kind": self.kind.kind, "metadata": metadata}
        self._push(WatchEvent(EventType.BOOKMARK, what))

    async def _wait(self, until: float | None) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._woken.wait()
        except TimeoutError:
            return
