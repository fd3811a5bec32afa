"""What a source may answer: the one address in it, or SourceError; never an address out of a page."""

from __future__ import annotations

import ipaddress
import json
import re
import struct

import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from esddns.config.settings import DnsTarget
from esddns.core import reply, stun
from esddns.core.address import AcceptPolicy, parse_address
from esddns.core.model import FailureReason, Family, IPAddress, SourceError
from esddns.shell.sources import dns_answer, http
from esddns.shell.sources.words import in_words
from fuzz.damage import (
    each,
    encoded,
    pages,
    spoilt_bytes,
    spoilt_json,
    spoilt_text,
    texts,
    wild_texts,
)
from fuzz.refusal import check_words

POLICY = AcceptPolicy.of(())
GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")

families = st.sampled_from(Family)
_SPECIAL = ("192.0.2.1", "100.64.0.1", "104.16.0.1", "224.0.0.1", "::1", "64:ff9b::1",
            "::ffff:1.0.0.1", "2002::1", "fe80::1", "2606:4700::1")  # fmt: skip
addresses = st.ip_addresses() | st.sampled_from(_SPECIAL).map(ipaddress.ip_address)


def refused(error: SourceError, reason: FailureReason | None = None) -> None:
    """A source's refusal has a class (this one, where there is but one), and plain words."""
    assert isinstance(error.reason, FailureReason)
    assert reason in {None, error.reason}
    assert error.detail == str(error)
    check_words(error.detail)


def check_address(address: IPAddress, family: Family) -> None:
    """An address is of the family, and the same wherever it is written; the filter lets global ones pass."""
    assert address.version == family.version
    assert "%" not in str(address)
    if (why := POLICY.refusal(address)) is not None:
        check_words(why)
        return
    assert not any((address.is_private, address.is_multicast, address.is_loopback))
    assert getattr(address, "ipv4_mapped", None) is None
    assert address.version == Family.IPV4.version or address in GLOBAL_IPV6


def stands_in(address: IPAddress, seen: str) -> bool:
    """Whether an address is written somewhere in what was seen, as a word of its own."""
    return any(_is(address, word) for word in re.findall(r"[0-9A-Fa-f:.]+", seen))


def _is(address: IPAddress, word: str) -> bool:
    try:
        return ipaddress.ip_address(word) == address
    except ValueError:
        return False


@given(wild_texts | addresses.map(str).flatmap(spoilt_text) | addresses.map(str), families)
@example("\x0b192.0.2.1", Family.IPV4)
@example("\uff11\uff19\uff12.0.2.1", Family.IPV4)
@example("2001:db8::1%x", Family.IPV6)
def test_addresses(text: str, family: Family) -> None:
    """A text that is one address of the family, and nothing else, is that address; else it is refused."""
    try:
        address = parse_address(text, family)
    except SourceError as error:
        refused(error, FailureReason.MALFORMED)
    else:
        check_address(address, family)
        assert _is(address, text.strip(" \t\r\n"))
        assert parse_address(str(address), family) == address
        assert getattr(address, "ipv4_mapped", None) is None


def read_body(body: bytes, family: Family) -> IPAddress | None:
    """Read a body: an address that is written in it, or SourceError."""
    try:
        address = reply.parse_reply(body, family)
    except SourceError as error:
        refused(error, FailureReason.MALFORMED)
        return None
    check_address(address, family)
    text = body.decode()
    # JSON may spell any character as an escape.
    shown = str(json.loads(text)) if text.lstrip(" \t\r\n").startswith("{") else text
    assert stands_in(address, shown), f"{address} out of {text!r}"
    return address


TRACE = "fl=1f1\nh=www.cloudflare.com\nip=192.0.2.1\nts=1.1\nuag=curl/8 (x=y)\ncolo=FRA\n"


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A body of one of the three forms, damaged, or in another encoding."""
    address = str(draw(addresses))
    said = {"ip": address, "country": "DE", "more": [1, {"ip": "198.51.100.1"}]}
    whole = st.sampled_from([address, TRACE.replace("192.0.2.1", address), json.dumps(said)])
    wrong = st.one_of(
        spoilt_json(said), whole.flatmap(spoilt_text), spoilt_text(TRACE.replace("1.1", address))
    )
    return draw(
        st.one_of(
            wrong.map(lambda text: text.encode("utf-8", "surrogatepass")),
            whole.flatmap(encoded),
            whole.map(str.encode).flatmap(spoilt_bytes),
            st.binary(max_size=80),
        )
    )


@given(bodies(), families)
@example(b'{"ip":' + b"[" * 4000, Family.IPV4)
@example(b'{"ip": "192.0.2.1", "ip": "192.0.2.1"}', Family.IPV4)
@example(b"ip=192.0.2.1\nip=192.0.2.1\n", Family.IPV4)
def test_bodies(body: bytes, family: Family) -> None:
    """A body in any of the three forms gives the address that it says, or none."""
    read_body(body, family)


@given(st.data(), families)
def test_pages(data: st.DataObject, family: Family) -> None:
    """A page gives no address, whichever it shows, whole or damaged; neither does a list of addresses."""
    page = data.draw(pages(str(data.draw(addresses))))
    assert read_body(page, family) is None
    torn = data.draw(spoilt_bytes(page))
    if b"<" in torn and not torn.lstrip().startswith(b"{"):
        assert read_body(torn, family) is None


ID = bytes(range(12))
COOKIE = bytes.fromhex("2112a442")
MASK = COOKIE + ID


@st.composite
def attributes(draw: st.DrawFn) -> bytes:
    """One attribute; its type, its length and its padding may be wrong."""
    value = draw(st.binary(max_size=24))
    if draw(st.booleans()):
        address = draw(addresses)
        mask = draw(st.sampled_from([MASK, bytes(16)]))
        packed = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
        family = draw(st.sampled_from([1, 2, 1 if address.version == 4 else 2]))
        value = struct.pack("!BBH", 0, family, 4711) + packed
    kind = draw(st.sampled_from([0x0001, 0x0009, 0x0020, 0x0020, 0x8022]) | st.integers(0, 0xFFFF))
    length = draw(st.sampled_from([len(value)] * 4 + [0, len(value) + 1, 0xFFFF]))
    return struct.pack("!HH", kind, length) + value + bytes(-len(value) % 4)


@st.composite
def stun_answers(draw: st.DrawFn) -> bytes:
    """A STUN message of some attributes, whole or damaged."""
    body = b"".join(draw(st.lists(attributes(), max_size=4)))
    kind = draw(st.sampled_from([0x0101, 0x0101, 0x0111, 0x0001, 0xFFFF]))
    length = draw(st.sampled_from([len(body)] * 4 + [0, 0xFFFF]))
    message = struct.pack("!HH", kind, length) + COOKIE + ID + body
    return draw(st.just(message) | spoilt_bytes(message))


def fits(data: bytes) -> bool:
    """Whether the attributes of a message are as long as they say: walked through a second time."""
    at = 20
    while at + 4 <= len(data):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 4 + length > len(data):
            return False
        at += 4 + length + -length % 4
    return at >= len(data)


# A success whose one attribute says that it is longer than the message.
TOO_LONG = bytes.fromhex("0101000c") + COOKIE + ID + bytes.fromhex("0020ffff 0001a147 e112a643")


@example(TOO_LONG)
@given(stun_answers() | st.binary(max_size=60))
def test_stun(data: bytes) -> None:
    """A datagram gives the address that an attribute of a success has, or SourceError."""
    try:
        address = stun.parse_binding_response(data, ID)
    except SourceError as error:
        refused(error, None if stun.answers(data, ID) else FailureReason.MALFORMED)
        return
    assert stun.answers(data, ID)
    assert data[:2] == b"\x01\x01"
    assert int.from_bytes(data[2:4], "big") == len(data) - 20
    assert fits(data)
    check_address(address, Family.IPV4 if address.version == 4 else Family.IPV6)
    masked = bytes(a ^ b for a, b in zip(address.packed, MASK, strict=False))
    assert masked in data[20:] or address.packed in data[20:]


TARGETS = (
    DnsTarget("127.0.0.1", 53, "whoami.cloudflare", "TXT", "CH"),
    DnsTarget("127.0.0.1", 53, "o-o.myaddr.l.google.com", "TXT"),
    DnsTarget("127.0.0.1", 53, "myip.opendns.com", "A"),
    DnsTarget("127.0.0.1", 53, "myip.opendns.com", "AAAA"),
)
_RECORDS = {
    "TXT": lambda address: f'"{address}"',
    "A": lambda address: str(address) if address.version == 4 else "192.0.2.1",
    "AAAA": lambda address: str(address) if address.version == 6 else "2001:db8::1",
}


@st.composite
def dns_answers(draw: st.DrawFn, query: dns.message.Message) -> bytes:
    """An answer to `query`, with records that were asked for and others, whole or damaged."""
    response = dns.message.make_response(query)
    question = query.question[0]
    response.set_rcode(draw(st.sampled_from([dns.rcode.NOERROR] * 4 + [dns.rcode.REFUSED])))
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from([question.name.to_text()] * 3 + ["other.example."]))
        kind = draw(st.sampled_from([*_RECORDS, "CNAME", "edns"]))
        address = draw(addresses)
        text = '"edns0-client-subnet 198.51.100.0/24"' if kind == "edns" else "elsewhere.example."
        value = _RECORDS[kind](address) if kind in _RECORDS else text
        rdclass = draw(st.sampled_from([question.rdclass, "IN"]))
        if rdclass == "IN" or kind not in {"A", "AAAA"}:
            shown = "TXT" if kind == "edns" else kind
            section = draw(st.sampled_from([response.answer, response.answer, response.additional]))
            section.append(dns.rrset.from_text(name, 0, rdclass, shown, value))
    wire = response.to_wire()
    return draw(st.just(wire) | spoilt_bytes(wire) | st.binary(max_size=60).map(wire[:2].__add__))


def read_dns(wire: bytes, target: DnsTarget, family: Family) -> IPAddress | None:
    """Read a message that came over UDP: the one address it answers with, or None."""
    query = asked(target)
    try:
        response = dns_answer.read_response(wire, query)
        if response is None:
            return None
        dns_answer.is_truncated(response)
        address = dns_answer.address_in(response, target, family)
    except SourceError as error:
        refused(error)
        return None
    check_address(address, family)
    assert response.rcode() == dns.rcode.NOERROR
    question = query.question[0]
    wanted = (question.name, question.rdtype, question.rdclass)
    values = [
        rdata.to_text()
        for rrset in response.answer
        for rdata in rrset
        if (rrset.name, rrset.rdtype, rrset.rdclass) == wanted
    ]
    assert len([value for value in values if "edns0-client-subnet " not in value]) == 1
    assert address.packed in wire or stands_in(address, wire.decode("latin-1"))
    return address


def asked(target: DnsTarget) -> dns.message.Message:
    """The question to a target, with an id that is always the same."""
    query = dns_answer.make_query(target)
    query.id = 4711
    return query


def saying(target: DnsTarget, *values: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> bytes:
    """An answer of these values."""
    query = asked(target)
    response = dns.message.make_response(query)
    response.set_rcode(rcode)
    question = query.question[0]
    response.answer.append(
        dns.rrset.from_text(question.name, 0, question.rdclass, question.rdtype, *values)
    )
    return response.to_wire()


@given(st.data(), st.sampled_from(TARGETS), families)
def test_dns(data: st.DataObject, target: DnsTarget, family: Family) -> None:
    """A DNS message gives the one address that it answers with, is passed over, or is SourceError."""
    read_dns(data.draw(dns_answers(asked(target))), target, family)


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_dns_answers_that_say_no_one_address(target: DnsTarget) -> None:
    """One value is the address; two of them, or one beside a refusal, are none."""
    family = Family.IPV6 if target.qtype == "AAAA" else Family.IPV4
    first, second = (
        ("2001:db8::1", "2001:db8::2") if family is Family.IPV6 else ("192.0.2.1", "192.0.2.2")
    )
    assert str(read_dns(saying(target, first), target, family)) == first
    assert read_dns(saying(target, first, second), target, family) is None
    assert read_dns(saying(target, first, rcode=dns.rcode.REFUSED), target, family) is None


@given(wild_texts, texts, texts)
def test_dns_questions(qname: str, qtype: str, qclass: str) -> None:
    """A question that cannot be asked is SourceError."""
    try:
        dns_answer.make_query(DnsTarget("127.0.0.1", 53, qname, qtype, qclass))
    except SourceError as error:
        refused(error)


_PIECES = ("http://", "https://", "//", "/", "a.example", "b.example", "192.0.2.1", "[", "]", "[]",
           "[::1]", "[v1.x]", ":", ":80", ":0", ":99999", ":x", "@", "%", "%00", "?", "#", "\\", "xn--",
           "xn--a", "..", " ", "\t", "。", "é")  # fmt: skip
_ELSEWHERE = ("http://b.example/", "https://a.example.b.example/", "//b.example/x", "http://a.example@b.example/",
              "http://a.example/ip", "https://A.EXAMPLE./", "ftp://a.example/", "/x", "http://a.example\\.b.example/",
              "http://[::1]@", "http://xn--a/", "javascript:1", "")  # fmt: skip
locations = st.lists(st.sampled_from(_PIECES) | texts, max_size=6).map("".join) | wild_texts


@each(_ELSEWHERE, "http://a.example/ip")
@each(_ELSEWHERE, "https://a.example:8443/")
@given(locations, st.sampled_from(["http://a.example/ip", "https://a.example:8443/"]))
def test_redirects(location: str, asked: str) -> None:
    """A redirect leads to the same host, and from https to https alone; else it is refused."""
    url = URL(asked)
    try:
        following = http._redirected(url, location)
    except SourceError as error:
        refused(error, FailureReason.REDIRECT)
        return
    assert following.host == url.host
    assert following.scheme in {"http", "https"}
    assert following.scheme == "https" or url.scheme == "http"


@given(wild_texts | st.text(min_size=150, max_size=300))
def test_words_of_others(text: str) -> None:
    """The text of somebody else's exception is one line of ASCII, whatever it quotes."""
    words = in_words(ValueError(text))
    check_words(words)
    assert words.isascii()


@pytest.mark.parametrize("family", Family)
def test_the_documents_are_whole(family: Family) -> None:
    """What is damaged here is read where it is whole: else the tests would try refusals alone."""
    address = ipaddress.ip_address("192.0.2.1" if family is Family.IPV4 else "2001:db8::1")
    for text in (str(address), TRACE.replace("192.0.2.1", str(address)), f'{{"ip": "{address}"}}'):
        assert read_body(text.encode(), family) == address
    value = struct.pack("!BBH", 0, 1 if address.version == 4 else 2, 0) + bytes(
        a ^ b for a, b in zip(address.packed, MASK, strict=False)
    )
    body = struct.pack("!HH", 0x0020, len(value)) + value
    message = struct.pack("!HH", 0x0101, len(body)) + COOKIE + ID + body
    assert stun.parse_binding_response(message, ID) == address
