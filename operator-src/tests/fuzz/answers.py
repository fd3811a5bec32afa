"""Answers over HTTP as a stranger may send them: the form is right, wrong, or torn."""

from __future__ import annotations

import gzip

from hypothesis import strategies as st

from fuzz.damage import spoilt_bytes, texts

_STATUS_LINES = (
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.0 200",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 201 Created",
    "HTTP/1.1 302 Found",
    "HTTP/1.1 404 Not Found",
    "HTTP/1.1 500 Oops",
    "HTTP/1.1 100 Continue",
    "HTTP/1.1 101 Switching Protocols",
    "HTTP/2 200",
    "HTTP/1.1 99999 No",
    "HTTP/1.1 -1 No",
    "ICY 200 OK",
    "",
)
_FIELDS = (
    "Content-Length: 0",
    "Content-Length: 5",
    "Content-Length: 99999999999999999999",
    "Content-Length: -1",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Content-Encoding: identity",
    "Content-Type: text/html; charset=utf-16",
    "Content-Type: application/json; charset=nonsense",
    "Location: http://[::1]@",
    "Location: /again",
    "Location: https://xn--a/",
    "Retry-After: 120",
    "Retry-After: Sun, 22 Nov 9999 23:59:59 -2359",
    "Set-Cookie: a=b; Expires=Sun, 99 Nov 99999 99:99:99 GMT; Max-Age=x; Domain=.",
    "Set-Cookie: ;;;=",
    "Connection: keep-alive",
    "X: " + "y" * 9000,
    "Folded: a\r\n b",
    "No colon",
    ": nothing",
)


def _chunked(body: bytes, size: str) -> bytes:
    return f"{size or f'{len(body):x}'}\r\n".encode() + body + b"\r\n0\r\n\r\n"


@st.composite
def http_answers(draw: st.DrawFn, body: bytes) -> bytes:
    """An HTTP answer with this body, whole or damaged: the server closes the connection behind it."""
    if draw(st.integers(0, 3)) == 0:
        return draw(spoilt_bytes(_whole(body)) | st.binary(max_size=60))
    fields = draw(st.lists(st.sampled_from(_FIELDS) | texts.map("X-Any: {}".format), max_size=4))
    if any("gzip" in field for field in fields) and draw(st.booleans()):
        body = gzip.compress(body)
    if any("chunked" in field for field in fields):
        body = _chunked(body, draw(st.sampled_from(["", "", "0", "-1", "zz", "f" * 40])))
    elif draw(st.booleans()):
        fields.insert(0, f"Content-Length: {len(body)}")
    head = "\r\n".join([draw(st.sampled_from(_STATUS_LINES)), *fields])
    answer = head.encode("utf-8", "replace") + b"\r\n\r\n" + body
    return draw(st.just(answer) | spoilt_bytes(answer))


def _whole(body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
