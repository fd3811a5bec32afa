"""The GET of a heartbeat, with a real server on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from esddns.config.settings import DetectionSettings, GandiSettings, Settings
from esddns.roles.wiring import connect
from esddns.shell import heartbeat
from esddns.shell.gandi.token import TokenSource
from esddns.shell.heartbeat import HeartbeatError, ping
from sources.asking import closed_port

SECRET = "/ping/5f3d-the-name-of-the-check"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[TestServer]:
    """Answers /ping/… well, /500 badly, and /never not at all."""

    async def answer(request: web.Request) -> web.Response:
        if request.path.startswith("/never"):
            await asyncio.Event().wait()
        return web.Response(status=500 if request.path.startswith("/500") else 200, text="OK")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as started:
        yield started


async def test_taken(server: TestServer) -> None:
    """A 200 is all that is wanted."""
    await ping(str(server.make_url(SECRET)))


@pytest.mark.parametrize(
    ("path", "within", "said"),
    [("/500", 5.0, "HTTP status 500"), ("/never", 0.2, "no answer within 0.2 s")],
)
async def test_not_taken(
    server: TestServer, path: str, within: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong is said, and the URL is not: who knows it can pretend that all is well."""
    monkeypatch.setattr(heartbeat, "_TIMEOUT", type(heartbeat._TIMEOUT)(total=within))
    with pytest.raises(HeartbeatError) as caught:
        await ping(str(server.make_url(path + SECRET)))
    assert str(caught.value) == said


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}"])
async def test_nobody_there(url: str) -> None:
    """A port on which nobody listens is a failure in words, without the path."""
    port = closed_port(socket.SOCK_STREAM)
    with pytest.raises(HeartbeatError) as caught:
        await ping(url.format(port=port) + SECRET)
    assert str(port) in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_another_protocol(server: TestServer) -> None:
    """TLS where the server speaks none is a failure in words, without the path."""
    with pytest.raises(HeartbeatError) as caught:
        await ping(str(server.make_url(SECRET)).replace("http:", "https:"))
    assert SECRET not in str(caught.value)


def test_a_dry_run_sends_none(tmp_path: Path) -> None:
    """It changes what somebody outside believes."""
    tokens = TokenSource(tmp_path / "api-key", {})
    detection = DetectionSettings((), heartbeat_url="https://hc.example/ping/1")
    for dry_run in (False, True):
        outside = connect(Settings(GandiSettings(dry_run=dry_run), detection), tokens)
        outside.account.close()
        assert (outside.ping is None) is dry_run


def test_the_url_is_not_shown() -> None:
    """The settings' own text does not repeat it."""
    assert SECRET not in repr(DetectionSettings((), heartbeat_url=f"https://hc.example{SECRET}"))
