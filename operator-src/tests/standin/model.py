"""The API server: requests of clients, over ways with faults, to the store. Has no sockets."""

from __future__ import annotations

import asyncio
import contextvars
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from esddns.shell.kube.seam import Kind
from standin.clients import Client, Way
from standin.faults import Fault
from standin.history import Change
from standin.refusal import NoAnswerError, Refusal
from standin.request import Request
from standin.store import Snapshot, Store
from standin.watching import Watch

_NEVER = object()  # an answer that does not come


class ApiServerModel:
    """Time is the running loop's; `now` gives the time of day. `window`: changes remembered of each kind."""

    def __init__(self, now: Callable[[], datetime], window: int = 1000) -> None:
        self.store = Store(now, window)
        self.store.notify = self._tell
        self.faults: list[Fault] = []
        self.clients: dict[str, Client] = {}
        self.everyone = Way()  # lies on all ways
        self._working: set[asyncio.Task[Any]] = set()

    def client(self, name: str) -> Client:
        """Give the client of that name; there is one as soon as it is asked for."""
        return self.clients.setdefault(name, Client(name))

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """Requests of all clients, by (verb, resource)."""
        return sum((client.requests for client in self.clients.values()), Counter())

    @property
    def events(self) -> Counter[str]:
        """Events told to all clients, by resource; without bookmarks."""
        return sum((client.events for client in self.clients.values()), Counter())

    def outage(self, *, silent: bool = False) -> None:
        """Be gone: connections are refused, or (`silent`) nothing is ever answered."""
        if silent:
            self.everyone.cut_to = self.everyone.cut_back = True
            return
        self.everyone.refused = True
        self.end_watches(NoAnswerError("connection reset by peer"))

    def recover(self) -> None:
        """End the outage."""
        self.everyone.cut_to = self.everyone.cut_back = self.everyone.refused = False
        for client in self.clients.values():
            client.wake()

    def end_watches(self, error: Exception) -> None:
        """End all watches: NoAnswerError as a restart does, Refusal(410) as compaction may."""
        for client in self.clients.values():
            client.end_watches(error)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a backup of etcd, as an administrator does it: with the API server restarted."""
        self.store.restore(snapshot)
        self.end_watches(NoAnswerError("connection reset by peer"))

    async def answer(self, request: Request) -> Any:
        """Do it and give the result; raises Refusal and NoAnswerError, or never returns.

        What was sent is done even if its sender is gone by then.
        """
        client, fault = self._arrive(request)
        if fault is None and client.way.clear and self.everyone.clear:
            try:
                return self._do(request)
            finally:
                await asyncio.sleep(0)  # it is done, whenever its sender comes to read the answer
        # Whoever asked may stand still meanwhile: what the server does is nobody else's.
        attempt = self._attempt(request, client, fault)
        task = asyncio.get_running_loop().create_task(attempt, context=contextvars.Context())
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        outcome = await asyncio.shield(task)
        if outcome is _NEVER:
            await asyncio.get_running_loop().create_future()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def watch(self, request: Request) -> Watch:
        """Begin to watch; raises as `answer` does. Close it at the end."""
        client, fault = self._arrive(request)
        outcome = await self._attempt(request, client, fault)
        if outcome is _NEVER:
            await asyncio.get_running_loop().create_future()
        if isinstance(outcome, Exception):
            raise outcome
        watch = Watch(request, client, self.everyone, lambda: self.store.version)
        for change in self.store.changes(request.kind, request.since):
            watch.offer(change)
        client.watches.append(watch)
        return watch

    def _arrive(self, request: Request) -> tuple[Client, Fault | None]:
        client = self.client(request.client)
        client.requests[request.verb, request.resource] += 1
        fault = next((fault for fault in self.faults if fault.fits(request)), None)
        if fault:
            fault.count -= 1
        return client, fault

    async def _attempt(self, request: Request, client: Client, fault: Fault | None) -> Any:
        """Give the result, or the error that comes instead, or _NEVER."""
        ways = (client.way, self.everyone)
        met = fault if fault and (fault.hang or fault.reset or fault.status) else None
        if any(way.refused for way in ways):
            return NoAnswerError("connection refused")
        if any(way.cut_to for way in ways):
            return _NEVER
        delay = fault.delay if fault else 0.0
        await asyncio.sleep(delay + sum(way.latency_to for way in ways))
        outcome: Any = None
        if met is None or met.applied:
            try:
                outcome = self._do(request)
            except Refusal as error:
                outcome = error
        if met:
            if met.hang:
                return _NEVER
            outcome = (
                NoAnswerError("connection reset by peer") if met.reset else met.refusal(request)
            )
        await asyncio.sleep(sum(way.latency_back for way in ways))
        if any(way.refused for way in ways):
            return NoAnswerError("connection reset by peer")
        return _NEVER if any(way.cut_back for way in ways) else outcome

    def _do(self, request: Request) -> Any:
        at, name, status = (request.kind, request.namespace), request.name or "", request.status
        store = self.store
        does: dict[str, Callable[[], Any]] = {
            "get": lambda: store.get(*at, name),
            "list": lambda: store.page(*at, request.limit, request.token),
            "watch": lambda: store.changes(request.kind, request.since),
            "create": lambda: store.create(*at, request.body),
            "update": lambda: store.update(*at, request.body, status=status),
            "patch": lambda: store.patch(*at, name, request.body, status=status),
            "delete": lambda: store.delete(*at, name),
        }
        return does[request.verb]()

    def _tell(self, kind: Kind, change: Change) -> None:
        for client in self.clients.values():
            for watch in client.watches:
                if watch.kind == kind:
                    watch.offer(change)
