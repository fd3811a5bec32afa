"""Asks a DNS server that answers with the address it was asked from; TCP where UDP is too small.

The transport is our own: that of dnspython neither repeats a lost question nor notices a refusal, tells
a mangled answer from silence, or keeps the event loop's time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from esddns.config.settings import DnsTarget
from esddns.core.model import FailureReason, Family, IPAddress, SourceError
from esddns.shell.sources.udp import exchange

if TYPE_CHECKING:
    from esddns.shell.sources.dns_answer import Message

_ASK_AGAIN = 1.0  # seconds before the question is repeated, then doubled
_LENGTH = struct.Struct("!H")  # RFC 1035 section 4.2.2: over TCP the length comes first


async def ask_dns(target: DnsTarget, family: Family) -> IPAddress:
    """Put the target's question over `family` and read the one address in the answer.

    Sets no deadline: the caller does. Raises SourceError or OSError.
    """
    # dnspython takes 80 ms and 6 MB, which a node that never leads need not spend.
    from esddns.shell.sources import dns_answer  # noqa: PLC0415

    server = (target.host, target.port)
    af = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    query = dns_answer.make_query(target)
    wire = query.to_wire()

    def read(data: bytes) -> Message | None:
        return dns_answer.read_response(data, query)

    response = await exchange(server, af, wire, read, first_wait=_ASK_AGAIN)
    if dns_answer.is_truncated(response):
        response = await _ask_over_tcp(server, af, wire, read)
    return dns_answer.address_in(response, target, family)


async def _ask_over_tcp(
    server: tuple[str, int],
    af: socket.AddressFamily,
    wire: bytes,
    read: Callable[[bytes], Message | None],
) -> Message:
    reader, writer = await asyncio.open_connection(*server, family=af)
    try:
        writer.write(_LENGTH.pack(len(wire)) + wire)
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        response = read(await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        message = "TCP connection closed before the answer was whole"
        raise SourceError(FailureReason.UNREACHABLE, message) from None
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):  # it is closed, whatever the other side did to it
            await writer.wait_closed()
    if response is None:
        message = "TCP answer has another id or question"
        raise SourceError(FailureReason.MALFORMED, message)
    return response
