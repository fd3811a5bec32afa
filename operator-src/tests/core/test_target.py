"""Where an RRset's values come from."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from esddns.core.model import Record, RRset, RRType
from esddns.core.target import Removal, Target, Values, Wan

HOME, HOME6 = Record("home.example.com", RRType.A), Record("home.example.com", RRType.AAAA, 600)
DETECTED = IPv6Address("2001:db8:1:2:aaaa:bbbb:cccc:dddd")
SUFFIX = IPv6Address("::1234:5678")

ipv6 = st.ip_addresses(v=6)
suffixes = st.integers(1, 2**64 - 1).map(IPv6Address)


def test_an_address_becomes_an_rrset() -> None:
    """The WAN address itself, with the record's own TTL."""
    assert Wan().rrset(HOME, IPv4Address("192.0.2.1")) == RRset(frozenset({"192.0.2.1"}), 300)
    assert Wan(nat66=True).rrset(HOME6, DETECTED) == RRset(frozenset({str(DETECTED)}), 600)


def test_the_suffix_goes_behind_the_prefix() -> None:
    """Of a detected IPv6 address only its /64 is used where a suffix is given."""
    assert Wan(SUFFIX).rrset(HOME6, DETECTED).values == {"2001:db8:1:2::1234:5678"}


def test_the_suffix_is_nothing_to_ipv4() -> None:
    """One source may give both families."""
    assert Wan(SUFFIX).rrset(HOME, IPv4Address("192.0.2.1")).values == {"192.0.2.1"}


@given(ipv6, suffixes)
def test_with_a_suffix_all_nodes_of_a_prefix_agree(
    address: IPv6Address, suffix: IPv6Address
) -> None:
    """Whichever node of a /64 leads, the record holds the same; prefix and suffix are found in it."""
    (value,) = Wan(suffix).rrset(HOME6, address).values
    other = IPv6Address(int(address) ^ 0xFFFF)
    assert Wan(suffix).rrset(HOME6, other).values == {value}
    assert int(IPv6Address(value)) >> 64 == int(address) >> 64
    assert int(IPv6Address(value)) % 2**64 == int(suffix)


@given(st.ip_addresses(), st.none() | suffixes)
def test_values_of_the_wan_are_canonical(
    address: IPv4Address | IPv6Address, suffix: object
) -> None:
    """What is written compares equal with what the provider gives back, whatever form that has."""
    source = Wan(suffix)  # type: ignore[arg-type]
    record = HOME if address.version == 4 else HOME6
    given_ = source.rrset(record, address)
    assert RRset.of(record.type, given_.values, record.ttl) == given_


def test_a_target_is_on_the_wan_by_default() -> None:
    """Records of dns.ini name no source; two targets of one content are equal, and fit into sets."""
    assert Target(HOME) == Target(HOME, Wan(), None, None)
    assert Target(HOME) != Target(HOME, Removal(Wan()))
    assert (
        len({Target(HOME, Values(frozenset({"a"}))), Target(HOME, Values(frozenset({"a"})))}) == 1
    )
