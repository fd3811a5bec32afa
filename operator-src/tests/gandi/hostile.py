"""A server on loopback that does whatever a test wants of it, each connection in a thread of its own."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

GIVE_UP = 5.0  # seconds until a test fails that waits for a condition
PAUSE = 0.01  # seconds between the bytes that drip


@dataclass
class Connection:
    """One connection, and the request that came over it once `read` was called."""

    socket: socket.socket
    head: str = ""
    body: bytes = b""

    def read(self) -> None:
        """Read one request."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, self.body = data.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        while len(self.body) < int(self.headers.get("content-length", "0")):
            self.body += self._more()

    def _more(self) -> bytes:
        if not (more := self.socket.recv(65536)):
            raise ConnectionError("the client went away")
        return more

    @property
    def line(self) -> str:
        """The request line."""
        return self.head.partition("\r\n")[0]

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, names in lower case."""
        fields = (line.partition(": ") for line in self.head.split("\r\n")[1:])
        return {name.lower(): value for name, _, value in fields}

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def gone(self, within: float = GIVE_UP) -> bool:
        """Say whether the client closed the connection within that many seconds."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        return bool(poll.poll(within * 1000))

    def drip(self, data: bytes) -> None:
        """Send byte by byte, for ever, until the client has gone."""
        while not self.gone(PAUSE):
            self.send(data[:1])
            data = data[1:] + data[:1]


Handler = Callable[[Connection], None]


@dataclass
class Hostile:
    """Where it listens, and every connection that was made."""

    port: int
    scheme: str = "http"
    seen: list[Connection] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The base URL for `[gandi]`."""
        return f"{self.scheme}://127.0.0.1:{self.port}/v5/livedns"


@contextlib.contextmanager
def hostile(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    """Serve; at the end every connection must have been ended by the client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Hostile(listener.getsockname()[1], "https" if tls else "http")
        threads: list[threading.Thread] = []

        def serve(accepted: socket.socket) -> None:
            # OSError: a client that has had enough is what these tests are about.
            with accepted, contextlib.suppress(OSError):
                accepted.settimeout(GIVE_UP)
                if tls is None:
                    connection = Connection(accepted)
                    server.seen.append(connection)
                    handler(connection)
                    return
                with tls.wrap_socket(accepted, server_side=True) as wrapped:
                    connection = Connection(wrapped)
                    server.seen.append(connection)
                    handler(connection)

        def accept() -> None:
            with contextlib.suppress(OSError):  # the listener was shut down
                while True:
                    accepted, _ = listener.accept()
                    threads.append(threading.Thread(target=serve, args=(accepted,), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join(GIVE_UP)
                assert not thread.is_alive(), "a connection was not ended by the client"


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Write an HTTP answer; header names have _ for -."""
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body


def as_json(value: object, status: str = "200 OK", **headers: str) -> bytes:
    """Write an HTTP answer of JSON."""
    return reply(json.dumps(value).encode(), status, **headers)


def in_turn(*handlers: Handler) -> Handler:
    """Make a handler that treats each connection by the next of these, the last one again and again."""
    left = list(handlers)

    def handler(connection: Connection) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(connection)

    return handler


def saying(*answers: bytes) -> Handler:
    """Make a handler that gives each connection the next of these answers, the last one again and again."""

    def one(answer: bytes) -> Handler:
        def handler(connection: Connection) -> None:
            connection.read()
            connection.send(answer)

        return handler

    return in_turn(*map(one, answers))
