"""What an agent does when it is left alone: it looks for itself, and as the last resort it writes.

Two different things (rule 4). A cache that is stale while the API server answers: the agent warns and
detects for its own view; the Lease still decides who writes. An API server that has not answered for 90 s:
solo mode, in which a change is written where the record still holds the value that was published last.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping

from esddns.core.model import Family, IPAddress
from esddns.shell.cacheview import CacheView
from esddns.shell.detect import Detector
from esddns.shell.kube.heard import HeardCluster
from esddns.shell.log import event
from esddns.shell.report import Reporter
from esddns.shell.waiting import all_ended, raise_first

_log = logging.getLogger("esddns")

SOLO_AFTER = 90.0  # seconds without any answer of the API server
_LOOK = 5.0  # seconds between looks at the clock
LONGEST_JITTER = 30.0  # seconds that an agent waits before it detects beside the others


class Follower:
    """Runs on every node. `cluster`: the API server, whose silence counts.

    `solo` is run while it does not answer, and cancelled when it does again; it ends what it has on the wire.
    """

    def __init__(
        self,
        view: CacheView,
        detectors: Callable[[], Mapping[Family, Detector]],
        interval: Callable[[], float],
        cluster: HeardCluster,
        leads: Callable[[], bool],
        solo: Callable[[], Awaitable[None]],
        rng: random.Random,
        reporter: Reporter,
    ) -> None:
        self._view = view
        self._detectors = detectors
        self._interval = interval
        self._cluster = cluster
        self._leads = leads
        self._solo = solo
        self._rng = rng
        self._reporter = reporter
        self.own: dict[Family, IPAddress] = {}
        self._fall_back_at = 0.0  # loop time

    async def run(self) -> None:
        """Look after oneself, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK)
            stale = self._view.stale(self._interval())
            if not stale:
                self.own.clear()
            if self._cluster.silent_for() >= SOLO_AFTER:
                await self._be_solo()
            elif stale and not self._leads():
                now = asyncio.get_running_loop().time()
                if now >= self._fall_back_at:
                    self._fall_back_at = now + self._interval()
                    await self._fall_back()

    async def _be_solo(self) -> None:
        event(_log, logging.WARNING, "the API server does not answer: this agent goes on by itself",
              seconds=round(self._cluster.silent_for()), error=self._cluster.trouble or None)  # fmt: skip
        self._reporter.fallback("solo")
        working = asyncio.ensure_future(self._solo())
        try:
            while self._cluster.silent_for() >= SOLO_AFTER and not working.done():
                await asyncio.wait({working}, timeout=_LOOK)
        finally:
            working.cancel()
            await all_ended([working])
        raise_first([working])
        event(_log, logging.INFO, "the API server answers again")

    async def _fall_back(self) -> None:
        """Detect for the node's own view, after a jitter in which the cache may come back."""
        why = "unreadable" if self._view.problem is not None else "stale"
        self._reporter.stale_cache(why, self._view.problem)
        await asyncio.sleep(self._rng.uniform(0, min(LONGEST_JITTER, self._interval())))
        if not self._view.stale(self._interval()) or self._leads():
            return
        self._reporter.fallback(why)
        cached = self._view.cache
        for family, detector in self._detectors().items():
            current = self.own.get(family) or (cached.state.address(family) if cached else None)
            decision = (await detector.round(current)).decision
            if decision.address is not None:
                self.own[family] = decision.address
            event(_log, logging.INFO, "this node's own view, for want of a cache to believe",
                  family=family, address=decision.address, agreed=",".join(decision.agreed),
                  why=decision.detail)  # fmt: skip
