"""The same over TLS, which takes the socket out of the hands that made it, and through a proxy."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from esddns.core.errors import UnavailableError
from esddns.shell.gandi.token import TokenSource
from gandi.calling import CALLS, WANTED, ZONE, client
from gandi.hostile import Connection, Handler, as_json, hostile, in_turn, saying
from gandi.stalls import (
    DEADLINE,
    drips_body,
    drips_headers,
    ends_at_the_deadline,
    looks_complete,
    never_answers,
    stops_in_the_body,
)

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.usefixtures("short_writes")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    if OPENSSL is None:
        pytest.skip("openssl is not installed")
    place = tmp_path_factory.mktemp("tls")
    key, made = place / "key.pem", place / "cert.pem"
    command = f"{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    named = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run([*command.split(), *named], check=True, capture_output=True)  # noqa: S603  # fixed
    return made, key


@pytest.fixture
def tls(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server's side of TLS; the client trusts its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    return context


@pytest.mark.parametrize("call", ["zones", "put"])
@pytest.mark.parametrize(
    "handler", [never_answers, drips_headers, drips_body, looks_complete, stops_in_the_body]
)
def test_a_stalling_server_over_tls(
    source: TokenSource, tls: ssl.SSLContext, handler: Handler, call: str
) -> None:
    """The same over TLS, which takes the socket out of the hands that made it."""
    once = in_turn(handler, saying(as_json([], "201 Created")))
    with (
        hostile(once, tls) as server,
        client(server.url, source, timeout=DEADLINE) as made,
    ):
        with ends_at_the_deadline():
            CALLS[call](made)
        made.put(ZONE, "home", "A", WANTED)


@pytest.mark.parametrize("call", ["zones", "put"])
@pytest.mark.parametrize("says", [b"", b"\x16\x03\x03\x40\x00"])
def test_a_tls_handshake_that_stalls(source: TokenSource, says: bytes, call: str) -> None:
    """A server that takes the ClientHello and says nothing, or drips the beginning of a long record."""

    def stalls(connection: Connection) -> None:
        connection.send(says)
        while says and not connection.gone(0.01):
            connection.send(b"\x00")
        connection.gone()

    with (
        hostile(stalls) as server,
        client(server.url.replace("http:", "https:"), source, timeout=DEADLINE) as made,
        ends_at_the_deadline(),
    ):
        CALLS[call](made)


def test_an_unproven_host_gets_nothing(source: TokenSource, certificate: tuple[Path, Path]) -> None:
    """A certificate that nobody vouches for ends the call before the token goes out."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with (
        hostile(saying(as_json([])), context) as server,
        client(server.url, source) as made,
        pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED") as caught,
    ):
        made.zones()
    assert server.seen == []
    assert not caught.value.answered


def test_a_tunnel_through_a_proxy_has_the_deadline(
    source: TokenSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that stalls after CONNECT is cut as well."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with hostile(drips_headers) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with (
            client("https://gandi.invalid", source, timeout=DEADLINE) as made,
            ends_at_the_deadline(),
        ):
            made.zones()
        assert proxy.seen[0].line.startswith("CONNECT gandi.invalid:443")
        assert "authorization" not in proxy.seen[0].headers
