"""Listening on an address; one that cannot be had is said so that a person can mend it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable

# Connections that are let in at once, before those that are in are heard again: what an honest client wants
# is then read before others have pushed it out. asyncio has one number for this and for the next.
_AT_ONCE = 32
# Connections that the kernel holds until then: one that finds no room tries again after a second.
_WAITING = 1024

# Bytes that the kernel keeps for a connection, each way: left to itself it takes megabytes for who reads
# slowly, which count as the pod's.
_KERNEL_BUFFER = 64 * 1024


def written(host: str, port: int) -> str:
    """Give an address as it stands in a URL: IPv6 in brackets (RFC 3986 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class CannotListenError(Exception):
    """The address that a process shall serve on cannot be had."""


def cannot_listen(host: str, port: int, error: OSError, option: str) -> CannotListenError:
    """Say why, without asyncio's own sentence around it; `option` gives another address."""
    number = error.errno or 0  # negative: getaddrinfo's own
    why = os.strerror(number) if number in errno.errorcode else error.strerror
    return CannotListenError(
        f"cannot listen on {host}:{port}: {why}: give another address with {option}"
    )


async def listen(
    factory: Callable[[], asyncio.Protocol], host: str, port: int
) -> tuple[asyncio.Server, tuple[str, int]]:
    """Serve on an address; gives it as it is (port 0 picks a free one). Raises OSError."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, host or None, port, backlog=_AT_ONCE)
    for listening in server.sockets:
        for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            listening.setsockopt(socket.SOL_SOCKET, buffer, _KERNEL_BUFFER)
        with socket.socket(fileno=os.dup(listening.fileno())) as same:
            same.listen(_WAITING)
    bound = server.sockets[0].getsockname()
    return server, (str(bound[0]), int(bound[1]))
