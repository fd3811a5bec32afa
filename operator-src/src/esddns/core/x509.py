"""When a certificate ends: the one field of it that is needed, without a library of 20 MB."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

_SEQUENCE, _INTEGER, _VERSION = 0x30, 0x02, 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_LONG_FORM = 0x80
_MOST_LENGTH_BYTES = 4
_PIVOT = 50  # RFC 5280 4.1.2.5.1: two digits below this are of this century


def not_after(pem: str) -> datetime:
    """Give the end of the first certificate in `pem` (RFC 5280 4.1.2.5). Raises ValueError."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start, stop = pem.find(begin), pem.find(end)
    if start < 0 or stop < start:
        raise ValueError("there is no certificate in PEM form")
    try:
        der = ssl.PEM_cert_to_DER_cert(pem[start : stop + len(end)])
        certificate, _ = _take(der, _SEQUENCE)
        body, _ = _take(certificate, _SEQUENCE)
        if body[0] == _VERSION:
            _, body = _take(body, _VERSION)
        for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):  # serial number, algorithm, issuer
            _, body = _take(body, tag)
        validity, _ = _take(body, _SEQUENCE)
        _, rest = _take(validity, validity[0])
        text, _ = _take(rest, rest[0])
        return _time(rest[0], text.decode("ascii"))
    except (IndexError, ValueError) as error:
        raise ValueError(f"the certificate cannot be read: {error}") from None


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Give the contents of the element that `data` begins with, and what follows it (X.690 8.1)."""
    if data[0] != tag:
        raise ValueError(f"expected the tag {tag:#x}, found {data[0]:#x}")
    length, start = data[1], 2
    if length & _LONG_FORM:
        count = length & ~_LONG_FORM
        if not 0 < count <= _MOST_LENGTH_BYTES:
            raise ValueError("a length that cannot be")
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + length:
        raise ValueError("it ends too early")
    return data[start : start + length], data[start + length :]


def _time(tag: int, text: str) -> datetime:
    if tag == _UTC_TIME:
        century = "20" if int(text[:2]) < _PIVOT else "19"
        text = f"{century}{text}"
    elif tag != _GENERALIZED_TIME:
        raise ValueError(f"expected a time, found the tag {tag:#x}")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
