"""What the product talks to, answered by the simulator's model in this process: no socket, no thread."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Container, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import requests
import requests.adapters

from esddns.config.settings import (
    SourceKind,
)
from esddns.core.dnscheck import DnsAnswer
from esddns.core.model import FailureReason, Family, IPAddress, RRset, RRType, SourceError
from esddns.core.reply import parse_reply
from esddns.shell.gandi.client import GandiClient
from esddns.shell.gandi.provider import GandiProvider
from esddns.shell.gandi.token import TokenSource
from esddns.shell.seams import DnsView
from esddns_simulator import Authority as SimulatedServer
from esddns_simulator import Delivery, LiveDNS, Reflector, World
from esddns_simulator.response import Response

T = TypeVar("T")

# Two names of one operator among them; the last three are asked over UDP, so they are the probes.
OPERATORS = {
    "ipify": "ipify",
    "icanhazip": "Cloudflare",
    "identme": "ident.me",
    "amazon": "Amazon",
    "cloudflare": "Cloudflare",
    "opendns": "OpenDNS",
    "google": "Google",
}
UDP = frozenset({"cloudflare", "opendns", "google"})


def ask_livedns(livedns: LiveDNS, request: requests.PreparedRequest) -> Response:
    """Hand a request to the simulator's model."""
    url = urlsplit(str(request.url))
    body = request.body or b""
    return livedns.handle(
        str(request.method),
        unquote(url.path),
        dict(pair.split("=") for pair in url.query.split("&") if pair),
        {str(k): str(v) for k, v in request.headers.items()},
        body.encode() if isinstance(body, str) else bytes(body),
    )


def http_answer(
    status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> requests.Response:
    """An answer as it comes from the wire."""
    answer = requests.Response()
    answer.status_code = status
    answer.headers.update(headers or {})
    answer.raw = io.BytesIO(body)
    return answer


class InProcessGandi(requests.adapters.BaseAdapter):
    """Carries a request to the simulator's model and back. `took`: virtual seconds that the call costs."""

    def __init__(self, livedns: LiveDNS, cut: Container[str] = ()) -> None:
        super().__init__()
        self._cut = cut
        self._livedns = livedns
        self.took = 0.0

    def send(self, request: requests.PreparedRequest, *_a: Any, **kw: Any) -> requests.Response:
        """Answer as the model does, down to its delivery."""
        if "gandi" in self._cut:
            raise requests.ConnectionError("no route to host")
        response = ask_livedns(self._livedns, request)
        limit = float(kw["timeout"])
        if response.delivery is Delivery.RESET:
            raise requests.ConnectionError("connection reset")
        if response.delivery is Delivery.SILENT or response.delay > limit:
            self.took = limit
            raise requests.ReadTimeout("no answer")
        self.took = response.delay
        whole = b"".join(response.chunks())
        cut = response.delivery is Delivery.CUT
        return http_answer(
            response.status, whole[: len(whole) // 2] if cut else whole, response.headers
        )

    def close(self) -> None:
        """Nothing is held."""


class InProcessAccount(GandiProvider):
    """The real provider, called in the loop and not in a thread; a call that takes time lets it pass."""

    def __init__(self, client: GandiClient, tokens: TokenSource, wire: InProcessGandi) -> None:
        super().__init__(client, tokens)
        self._wire = wire

    async def _run(self, call: Callable[[], T]) -> T:
        self._wire.took = 0.0
        try:
            return call()
        finally:
            await asyncio.sleep(self._wire.took)


class InProcessServers:
    """The zone's name servers."""

    def __init__(self, server: SimulatedServer, slow: Callable[[], float]) -> None:
        self._server = server
        self._slow = slow

    async def lookup(self, fqdn: str, rrtype: RRType, zone: str | None) -> DnsView:
        """Ask the one server; a slow one gives nothing in the end."""
        if self._slow():
            await asyncio.sleep(self._slow())
            return DnsView((), zone, "no answer in time")
        answer = self._server.lookup(fqdn, rrtype)
        if answer is None or not answer.aa or answer.rcode not in (0, 3):
            return DnsView((), zone, "no usable answer")
        values = frozenset(answer.values(rrtype))
        rrset = RRset(values, int(answer.ttl or 0)) if values else None
        return DnsView((DnsAnswer("ns1", rrset),), zone)


class InProcessSource:
    """An echo of the model, misbehaving as it was told."""

    families = frozenset({Family.IPV4})

    def __init__(
        self, name: str, reflector: Reflector, world: World, cut: Container[str] = ()
    ) -> None:
        self._cut = cut
        self.name = name
        self.operator = OPERATORS[name]
        self.kind = SourceKind.DNS if name in UDP else SourceKind.HTTP
        self._reflector = reflector
        self._world = world

    async def ask(self, family: Family, timeout: float) -> IPAddress:  # noqa: ASYNC109
        """Ask it."""
        if "sources" in self._cut:
            raise SourceError(FailureReason.UNREACHABLE, "no route to host")
        if "slow-sources" in self._cut:
            await asyncio.sleep(1)
        mode = self._world.behaviour(self.name).mode
        response = self._reflector.over_http(self.name)
        if mode in ("dead", "drip"):
            await asyncio.sleep(timeout)
            raise SourceError(FailureReason.TIMEOUT, "no answer")
        if response.status != 200:
            raise SourceError(FailureReason.REFUSED, f"status {response.status}")
        if response.length > 4096:
            raise SourceError(FailureReason.TOO_LARGE, "more than 4096 bytes")
        return parse_reply(response.body, family)
