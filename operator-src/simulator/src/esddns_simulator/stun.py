"""STUN Binding, as far as an address echo needs it (RFC 8489)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

IPAddress = IPv4Address | IPv6Address

MAGIC_COOKIE = 0x2112A442  # section 5
BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101
BINDING_ERROR = 0x0111
MAPPED_ADDRESS = 0x0001  # section 14.1
XOR_MAPPED_ADDRESS = 0x0020  # section 14.2
ERROR_CODE = 0x0009  # section 14.8
_HEADER = struct.Struct("!HHI12s")


def transaction(packet: bytes) -> bytes | None:
    """Return the 12-byte transaction id of a Binding request, or None where the packet is none."""
    if len(packet) < _HEADER.size:
        return None
    kind, length, cookie, identity = _HEADER.unpack_from(packet)
    if (
        kind != BINDING_REQUEST
        or cookie != MAGIC_COOKIE
        or length != len(packet) - _HEADER.size
        or length % 4
    ):
        return None
    return bytes(identity)


def success(identity: bytes, address: IPAddress, port: int, *, mapped_only: bool = False) -> bytes:
    """Build the success response; `mapped_only` sends MAPPED-ADDRESS as servers of RFC 3489 did."""
    family = 0x01 if isinstance(address, IPv4Address) else 0x02
    raw = address.packed
    kind = MAPPED_ADDRESS
    if not mapped_only:
        kind = XOR_MAPPED_ADDRESS
        port ^= MAGIC_COOKIE >> 16
        mask = struct.pack("!I", MAGIC_COOKIE) + identity
        raw = bytes(byte ^ key for byte, key in zip(raw, mask, strict=False))
    return _message(BINDING_SUCCESS, identity, kind, struct.pack("!BBH", 0, family, port) + raw)


def error(identity: bytes, code: int, reason: str) -> bytes:
    """Build an error response with a code of 300 to 699."""
    text = reason.encode()
    value = struct.pack("!HBB", 0, code // 100, code % 100) + text
    return _message(BINDING_ERROR, identity, ERROR_CODE, value)


def _message(kind: int, identity: bytes, attribute: int, value: bytes) -> bytes:
    padded = value + b"\0" * (-len(value) % 4)
    body = struct.pack("!HH", attribute, len(value)) + padded
    return _HEADER.pack(kind, len(body), MAGIC_COOKIE, identity) + body
