"""The STUN Binding request and its answer, as bytes (RFC 8489)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from esddns.core.model import FailureReason, IPAddress, SourceError

TRANSACTION_ID_BYTES = 12

# Section 5: message type, length of what follows the header, magic cookie; then the transaction id.
_HEADER = struct.Struct("!HHI")
_HEADER_BYTES = _HEADER.size + TRANSACTION_ID_BYTES
_MAGIC_COOKIE = 0x2112A442
_BINDING_REQUEST = 0x0001
_BINDING_SUCCESS = 0x0101
_BINDING_ERROR = 0x0111

# Section 14: attributes are type, length of the value, the value padded to four bytes.
_ATTRIBUTE = struct.Struct("!HH")
_MAPPED_ADDRESS = 0x0001
_ERROR_CODE = 0x0009
_XOR_MAPPED_ADDRESS = 0x0020
_ERROR_CODE_BYTES = 4  # before the reason phrase


def encode_binding_request(transaction_id: bytes) -> bytes:
    """Build a Binding request without attributes; `transaction_id` is 12 random bytes."""
    if len(transaction_id) != TRANSACTION_ID_BYTES:
        message = f"a transaction id has 12 bytes, got {len(transaction_id)}"
        raise ValueError(message)
    return _HEADER.pack(_BINDING_REQUEST, 0, _MAGIC_COOKIE) + transaction_id


def answers(data: bytes, transaction_id: bytes) -> bool:
    """Say whether `data` is an answer to the Binding request with this id: anything else is ignored."""
    if len(data) < _HEADER_BYTES:
        return False
    kind, _, cookie = _HEADER.unpack_from(data)
    return (
        kind in {_BINDING_SUCCESS, _BINDING_ERROR}
        and cookie == _MAGIC_COOKIE
        and data[_HEADER.size : _HEADER_BYTES] == transaction_id
    )


def parse_binding_response(data: bytes, transaction_id: bytes) -> IPAddress:
    """Read the address that the server saw: XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS.

    Raises SourceError: refused, for an error response; malformed, for anything that is no whole answer
    to the request with this `transaction_id`.
    """
    if not answers(data, transaction_id):
        raise _malformed("an answer to this request", f"{len(data)} bytes of another kind")
    kind, length, _ = _HEADER.unpack_from(data)
    if length != len(data) - _HEADER_BYTES:
        raise _malformed(f"{length} bytes after the header", f"{len(data) - _HEADER_BYTES}")
    attributes: dict[int, bytes] = {}
    for name, value in _attributes(data[_HEADER_BYTES:]):
        attributes.setdefault(name, value)  # section 14: of several of a type, the first counts
    if kind == _BINDING_ERROR:
        raise _refusal(attributes.get(_ERROR_CODE, b""))
    if _XOR_MAPPED_ADDRESS in attributes:
        # Section 14.2: the address is combined with the cookie and, for IPv6, the transaction id, for
        # there are routers that rewrite every address they find in a packet.
        mask = struct.pack("!I", _MAGIC_COOKIE) + transaction_id
        return _address(attributes[_XOR_MAPPED_ADDRESS], mask)
    if _MAPPED_ADDRESS in attributes:
        return _address(attributes[_MAPPED_ADDRESS], bytes(16))
    raise _malformed("XOR-MAPPED-ADDRESS or MAPPED-ADDRESS", "neither")


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset < len(data):
        if len(data) - offset < _ATTRIBUTE.size:
            raise _malformed("an attribute", f"{len(data) - offset} bytes")
        name, length = _ATTRIBUTE.unpack_from(data, offset)
        offset += _ATTRIBUTE.size
        if length > len(data) - offset:
            raise _malformed(f"{length} bytes of attribute 0x{name:04x}", f"{len(data) - offset}")
        yield name, data[offset : offset + length]
        offset += (length + 3) // 4 * 4


def _address(value: bytes, mask: bytes) -> IPAddress:
    """Read a zero byte, the family, the port and the address, each byte of it combined with `mask`."""
    packed = bytes(a ^ b for a, b in zip(value[4:], mask, strict=False))
    match value[1:2], len(value):
        case b"\x01", 8:
            return IPv4Address(packed)
        case b"\x02", 20:
            return IPv6Address(packed)
    raise _malformed("an IPv4 or IPv6 address", f"{len(value)} bytes {value[:4].hex()}…")


def _refusal(value: bytes) -> SourceError:
    """Word an ERROR-CODE (section 14.8): hundreds in the low three bits of byte 2, the rest in byte 3."""
    if len(value) < _ERROR_CODE_BYTES:
        return SourceError(FailureReason.REFUSED, "STUN error without a code")
    code = (value[2] & 0x07) * 100 + value[3]
    phrase = ascii(value[_ERROR_CODE_BYTES:][:60].decode("utf-8", "replace"))
    return SourceError(FailureReason.REFUSED, f"STUN error {code} {phrase}")


def _malformed(expected: str, seen: str) -> SourceError:
    return SourceError(FailureReason.MALFORMED, f"STUN answer: expected {expected}, got {seen}")
