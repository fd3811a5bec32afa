"""Names, hosts, URLs, networks and numbers: each is read into its one form, or refused in words."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esddns import option_values
from esddns.config import schema, values
from esddns.config.values import BadValueError, literal_family
from esddns.core import names
from esddns.core.backoff import LONGEST_RETRY_AFTER, parse_retry_after
from esddns.core.dnsrecord_source import host_value
from esddns.core.model import Family, RRset, RRType
from fuzz.damage import each, spoilt_text, texts, wild_texts
from fuzz.refusal import check_words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAME = re.compile(
    r"(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|\*"
)

_LABELS = ("a", "example", "com", "xn--bcher-kva", "_dmarc", "*", "-a", "a-", "A", "", "1", "x" * 63,
           "x" * 64, "192", "é", "İ", "\u017f", "a b", "a\n")  # fmt: skip
spelled = st.lists(st.sampled_from(_LABELS) | texts, max_size=6).map(".".join)
wild_names = spelled | wild_texts | st.text("a.*-", max_size=300)


@given(wild_names, st.booleans())
@example("a." * 127, True)
@example("\u212a.example", False)  # the Kelvin sign is a k in lower case
def test_names(text: str, wildcard: bool) -> None:
    """A name has one form, which stays as it is; what is none is refused."""
    try:
        name = names.normalise(text, wildcard=wildcard)
    except names.InvalidNameError as error:
        check_words(str(error))
        return
    assert text.isascii()
    assert names.normalise(name, wildcard=wildcard) == name
    assert NAME.fullmatch(name)
    assert len(name) <= 253
    assert all(1 <= len(label) <= 63 for label in name.split("."))
    assert wildcard or "*" not in name
    for zone in names.candidate_zones(name):
        at = names.relative_name(name, zone) if names.is_within(name, zone) else "*"
        assert name == zone if at == "@" else name in {f"{at}.{zone}", f"*.{zone}"}


@given(wild_names)
def test_host_names_as_values(text: str) -> None:
    """The value of a CNAME is a full host name with its final dot, or none; never an address."""
    value = host_value(text)
    if value is not None:
        assert value.endswith(".")
        assert host_value(value) == value
        assert literal_family(value[:-1]) is None
        assert names.candidate_zones(value[:-1])


def check_refusal(error: BadValueError, text: str, *, may_show: bool = True) -> None:
    """A refusal says why, shows a part of what was given, and nothing that may be a secret."""
    if error.reason is not None:
        check_words(error.reason, longest=20_000)
    assert error.found is None or error.found in text
    assert may_show or not error.show


def read(reader: Callable[[str], object], text: str) -> object:
    """Read a value, None where it is refused: in words, or in none where the key's own say it all."""
    try:
        return reader(text)
    except BadValueError as error:
        check_refusal(error, text)
        return None


_HOSTS = ("192.0.2.1", "[2001:db8::1]", "2001:db8::1", "a.example", "A.example.", "::ffff:192.0.2.1",
          "[::1%eth0]", "1.2.3", "0x7f.1", "256.0.0.1", "")  # fmt: skip
_PORTS = ("", ":53", ":0", ":65536", ":٣", ":-1", ":", ":+1", ": 1", ":00053")
servers = st.tuples(st.sampled_from(_HOSTS), st.sampled_from(_PORTS)).map("".join)


@each(f"{host}{port}" for host in _HOSTS for port in _PORTS)
@given(servers | servers.flatmap(spoilt_text) | wild_texts)
def test_servers(text: str) -> None:
    """HOST[:PORT] is a host in its one form and a port that there is, or is refused."""
    found = read(lambda text: values.host_port(text, 53), text)
    if found is not None:
        assert isinstance(found, tuple)
        host, port = found
        assert text.isascii()
        assert 1 <= port <= 65535
        assert values.check_host(host, host) == host
        assert "%" not in host
        literal = values.literal_family(host)
        written = f"[{host}]:{port}" if literal is Family.IPV6 else f"{host}:{port}"
        assert values.host_port(written, 1) == found


_URLS = ("https://api.gandi.net/v5/livedns", "http://a.example:8080/x?y=z", "https://[2001:db8::1]/",
         "HTTPS://A.EXAMPLE", "http://a.example\\@b.example/", "http:///x", "https://a.example:/",
         "http://[::1%25eth0]/", "https://xn--a/", "http://192.0.2.1#x", "//a", "file:///x",
         "http://a.example/\u2028", "http://a.example/é", "http://a.example/ ")  # fmt: skip


@each(_URLS, False)
@each(_URLS, True)
@given(
    st.sampled_from(_URLS) | st.sampled_from(_URLS).flatmap(spoilt_text) | wild_texts, st.booleans()
)
def test_urls(text: str, query: bool) -> None:
    """A URL is http or https, of printable ASCII, with a host and no user; a refusal repeats no secret."""
    try:
        parts = values.http_url(text, query=query)
    except BadValueError as error:
        check_refusal(error, text, may_show=not ("@" in text or ("?" in text and not query)))
        return
    assert parts.scheme in {"http", "https"}
    assert text.isascii()
    assert text.isprintable()
    assert "@" not in text
    assert parts.hostname
    assert query or not parts.query


_NETWORKS = ("192.0.2.0/24", "2001:db8::/32", "192.0.2.1/24", "0.0.0.0/0", "::/0", "1.2.3.4", "::1%x/64",
             "192.0.2.0/255.255.255.0", "192.0.2.0/0.0.0.255", "1.2.3.0/ 24", "::/129", "1/8")  # fmt: skip
networks = st.lists(st.sampled_from(_NETWORKS) | texts, max_size=4).map(",".join)


@each(_NETWORKS)
@given(networks | networks.flatmap(spoilt_text))
def test_lists(text: str) -> None:
    """Networks, choices and items of a list are different ones, each in its form, or refused."""
    found = read(values.networks, text)
    if found is not None:
        assert isinstance(found, tuple)
        assert read(values.networks, ", ".join(map(str, found))) in (found, None)
    listed = read(values.items, text)
    if listed is not None:
        assert isinstance(listed, tuple)
        assert all(item == item.strip() and item for item in listed)
        assert len({item.lower() for item in listed}) == len(listed)
    read(values.list_of(Family), text)


_WORDS = ("1", "300", "0300", "٣٠٠", "1_000", "+5", "-5", "1e3", "9" * 5000, "TRUE", "yes", "\uff2f\uff2e",
          "İ", "::1", "::1:0:0:0:0", "::1%x", "::")  # fmt: skip


@each(_WORDS, 0, 400)
@given(st.sampled_from(_WORDS) | wild_texts, st.integers(0, 400), st.integers(0, 400))
def test_words(text: str, low: int, high: int) -> None:
    """Numbers lie in their range, flags and choices are known ones, a suffix has its low 64 bits alone."""
    number = read(values.whole_number(low, high), text)
    if number is not None:
        assert isinstance(number, int)
        assert low <= number <= high
        assert text.isascii()
    assert read(values.boolean, text) in {True, False, None}
    assert read(values.choice(RRType), text) in {*RRType, None}
    suffix = read(values.interface_suffix, text)
    if suffix is not None:
        assert isinstance(suffix, IPv6Address)
        assert 0 < int(suffix) < 1 << 64
        assert suffix.scope_id is None


@given(wild_texts)
def test_unknown_keys(text: str) -> None:
    """What is unknown is answered with what there is, whatever its name looks like."""
    kind = schema.section_kind(text)
    assert kind in {*schema.SECTIONS, None}
    if kind is None:
        check_words(schema.unknown_section(text))
    for section in schema.SECTIONS:
        message = schema.unknown_key(section, text)
        check_words(message.replace(text, "…"))


@given(st.sampled_from(RRType), st.lists(wild_texts, max_size=4), st.integers())
def test_values_of_an_rrset(rrtype: RRType, texts: list[str], ttl: int) -> None:
    """However values came, they have one form; what is no address is kept as it is, to be seen as foreign."""
    found = RRset.of(rrtype, texts, ttl)
    assert RRset.of(rrtype, found.values, ttl) == found
    assert len(found.values) <= len(texts)


_DATES = ("120", "Sun, 22 Nov 2026 12:01:00 GMT", "Sunday, 22-Nov-26 12:01:00 GMT", "-1", "1.5", "9" * 400,
          "Sun, 22 Nov 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359", "٣")  # fmt: skip


@each(_DATES)
@given(st.sampled_from(_DATES) | st.sampled_from(_DATES).flatmap(spoilt_text) | wild_texts)
@example("Sun, 22 Nov 2026 12:01:00 +99999999999999999999")
@example(" ")
def test_retry_after(text: str) -> None:
    """`Retry-After` is seconds within an hour, or nothing."""
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


_ARGUMENTS = (":8080", "[::1]:0", "host:99999", "host:", "a:٣", "8080", "info", "DEBUG", "json", "0.1",
              "nan", "inf", "1e400", "3600.1", "9" * 5000)  # fmt: skip


@each(_ARGUMENTS)
@given(st.sampled_from(_ARGUMENTS) | wild_texts)
def test_arguments(text: str) -> None:
    """An option's value is read, or refused as argparse wants it."""
    for reader in (
        option_values.listen,
        option_values.seconds,
        lambda text: option_values.choice(("a", "b"), text),
    ):
        try:
            found = reader(text)
        except argparse.ArgumentTypeError as error:
            check_words(str(error), longest=len(ascii(text)) + 100)
        else:
            if isinstance(found, tuple):
                assert 0 <= found[1] <= 65535
            if isinstance(found, float):
                assert 0.1 <= found <= 3600


@pytest.mark.parametrize("text", ["", ":x", ":-1", ":65536", "8080", ":" + "9" * 4000])
def test_no_place_to_listen(text: str) -> None:
    """What is no [HOST]:PORT is refused with what was found."""
    with pytest.raises(argparse.ArgumentTypeError, match="expected"):
        option_values.listen(text)
