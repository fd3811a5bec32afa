"""What an agent talks to besides the API server: Gandi, name servers, sources, each with its faults."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import requests
import requests.adapters

from esddns.config.settings import SourceKind
from esddns.core.dnscheck import DnsAnswer
from esddns.core.model import FailureReason, Family, IPAddress, RRset, RRType, SourceError
from esddns.shell.gandi.client import GandiClient
from esddns.shell.gandi.provider import GandiProvider
from esddns.shell.gandi.token import TokenSource
from esddns.shell.seams import DnsView
from scenarios.in_process import UDP, ask_livedns, http_answer
from scenarios.virtual_site import ZONE

if TYPE_CHECKING:
    from simulation.world import Process, World

T = TypeVar("T")


class Wire(requests.adapters.BaseAdapter):
    """Carries a request to LiveDNS's model. `took`: seconds that the answer needs."""

    def __init__(self, world: World, process: Process) -> None:
        super().__init__()
        self._world = world
        self._process = process
        self.took = 0.0

    def send(self, request: requests.PreparedRequest, *_a: Any, **kw: Any) -> requests.Response:
        """Answer as the model does, or as the fault of the moment has it."""
        world, mode = self._world, self._world.gandi
        limit = float(kw["timeout"])
        if self._process.cannot_reach("gandi") or mode == "unreachable":
            raise requests.ConnectionError("no route to host")
        method, path = str(request.method), unquote(urlsplit(str(request.url)).path)
        world.called(self._process, method, path, mode)
        if mode in {"500", "503", "429"}:
            return http_answer(int(mode), b'{"message": "not now"}')
        if mode == "forbidden":
            return http_answer(
                403, b'{"object":"HTTPForbidden","cause":"Forbidden","code":403,"message":"no"}'
            )
        response = ask_livedns(world.livedns, request)
        if mode == "lost" and method != "GET":
            self.took = limit
            raise requests.ReadTimeout("no answer")
        if mode == "slow":
            self.took = limit * 0.9
        return http_answer(response.status, b"".join(response.chunks()), response.headers)

    def close(self) -> None:
        """Nothing is held."""


class Account(GandiProvider):
    """The real provider and client. A request that was sent arrives, whatever becomes of its sender."""

    def __init__(self, world: World, process: Process, tokens: TokenSource) -> None:
        settings = world.settings.gandi
        client = GandiClient(settings, tokens, now=process.machine.now)
        self._wire = Wire(world, process)
        client._session.mount("http://", self._wire)
        super().__init__(client, tokens)
        self._thread.shutdown()
        self._world = world
        self._process = process

    async def rrsets(self, zone: str, name: str) -> Mapping[str, RRset]:
        """Give all RRsets at a name."""
        self._world.on_call(self._process, "GET")
        return await super().rrsets(zone, name)

    async def put(self, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        """Replace one RRset."""
        self._world.write_starts(self._process, f"{name}/{rrtype}", rrset)
        self._world.on_call(self._process, "PUT")
        await super().put(zone, name, rrtype, rrset)

    async def delete(self, zone: str, name: str, rrtype: str) -> None:
        """Delete one RRset."""
        self._world.write_starts(self._process, f"{name}/{rrtype}", None)
        await super().delete(zone, name, rrtype)

    def close(self) -> None:
        """Nothing is held."""

    async def _run(self, call: Callable[[], T]) -> T:
        rng = self._world.rng
        if self._process.hangs and not self._process.gone:
            await asyncio.get_running_loop().create_future()

        async def on_the_wire() -> T:
            await asyncio.sleep(rng.uniform(0.01, 0.2))
            self._wire.took = 0.0
            try:
                return call()
            finally:
                await asyncio.sleep(max(self._wire.took, rng.uniform(0.01, 0.2)))

        loop = asyncio.get_running_loop()
        sent = loop.create_task(on_the_wire(), context=contextvars.Context())
        sent.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(sent)


class NameServers:
    """Three of them, each late in its own way."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    async def lookup(self, fqdn: str, rrtype: RRType, zone: str | None) -> DnsView:
        """Ask all of them."""
        world = self._world
        if world.dns == "away" or self._process.cannot_reach("dns"):
            await asyncio.sleep(3)
            return DnsView((), zone, "no answer in time")
        await asyncio.sleep(world.rng.uniform(0.005, 0.05))
        if world.dns == "redirected":
            return DnsView((DnsAnswer("ns-x", RRset(frozenset({"203.0.113.253"}), 300)),), ZONE)
        name = fqdn.removesuffix(f".{ZONE}")
        answers = []
        for server, lag in world.lags.items():
            found = world.model.zones[ZONE].view(world.now() - lag).get((name, str(rrtype)))
            rrset = RRset(frozenset(found.values), found.ttl) if found else None
            answers.append(DnsAnswer(server, rrset))
        return DnsView(tuple(answers), ZONE)


class Source:
    """Tells the address that this machine's way out has, or what its mode makes of it."""

    families = frozenset({Family.IPV4})

    def __init__(self, name: str, operator: str, world: World, process: Process) -> None:
        self.name = name
        self.operator = operator
        self.kind = SourceKind.DNS if name in UDP else SourceKind.HTTP
        self._world = world
        self._process = process

    async def ask(self, family: Family, timeout: float) -> IPAddress:  # noqa: ASYNC109
        """Ask it."""
        world = self._world
        world.questions[self._process.machine.name] += 1
        world.asked[self.kind] += 1
        mode = world.sources.get(self.operator, "honest")
        if self._process.cannot_reach("sources") or mode == "dead":
            await asyncio.sleep(timeout)
            raise SourceError(FailureReason.TIMEOUT, "no answer")
        await asyncio.sleep(world.rng.uniform(0.01, 0.3))
        if mode == "error":
            raise SourceError(FailureReason.REFUSED, "status 403")
        if mode == "lie":
            return IPv4Address("203.0.113.66")
        return world.ways[self._process.machine.way]
