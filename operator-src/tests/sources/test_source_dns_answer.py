"""Whatever bytes a DNS server sends, the outcome is an address, nothing or a SourceError."""

from __future__ import annotations

import contextlib

import dns.message
from hypothesis import example, given
from hypothesis import strategies as st

from esddns.config.settings import DnsTarget
from esddns.core.model import Family, SourceError
from esddns.shell.sources.dns_answer import address_in, make_query, read_response
from sources.lying_dns import say

TARGETS = [
    (DnsTarget("127.0.0.1", 53, "whoami.cloudflare", "TXT", "CH"), '"198.51.100.7"'),
    (DnsTarget("127.0.0.1", 53, "o-o.myaddr.l.google.com", "TXT"), '"198.51.100.7"'),
    (DnsTarget("127.0.0.1", 53, "myip.opendns.com", "A"), "198.51.100.7"),
    (DnsTarget("127.0.0.1", 53, "myip.opendns.com", "A", "CH"), "portal.test. 4711"),
]


def read(wire: bytes, query: dns.message.Message, target: DnsTarget) -> None:
    """Read as the source does; only SourceError may come out."""
    with contextlib.suppress(SourceError):
        if response := read_response(wire, query):
            address_in(response, target, Family.IPV4)


@given(wire=st.binary(max_size=120), case=st.sampled_from(TARGETS))
@example(wire=b"", case=TARGETS[0])
def test_random_bytes(wire: bytes, case: tuple[DnsTarget, str]) -> None:
    """Bytes behind our id raise SourceError or nothing."""
    target, _ = case
    query = make_query(target)
    read(query.id.to_bytes(2, "big") + wire, query, target)


@given(
    case=st.sampled_from(TARGETS),
    changes=st.lists(st.tuples(st.integers(2, 80), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 20),
)
def test_a_valid_answer_with_bytes_changed(
    case: tuple[DnsTarget, str], changes: list[tuple[int, int]], cut: int
) -> None:
    """An answer with bytes changed, or its end missing, raises SourceError or nothing."""
    target, value = case
    query = make_query(target)
    wire = bytearray(say(query, value).to_wire())
    for at, byte in changes:
        wire[at % len(wire)] = byte
    read(bytes(wire[: len(wire) - cut]), query, target)
