"""The sources against servers that others wrote: coturn and knot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from esddns.config.settings import DnsTarget, StunTarget
from esddns.core.model import FailureReason, Family
from sources.asking import failure, has_ipv6, needs_ipv6, source
from sources.daemons import coturn, knot, needs_coturn, needs_knot

pytestmark = pytest.mark.debian

# 20 notes do not fit into the 512 bytes that a question without EDNS allows.
NOTES = "\n".join(f'large TXT "edns0-client-subnet 198.51.100.{n}/32"' for n in range(20))
ZONE = f"""\
$ORIGIN wan.test.
$TTL 60
@ SOA ns admin 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
one A 198.51.100.7
one AAAA 2001:db8::7
one TXT "198.51.100.7"
two A 198.51.100.7
two A 198.51.100.8
alias CNAME one
large TXT "198.51.100.7"
{NOTES}
"""


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """Where knot answers for wan.test, at 127.0.0.1 and ::1."""
    hosts = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
    async with knot(hosts, ZONE, tmp_path) as served:
        yield served


@needs_coturn
async def test_coturn_sees_the_address_we_come_from(tmp_path: Path) -> None:
    """Over IPv4 the answer is 127.0.0.1."""
    async with coturn("127.0.0.1", tmp_path) as served:
        address = await source(StunTarget("127.0.0.1", served)).ask(Family.IPV4, 5)
    assert address == ip_address("127.0.0.1")


@needs_coturn
@needs_ipv6
async def test_coturn_sees_the_ipv6_address_we_come_from(tmp_path: Path) -> None:
    """Over IPv6 the answer is ::1."""
    async with coturn("::1", tmp_path) as served:
        address = await source(StunTarget("::1", served)).ask(Family.IPV6, 5)
    assert address == ip_address("::1")


@needs_knot
async def test_knot_is_read_for_every_type(port: int) -> None:
    """A and TXT over IPv4, AAAA over IPv6 where there is any."""
    for qtype in ("A", "TXT"):
        asked = source(DnsTarget("127.0.0.1", port, "one.wan.test", qtype))
        assert await asked.ask(Family.IPV4, 5) == ip_address("198.51.100.7")
    if has_ipv6():
        asked = source(DnsTarget("::1", port, "ONE.wan.test", "AAAA"))
        assert await asked.ask(Family.IPV6, 5) == ip_address("2001:db8::7")


@needs_knot
async def test_an_answer_too_large_for_udp_comes_over_tcp(port: int) -> None:
    """Knot truncates the answer over UDP, and TCP brings all of it."""
    asked = source(DnsTarget("127.0.0.1", port, "large.wan.test", "TXT"))
    assert await asked.ask(Family.IPV4, 5) == ip_address("198.51.100.7")


@needs_knot
@pytest.mark.parametrize(
    ("name", "qtype", "reason", "words"),
    [
        ("none.wan.test", "A", FailureReason.REFUSED, "NXDOMAIN"),
        ("one.elsewhere.test", "A", FailureReason.REFUSED, "REFUSED"),
        ("ns.wan.test", "TXT", FailureReason.MALFORMED, "none"),
        ("two.wan.test", "A", FailureReason.MALFORMED, "198.51.100.8"),
        ("alias.wan.test", "A", FailureReason.MALFORMED, "none"),
    ],
)
async def test_knot_has_no_address(
    port: int, name: str, qtype: str, reason: FailureReason, words: str
) -> None:
    """No such name, a zone of others, no such type, two addresses and an alias give none."""
    asked = source(DnsTarget("127.0.0.1", port, name, qtype))
    seen, detail = await failure(asked, within=5)
    assert seen is reason
    assert words in detail
