"""All DNSRecords, as the API server has them: listed to the end, then followed event by event.

The list is made again every few minutes: an event that never came is made up for then. What an event said
of an object is not undone by a list that was made before it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from esddns.core.backoff import next_attempt
from esddns.core.claims import ObjectId
from esddns.shell.health import Health
from esddns.shell.kube.feed import Feed
from esddns.shell.kube.seam import (
    DNS_RECORDS,
    Cluster,
    ClusterError,
    DeniedError,
    EventType,
    NotFoundError,
    Object,
    WatchEvent,
)
from esddns.shell.log import event

_log = logging.getLogger("esddns")

RESYNC = 300.0  # seconds between two lists
_LONGEST_PAUSE = 60.0  # seconds after a failure
_LIST_LIMIT = 60.0  # seconds that one list takes at most, of each namespace


class Objects:
    """Runs until cancelled. `on_change` is called once the list is complete, and after each change then.

    `on_status`: of this object nothing but its status changed.
    """

    def __init__(
        self,
        cluster: Cluster,
        feed: Feed,
        namespaces: Sequence[str],
        rng: random.Random,
        health: Health,
        on_change: Callable[[], None],
        on_status: Callable[[ObjectId], None],
    ) -> None:
        self._cluster = cluster
        self._feed = feed
        self._namespaces = namespaces
        self._rng = rng
        self._health = health
        self._on_change = on_change
        self._on_status = on_status
        self._gone: dict[str, float] = {}  # when which uid was seen to go
        self._list_again = asyncio.Event()
        self._served = asyncio.Event()  # there is something to follow
        self._said: dict[str, str] = {}
        self.known: dict[ObjectId, Object] = {}
        self.complete = False

    async def run(self) -> None:
        """List, follow and list again. A failure stops nothing."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_listing())
            group.create_task(self._keep_following())

    def see(self, found: Object) -> None:
        """Take note of an object as an answer or an event gave it, if that is news."""
        if not self._is_news(found):
            return
        known = self.known.get(_id(found))
        self.known[_id(found)] = found
        if known is not None and _asks(known) == _asks(found):
            self._on_status(_id(found))
        else:
            self._tell()

    def forget(self, found: Object) -> None:
        """Take note that an object is gone."""
        self._gone[_uid(found)] = asyncio.get_running_loop().time()
        if _uid(self.known.get(_id(found))) == _uid(found):
            del self.known[_id(found)]
            self._tell()

    def _tell(self) -> None:
        if self.complete:
            self._on_change()

    def _is_news(self, found: Object) -> bool:
        known = self.known.get(_id(found))
        if _uid(found) in self._gone:
            return False
        if known is None or _uid(known) != _uid(found):
            return True
        return _version(found) > _version(known)

    def _on_event(self, seen: WatchEvent) -> None:
        if seen.type is EventType.DELETED:
            self.forget(seen.object)
        elif seen.type is not EventType.BOOKMARK:
            self.see(seen.object)

    async def _keep_following(self) -> None:
        failures = 0
        while True:
            await self._served.wait()
            began = asyncio.get_running_loop().time()
            try:
                await self._feed.follow(self._namespaces, self._on_event)
            except ClusterError as error:
                if asyncio.get_running_loop().time() - began > RESYNC:
                    failures = 0
                failures += 1
                self._say("watch", f"DNSRecords are not followed now: {error}")
                await asyncio.sleep(min(next_attempt(failures, self._rng), _LONGEST_PAUSE))
                self._list_again.set()

    async def _keep_listing(self) -> None:
        failures = 0
        while True:
            self._health.beat("dnsrecords", _LIST_LIMIT * len(self._namespaces) + RESYNC)
            self._list_again.clear()
            try:
                await self._list()
                failures = 0
            except ClusterError as error:
                failures += 1
                self._say("list", f"DNSRecords cannot be listed, so nothing is changed: {error}")
                await asyncio.sleep(min(next_attempt(failures, self._rng), _LONGEST_PAUSE))
                continue
            try:
                async with asyncio.timeout(RESYNC):
                    await self._list_again.wait()
            except TimeoutError:
                continue

    async def _list(self) -> None:
        """List every namespace to the end, then take it all at once. Raises ClusterError."""
        began = asyncio.get_running_loop().time()
        listed: dict[str, tuple[list[Object], str]] = {}
        for namespace in self._namespaces:
            try:
                listed[namespace] = await self._cluster.list(DNS_RECORDS, namespace=namespace)
                self._said.pop(namespace, None)
            except (DeniedError, NotFoundError) as error:
                # An answer, which no waiting changes: what dns.ini names is kept all the same.
                self._say(namespace, f"no DNSRecords are read in namespace {namespace}: {error}")
        for namespace, (objects, version) in listed.items():
            self._take(namespace, objects, version)
            self._served.set()
        self._gone = {uid: at for uid, at in self._gone.items() if at >= began}
        self.complete = True
        self._on_change()

    def _take(self, namespace: str, objects: Sequence[Object], version: str) -> None:
        """Replace what is known of a namespace, but for what is newer than the list."""
        ids = {_id(found) for found in objects}
        for known in [o for i, o in self.known.items() if i[0] == namespace and i not in ids]:
            if _number(version) >= _version(known):
                del self.known[_id(known)]
        for found in objects:
            if self._is_news(found):
                self.known[_id(found)] = found

    def _say(self, what: str, text: str) -> None:
        if self._said.get(what) != text:
            self._said[what] = text
            event(_log, logging.WARNING, text)


def _id(found: Object) -> ObjectId:
    metadata = found.get("metadata") or {}
    return str(metadata.get("namespace", "")), str(metadata.get("name", ""))


def _asks(found: Object) -> Object:
    """All of an object but what is only written back into it."""
    metadata = {
        key: value
        for key, value in (found.get("metadata") or {}).items()
        if key not in {"resourceVersion", "managedFields"}
    }
    return {"metadata": metadata, "spec": found.get("spec")}


def _uid(found: Object | None) -> str:
    return str(((found or {}).get("metadata") or {}).get("uid", ""))


def _version(found: Object) -> int:
    return _number(str((found.get("metadata") or {}).get("resourceVersion", "")))


def _number(version: str) -> int:
    """As a number, so that two can be compared (KEP-5504 promises it); 0 for none."""
    return int(version) if version.isdecimal() else 0
