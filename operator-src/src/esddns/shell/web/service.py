"""The status service as one thing that starts and stops: the look at the agents, the pages, the front."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from esddns.shell.clock import Now
from esddns.shell.door import Door, Limits
from esddns.shell.listening import cannot_listen, listen
from esddns.shell.log import event
from esddns.shell.web.agents import Agents, Pace, Place
from esddns.shell.web.app import make_app
from esddns.shell.web.certificate import Certificate
from esddns.shell.web.codec import Clear, Codec, Tls
from esddns.shell.web.headers import NOT_KEPT, SECURITY
from esddns.shell.web.kept import KeptAnswer
from esddns.shell.web.metrics import WebMetrics
from esddns.shell.web.relay import Front, Way
from esddns.shell.web.self_signed import self_signed
from esddns.shell.web.wsgi import WsgiServer

_log = logging.getLogger("esddns")

_BUSY = 64  # connections that may ask something at once: each may hold an answer
_GRACE = 2.0  # seconds that answers under way have at the end
_LOOK = 0.05  # seconds between looks whether they are done
_FILE = "last-known.json"
_NAMES = ("esddns-service", "esddns-service.esddns", "esddns-service.esddns.svc",
          "esddns-service.esddns.svc.cluster.local", "localhost")  # fmt: skip

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Whom to ask, and where to serve. `tls_listen` None: no TLS; `state_dir` None: nothing is kept."""

    agents: Sequence[Place]
    listen: Address
    tls_listen: Address | None = None
    tls_dir: Path = Path("/etc/esddns/tls")
    state_dir: Path | None = None
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)


class StatusService:
    """Serves from `start` to `stop`; `run` is its work meanwhile."""

    def __init__(self, options: ServiceOptions, now: Now) -> None:
        self._options = options
        self.metrics = WebMetrics()
        kept = KeptAnswer(options.state_dir / _FILE) if options.state_dir else None
        self.agents = Agents(options.agents, kept, now, self.metrics.snapshot, options.pace)
        app = make_app(self.agents, self.metrics, self._not_ready, now)
        self._wsgi = WsgiServer(app, (*SECURITY, NOT_KEPT), self.metrics.refused)
        limits = options.limits
        # Whoever is being answered has said what it wants: no second time is measured for that.
        busy = Limits(min(_BUSY, limits.connections), limits.lifetime, limits.lifetime)
        self._way = Way(
            self._wsgi.address, Door(limits, self.metrics.closed), Door(busy, self.metrics.closed)
        )
        self.certificate: Certificate | None = None
        if options.tls_listen is not None:
            self.metrics.serve_tls()
            make = functools.partial(self_signed, _NAMES)
            self.certificate = Certificate(options.tls_dir, make, now, self.metrics.certificate)
        self._servers: list[asyncio.Server] = []
        self._ending = False

    def _not_ready(self) -> list[str]:
        """Why no request should be sent here now. A state that is stale is served all the same."""
        if self._ending:
            return ["this process ends"]
        return [] if self.agents.looked else ["the agents were not asked yet"]

    async def start(self, option: str = "--listen") -> tuple[Address, Address | None]:
        """Listen; gives the addresses in use. Raises CannotListenError and SelfSignedError.

        `option` is what gives another address, where the first cannot be had.
        """
        if self.certificate is not None:
            await self.certificate.look()
        self._wsgi.start()
        listening = await self._listen(self._options.listen, option, Clear)
        secure = None
        if self._options.tls_listen is not None:
            secure = await self._listen(self._options.tls_listen, "--tls-listen", self._tls)
        return listening, secure

    def _tls(self) -> Codec:
        assert self.certificate is not None  # noqa: S101  # it was looked at before anybody came
        assert self.certificate.context is not None  # noqa: S101
        return Tls(self.certificate.context)

    async def _listen(self, where: Address, option: str, codec: Callable[[], Codec]) -> Address:
        host, port = where
        try:
            server, bound = await listen(lambda: Front(self._way, codec), host, port)
        except OSError as error:
            raise cannot_listen(host, port, error, option) from None
        self._servers.append(server)
        return bound

    async def run(self) -> None:
        """Keep what is shown up to date, until cancelled. What a loop dies of is raised."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.agents.run())
            if self.certificate is not None:
                group.create_task(self.certificate.run())

    def retire(self) -> None:
        """Be not ready from now on, and serve for as long as somebody is still sent here."""
        self._ending = True

    async def stop(self) -> None:
        """Let nobody in, finish what is under way, and close."""
        self._ending = True
        for server in self._servers:
            server.close()
        loop = asyncio.get_running_loop()
        end = loop.time() + _GRACE
        while self._way.fronts and loop.time() < end:
            for front in [front for front in self._way.fronts if front.done]:
                front.finish()
            await asyncio.sleep(_LOOK)
        late = len(self._way.fronts)
        for front in list(self._way.fronts):
            front.abort()
        if late:
            event(_log, logging.INFO, "connections were cut at the end", connections=late)
        await asyncio.to_thread(self._wsgi.stop)
        await asyncio.sleep(0)  # what was cut takes note of it
