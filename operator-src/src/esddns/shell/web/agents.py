"""Asks the agents again and again, and keeps what they said last."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from esddns.core.agent_read import AgentAnswerError, read_agent
from esddns.core.site import Report, SiteState, choose, merge
from esddns.shell.clock import Now
from esddns.shell.listening import written
from esddns.shell.log import event
from esddns.shell.web.ask import AskError, ask
from esddns.shell.web.kept import KeptAnswer
from esddns.shell.web.snapshot import Snapshot, take

_log = logging.getLogger("esddns")

_AT_ONCE = 8  # agents asked at the same time
_STALLED = 60.0  # seconds that a look at all agents may take at the very most
_SAVE_EVERY = 60.0  # seconds, where there is no news

Place = tuple[str, int]  # host (a name may have many addresses) and port
# Gives the addresses of a place. Raises OSError.
Resolve = Callable[[Place], Collection[str]]


def addresses_of(place: Place) -> Collection[str]:
    """Ask the resolver: a headless Service gives the address of each of its pods. Raises OSError."""
    host, port = place
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return {str(address[0]) for *_, address in found}


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at the agents, and that one agent, or the look-up of all, may take."""

    every: float = 5.0
    timeout: float = 2.0


class Agents:
    """Runs until cancelled. `snapshot` is what is known; other threads may read it."""

    def __init__(
        self,
        places: Sequence[Place],
        kept: KeptAnswer | None,
        now: Now,
        on_snapshot: Callable[[Snapshot], None],
        pace: Pace,
        resolve: Resolve = addresses_of,
    ) -> None:
        self._places = places
        self._kept = kept
        self._now = now
        self._on_snapshot = on_snapshot
        self._pace = pace
        self._resolve = resolve
        self._found: dict[Place, Collection[str]] = {}
        self._lookups: dict[Place, asyncio.Future[Collection[str]]] = {}
        self._reports: dict[str, Report] = {}
        self._bodies: dict[str, bytes] = {}
        self._turn = 0
        self._leader: str | None = None
        self._saved = ("", float("-inf"))
        self._beat = time.monotonic()
        self.looked = False  # whether all were asked once
        last = kept.load() if kept else None
        if last is not None:
            self._reports[last.where] = last
        self.snapshot = take(merge(self._reports.values(), now()), now())

    def stalled(self) -> list[str]:
        """Name this loop if it does not live."""
        late = time.monotonic() - self._beat > self._pace.every + _STALLED
        return ["agents"] if late else []

    async def run(self) -> None:
        """Ask all, wait, and ask again."""
        while True:
            await self.look()
            await asyncio.sleep(self._pace.every)

    async def look(self) -> None:
        """Ask all of them once."""
        found, trouble = await self._look_up()
        asked = choose(list(found), self._leader, self._turn)
        self._turn += 1
        few = asyncio.Semaphore(_AT_ONCE)

        async def question(where: str) -> None:
            async with few:
                self._reports[where] = await self._ask(where, *found[where])

        await asyncio.gather(*map(question, asked))
        answered = {where for where in asked if not self._reports[where].error}
        if answered:  # else what was said last stands
            self._forget_all_but(asked)
        site = merge(
            self._reports.values(), self._now(), beyond=len(found) - len(asked), trouble=trouble
        )
        self._leader = site.leader.where if site.leader else None
        await self._show(site)

    async def _show(self, site: SiteState) -> None:
        said = {report.where: report.error for report in site.reports}
        before = {report.where: report.error for report in self.snapshot.site.reports}
        for where, error in said.items():
            if error and error != before.get(where, ""):
                event(_log, logging.WARNING, "an agent does not answer", agent=where, error=error)
            elif not error and before.get(where):
                event(_log, logging.INFO, "an agent answers again", agent=where)
        self.snapshot = take(site, self._now())
        self.looked = True
        self._beat = time.monotonic()
        self._on_snapshot(self.snapshot)
        await self._keep(site)

    async def _keep(self, site: SiteState) -> None:
        word = site.word
        if self._kept is None or word is None or not site.fresh or word.at is None:
            return
        body = self._bodies.get(word.where)
        etag, at = self._saved
        if body is None or (etag == self.snapshot.etag and self._beat - at < _SAVE_EVERY):
            return
        self._saved = (self.snapshot.etag, self._beat)
        await asyncio.to_thread(self._kept.save, word.where, word.at, body)

    def _forget_all_but(self, asked: Collection[str]) -> None:
        self._reports = {where: self._reports[where] for where in asked}
        self._bodies = {w: body for w, body in self._bodies.items() if w in self._reports}

    async def _ask(self, where: str, host: str, port: int) -> Report:
        before = self._reports.get(where, Report(where))
        try:
            body = await ask(host, port, "/state", self._pace.timeout)
            state = read_agent(body)
        except (AskError, AgentAnswerError) as error:
            return replace(before, error=str(error))
        self._bodies[where] = body
        return Report(where, self._now(), state)

    async def _look_up(self) -> tuple[dict[str, Place], str]:
        """Every agent's address, by what it is called, and why some could not be looked up.

        While the resolver does not answer, what it said before stands.
        """
        loop = asyncio.get_running_loop()
        for place in self._places:
            if place not in self._lookups:  # one that hangs cannot be cut, and is not asked twice
                self._lookups[place] = loop.run_in_executor(None, self._resolve, place)
        if self._lookups:
            await asyncio.wait(self._lookups.values(), timeout=self._pace.timeout)
        trouble = []
        for place, lookup in list(self._lookups.items()):
            if not lookup.done():
                trouble.append(f"the name {place[0]} was not resolved in time")
                continue
            del self._lookups[place]
            try:
                self._found[place] = lookup.result()
            except OSError as error:
                trouble.append(f"the name {place[0]} cannot be resolved: {error.strerror or error}")
        found = {
            written(host, port): (host, port)
            for (_name, port), hosts in self._found.items()
            for host in hosts
        }
        return found, "; ".join(trouble)
