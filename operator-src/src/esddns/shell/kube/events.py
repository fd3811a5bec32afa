"""Tells of what happens as Kubernetes Events (`kubectl describe`), in the background and within bounds.

Events are for people, and nothing depends on them: whoever emits one never waits and never hears of a
failure; one that cannot be written for some minutes, or for which there is no room, is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from dataclasses import replace
from typing import NamedTuple

from esddns.core.backoff import next_attempt
from esddns.core.kube_event import (
    Allowance,
    Reason,
    Regarding,
    Series,
    Tally,
    Topic,
    event_name,
    event_object,
    event_patch,
    new_topic,
)
from esddns.shell.clock import Now
from esddns.shell.kube.seam import (
    EVENTS,
    Cluster,
    ClusterError,
    ConflictError,
    NotFoundError,
    ServerError,
    UnreachableError,
)
from esddns.shell.log import event

_log = logging.getLogger("esddns")

# Of the whole process, whatever happens: 25 requests at once, then one every 10 s.
_REQUESTS = Allowance(25, 10.0)
_TOPICS = 512  # pairs of an object and a reason that are remembered
_KEPT = 300.0  # seconds beyond the pause for which one that cannot be written is tried again


class _Key(NamedTuple):
    regarding: Regarding
    reason: Reason


class EventRecorder:
    """Writes one Event at a time. `pod`: who reports; `rng` makes names that no other pod makes.

    `pause`: seconds between two writes about one reason of one object. `dropped` counts the writes that
    were given up, as refused, too old or too many.
    """

    def __init__(
        self, cluster: Cluster, now: Now, pod: str, rng: random.Random, *, pause: float = 300.0
    ) -> None:
        self._cluster = cluster
        self._now = now
        self._pod = pod
        self._rng = rng
        self._pause = pause
        self._topics: dict[_Key, Topic] = {}  # what was emitted last comes last
        self._requests = _REQUESTS
        self._changed = asyncio.Event()
        self._failures = 0
        self._not_before = 0.0
        self._warned: set[type[ClusterError]] = set()
        self.dropped = 0

    def emit(self, regarding: Regarding, reason: Reason, message: str) -> None:
        """Tell of `regarding` that `reason` happened; returns at once. Call it on the event loop's thread."""
        at = asyncio.get_running_loop().time()
        key = _Key(regarding, reason)
        topic = self._topics.pop(key, None) or new_topic(reason, self._pause)
        name = event_name(regarding, self._rng.getrandbits(64))
        self._topics[key] = topic.emitted(message, name, self._now(), at)
        if len(self._topics) > _TOPICS:
            oldest = self._topics.pop(next(iter(self._topics)))
            self.dropped += sum(series.waiting for series in oldest.series)
        self._changed.set()

    async def run(self) -> None:
        """Write what is due, until cancelled. A failure stops nothing."""
        while True:
            await self._write(*await self._next())

    async def _next(self) -> tuple[_Key, Series]:
        """Wait for what has been due for longest, and until a request may be made."""
        loop = asyncio.get_running_loop()
        while True:
            # While no request may be made there is nothing to look for, whatever is emitted.
            allowed_at = max(self._requests.ready_at, self._not_before)
            await asyncio.sleep(max(0.0, allowed_at - loop.time()))
            self._changed.clear()
            self._drop_late(loop.time())
            first = min(self._waiting(), key=lambda found: found[1].due, default=None)
            if first is not None and first[1].due <= loop.time():
                return first
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(first and first[1].due):
                    await self._changed.wait()

    def _waiting(self) -> list[tuple[_Key, Series]]:
        return [
            (key, series)
            for key, topic in self._topics.items()
            for series in topic.series
            if series.waiting
        ]

    def _drop_late(self, at: float) -> None:
        for key, series in self._waiting():
            if at - series.emitted_at > self._pause + _KEPT:
                self._drop(key, series)

    def _drop(self, key: _Key, series: Series) -> None:
        self.dropped += 1
        self._note(key, series, standing=series.standing, settled=series.tally)

    async def _write(self, key: _Key, series: Series) -> None:
        at = asyncio.get_running_loop().time()
        self._requests = self._requests.spent(at)
        self._topics[key] = replace(self._topics[key], sent_at=at)
        try:
            await self._send(key, series)
        except ClusterError as error:
            self._failed(key, series, error)
        else:
            self._failures = 0
            self._note(key, series, standing=True, settled=series.tally)

    async def _send(self, key: _Key, series: Series) -> None:
        name, namespace = series.name, key.regarding.namespace
        if series.standing:
            patch = event_patch(series.tally)
            await self._cluster.patch(EVENTS, name, patch, namespace=namespace)
        else:
            body = event_object(name, key.regarding, key.reason, series.tally, self._pod)
            await self._cluster.create(EVENTS, body)

    def _failed(self, key: _Key, series: Series, error: ClusterError) -> None:
        match error:
            case NotFoundError() if series.standing:  # it expired: Events live for an hour
                self._note(key, series, standing=False)
            case ConflictError() if not series.standing:  # made by an attempt that got no answer
                self._note(key, series, standing=True)
            case UnreachableError() | ServerError() | ConflictError():
                self._back_off(key, series)
            case _:
                self._drop(key, series)
                self._warn(error)

    def _back_off(self, key: _Key, series: Series) -> None:
        """Let all of them wait, and this one behind the others."""
        at = asyncio.get_running_loop().time()
        self._failures += 1
        self._not_before = at + next_attempt(self._failures, self._rng)
        self._note(key, series, standing=series.standing, due=at)

    def _warn(self, error: ClusterError) -> None:
        if type(error) not in self._warned:
            self._warned.add(type(error))
            event(_log, logging.WARNING, "Kubernetes Events are refused; all else goes on, and this is "
                  "said once", error=error)  # fmt: skip

    def _note(
        self,
        key: _Key,
        series: Series,
        *,
        standing: bool,
        due: float | None = None,
        settled: Tally | None = None,
    ) -> None:
        """Note what came of a write; unless its topic was forgotten meanwhile, or began anew."""
        topic = self._topics.get(key)
        if topic is None:
            return
        if due is None:
            due = series.due if settled is None else topic.sent_at + self._pause
        self._topics[key] = topic.answered(series, standing=standing, due=due, settled=settled)
