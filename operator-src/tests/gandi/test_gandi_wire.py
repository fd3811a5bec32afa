"""A call ends when its time is up, whatever the server does, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from esddns.core.errors import UnavailableError
from esddns.shell.gandi import client as client_module
from esddns.shell.gandi.client import GandiClient
from esddns.shell.gandi.token import TokenSource
from esddns.shell.gandi.wire import CutError, Wire
from gandi.calling import CALLS, READS, WANTED, WRITES, ZONE, client
from gandi.hostile import Connection, Handler, as_json, hostile, in_turn, saying
from gandi.stalls import (
    DEADLINE,
    LATE,
    STALLS,
    drips_headers,
    ends_at_the_deadline,
    looks_complete,
    never_answers,
)

pytestmark = pytest.mark.usefixtures("short_writes")


@pytest.mark.parametrize("call", ["zones", "put", "delete"])
@pytest.mark.parametrize("handler", STALLS)
def test_a_stalling_server(source: TokenSource, handler: Handler, call: str) -> None:
    """However a server stalls, the call ends at the deadline, and the next one works."""
    once = in_turn(handler, saying(as_json([], "201 Created")))
    with (
        hostile(once) as server,
        client(server.url, source, timeout=DEADLINE) as made,
    ):
        with ends_at_the_deadline():
            CALLS[call](made)
        made.put(ZONE, "home", "A", WANTED)


def test_a_cut_body_is_not_believed(source: TokenSource) -> None:
    """A body without a length that ends because we cut the connection is no answer, whole as it may look."""
    with (
        hostile(looks_complete) as server,
        client(server.url, source, timeout=DEADLINE) as made,
        ends_at_the_deadline(),
    ):
        made.rrsets(ZONE, "home")


def test_writes_have_a_deadline_of_their_own(source: TokenSource) -> None:
    """A long `timeout` is for reads: a write ends at its own deadline."""
    with hostile(never_answers) as server, client(server.url, source, timeout=60) as made:
        for name in WRITES:
            with ends_at_the_deadline():
                CALLS[name](made)


def test_a_kept_connection_is_not_used_again(source: TokenSource) -> None:
    """A server that keeps the connection open in spite of `close` does not get a call past its deadline."""

    def keeps(connection: Connection) -> None:
        connection.read()
        connection.send(as_json([], Connection="keep-alive"))
        if not connection.gone():
            connection.drip(b"HTTP/1.1 100 Continue\r\n\r\n")

    with (
        hostile(in_turn(keeps, drips_headers)) as server,
        client(server.url, source, timeout=DEADLINE) as made,
    ):
        assert made.zones() == ()
        with ends_at_the_deadline():
            made.zones()
        assert len(server.seen) == 2


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A port where a connection neither comes about nor is refused: its queue is full."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def addresses(*ports: int) -> Callable[..., object]:
    """A resolver for which the host has one address for each of these ports."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    return lambda *_a, **_kw: found


@pytest.mark.parametrize("call", ["zones", "put"])
def test_a_connection_that_does_not_come_about(source: TokenSource, call: str) -> None:
    """Silence to the connection request itself ends at the deadline as well."""
    with full_backlog() as port:
        for _ in range(2):
            with (
                client(f"http://127.0.0.1:{port}", source, timeout=DEADLINE) as made,
                pytest.raises(UnavailableError, match="within") as caught,
            ):
                CALLS[call](made)
            assert not caught.value.answered


def test_many_dead_addresses_share_the_deadline(
    source: TokenSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline is for the call, not for each of the host's addresses."""
    with full_backlog() as port:
        monkeypatch.setattr(socket, "getaddrinfo", addresses(port, port, port, port))
        with client("http://gandi.invalid", source, timeout=DEADLINE) as made:
            started = time.monotonic()
            with pytest.raises(UnavailableError):
                made.zones()
            assert time.monotonic() - started < DEADLINE + LATE / 2


@pytest.mark.parametrize("call", ["zones", "put"])
def test_a_dead_address_leaves_time_for_the_next(
    source: TokenSource, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Where the first address is a black hole (IPv6 often is), the second is still asked in time."""
    with full_backlog() as port, hostile(saying(as_json([], "201 Created"))) as server:
        monkeypatch.setattr(socket, "getaddrinfo", addresses(port, server.port))
        with client("http://gandi.invalid", source, timeout=DEADLINE) as made:
            CALLS[call](made)
        assert len(server.seen) == 1


def test_a_write_never_starts_after_its_end(
    source: TokenSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that was ended while the name was resolved makes no connection any more."""
    with hostile(saying(as_json({}, "201 Created"))) as server:
        resolve = addresses(server.port)
        with client("http://gandi.invalid", source) as made:

            def ended_meanwhile(*_args: object, **_kw: object) -> object:
                made.abort()
                return resolve()

            monkeypatch.setattr(socket, "getaddrinfo", ended_meanwhile)
            with pytest.raises(UnavailableError, match="ended before"):
                made.put(ZONE, "home", "A", WANTED)
            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            assert server.seen == []
            made.put(ZONE, "home", "A", WANTED)


@pytest.mark.parametrize("name", READS + WRITES)
def test_abort_ends_a_call(source: TokenSource, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another thread, at once, and the next call works."""
    monkeypatch.setattr(client_module, "WRITE_DEADLINE", 60)
    once = in_turn(never_answers, saying(as_json({}, "201 Created")))
    with client_of(once, source) as (made, arrived):
        outcome: list[BaseException] = []
        thread = threading.Thread(target=lambda: outcome.append(failure(CALLS[name], made)))
        started = time.monotonic()
        thread.start()
        assert arrived.wait(5)
        made.abort()
        thread.join(5)
        assert not thread.is_alive()
        assert time.monotonic() - started < 5
        assert isinstance(outcome[0], UnavailableError)
        assert "ended before there was an answer" in str(outcome[0])
        made.put(ZONE, "home", "A", WANTED)


def test_abort_ends_a_connection_that_comes_about(source: TokenSource) -> None:
    """Also while the connection is being made."""
    with full_backlog() as port, client(f"http://127.0.0.1:{port}", source, timeout=60) as made:
        outcome: list[BaseException] = []
        thread = threading.Thread(target=lambda: outcome.append(failure(CALLS["zones"], made)))
        thread.start()
        while made._wire._socket is None:
            thread.join(0.01)
        made.abort()
        thread.join(5)
        assert not thread.is_alive()
        assert "ended before" in str(outcome[0])


def test_abort_without_a_call(source: TokenSource) -> None:
    """With nothing under way nothing is ended."""
    with hostile(saying(as_json([]))) as server, client(server.url, source) as made:
        made.abort()
        assert made.zones() == ()


def test_what_ended_in_time_is_not_cut() -> None:
    """A cut that comes after the block is over is none of its business."""
    wire = Wire()
    with wire.deadline(60):
        pass
    wire.cut()
    with wire.deadline(60):
        pass
    with pytest.raises(CutError, match="within 0 s"), wire.deadline(0):
        threading.Event().wait(0.05)
    with pytest.raises(KeyError), wire.deadline(60):
        raise KeyError


def failure(call: Callable[[GandiClient], object], made: GandiClient) -> BaseException:
    """The error that a call comes to."""
    with pytest.raises(UnavailableError) as caught:
        call(made)
    return caught.value


@contextlib.contextmanager
def client_of(
    handler: Handler, source: TokenSource
) -> Iterator[tuple[GandiClient, threading.Event]]:
    """A client with a long timeout of a server with this handler, and whether a request has arrived."""
    arrived = threading.Event()

    def noted(connection: Connection) -> None:
        arrived.set()
        handler(connection)

    with hostile(noted) as server, client(server.url, source, timeout=60) as made:
        yield made, arrived
