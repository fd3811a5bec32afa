"""Writes what the operator has to say into the objects: their status, and the finalizer."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from esddns.core.backoff import CAP, next_attempt
from esddns.core.claims import ObjectId
from esddns.core.dnsrecord import FINALIZER
from esddns.shell.health import Health
from esddns.shell.kube.seam import (
    DNS_RECORDS,
    Cluster,
    ClusterError,
    ConflictError,
    NotFoundError,
    Object,
)
from esddns.shell.log import event
from esddns.shell.objects import Objects
from esddns.shell.publish import MayWrite
from esddns.shell.waiting import set_within

_log = logging.getLogger("esddns")

_IDLE = 60.0  # seconds after which an idle loop shows that it lives
_LOOK_AGAIN = 1.0  # seconds after which it may be this agent's to write again
_ONE_WRITE = 30.0  # seconds that one write may take with all its limits


class Statuses:
    """Runs until cancelled. What is marked is brought up to date, once, however often it was marked.

    `status_of` and `wants_finalizer` say what an object should have now; None: what it has.
    """

    def __init__(
        self,
        cluster: Cluster,
        objects: Objects,
        rng: random.Random,
        health: Health,
        status_of: Callable[[ObjectId], Mapping[str, Any] | None],
        wants_finalizer: Callable[[ObjectId], bool | None],
        *,
        may_write: MayWrite,
    ) -> None:
        self._cluster = cluster
        self._objects = objects
        self._rng = rng
        self._health = health
        self._status_of = status_of
        self._wants_finalizer = wants_finalizer
        self._may_write = may_write
        self._marked: dict[ObjectId, None] = {}
        self._changed = asyncio.Event()

    def mark(self, ids: Iterable[ObjectId]) -> None:
        """Look at these again."""
        self._marked |= dict.fromkeys(ids)
        self._changed.set()

    async def run(self) -> None:
        """Write what differs. A failure stops nothing: it is tried again, the newest only."""
        failures = 0
        while True:
            self._health.beat("statuses", _IDLE + CAP + _ONE_WRITE)
            if not self._marked:
                self._changed.clear()
                await set_within(self._changed, _IDLE)
                continue
            if self._may_write() is not None:  # another may tell the objects now
                await asyncio.sleep(_LOOK_AGAIN)
                continue
            await asyncio.sleep(0)  # there may be a thousand, and the Lease shares the loop
            one = next(iter(self._marked))
            del self._marked[one]
            try:
                await self._bring_up_to_date(one)
                failures = 0
            except ClusterError as error:
                failures += 1
                self.mark([one])
                event(_log, logging.WARNING if failures == 1 else logging.DEBUG,
                      "what stands in a DNSRecord cannot be written now",
                      record="/".join(one), error=error)  # fmt: skip
                await asyncio.sleep(next_attempt(failures, self._rng))

    async def _bring_up_to_date(self, one: ObjectId) -> None:
        found = self._objects.known.get(one)
        if found is None:
            return
        try:
            wanted = self._wants_finalizer(one)
            if wanted is not None and wanted is not (FINALIZER in _finalizers(found)):
                found = await self._write_finalizer(one, found, wanted=wanted)
            status = self._status_of(one)
            if status is not None and one in self._objects.known:
                await self._write_status(one, found, status)
        except NotFoundError:
            self._objects.forget(found)
        except ConflictError:
            self._objects.see(await self._cluster.get(DNS_RECORDS, one[1], namespace=one[0]))
            self.mark([one])

    async def _write_finalizer(self, one: ObjectId, found: Object, *, wanted: bool) -> Object:
        """Add or take away ours, and leave those of others: who wrote in between is not overwritten."""
        others = [name for name in _finalizers(found) if name != FINALIZER]
        metadata = {
            "finalizers": [*others, FINALIZER] if wanted else others,
            "resourceVersion": found["metadata"]["resourceVersion"],
        }
        written = await self._cluster.patch(
            DNS_RECORDS, one[1], {"metadata": metadata}, namespace=one[0]
        )
        if not wanted and found["metadata"].get("deletionTimestamp") and not others:
            self._objects.forget(found)
        else:
            self._objects.see(written)
        return written

    async def _write_status(self, one: ObjectId, found: Object, status: Mapping[str, Any]) -> None:
        before = found.get("status")
        before = before if isinstance(before, dict) else {}
        if before == status:
            return
        # A merge takes away only what is named.
        patch = {"status": {**dict.fromkeys(before), **status}}
        self._objects.see(
            await self._cluster.patch(DNS_RECORDS, one[1], patch, namespace=one[0], status=True)
        )


def _finalizers(found: Object) -> list[str]:
    given = found["metadata"].get("finalizers")
    return [str(name) for name in given] if isinstance(given, list) else []
