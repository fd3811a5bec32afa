"""Several sockets on one port that nobody chose: find a number that is free for all of them."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from esddns_simulator.echo import Family

_ATTEMPTS = 16


async def on_one_port(port: int, bind: Callable[[int], Awaitable[int]]) -> int:
    """Call `bind` with the port and return the one it got; with 0 again while that is taken elsewhere.

    `bind` leaves nothing behind when it raises OSError.
    """
    for _ in range(_ATTEMPTS if port == 0 else 0):
        try:
            return await bind(0)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return await bind(port)


def family_of(address: str) -> Family:
    """Return the family of a socket's address."""
    return 4 if ip_address(address.partition("%")[0]).version == 4 else 6  # noqa: PLR2004 - IP's own name
