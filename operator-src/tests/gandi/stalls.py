"""Ways in which a server holds a call, and what must come of each."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from esddns.core.errors import UnavailableError
from gandi.calling import open_sockets
from gandi.hostile import Connection, Handler, reply

DEADLINE = 0.3  # seconds: an answer over loopback takes a hundredth of that on a busy machine, too
LATE = 1.0  # seconds that a busy machine may add


def reads_nothing(connection: Connection) -> None:
    """Read nothing."""
    connection.gone()


def never_answers(connection: Connection) -> None:
    """Take the request, and say nothing."""
    connection.read()
    connection.gone()


def drips_headers(connection: Connection) -> None:
    """Send headers without an end, a byte at a time."""
    connection.read()
    connection.send(b"HTTP/1.1 200 OK\r\n")
    connection.drip(b"X-Header: x\r\n")


def continues(connection: Connection) -> None:
    """Send the same interim answer for ever."""
    connection.read()
    connection.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def drips_body(connection: Connection) -> None:
    """Send a body that is never complete, a byte at a time."""
    connection.read()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    connection.drip(b" ")


def drips_chunks(connection: Connection) -> None:
    """Send chunk after chunk."""
    connection.read()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.drip(b"1\r\n \r\n")


def stops_in_the_body(connection: Connection) -> None:
    """Send the first half."""
    connection.read()
    connection.send(reply(b"[" + b" " * 100)[:-50])
    connection.gone()


def looks_complete(connection: Connection) -> None:
    """Send a whole answer that has no length, and keep the connection open."""
    connection.read()
    status = b"201 Created" if connection.line.startswith("PUT") else b"204 No Content"
    status = b"200 OK" if connection.line.startswith("GET") else status
    connection.send(b"HTTP/1.1 " + status + b"\r\n")
    if b"204" not in status:
        connection.send(b"\r\n[]")
    connection.gone()


STALLS: list[Handler] = [
    reads_nothing, never_answers, drips_headers, continues, drips_body, drips_chunks, stops_in_the_body,
    looks_complete,
]  # fmt: skip


@contextlib.contextmanager
def ends_at_the_deadline() -> Iterator[None]:
    """Expect UnavailableError at the deadline, neither earlier nor much later, and no socket left."""
    sockets, started = open_sockets(), time.monotonic()
    with pytest.raises(UnavailableError, match=f"within {DEADLINE:g} s"):
        yield
    assert DEADLINE - 0.02 <= time.monotonic() - started < DEADLINE + LATE
    assert open_sockets() <= sockets + 2  # the server's, which it is about to close
