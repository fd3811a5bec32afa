"""A `requests` session whose calls end when their time is up, whatever the server does.

A socket's timeout bounds one read: a server that sends a byte now and then holds a call for ever. Here a
timer shuts the connection down. It works on a duplicate of the socket's descriptor, which stays valid
when TLS wraps (and thereby detaches) the original.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class DeadlineExceededError(Exception):
    """The call's total time was up."""


class Wire:
    """The one connection of a session, and the right to cut it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._expired = False

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Cut the connection `seconds` from now. Raises DeadlineExceededError where that ended the block."""
        with self._lock:
            self._expired = False
        timer = threading.Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:  # whatever error the cut surfaced as, the reason is the deadline
            if self._expired:
                raise DeadlineExceededError from None
            raise
        finally:
            timer.cancel()
            self._release()
        if self._expired:
            raise DeadlineExceededError

    def cut(self) -> None:
        """End the call that is under way, from any thread; without one the next deadline starts afresh."""
        with self._lock:
            self._expired = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it was closed by the other side already
                    self._socket.shutdown(socket.SHUT_RDWR)

    def attach(self, connected: socket.socket) -> None:
        """Take note of a new connection. Raises OSError where the time was up while it was being made."""
        with self._lock:
            if self._expired:
                raise TimeoutError("the time was up before the connection stood")
            if self._socket is not None:
                self._socket.close()
            self._socket = connected.dup()

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
            connected = super()._new_conn()
            _attach(wire, connected)
            return connected

    class Https(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            connected = super()._new_conn()
            _attach(wire, connected)
            return connected

    class HttpPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Https

    return {"http": HttpPool, "https": HttpsPool}


def _attach(wire: Wire, connected: socket.socket) -> None:
    try:
        wire.attach(connected)
    except OSError:
        connected.close()
        raise
