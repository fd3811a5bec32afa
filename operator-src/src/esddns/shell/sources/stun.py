"""Asks a STUN server for the address that it sees (RFC 8489 over UDP, section 6.2.1)."""

from __future__ import annotations

import secrets
import socket

from esddns.config.settings import StunTarget
from esddns.core import stun
from esddns.core.model import FailureReason, Family, IPAddress, SourceError
from esddns.shell.sources.udp import exchange

# Seconds before the first repetition, section 6.2.1: at least 500 ms, doubled each time.
_RETRANSMISSION_TIMEOUT = 0.5


async def ask_stun(target: StunTarget, family: Family) -> IPAddress:
    """Send a Binding request over `family` and read the answer.

    Sets no deadline: the caller does. Raises SourceError or OSError.
    """
    transaction_id = secrets.token_bytes(stun.TRANSACTION_ID_BYTES)

    def read(data: bytes) -> IPAddress | None:
        if not stun.answers(data, transaction_id):
            return None
        return stun.parse_binding_response(data, transaction_id)

    address: IPAddress = await exchange(
        (target.host, target.port),
        socket.AF_INET if family is Family.IPV4 else socket.AF_INET6,
        stun.encode_binding_request(transaction_id),
        read,
        first_wait=_RETRANSMISSION_TIMEOUT,
    )
    if address.version != family.version:
        message = f"expected an {family} address, got {address}"
        raise SourceError(FailureReason.MALFORMED, message)
    return address
