"""HTTP over aiohttp, down to the transport where an answer is to be cut, dripped, reset or held back."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from esddns_simulator.echo import Family
from esddns_simulator.ports import family_of, on_one_port
from esddns_simulator.response import Delivery, Response

# A client that is still waiting for an answer that will not come does not hold up the end.
_SHUTDOWN_TIMEOUT = 0.05
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 s


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request as it came: `path` without the query and still percent-encoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    family: Family
    client: str


class HttpServer:
    """Serves one synchronous function on one port of one or more addresses of this host."""

    def __init__(
        self,
        answer: Callable[[HttpCall], Response],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._answer = answer
        self._sleep = sleep
        self._runner: web.ServerRunner | None = None

    async def start(self, hosts: Sequence[str], port: int = 0) -> int:
        """Bind and return the port; OSError where it is taken."""

        async def bind(port: int) -> int:
            server = web.Server(self._handle, handler_cancellation=True, access_log=None)
            self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_TIMEOUT)
            await self._runner.setup()
            try:
                for host in hosts:
                    await web.TCPSite(self._runner, host, port).start()
                    port = int(self._runner.addresses[0][1])
            except OSError:
                await self.stop()
                raise
            return port

        return await on_one_port(port, bind)

    async def stop(self) -> None:
        """Close the sockets and the connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        local = request.get_extra_info("sockname")
        peer = request.get_extra_info("peername")
        response = self._answer(
            HttpCall(
                request.method,
                request.raw_path.partition("?")[0],
                dict(request.query),
                dict(request.headers),
                await request.read(),
                family_of(local[0]) if local else 4,
                peer[0] if peer else "",
            )
        )
        if response.delay:
            await self._sleep(response.delay)
        match response.delivery:
            case Delivery.SILENT:
                # Ends when the client goes away (handler_cancellation) or the server does.
                await asyncio.get_running_loop().create_future()
            case Delivery.RESET:
                _reset(request)
            case Delivery.CUT:
                return await self._cut(request, response)
            case Delivery.DRIP:
                return await self._stream(
                    request, response, pieces=_bytewise(response), pause=response.pause
                )
            case Delivery.WHOLE if response.filler:
                return await self._stream(request, response, pieces=response.chunks())
        return web.Response(
            status=response.status or 500, headers=response.headers, body=response.body or None
        )

    async def _stream(
        self,
        request: web.BaseRequest,
        response: Response,
        *,
        pieces: Iterable[bytes],
        pause: float | None = None,
    ) -> web.StreamResponse:
        stream = web.StreamResponse(status=response.status, headers=response.headers)
        stream.content_length = response.length
        await stream.prepare(request)
        for piece in pieces:
            if pause is not None:
                await self._sleep(pause)
            await stream.write(piece)
        return stream

    async def _cut(self, request: web.BaseRequest, response: Response) -> web.StreamResponse:
        half = response.body[: response.length // 2]
        stream = await self._stream(request, response, pieces=[half])
        if request.transport is not None:
            request.transport.close()
        return stream


def _bytewise(response: Response) -> Iterator[bytes]:
    for chunk in response.chunks():
        for byte in chunk:
            yield bytes([byte])


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
