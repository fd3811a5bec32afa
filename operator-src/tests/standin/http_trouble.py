"""Answers that no model gives: for `HttpStandIn.spoil`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

Answerer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


async def reset(http: web.BaseRequest) -> web.StreamResponse:
    """Break the connection."""
    if http.transport is not None:
        http.transport.abort()
    return web.Response()


async def stall(_http: web.BaseRequest) -> web.StreamResponse:
    """Never answer."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("a future that nobody sets")


def saying(status: int, text: str, content_type: str = "text/html", **headers: str) -> Answerer:
    """Answer with that text."""

    async def answer(_http: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type=content_type, headers=headers)

    return answer


def streaming(*pieces: bytes, every: float = 0.0, then: Answerer | None = None) -> Answerer:
    """Stream these pieces, `every` so many seconds; after the last do `then`, or end well."""

    async def answer(http: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(http)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(every)
        return response if then is None else await then(http)

    return answer


def short(text: bytes, length: int) -> Answerer:
    """Announce more than is sent, and close."""

    async def answer(http: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(length)})
        await response.prepare(http)
        await response.write(text)
        if http.transport is not None:
            http.transport.close()
        return response

    return answer
