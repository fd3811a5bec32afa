"""Connections for a `requests` session whose calls end when their time is up, whatever the server does.

A socket's timeout bounds one read: a server that sends a byte now and then holds a call for ever. Here a
timer shuts the connection down. It works on a duplicate of the socket's descriptor, which stays valid
when TLS wraps (and thereby detaches) the original.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

_SHORTEST = 0.001  # seconds: 0 would make a socket non-blocking

SocketOptions = Iterable[tuple[int, int, int | bytes]]


class CutError(Exception):
    """The call was ended from this side: its time was up, or somebody wanted it to end."""


class Wire:
    """The one connection of a session, and the right to cut it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._until = 0.0
        self._why = ""  # why it was cut; empty while it was not

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Cut the connection `seconds` from now. Raises CutError where that, or `cut`, ended the block."""
        with self._lock:
            self._why = ""
            self._until = time.monotonic() + seconds
        late = f"no whole answer within {seconds:g} s"
        timer = threading.Timer(seconds, self.cut, [late])
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:  # whatever error the cut surfaced as, the cut is the reason
            if self._why or time.monotonic() >= self._until:
                raise CutError(self._why or late) from None
            raise
        finally:
            timer.cancel()
            timer.join()  # one that just fired must not cut the next call
            self._release()
        if self._why:
            # An answer without a length looks complete where the connection ended.
            raise CutError(self._why)

    def cut(self, why: str = "ended before there was an answer") -> None:
        """End the call that is under way, from any thread; without one the next deadline starts afresh."""
        with self._lock:
            self._why = self._why or why
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it was closed by the other side already
                    self._socket.shutdown(socket.SHUT_RDWR)

    def connect(self, host: str, port: int, options: SocketOptions) -> socket.socket:
        """Connect to the first of a host's addresses that answers. Raises OSError.

        Each address has an equal share of the time that is left: with a dead IPv6 path in front, there
        is still time for IPv4.
        """
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise OSError(f"{host!r} is no host name: {error}") from None
        failed = OSError(f"{host!r} has no address")
        for at, (family, kind, protocol, _, address) in enumerate(found):
            left = max(0.0, self._until - time.monotonic())
            connecting = socket.socket(family, kind, protocol)
            try:
                self._attach(connecting)
                for option in options:
                    connecting.setsockopt(*option)
                connecting.settimeout(max(_SHORTEST, left / (len(found) - at)))
                connecting.connect(address)
            except OSError as error:
                connecting.close()
                failed = error
            else:
                connecting.settimeout(max(_SHORTEST, self._until - time.monotonic()))
                return connecting
        raise failed

    def _attach(self, connecting: socket.socket) -> None:
        with self._lock:
            if self._why:
                raise TimeoutError(self._why)
            if self._socket is not None:
                self._socket.close()
            self._socket = connecting.dup()

    def _release(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None


class WireAdapter(requests.adapters.HTTPAdapter):
    """An adapter whose connections are known to a Wire. No retries of its own."""

    def __init__(self, wire: Wire) -> None:
        self._pools = _pools(wire)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have direct connections known to the wire."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Have connections through a proxy known to the wire."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(wire: Wire) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    class Http(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return wire.connect(self._dns_host, self.port, self.socket_options or ())

    class Https(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return wire.connect(self._dns_host, self.port, self.socket_options or ())

    # A server may keep a connection open in spite of `Connection: close`. The next call must not find
    # it in the pool: the wire knows only connections that were made within the call.
    class HttpPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Http

        def _put_conn(self, conn: Any) -> None:
            _close(conn)
            super()._put_conn(conn)

    class HttpsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Https

        def _put_conn(self, conn: Any) -> None:
            _close(conn)
            super()._put_conn(conn)

    return {"http": HttpPool, "https": HttpsPool}


def _close(connection: HTTPConnection | None) -> None:
    if connection is not None:
        connection.close()
