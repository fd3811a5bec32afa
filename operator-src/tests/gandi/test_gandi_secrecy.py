"""The token appears nowhere: no log, error, repr, traceback or metric, whatever the server says back."""

from __future__ import annotations

import base64
import json
import logging
import random
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from prometheus_client import generate_latest

from esddns.config.settings import AuthScheme, GandiSettings
from esddns.core.errors import InvalidError, ProviderError, UnauthorizedError
from esddns.core.gate import Gate
from esddns.shell.gandi import client as client_module
from esddns.shell.gandi.provider import GandiProvider
from esddns.shell.gandi.token import VARIABLE, TokenSource
from esddns.shell.log import set_up
from esddns.shell.metrics import Metrics
from gandi.calling import CALLS, ZONE, client, tokens
from gandi.hostile import Connection, Handler, as_json, hostile, reply, saying
from sources.asking import closed_port

SECRET = 'S3cr3t/of+"the"=tests%9f8e7d6c'  # with what is written otherwise in URLs and in JSON
SHOWN = [
    SECRET,
    quote(SECRET),
    quote(SECRET, safe=""),
    json.dumps(SECRET)[1:-1],
    base64.b64encode(SECRET.encode()).decode().rstrip("=")[:-1],
    # Of half a token, one half is gone.
    SECRET[:12],
    SECRET[-12:],
]


def assert_hidden(text: str) -> None:
    """The token is not in there, in any form, nor a good part of it."""
    for form in SHOWN:
        assert form not in text


def everything_about(error: BaseException) -> Iterator[str]:
    """What anybody could print of an error and of all that led to it."""
    seen: BaseException | None = error
    while seen is not None:
        yield from (str(seen), repr(seen), repr(seen.args), repr(vars(seen)))
        seen = seen.__cause__ or seen.__context__
    yield "".join(traceback.format_exception(error))
    ours = str(Path(client_module.__file__).parents[2])
    for frame in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
        if frame.filename.startswith(ours):
            yield repr(frame.locals)


@pytest.fixture
def secret(tmp_path: Path) -> TokenSource:
    """The token that must not show."""
    return tokens(tmp_path, SECRET)


@pytest.fixture(autouse=True)
def _nothing_shows(
    secret: TokenSource, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Log everything that any library has to say, as the program logs, and look at it at the end."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    set_up("text", "debug", secret.mask)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    root.addHandler(caplog.handler)
    yield
    root.handlers, root.level = before[0], before[1]
    captured = capfd.readouterr()
    assert_hidden(captured.out + captured.err)
    # Also before the mask: what one of ours, or a library, would tell another handler.
    assert_hidden(caplog.text)
    assert_hidden(" ".join(repr(vars(record)) for record in caplog.records))


def failing(url: str, secret: TokenSource, call: str, timeout: float = 5.0) -> ProviderError:
    """Make a call that fails, and see that nothing of it shows the token."""
    metrics = Metrics()
    with client(url, secret, timeout=timeout, on_call=metrics.gandi_call) as made:
        with pytest.raises(ProviderError) as caught:
            CALLS[call](made)
        for text in everything_about(caught.value):
            assert_hidden(text)
        assert_hidden(repr(made) + repr(vars(made)))
    assert_hidden(generate_latest(metrics.registry).decode())
    return caught.value


def echo(make: Callable[[str], bytes]) -> Handler:
    """Answer with what `make` makes of the Authorization header."""

    def handler(connection: Connection) -> None:
        connection.read()
        connection.send(make(connection.headers["authorization"]))

    return handler


def never_answers(connection: Connection) -> None:
    """Hold the connection, and say nothing."""
    connection.gone()


STATUSES = [
    "400 Bad",
    "401 No",
    "403 No",
    "404 No",
    "409 No",
    "418 Tea",
    "429 Slow",
    "500 Oops",
    "200 OK",
]
ECHOES: dict[str, Callable[[str], bytes]] = {
    **{f"text {s}": lambda a, s=s: reply(f"you sent {a}".encode(), s) for s in STATUSES},
    **{f"json {s}": lambda a, s=s: as_json({"message": a, "object": a}, s) for s in STATUSES},
    **{
        # A message shows the first characters only: the token may stand where it is cut.
        f"at {n}": lambda a, n=n: reply(b"x" * n + a.encode() + b"x" * 400, "500 Oops")
        for n in range(150, 210, 4)
    },
    "zone": lambda a: as_json({"fqdn": a}),
    "fields": lambda a: as_json(
        {"errors": [{"name": a, "description": f"{'x' * 185}{a}"}]}, "400 Bad"
    ),
    "escaped": lambda a: reply(f"<a href='?{quote(a)}'>".encode(), "502 Bad"),
    "base64": lambda a: reply(base64.b64encode(a.encode()), "502 Bad"),
    "redirect": lambda a: reply(
        b"", "302 Found", Location=f"http://login.invalid/?{'x' * 180}{quote(a)}"
    ),
    "raw redirect": lambda a: reply(b"", "302 Found", Location=a),
    "retry-after": lambda a: reply(b"", "429 Slow", Retry_After=a),
    "reason": lambda a: reply(b"", f"500 {a}"),
    "status line": lambda a: f"{a}\r\n\r\n".encode(),
    "status": lambda a: f"HTTP/1.1 {'x' * 180}{a}\r\n\r\n".encode(),
    "length": lambda a: f"HTTP/1.1 200 OK\r\nContent-Length: 1{a}\r\n\r\n".encode(),
    "two lengths": lambda a: f"HTTP/1.1 200 OK\r\nContent-Length: 1, {a}\r\n\r\n".encode(),
    "encoding": lambda a: f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{a}".encode(),
    "chunk": lambda a: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{a}\r\n{a}".encode(),
    "cookie": lambda a: reply(b"", "500 Oops", Set_Cookie=f"session={a}"),
    "cut": lambda a: reply(a.encode(), "500 Oops", Content_Length="1000"),
    "large": lambda a: reply(a.encode() * 40_000),
    "not utf-8": lambda a: reply(b"\xff" + a.encode() + b"\xff", "500 Oops"),
}


@pytest.mark.parametrize("call", ["zone_exists", "put"])
@pytest.mark.parametrize("how", ECHOES)
def test_a_server_that_says_the_token_back(secret: TokenSource, how: str, call: str) -> None:
    """Wherever the Authorization header comes back in an answer, no error repeats it."""
    with hostile(echo(ECHOES[how])) as server:
        failing(server.url, secret, call)


def test_headers_that_cannot_be_parsed(
    secret: TokenSource, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """What urllib3 warns about broken headers holds them: the program's log masks what libraries say."""

    def broken(authorization: str) -> bytes:
        return f"HTTP/1.1 500 Oops\r\nno header: x\r\n  {authorization}\r\nx\r\n\r\n".encode()

    with hostile(echo(broken)) as server:
        failing(server.url, secret, "zones")
    assert "Failed to parse headers" in capfd.readouterr().err
    caplog.clear()  # a handler that does not mask would show it: the program has one handler, which does


@pytest.mark.parametrize("call", CALLS)
def test_no_answer(secret: TokenSource, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a call that gets none: refused, reset, silent, unresolved, by a proxy that is away."""
    monkeypatch.setattr(client_module, "WRITE_DEADLINE", 0.1)
    port = closed_port(socket.SOCK_STREAM)
    failing(f"http://127.0.0.1:{port}", secret, call)
    failing(f"https://127.0.0.1:{port}", secret, call)
    with hostile(lambda _connection: None) as server:
        failing(server.url, secret, call)
        failing(server.url.replace("http:", "https:"), secret, call)
    with hostile(never_answers) as server:
        failing(server.url, secret, call, timeout=0.3)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    failing("https://gandi.invalid", secret, call)


@pytest.mark.parametrize("scheme", AuthScheme)
def test_what_holds_the_token_does_not_show_it(secret: TokenSource, scheme: AuthScheme) -> None:
    """Client, provider, session, settings, the token itself and its source: no repr shows it."""
    settings = GandiSettings(auth=scheme, token_file=Path("/x"))
    with hostile(saying(as_json([]))) as server, client(server.url, secret, auth=scheme) as made:
        made.zones()
        provider = GandiProvider(made, secret)
        for holder in (
            made,
            made._session,
            made._session.auth,
            provider,
            secret,
            secret.read(),
            settings,
        ):
            assert_hidden(f"{holder!r} {holder}")
        for holder in (made, made._session, provider):
            assert_hidden(repr(vars(holder)))
        provider.close()


@pytest.mark.parametrize(
    "content",
    [f"Bearer {SECRET}", f"{SECRET}\n{SECRET}", f"\ufeff{SECRET}", f"\x00{SECRET}", f"{SECRET}é"],
)
def test_a_file_that_holds_more_than_the_token(tmp_path: Path, content: str) -> None:
    """An error about the file's content does not quote it, in no frame and no context either."""
    (file := tmp_path / "spoilt").write_text(content, "utf-8")
    failing("http://127.0.0.1:1", TokenSource(file, {}), "zones")
    for source in (TokenSource(file, {}), TokenSource(file, {VARIABLE: content})):
        with pytest.raises(ProviderError) as caught:
            source.read()
        for text in everything_about(caught.value):
            assert_hidden(text)


def test_what_is_kept_of_an_error(secret: TokenSource) -> None:
    """What the gate repeats for as long as the token is refused does not show it either."""
    with hostile(echo(ECHOES["json 401 No"])) as server:
        error = failing(server.url, secret, "put")
    assert isinstance(error, UnauthorizedError)
    gate = Gate().after_error(error, ZONE, 1, 0.0, random.Random(1), write=True)  # noqa: S311
    assert_hidden(repr(gate))
    assert_hidden(str(gate.blocked(ZONE, 1, 0.0)))
    with hostile(echo(ECHOES["fields"])) as server:
        invalid = failing(server.url, secret, "put")
    assert isinstance(invalid, InvalidError)
    assert "<token>" in repr(invalid.fields)


def test_an_answer_to_the_token_before(secret: TokenSource, tmp_path: Path) -> None:
    """A token that was replaced while the call was under way is masked as well."""

    def replaced(connection: Connection) -> None:
        connection.read()
        tokens(tmp_path, "another-token-of-the-tests")
        assert secret.version == 2
        connection.send(reply(connection.headers["authorization"].encode(), "500 Oops"))

    with hostile(replaced) as server:
        failing(server.url, secret, "zones")
