"""What goes over the wire of one connection, and what is meant by it: in clear, or under TLS.

Over memory, so that a connection needs two small buffers and not asyncio's quarter of a megabyte.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import Protocol

_PIECE = 16 * 1024  # bytes: a TLS record


class Codec(Protocol):
    """Both directions of one connection. Any method may raise ssl.SSLError.

    `ended`: the other side said that it will send no more.
    """

    ended: bool

    def receive(self, wire: bytes) -> bytes:
        """Give what is meant by what came."""
        ...

    def send(self, data: bytes) -> bytes:
        """Give what is to be sent to mean that."""
        ...

    def pending(self) -> bytes:
        """Give what else is to be sent (a handshake, an alert)."""
        ...

    def close(self) -> bytes:
        """Give what is to be sent to say that this is all."""
        ...


class Clear:
    """As it is."""

    ended = False

    def receive(self, wire: bytes) -> bytes:
        """Give what came."""
        return wire

    def send(self, data: bytes) -> bytes:
        """Give it back."""
        return data

    def pending(self) -> bytes:
        """Nothing."""
        return b""

    def close(self) -> bytes:
        """Nothing."""
        return b""


class Tls:
    """The server's side of TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._shaken = False
        self.ended = False

    def receive(self, wire: bytes) -> bytes:
        """Take a step of the handshake, or decrypt."""
        self._in.write(wire)
        pieces = []
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            while piece := self._tls.read(_PIECE):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return b"".join(pieces)

    def send(self, data: bytes) -> bytes:
        """Encrypt."""
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view) :]
        return self._out.read()

    def pending(self) -> bytes:
        """Give what TLS itself has to say."""
        return self._out.read()

    def close(self) -> bytes:
        """Say that this was all, so that nobody takes a cut connection for the end of an answer."""
        with contextlib.suppress(ssl.SSLError):  # the other side did not say so, and need not
            self._tls.unwrap()
        return self._out.read()
