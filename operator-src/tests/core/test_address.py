"""Which text is an address, and which address may be published."""

from __future__ import annotations

import contextlib
import ipaddress
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.address import AcceptPolicy, parse_address, proxy_ranges, with_suffix
from esddns.core.model import FailureReason, Family, IPAddress, SourceError

# IANA's special-purpose registries, and what `ipaddress.is_global` lets through wrongly.
SPECIAL_IPV4 = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
"""
SPECIAL_IPV6 = """
::/128 ::1/128 ::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23
2001::/32 2001:1::1/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28
2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10
fec0::/10 ff00::/8
"""
SPECIAL = [*SPECIAL_IPV4.split(), *SPECIAL_IPV6.split()]
PROXIES = ["104.16.0.0/13", "172.64.0.0/13", "2606:4700::/32", "151.101.0.0/16", "2a04:4e40::/32"]
GLOBAL = ["1.0.0.1", "100.128.0.1", "172.32.0.1", "193.0.6.139", "223.255.255.254"]
GLOBAL += ["2001:200::1", "2001:67c:2e8::1", "2a01:4f8::1", "2620:4f:8001::1", "3ffe:ffff::1"]

NETWORKS = {name: ip_network(name) for name in SPECIAL + PROXIES}
POLICY = AcceptPolicy()


def family_of(address: IPAddress) -> Family:
    """The family of an address."""
    return Family.IPV4 if address.version == 4 else Family.IPV6


@pytest.mark.parametrize("name", SPECIAL)
@given(data=st.data())
def test_no_special_address_is_published(name: str, data: st.DataObject) -> None:
    """The first, the last and any other address of every special range is refused, in words."""
    network = NETWORKS[name]
    inside = data.draw(st.ip_addresses(network=network))
    for address in (network[0], network[-1], inside):
        assert str(address) in (POLICY.refusal(address) or "")


@given(st.ip_addresses(v=6).filter(lambda a: a not in IPv6Network("2000::/3")))
def test_only_2000_slash_3_is_published(address: IPv6Address) -> None:
    """Whatever else IPv6 has, now or later, is refused."""
    assert "2000::/3" in (POLICY.refusal(address) or "")


@pytest.mark.parametrize("text", GLOBAL)
def test_global_unicast_is_published(text: str) -> None:
    """Addresses just outside the special ranges, and common ones, are accepted."""
    assert AcceptPolicy(proxy_ranges=proxy_ranges()).refusal(ip_address(text)) is None


@given(st.ip_addresses())
def test_what_python_calls_not_global_is_not_published(address: IPAddress) -> None:
    """Our list refuses at least what this Python's `is_global` refuses."""
    if not address.is_global:
        assert POLICY.refusal(address)


@pytest.mark.parametrize("name", PROXIES)
@given(data=st.data())
def test_no_proxys_address_is_published(name: str, data: st.DataObject) -> None:
    """The ranges that ship with the package are refused as a proxy's, and only where they are given."""
    address = data.draw(st.ip_addresses(network=NETWORKS[name]))
    assert "proxy" in (AcceptPolicy(proxy_ranges=SHIPPED).refusal(address) or "")
    assert POLICY.refusal(address) is None


SHIPPED = proxy_ranges()


def test_the_shipped_ranges_are_whole() -> None:
    """Cloudflare and Fastly, both families, each range global unicast."""
    assert {network.version for network in SHIPPED} == {4, 6}
    assert len(SHIPPED) > 30
    assert not [n for n in SHIPPED if POLICY.refusal(n[0]) or POLICY.refusal(n[-1])]


@given(st.ip_addresses())
def test_accept_networks_replace_everything(address: IPAddress) -> None:
    """With a list, its networks are accepted, special or a proxy's, and nothing else is."""
    accepted = (IPv4Network("192.0.2.0/24"), IPv4Network("104.16.0.0/13"), IPv6Network("fd00::/8"))
    policy = AcceptPolicy(accept_networks=accepted, proxy_ranges=SHIPPED)
    listed = any(address in network for network in accepted)
    assert (policy.refusal(address) is None) == listed
    for network in accepted:
        assert policy.refusal(network[1]) is None
    assert "accept-networks" in (policy.refusal(ip_address("1.0.0.1")) or "")


def is_itself(address: IPAddress) -> bool:
    """Whether an address is no other one in disguise (an IPv4 address mapped into IPv6)."""
    return getattr(address, "ipv4_mapped", None) is None


@given(address=st.ip_addresses().filter(is_itself), space=st.text(" \t\r\n", max_size=3))
def test_an_address_and_white_space_is_one(address: IPAddress, space: str) -> None:
    """Every address is read back, with blanks and line ends around it."""
    assert parse_address(f"{space}{address}{space}", family_of(address)) == address


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_malformed(address: IPAddress) -> None:
    """An IPv4 address in IPv6 clothes is no IPv6 address."""
    with pytest.raises(SourceError):
        parse_address(f"::ffff:{address}", Family.IPV6)


@given(st.ip_addresses())
def test_the_other_family_is_malformed(address: IPAddress) -> None:
    """An address is never taken for one of the other family."""
    other = Family.IPV6 if address.version == 4 else Family.IPV4
    with pytest.raises(SourceError) as caught:
        parse_address(str(address), other)
    assert caught.value.reason is FailureReason.MALFORMED


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1.2.3", "01.2.3.4", "1.2.3.4.5", "1.2.3.256", "0x1.2.3.4", "16909060"),
        *("1.2.3.4/32", "1.2.3.4 5.6.7.8", "1.2.3.4\n5.6.7.8", "\uff11.2.3.4", "1.2.3.4\u00a0"),
        *("1.2.3.4\x00", "fe80::1%eth0", "2001:db8::7%", "[2001:db8::7]", "2001:db8::7/64"),
        *("1::2::3", "1" * 5000),
    ],
)
def test_text_that_is_no_address_is_malformed(text: str) -> None:
    """Leading zeros, zone indexes, ports, lengths and other digits are no address of either family."""
    for family in Family:
        with pytest.raises(SourceError) as caught:
            parse_address(text, family)
        assert caught.value.reason is FailureReason.MALFORMED
        assert len(caught.value.detail) < 600


@given(st.one_of(st.text(max_size=60), st.text("0123456789abcdef.:%/ \n", max_size=60)))
def test_no_text_raises_anything_else(text: str) -> None:
    """Any text is an address of the family asked for, or SourceError."""
    for family in Family:
        with contextlib.suppress(SourceError):
            address = parse_address(text, family)
            assert address == ipaddress.ip_address(text.strip())
            assert family_of(address) is family


@given(address=st.ip_addresses(v=6), suffix=st.ip_addresses(v=6))
def test_a_suffix_keeps_the_prefix(address: IPv6Address, suffix: IPv6Address) -> None:
    """The first 64 bits are the address's, the last 64 the suffix's."""
    joined = with_suffix(address, suffix)
    assert joined.packed[:8] == address.packed[:8]
    assert joined.packed[8:] == suffix.packed[8:]


def test_a_suffix_by_example() -> None:
    """`::10` behind a detected address is host 10 of that network."""
    joined = with_suffix(IPv6Address("2001:67c:2e8:1:aaaa::1"), IPv6Address("::10"))
    assert joined == IPv6Address("2001:67c:2e8:1::10")
