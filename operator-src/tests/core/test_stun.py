"""The STUN codec, held against the vectors of RFC 5769 and against anything else."""

from __future__ import annotations

import contextlib
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.model import FailureReason, IPAddress, SourceError
from esddns.core.stun import answers, encode_binding_request, parse_binding_response

# RFC 5769 sections 2.2 and 2.3: the sample responses, with SOFTWARE, integrity and fingerprint.
RFC_ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")
RFC_IPV4 = bytes.fromhex(
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200008 0001a147e112a643"
    "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004 c07d4c96"
)
RFC_IPV6 = bytes.fromhex(
    "01010048 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004 c8fb0b4c"
)
COOKIE = bytes.fromhex("2112a442")
ID = bytes(range(12))
XOR_MAPPED, MAPPED, ERROR_CODE = 0x0020, 0x0001, 0x0009


def attribute(name: int, value: bytes) -> bytes:
    """One attribute, padded."""
    return struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4)


def response(*attributes: bytes, kind: int = 0x0101) -> bytes:
    """A response to the request with ID."""
    body = b"".join(attributes)
    return struct.pack("!HH", kind, len(body)) + COOKIE + ID + body


def mapped(address: IPAddress, mask: bytes = bytes(16)) -> bytes:
    """The value of an address attribute, at port 0."""
    family = 1 if address.version == 4 else 2
    packed = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
    return struct.pack("!BBH", 0, family, 0) + packed


def test_the_request_is_a_header_alone() -> None:
    """Type 1, length 0, the cookie and the id."""
    assert encode_binding_request(ID) == bytes.fromhex("00010000 2112a442") + ID


def test_an_id_has_twelve_bytes() -> None:
    """Another length is a programming error."""
    with pytest.raises(ValueError, match="12 bytes, got 11"):
        encode_binding_request(bytes(11))


def test_the_vectors_of_rfc_5769() -> None:
    """The sample IPv4 and IPv6 responses give the addresses that the RFC names."""
    assert parse_binding_response(RFC_IPV4, RFC_ID) == IPv4Address("192.0.2.1")
    wanted = IPv6Address("2001:db8:1234:5678:11:2233:4455:6677")
    assert parse_binding_response(RFC_IPV6, RFC_ID) == wanted


@given(address=st.ip_addresses())
def test_both_attributes_carry_any_address(address: IPAddress) -> None:
    """XOR-MAPPED-ADDRESS and MAPPED-ADDRESS are read alike."""
    hidden = attribute(XOR_MAPPED, mapped(address, COOKIE + ID))
    assert parse_binding_response(response(hidden), ID) == address
    assert parse_binding_response(response(attribute(MAPPED, mapped(address))), ID) == address


def test_xor_mapped_address_is_preferred() -> None:
    """MAPPED-ADDRESS, which a router may have rewritten, counts only where it is alone."""
    plain = attribute(MAPPED, mapped(ip_address("10.0.0.1")))
    hidden = attribute(XOR_MAPPED, mapped(ip_address("198.51.100.7"), COOKIE + ID))
    for order in ((plain, hidden), (hidden, plain)):
        assert parse_binding_response(response(*order), ID) == ip_address("198.51.100.7")


def test_the_first_of_two_counts() -> None:
    """RFC 8489 section 14: only the first attribute of a type is considered."""
    both = [attribute(MAPPED, mapped(ip_address(text))) for text in ("198.51.100.7", "10.0.0.1")]
    assert parse_binding_response(response(*both), ID) == ip_address("198.51.100.7")


@pytest.mark.parametrize(
    "data",
    [
        response(),
        response(attribute(0x8022, b"nobody")),
        response(attribute(MAPPED, b"")),
        response(attribute(MAPPED, b"\x00\x03\x00\x00abcd")),
        response(attribute(MAPPED, b"\x00\x01\x00\x00" + bytes(16))),
        response(attribute(MAPPED, b"\x00\x02\x00\x00" + bytes(4))),
        response(b"\x00\x01"),
        response(b"\x00\x01\x00\x0c" + bytes(8)),
        response(attribute(MAPPED, mapped(ip_address("198.51.100.7"))))[:-1],
        response(attribute(MAPPED, mapped(ip_address("198.51.100.7")))) + b"\x00",
        b"",
        encode_binding_request(ID),
    ],
)
def test_everything_else_is_malformed(data: bytes) -> None:
    """No address, one of no family, half an attribute and a wrong length give SourceError."""
    with pytest.raises(SourceError) as caught:
        parse_binding_response(data, ID)
    assert caught.value.reason is FailureReason.MALFORMED


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ([attribute(ERROR_CODE, b"\x00\x00\x04\x14Unknown")], "STUN error 420 'Unknown'"),
        ([attribute(ERROR_CODE, b"\x00\x00\x03\x00\xff\n")], r"STUN error 300 '\ufffd\n'"),
        ([attribute(ERROR_CODE, b"\x00")], "STUN error without a code"),
        ([], "STUN error without a code"),
        ([attribute(MAPPED, mapped(ip_address("10.0.0.1")))], "STUN error without a code"),
    ],
)
def test_an_error_response_is_a_refusal(attributes: list[bytes], words: str) -> None:
    """Code and phrase are named, and an address beside them is not read."""
    with pytest.raises(SourceError) as caught:
        parse_binding_response(response(*attributes, kind=0x0111), ID)
    assert (caught.value.reason, caught.value.detail) == (FailureReason.REFUSED, words)


def test_only_an_answer_to_this_request_is_one() -> None:
    """Another id, cookie or type, and a header cut short, are no answers."""
    data = response()
    assert answers(data, ID)
    assert answers(response(kind=0x0111), ID)
    assert not answers(data, bytes(12))
    assert not answers(data[:4] + bytes(4) + data[8:], ID)
    assert not answers(response(kind=0x0001), ID)
    assert not answers(response(kind=0x0103), ID)
    assert not answers(data[:19], ID)


@given(st.binary(max_size=100))
def test_random_bytes(body: bytes) -> None:
    """Bytes alone, or behind a right header, raise SourceError or nothing."""
    for data in (body, response(body), response(body, kind=0x0111)):
        with contextlib.suppress(SourceError):
            parse_binding_response(data, ID)


@given(
    data=st.sampled_from([RFC_IPV4, RFC_IPV6]),
    changes=st.lists(st.tuples(st.integers(0, 91), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 91),
)
def test_a_valid_answer_with_bytes_changed(
    data: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    """A valid packet with bytes changed, or its end missing, raises SourceError or nothing."""
    changed = bytearray(data)
    for at, byte in changes:
        changed[at % len(changed)] = byte
    with contextlib.suppress(SourceError):
        parse_binding_response(bytes(changed[: len(changed) - cut]), RFC_ID)
