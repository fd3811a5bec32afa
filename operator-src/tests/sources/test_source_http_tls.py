"""HTTPS: a certificate that does not prove the host gives no address."""

from __future__ import annotations

import gc
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest

from esddns.config.settings import HttpTarget
from esddns.core.model import FailureReason, Family
from esddns.shell.sources import make_source
from sources.asking import failure, settings, source
from sources.lying_http import Connection, lying_http, reply, saying

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")


@dataclass(frozen=True)
class Tls:
    """The server's side, and a client that trusts its certificate for 127.0.0.1."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """Make a self-signed certificate for 127.0.0.1."""
    assert OPENSSL
    place: Path = tmp_path_factory.mktemp("tls")
    key, certificate = str(place / "key.pem"), str(place / "cert.pem")
    command = f"{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    named = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(  # noqa: S603  # a fixed command
        [*command.split(), *named, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return Tls(server, ssl.create_default_context(cafile=certificate))


@pytest.fixture(autouse=True)
async def _nothing_is_left_open() -> AsyncIterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()


async def test_a_proven_host_is_believed(tls: Tls) -> None:
    """An answer over HTTPS with a trusted certificate is read."""
    async with lying_http(saying(b"198.51.100.7"), tls=tls.server) as server:
        asked = make_source(settings(HttpTarget(server.url)), tls.client)
        assert await asked.ask(Family.IPV4, 5) == ip_address("198.51.100.7")


async def test_an_unknown_certificate_is_unreachable(tls: Tls) -> None:
    """The system's authorities do not know the certificate, and the error says so."""
    async with lying_http(saying(b"198.51.100.7"), tls=tls.server) as server:
        reason, detail = await failure(source(HttpTarget(server.url)))
        assert not server.seen
    assert reason is FailureReason.UNREACHABLE
    assert "TLS" in detail
    assert "certificate" in detail.lower()


async def test_a_certificate_for_another_name_is_unreachable(tls: Tls) -> None:
    """The certificate is for 127.0.0.1, so `localhost` is not proven by it."""
    async with lying_http(saying(b"198.51.100.7"), tls=tls.server) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        reason, detail = await failure(make_source(settings(HttpTarget(url)), tls.client))
    assert reason is FailureReason.UNREACHABLE
    assert "TLS" in detail


async def test_a_handshake_that_stalls_ends_at_the_deadline(tls: Tls) -> None:
    """A server that takes the connection and speaks no TLS costs the deadline and no more."""
    async with lying_http(saying(b"198.51.100.7")) as server:
        url = server.url.replace("http:", "https:")
        reason, _ = await failure(make_source(settings(HttpTarget(url)), tls.client), within=0.3)
    assert reason is FailureReason.TIMEOUT


async def test_https_never_becomes_http(tls: Tls) -> None:
    """A redirect from https to http on the same host is refused."""

    async def handler(connection: Connection) -> None:
        port = connection.writer.get_extra_info("sockname")[1]
        where = f"http://127.0.0.1:{port}/"
        await connection.send(reply(b"", "302 Found", Location=where))

    async with lying_http(handler, tls=tls.server) as server:
        asked = make_source(settings(HttpTarget(server.url)), tls.client)
        reason, detail = await failure(asked)
    assert reason is FailureReason.REDIRECT
    assert "https" in detail


async def test_a_stall_over_tls_ends_at_the_deadline(tls: Tls) -> None:
    """Closing does not wait for the other side's goodbye."""

    async def handler(connection: Connection) -> None:
        assert await connection.gone()

    async with lying_http(handler, tls=tls.server) as server:
        asked = make_source(settings(HttpTarget(server.url)), tls.client)
        assert (await failure(asked, within=0.3))[0] is FailureReason.TIMEOUT
