"""`/metrics`, `/healthz`, `/readyz`, `/state`: what a process shows of itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_SHUTDOWN = 0.2  # seconds that open connections have

_INDEX = """\
esddns
/state    what is known and how it stands, as JSON
/metrics  for Prometheus
/healthz  200 while every loop is alive
/readyz   200 when configuration, token and address are known to be good; else why not
"""


class Endpoints:
    """Serves on one address. The callables are asked at each request."""

    def __init__(
        self,
        registry: CollectorRegistry,
        state: Callable[[], Mapping[str, Any]],
        stalled: Callable[[], list[str]],
        not_ready: Callable[[], list[str]],
    ) -> None:
        self._registry = registry
        self._state = state
        self._stalled = stalled
        self._not_ready = not_ready
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; gives the address in use (port 0 picks a free one). Raises OSError."""
        app = web.Application(client_max_size=1024)
        app.router.add_get("/", self._get_index)
        app.router.add_get("/metrics", self._get_metrics)
        app.router.add_get("/healthz", self._get_healthz)
        app.router.add_get("/readyz", self._get_readyz)
        app.router.add_get("/state", self._get_state)
        self._runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=15, shutdown_timeout=_SHUTDOWN
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host or None, port).start()
        except OSError:
            await self.stop()
            raise
        bound = self._runner.addresses[0]
        return str(bound[0]), int(bound[1])

    async def stop(self) -> None:
        """Close the listener and what is open."""
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
    if not reasons:
        return web.Response(text="ok\n")
    return web.Response(status=503, text="".join(f"{bad}: {reason}\n" for reason in reasons))
