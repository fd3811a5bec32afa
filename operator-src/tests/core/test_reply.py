"""Which address the body of an HTTP answer says."""

from __future__ import annotations

import contextlib
import json
from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esddns.core.model import FailureReason, Family, SourceError
from esddns.core.reply import parse_reply, quote

# Cloudflare's, as it comes.
TRACE = """fl=39f123
h=1.1.1.1
ip={ip}
ts=1767225600.123
visit_scheme=https
uag=esddns/0.1.0 (+https://github.com/sqe/esddns)
colo=CDG
sliver=none
http=http/1.1
loc=FR
tls=TLSv1.3
sni=off
warp=off
gateway=off
rbi=off
kex=X25519
"""


def is_itself(address: object) -> bool:
    """Whether an address is no other one in disguise (an IPv4 address mapped into IPv6)."""
    return getattr(address, "ipv4_mapped", None) is None


@given(address=st.ip_addresses().filter(is_itself), ending=st.sampled_from(["", "\n", "\r\n"]))
def test_every_form_says_the_same(address: object, ending: str) -> None:
    """Text, JSON and trace of any address of either family are read as that address."""
    wanted = ip_address(str(address))
    family = Family.IPV4 if wanted.version == 4 else Family.IPV6
    trace = TRACE.format(ip=address).replace("\n", ending or "\n")
    for text in (f"{address}{ending}", json.dumps({"ip": str(address)}) + ending, trace):
        assert parse_reply(text.encode(), family) == wanted


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"<html><body>198.51.100.7</body></html>",
        b"Your address: 198.51.100.7",
        b"198.51.100.7,198.51.100.8",
        b"198.51.100.7\n198.51.100.7",
        b"198.051.100.007",
        b"198.51.100.7/32",
        b"198.51.100.7:443",
        b"198.51.100.7\x00",
        b"\xef\xbb\xbf198.51.100.7",
        "198.51.100.\uff17".encode(),
        b"::ffff:198.51.100.7",
        b"2001:db8::7",
        b'"198.51.100.7"',
        b'["198.51.100.7"]',
        b"{}",
        b"{",
        b'{"ip": 3325256711}',
        b'{"ip": null}',
        b'{"ip": {"ip": "198.51.100.7"}}',
        b'{"address": {"ip": "198.51.100.7"}}',
        b'{"ip": "198.51.100.7", "ip": "198.51.100.7"}',
        b'{"ip": "198.51.100.7"} {"ip": "198.51.100.8"}',
        b'{"IP": "198.51.100.7"}',
        b'{"a":' * 800,
        b'{"ip":' + b"[" * 4000,
        b'{"ip": ' + b"9" * 4080 + b"}",
        b"fl=1\nip=198.51.100.7\nip=198.51.100.7\n",
        b"fl=1\nIP=198.51.100.7\n",
        b"fl=1\nip=198.51.100.7\n<html>\n",
        b"fl=1\n\nip=198.51.100.7\n",
        b"ip=\n",
        b"<a href=x>\nip=198.51.100.7\n",
    ],
)
def test_everything_else_is_malformed(body: bytes) -> None:
    """No page, list, second address, other spelling or broken JSON gives an address."""
    with pytest.raises(SourceError) as caught:
        parse_reply(body, Family.IPV4)
    assert caught.value.reason is FailureReason.MALFORMED
    assert len(caught.value.detail) < 400
    assert caught.value.detail.isprintable()


def test_an_error_quotes_the_start_of_what_was_seen() -> None:
    """The words name what was expected and show the first 60 characters, in ASCII."""
    with pytest.raises(SourceError) as caught:
        parse_reply(('{"é": "' + "x" * 100 + '"}').encode(), Family.IPV4)
    shown = '{"\\xe9": "' + "x" * 53
    assert caught.value.detail == f"expected a JSON object with one string `ip`, got '{shown}'…"


def test_a_short_quote_is_whole() -> None:
    """Sixty characters are shown in full, one more is cut and says so."""
    assert quote("a" * 60) == f"'{'a' * 60}'"
    assert quote(b"a" * 61) == f"b'{'a' * 60}'…"


@given(st.binary(max_size=4096))
@example(b'{"ip": NaN}')
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    """Any bytes give an address of the family asked for, or SourceError."""
    for family in Family:
        with contextlib.suppress(SourceError):
            assert parse_reply(body, family).version == (4 if family is Family.IPV4 else 6)


FRAGMENTS = [
    "{",
    "}",
    "[",
    '"ip"',
    ":",
    ",",
    '"198.51.100.7"',
    "ip=",
    "198.51.100.7",
    "\n",
    "=",
    "a",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_no_near_miss_raises_anything_else(text: str) -> None:
    """What is nearly JSON or nearly a trace gives the one address in it, or SourceError."""
    with contextlib.suppress(SourceError):
        assert parse_reply(text.encode(), Family.IPV4) == ip_address("198.51.100.7")
