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
from esddns.shell.kube.feed import Feed, FeedStuckError
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
from esddns.shell.waiting import all_ended, raise_first, set_within

_log = logging.getLogger("esddns")

RESYNC = 300.0  # seconds between two lists
_UNREAD = 60.0  # seconds until that, where a namespace could not be read
_DENIED_FOR = 60.0  # seconds after which a denial is believed
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
        self._seen_at: dict[ObjectId, float] = {}
        self._gone: dict[str, float] = {}  # when which uid was seen to go
        self._list_again = asyncio.Event()
        # These are followed: one that may not be read must not keep the others from it.
        self._listable: tuple[str, ...] = ()
        self._others = asyncio.Event()  # are listable now
        self._denied_since: dict[str, float] = {}
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
        self._keep(found)
        if known is not None and _asks(known) == _asks(found):
            self._on_status(_id(found))
        else:
            self._tell()

    def forget(self, found: Object) -> None:
        """Take note that an object is gone."""
        self._gone[_uid(found)] = asyncio.get_running_loop().time()
        if _uid(self.known.get(_id(found))) == _uid(found):
            del self.known[_id(found)], self._seen_at[_id(found)]
            self._tell()

    def _keep(self, found: Object) -> None:
        self.known[_id(found)] = found
        self._seen_at[_id(found)] = asyncio.get_running_loop().time()

    def _tell(self) -> None:
        if self.complete:
            self._on_change()

    def _is_news(self, found: Object) -> bool:
        known = self.known.get(_id(found))
        if _uid(found) in self._gone:
            return False
        return known is None or _version(found) > _version(known)

    def _on_event(self, seen: WatchEvent) -> None:
        if seen.type is EventType.DELETED:
            self.forget(seen.object)
        elif seen.type is not EventType.BOOKMARK:
            self.see(seen.object)

    async def _keep_following(self) -> None:
        failures = 0
        while True:
            self._others.clear()
            if not self._listable:
                await self._others.wait()
                continue
            began = asyncio.get_running_loop().time()
            try:
                await self._follow_until_others()
            except ClusterError as error:
                if isinstance(error, FeedStuckError):
                    raise
                if asyncio.get_running_loop().time() - began > RESYNC:
                    failures = 0
                    self._said.pop("watch", None)
                failures += 1
                self._say("watch", f"DNSRecords are not followed now: {error}")
                await asyncio.sleep(next_attempt(failures, self._rng))
                self._list_again.set()

    async def _follow_until_others(self) -> None:
        """Follow what can be listed, until that is something else. Raises FeedError."""
        following = asyncio.ensure_future(self._feed.follow(self._listable, self._on_event))
        others = asyncio.ensure_future(self._others.wait())
        try:
            await asyncio.wait({following, others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            others.cancel()
            following.cancel()
            await all_ended([following])
            raise_first([following])

    async def _keep_listing(self) -> None:
        failures = 0
        while True:
            self._health.beat("dnsrecords", _LIST_LIMIT * len(self._namespaces) + RESYNC)
            self._list_again.clear()
            try:
                await self._list()
                self._said.pop("list", None)
                failures = 0
            except ClusterError as error:
                failures += 1
                self._say("list", f"DNSRecords cannot be listed, so nothing is changed: {error}")
                await asyncio.sleep(next_attempt(failures, self._rng))
                continue
            # What could not be read may be readable soon.
            unread = len(self._listable) < len(self._namespaces)
            await set_within(self._list_again, _UNREAD if unread else RESYNC)

    async def _list(self) -> None:
        """List every namespace to the end, then take it all at once. Raises ClusterError."""
        began = asyncio.get_running_loop().time()
        listed: dict[str, list[Object]] = {}
        denied: DeniedError | None = None
        for namespace in self._namespaces:
            try:
                listed[namespace], _ = await self._cluster.list(DNS_RECORDS, namespace=namespace)
                self._said.pop(namespace, None)
                self._denied_since.pop(namespace, None)
            except (DeniedError, NotFoundError) as error:
                # An answer, which no waiting changes: what dns.ini names is kept all the same. But an
                # API server that has just started may deny for a while what it allows.
                since = self._denied_since.setdefault(namespace, began)
                if isinstance(error, DeniedError) and began - since < _DENIED_FOR:
                    denied = error
                    continue
                self._say(namespace, f"no DNSRecords are read in namespace {namespace}: {error}")
        if denied is not None:
            raise denied
        for namespace, objects in listed.items():
            self._take(namespace, objects, began)
        if tuple(listed) != self._listable:
            self._listable = tuple(listed)
            self._others.set()
        self._gone = {uid: at for uid, at in self._gone.items() if at >= began}
        self.complete = True
        self._on_change()

    def _take(self, namespace: str, objects: Sequence[Object], began: float) -> None:
        """Replace what is known of a namespace, but for what was seen since the list began.

        Whatever its version: after etcd was restored from a backup the versions begin again further back.
        """
        ids = {_id(found) for found in objects}
        for one in [i for i in self.known if i[0] == namespace and i not in ids]:
            if self._seen_at[one] <= began:
                del self.known[one], self._seen_at[one]
        for found in objects:
            since = self._seen_at.get(_id(found), began)
            if _uid(found) not in self._gone and (since <= began or self._is_news(found)):
                self._keep(found)

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
    """As a number, so that two can be compared (KEP-5504 promises it); 0 for none."""
    version = str((found.get("metadata") or {}).get("resourceVersion", ""))
    return int(version) if version.isdecimal() else 0
