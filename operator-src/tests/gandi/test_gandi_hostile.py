"""Whatever answers in Gandi's place: each answer comes to one class of error, and to nothing else."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.errors import (
    ForbiddenError,
    InvalidError,
    NoSuchZoneError,
    ProviderError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedReplyError,
)
from esddns.shell.gandi.reply import Reply, raise_for, read_rrsets, read_zone, read_zones
from esddns.shell.gandi.token import TokenSource
from gandi.calling import CALLS, READS, WANTED, WRITES, ZONE, client
from gandi.hostile import Connection, Handler, as_json, hostile, reply, saying
from sources.asking import closed_port

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PORTAL = reply(b"<html>Welcome to the hotel</html>", Content_Type="text/html")
DEEP = b"[" * 200_000
MEGABYTE = 1 << 20


def refused(answer: bytes | Handler, source: TokenSource, call: str) -> ProviderError:
    """The error that a call comes to where the server says `answer`."""
    handler = saying(answer) if isinstance(answer, bytes) else answer
    with (
        hostile(handler) as server,
        client(server.url, source) as made,
        pytest.raises(ProviderError) as caught,
    ):
        CALLS[call](made)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "expected", "says"),
    [
        (as_json({"message": "Unauthorized"}, "401 Unauthorized"), UnauthorizedError, "Unauthorized"),
        (
            as_json({"code": 401, "object": "HTTPUnauthorized", "message": "no"}, "401 No"),
            UnauthorizedError,
            "(401: no)",
        ),
        (reply(b"", "401 Unauthorized"), UnauthorizedError, "put it into"),
        (reply(b"<html>", "403 Forbidden"), ForbiddenError, "may not touch zone"),
        (reply(b"<html>", "400 Bad"), InvalidError, "<html>"),
        (as_json({"errors": None, "message": "bad"}, "422 Bad"), InvalidError, "bad"),
        (as_json({"message": "exists"}, "409 Conflict"), InvalidError, "exists"),
        (reply(b"", "429 Slow down"), RateLimitedError, "too many requests"),
        (reply(b"", "500 Oops", Retry_After="12"), UnavailableError, "answered 500"),
        (reply(b"", "418 Teapot"), UnexpectedReplyError, "answered 418"),
        (reply(b"", "405 Not allowed"), UnexpectedReplyError, "answered 405"),
        (reply(b"<html>", "404 Not Found"), UnexpectedReplyError, "check `url`"),
        (reply(DEEP, "404 Not Found"), UnexpectedReplyError, "check `url`"),
        (as_json({"code": 404}, "404 Not Found"), UnexpectedReplyError, "check `url`"),
        (as_json(["object"], "404 Not Found"), UnexpectedReplyError, "check `url`"),
        (as_json({"object": "bucket"}, "404 Not Found"), UnexpectedReplyError, "check `url`"),
        (reply(DEEP, "500 Oops"), UnavailableError, "answered 500"),
        (reply(DEEP, "400 Bad"), InvalidError, "refused as wrong"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", CALLS)
def test_refusals(
    source: TokenSource, answer: bytes, expected: type[ProviderError], says: str, call: str
) -> None:
    """Each status comes to its class, whatever the body is, for every call."""
    error = refused(answer, source, call)
    assert type(error) is expected
    assert says in str(error)
    assert len(str(error)) < 1000


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "204 No Content", "201 Created"])
def test_a_write_is_done_by_its_own_status_only(
    source: TokenSource, call: str, status: str
) -> None:
    """PUT is done by 201 and DELETE by 204: any other success is somebody else's answer."""
    done = {"put": "201 Created", "delete": "204 No Content"}[call]
    with hostile(saying(reply(b"", status))) as server, client(server.url, source) as made:
        if status == done:
            CALLS[call](made)
            return
        with pytest.raises(
            UnexpectedReplyError, match=f"answered {status[:3]}, expected {done[:3]}"
        ):
            CALLS[call](made)


@pytest.mark.parametrize("call", CALLS)
def test_a_portal_is_not_believed(source: TokenSource, call: str) -> None:
    """A page of HTML with status 200 is no result: no zone exists by it, no name is empty by it."""
    error = refused(PORTAL, source, call)
    assert isinstance(error, UnavailableError | UnexpectedReplyError)
    assert error.transient


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b"[1]", b'[{"fqdn": 1}]', b'"x"', b"\xff\xfe", DEEP, b"1" * 5000, b"[{}]",
     b'[{"rrset_type": "A", "rrset_values": "192.0.2.1", "rrset_ttl": 300}]',
     b'[{"rrset_type": "A", "rrset_values": ["192.0.2.1"], "rrset_ttl": true}]',
     b'[{"rrset_type": "A", "rrset_values": [1], "rrset_ttl": 300}]',
     b'[{"rrset_type": "A", "rrset_values": ["192.0.2.1"], "rrset_ttl": "300"}]'],
)  # fmt: skip
def test_a_result_of_the_wrong_shape(source: TokenSource, call: str, body: bytes) -> None:
    """A 200 that cannot be read is unavailable, and was an answer: half of it is never used."""
    error = refused(reply(body), source, call)
    assert isinstance(error, UnavailableError)
    assert error.answered


def test_another_zone_than_asked_for(source: TokenSource) -> None:
    """A zone exists by an answer about itself only."""
    with pytest.raises(UnexpectedReplyError, match=r"with the zone 'example\.org'"):
        raise refused(as_json({"fqdn": "example.org"}), source, "zone_exists")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Same", "308 Same"])
def test_a_redirect_is_not_followed(source: TokenSource, status: str, call: str) -> None:
    """Neither to another host, which would get the token, nor elsewhere on this one."""
    with hostile(saying(PORTAL)) as other:
        target = other.url.replace("127.0.0.1", "localhost")
        error = refused(reply(b"", status, Location=target), source, call)
        assert other.seen == []
    assert isinstance(error, UnexpectedReplyError)
    assert target in str(error)


def test_a_redirects_body_is_bounded(source: TokenSource) -> None:
    """A redirect with an endless body is not read to the end before it is refused."""

    def endless(connection: Connection) -> None:
        connection.read()
        connection.send(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.invalid/\r\n\r\n")
        while True:
            connection.send(bytes(65536))

    error = refused(endless, source, "zones")
    assert "more than 1048576 bytes" in str(error)


@pytest.mark.parametrize(
    "large",
    [
        reply(b"[" + b" " * MEGABYTE + b"]"),
        reply(b"[" + b" " * MEGABYTE + b"]", "500 Oops"),
        reply(gzip.compress(bytes(50 * MEGABYTE)), Content_Encoding="gzip"),
        reply(b"[" + b" " * MEGABYTE + b"]", "404 Not Found"),
    ],
    ids=["200", "500", "gzip", "404"],
)
@pytest.mark.parametrize("call", CALLS)
def test_a_huge_body(source: TokenSource, large: bytes, call: str) -> None:
    """More than a megabyte, unpacked, is nothing that Gandi says: it is not read to its end."""
    error = refused(large, source, call)
    assert isinstance(error, UnexpectedReplyError)
    assert error.transient


def test_a_megabyte_is_read(source: TokenSource) -> None:
    """The limit does not cut what is just within it."""
    body = b"[" + b" " * (MEGABYTE - 2) + b"]"
    with hostile(saying(reply(body))) as server, client(server.url, source) as made:
        assert made.zones() == ()


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00" * 100, b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/9.9\r\n\r\n", b"SSH-2.0-OpenSSH\r\n",
     b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n[]",
     b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[]",
     b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n[]",
     b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[]",
     b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n[]",
     b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n[]",
     b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n[]",
     b"HTTP/1.1 200 OK\r\nSet-Cookie: " + b"\xff=\xff; Max-Age=x" + b"\r\n\r\n{",
     b"HTTP/1.1 101 Switching\r\n\r\n"],
)  # fmt: skip
@pytest.mark.parametrize("call", ["zones", "put"])
def test_no_http_at_all(source: TokenSource, garbage: bytes, call: str) -> None:
    """Whatever bytes come, the call ends with one of the errors declared."""
    error = refused(garbage, source, call)
    assert isinstance(error, UnavailableError | UnexpectedReplyError)
    assert error.transient


def test_connection_refused(source: TokenSource) -> None:
    """Where nobody listens there was no answer."""
    with client(f"http://127.0.0.1:{closed_port(socket.SOCK_STREAM)}/v5", source) as made:
        for call in CALLS.values():
            with pytest.raises(UnavailableError, match="ConnectionRefusedError") as caught:
                call(made)
            assert not caught.value.answered


@pytest.mark.parametrize(
    "url",
    ["http://no-such-host.invalid/v5", "http://a..b/v5", f"http://{'x' * 64}.invalid/v5", "http:///v5",
     "http://[::1/v5", "gopher://example.com/v5", "http://127.0.0.1:99999/v5", "http://*.x/", "x"],
)  # fmt: skip
def test_a_url_that_leads_nowhere(
    source: TokenSource, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong URL is an error of the provider's kind, too."""

    def resolve(host: str, *_args: object, **_kw: object) -> object:
        host.encode("idna")  # as the real one does
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with client(url, source) as made, pytest.raises(UnavailableError) as caught:
        made.zones()
    assert not caught.value.answered


def test_many_field_errors_are_shortened(source: TokenSource) -> None:
    """A 400 with a thousand long entries, and control characters in them, is a readable message."""
    entries = [{"name": "rrset_values", "description": f"\x1b[2J\n{'x' * 500}"}] * 1000
    error = refused(as_json({"errors": entries}, "400 Bad"), source, "put")
    assert isinstance(error, InvalidError)
    assert len(error.fields) == 10
    assert len(str(error)) < 3000
    assert str(error).isprintable()


texts = st.text(max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            texts | st.sampled_from(["object", "message", "errors", "name", "description", "fqdn"]),
            inner,
        )
    ),
)


@given(st.integers(100, 599), values, texts)
def test_any_reply_comes_to_a_declared_error(status: int, value: object, retry_after: str) -> None:
    """No status, JSON or Retry-After comes to anything but a result or an error of the provider's kind."""
    got = Reply(
        "GET",
        "http://x",
        status,
        {"retry-after": retry_after, "location": retry_after},
        json.dumps(value),
    )
    for read in (read_zones, read_zone, read_rrsets):
        with contextlib.suppress(ProviderError):
            raise_for(got, ZONE, NOW, "a file")
            read(got)


def test_no_such_zone_is_told_from_no_such_record(source: TokenSource) -> None:
    """The two 404s of the API differ by their object, for a write as well."""
    zone = as_json({"object": "HTTPNotFound"}, "404 Not Found")
    record = as_json({"object": "dns-record"}, "404 Not Found")
    assert isinstance(refused(zone, source, "put"), NoSuchZoneError)
    assert not isinstance(refused(record, source, "put"), NoSuchZoneError)
    with hostile(saying(record)) as server, client(server.url, source) as made:
        assert made.rrsets(ZONE, "home") == {}
        made.delete(ZONE, "home", "A")
    with hostile(saying(as_json({}, "201 Created"))) as server, client(server.url, source) as made:
        made.put(ZONE, "home", "A", WANTED)
