"""Everything on sockets: the API and its control, the name server and the echoes, on one asyncio loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from esddns_simulator.authority import Authority
from esddns_simulator.calls import Call, CallKind
from esddns_simulator.control import PREFIX, Control
from esddns_simulator.dns_server import DnsServer
from esddns_simulator.echo import DEFAULT_ECHOES, Echo, EchoKind, Family
from esddns_simulator.http_server import HttpCall, HttpServer
from esddns_simulator.livedns import BASE_PATH, LiveDNS
from esddns_simulator.reflect import Reflector
from esddns_simulator.response import Response
from esddns_simulator.state import Wan
from esddns_simulator.udp_server import UdpServer
from esddns_simulator.world import DEFAULT_NAMESERVERS, DEFAULT_TOKEN, DEFAULT_WAN, World
from esddns_simulator.zone import Records

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an echo listens (with `ipv6` also on ::1, same port)."""

    name: str
    kind: EchoKind
    host: str
    port: int

    @property
    def url(self) -> str:
        """`http://host:port/`, `dns://host:port` or `stun:host:port` (RFC 4501, RFC 7064)."""
        opening, ending = {"http": ("http://", "/"), "dns": ("dns://", ""), "stun": ("stun:", "")}[
            self.kind
        ]
        return f"{opening}{_bracketed(self.host)}:{self.port}{ending}"


class Simulator:
    """`async with Simulator({"example.com": {"home/A": "192.0.2.1"}}) as sim:` runs it on ports of its own.

    Ports of 0 are chosen by the system; `echo_ports` gives some by an echo's name. `listen` is the address to
    bind, on which the control API is as open as everything else: loopback unless the network is trusted.
    `ipv6` listens on ::1 as well, same ports. `sleep` is what faults wait with. All other arguments are those
    of `World` and `LiveDNS`.
    """

    def __init__(
        self,
        zones: Mapping[str, Records],
        *,
        token: str = DEFAULT_TOKEN,
        apikey: str | None = None,
        wan: Wan = DEFAULT_WAN,
        echoes: Iterable[Echo] = DEFAULT_ECHOES,
        nameservers: Iterable[str] = DEFAULT_NAMESERVERS,
        listen: str = "127.0.0.1",
        ipv6: bool = False,
        api_port: int = 0,
        dns_port: int = 0,
        echo_ports: Mapping[str, int] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        state_path: Path | None = None,
        call_limit: int = 10_000,
        empty_name_is_404: bool = True,
        rate_limit: int | None = None,
    ) -> None:
        self.world = World(
            zones,
            token=token,
            apikey=apikey,
            wan=wan,
            echoes=echoes,
            nameservers=nameservers,
            clock=clock,
            wall=wall,
            state_path=state_path,
            call_limit=call_limit,
        )
        self.livedns = LiveDNS(
            self.world, base_url=None, empty_name_is_404=empty_name_is_404, rate_limit=rate_limit
        )
        self.authority = Authority(self.world)
        self.reflector = Reflector(self.world)
        self.control = Control(self.world)
        self._hosts = [listen, "::1"] if ipv6 else [listen]
        self._host = _ANY.get(listen, listen)
        self._ports = {"api": api_port, "dns": dns_port}
        self._echo_ports = dict(echo_ports or {})
        self._sleep = sleep
        self._endpoints: dict[str, Endpoint] = {}
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Bind every port; OSError where one is taken, and then nothing stays bound."""
        async with AsyncExitStack() as starting:
            api = HttpServer(self._answer_http, sleep=self._sleep)
            self._ports["api"] = await api.start(self._hosts, self._ports["api"])
            starting.push_async_callback(api.stop)
            dns = DnsServer(lambda packet, _, tcp: self.authority.answer(packet, tcp=tcp))
            self._ports["dns"] = await dns.start(self._hosts, self._ports["dns"])
            starting.push_async_callback(dns.stop)
            for echo in self.world.echoes.values():
                port = await self._start_echo(echo, self._echo_ports.get(echo.name, 0), starting)
                self._endpoints[echo.name] = Endpoint(echo.name, echo.kind, self._host, port)
            self._running = starting.pop_all()

    async def stop(self) -> None:
        """Close every socket and connection."""
        await self._running.aclose()

    @property
    def api_url(self) -> str:
        """The base of the LiveDNS API, `http://127.0.0.1:<port>/v5/livedns`."""
        return f"http://{_bracketed(self._host)}:{self._ports['api']}{BASE_PATH}"

    @property
    def control_url(self) -> str:
        """The base of the control API, `http://127.0.0.1:<port>/_sim`."""
        return f"http://{_bracketed(self._host)}:{self._ports['api']}{PREFIX}"

    @property
    def dns_address(self) -> tuple[str, int]:
        """Host and port of the authoritative name server, UDP and TCP."""
        return self._host, self._ports["dns"]

    def echo(self, name: str) -> Endpoint:
        """Return where an echo listens; KeyError for an unknown one, or before `start`."""
        return self._endpoints[name]

    def calls(
        self,
        *,
        kind: CallKind | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        target: str | None = None,
    ) -> list[Call]:
        """Return the calls that match all that is given, oldest first; `path` is a glob."""
        return self.world.calls.find(
            kind=kind, method=method, path=path, status=status, target=target
        )

    def describe(self) -> dict[str, object]:
        """Return every URL and port as JSON can hold it: api_url, control_url, dns, echoes by name."""
        host, port = self.dns_address
        return {
            "api_url": self.api_url,
            "control_url": self.control_url,
            "dns": {"host": host, "port": port},
            "echoes": {
                name: {"kind": at.kind, "host": at.host, "port": at.port, "url": at.url}
                for name, at in self._endpoints.items()
            },
        }

    async def _start_echo(self, echo: Echo, port: int, starting: AsyncExitStack) -> int:
        match echo.kind:
            case "http":
                http = HttpServer(partial(self._echo_http, echo.name), sleep=self._sleep)
                port = await http.start(self._hosts, port)
                starting.push_async_callback(http.stop)
            case "dns":
                dns = DnsServer(partial(self._echo_dns, echo.name))
                port = await dns.start(self._hosts, port)
                starting.push_async_callback(dns.stop)
            case "stun":
                udp = UdpServer(partial(self._echo_stun, echo.name))
                port = await udp.start(self._hosts, port)
                starting.callback(udp.stop)
        return port

    def _answer_http(self, call: HttpCall) -> Response:
        if call.path == PREFIX or call.path.startswith(PREFIX + "/"):
            return self.control.handle(call.method, call.path, call.query, call.body)
        return self.livedns.handle(
            call.method, call.path, call.query, call.headers, call.body, call.client
        )

    def _echo_http(self, name: str, call: HttpCall) -> Response:
        host = call.headers.get("Host", "localhost")
        return self.reflector.over_http(
            name, call.path, family=call.family, host=host, client=call.client
        )

    def _echo_dns(self, name: str, packet: bytes, family: Family, tcp: bool) -> bytes | None:
        return self.reflector.over_dns(name, packet, family=family, tcp=tcp)

    def _echo_stun(self, name: str, packet: bytes, family: Family, port: int) -> bytes | None:
        return self.reflector.over_stun(name, packet, family=family, port=port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
