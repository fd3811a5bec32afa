"""`/metrics`, `/healthz`, `/readyz`, `/state`: what a process shows of itself."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from esddns.shell.door import Door, Guarded, Limits
from esddns.shell.health import probe_answer
from esddns.shell.listening import listen

_SHUTDOWN = 0.2  # seconds that open connections have
# Asked by Prometheus, the kubelet and the status service; memory for more is better spent on the work.
_LIMITS = Limits(connections=64)


class _NotOfStrangers(logging.Filter):
    """Lets everything pass but what somebody sent that is no HTTP: nobody could act on that."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is logged."""
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_log = logging.getLogger("esddns.http")
_log.addFilter(_NotOfStrangers())

_INDEX = """\
esddns
/state    what is known and how it stands, as JSON
/metrics  for Prometheus
/healthz  200 while every loop is alive
/readyz   200 when configuration, token and address are known to be good; else why not
"""


class Endpoints:
    """Serves on one address. The callables are asked at each request; `limits` hold for connections."""

    def __init__(
        self,
        registry: CollectorRegistry,
        state: Callable[[], Mapping[str, Any]],
        stalled: Callable[[], list[str]],
        not_ready: Callable[[], list[str]],
        limits: Limits = _LIMITS,
    ) -> None:
        self._limits = limits
        self._registry = registry
        self._state = state
        self._stalled = stalled
        self._not_ready = not_ready
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; gives the address in use (port 0 picks a free one). Raises OSError."""
        app = web.Application(client_max_size=1024)
        app.router.add_get("/", self._get_index)
        app.router.add_get("/metrics", self._get_metrics)
        app.router.add_get("/healthz", self._get_healthz)
        app.router.add_get("/readyz", self._get_readyz)
        app.router.add_get("/state", self._get_state)
        runner = self._runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=15, shutdown_timeout=_SHUTDOWN, logger=_log
        )
        await runner.setup()
        door = Door(self._limits)

        def guarded() -> Guarded:
            assert runner.server is not None  # noqa: S101  # it was set up
            return Guarded(door, runner.server())

        try:
            self._server, bound = await listen(guarded, host, port)
        except OSError:
            await self.stop()
            raise
        return bound

    async def stop(self) -> None:
        """Close the listener and what is open."""
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _get_index(self, _request: web.Request) -> web.Response:
        return web.Response(text=_INDEX)

    async def _get_metrics(self, _request: web.Request) -> web.Response:
        body = generate_latest(self._registry)  # a millisecond; a thread could have to wait for one
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _get_healthz(self, _request: web.Request) -> web.Response:
        return _verdict("stalled", self._stalled())

    async def _get_readyz(self, _request: web.Request) -> web.Response:
        return _verdict("not ready", self._not_ready())

    async def _get_state(self, _request: web.Request) -> web.Response:
        text = json.dumps(self._state(), indent=1) + "\n"
        return web.Response(text=text, content_type="application/json")


def _verdict(bad: str, reasons: list[str]) -> web.Response:
    status, text = probe_answer(bad, reasons)
    return web.Response(status=status, text=text)
