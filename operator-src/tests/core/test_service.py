"""What a Service's load balancer gives a record, or why it gives nothing."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.address import AcceptPolicy
from esddns.core.dnsrecord import ServiceRef
from esddns.core.model import IPAddress, RRType
from esddns.core.service import has_address, values_of
from esddns.core.target import Values

REF = ServiceRef("esddns", "lb")
A, AAAA, CNAME, ALIAS = RRType.A, RRType.AAAA, RRType.CNAME, RRType.ALIAS
of_any_type = pytest.mark.parametrize("rrtype", RRType)


def service(*ingress: Any, kind: Any = "LoadBalancer") -> dict[str, Any]:
    """A Service, with what its load balancer gave it."""
    return {"spec": {"type": kind}, "status": {"loadBalancer": {"ingress": list(ingress)}}}


def private(address: IPAddress) -> str | None:
    """Refuse what begins with 10."""
    return f"{address} is private" if str(address).startswith("10.") else None


def given_to(rrtype: RRType, found: dict[str, Any] | None) -> Values:
    """What a record of this type gets."""
    return values_of(REF, found, rrtype, private)


BOTH = service({"ip": "192.0.2.1"}, {"ip": "2001:DB8::1"}, {"ip": "192.0.2.2"})
NAMED = service({"hostname": "LB.example.net"})


@of_any_type
def test_there_is_none(rrtype: RRType) -> None:
    """A Service that is not there is unknown, and its name is told."""
    why = "there is no Service esddns/lb: create it, or name another"
    assert given_to(rrtype, None) == Values(None, why)


@of_any_type
@pytest.mark.parametrize(
    ("kind", "named"), [("ClusterIP", "ClusterIP"), (None, "ClusterIP"), ("NodePort", "NodePort")]
)
def test_one_without_a_load_balancer(rrtype: RRType, kind: str | None, named: str) -> None:
    """Another type gives nothing, though a status of before still has addresses."""
    why = f"Service esddns/lb is of type {named}, not LoadBalancer"
    found = service({"ip": "192.0.2.1", "hostname": "lb.example.net"}, kind=kind)
    assert given_to(rrtype, found) == Values(None, why)


@of_any_type
@pytest.mark.parametrize(
    "status",
    [
        {},
        {"loadBalancer": {}},
        {"loadBalancer": {"ingress": []}},
        {"loadBalancer": {"ingress": [{}, {"ip": ""}, {"hostname": ""}, {"ip": None}]}},
        {"loadBalancer": {"ingress": {"ip": "192.0.2.1"}}},
        {"loadBalancer": {"ingress": "192.0.2.1"}},
        {"loadBalancer": {"ingress": ["192.0.2.1", None, 1]}},
        {"loadBalancer": ["192.0.2.1"]},
        "pending",
        None,
    ],
)
def test_no_address_yet(rrtype: RRType, status: Any) -> None:
    """A load balancer that is being made, or a status of another form, is unknown; so is one that lost it."""
    found = {"spec": {"type": "LoadBalancer"}, "status": status}
    assert given_to(rrtype, found) == Values(
        None, "Service esddns/lb has no load balancer address yet"
    )
    assert not has_address(found)


def test_addresses_go_by_family() -> None:
    """A takes every IPv4 address and AAAA every IPv6 one, as a set and in canonical form."""
    assert given_to(A, BOTH) == Values(frozenset({"192.0.2.1", "192.0.2.2"}))
    assert given_to(AAAA, BOTH) == Values(frozenset({"2001:db8::1"}))
    assert given_to(A, service({"ip": "192.0.2.1"}, {"ip": "192.0.2.1"})).values == {"192.0.2.1"}


def test_a_family_that_it_has_not() -> None:
    """An address of the other family is none; nothing is said of host names that are not there."""
    why = "Service esddns/lb has no address for {}"
    assert given_to(AAAA, service({"ip": "192.0.2.1"})) == Values(None, why.format("AAAA"))
    assert given_to(A, service({"ip": "2001:db8::1"})) == Values(None, why.format("A"))


@pytest.mark.parametrize("ip", ["192.0.2", "192.0.2.01", "lb", 3221225985, ["192.0.2.1"], True])
def test_what_is_no_address(ip: Any) -> None:
    """It is passed over, and those beside it count."""
    assert given_to(A, service({"ip": ip})).values is None
    assert given_to(A, service({"ip": ip}, {"ip": "192.0.2.1"})).values == {"192.0.2.1"}


def test_host_name_only() -> None:
    """An address record hears that the load balancer has a host name, and what types to use."""
    for rrtype in (A, AAAA):
        why = (
            f"Service esddns/lb has no address for {rrtype}: its load balancer has a host name: use "
            f"types: [CNAME], or [ALIAS] at an apex"
        )
        assert given_to(rrtype, NAMED) == Values(None, why)


@pytest.mark.parametrize("rrtype", [CNAME, ALIAS])
def test_a_host_name(rrtype: RRType) -> None:
    """In lower case and with its final dot, once however often given; addresses beside it do no harm."""
    expected = Values(frozenset({"lb.example.net."}))
    assert given_to(rrtype, NAMED) == expected
    assert given_to(rrtype, service({"hostname": "lb.example.net."})) == expected
    point = {"hostname": "lb.example.net", "ip": "192.0.2.1"}
    assert given_to(rrtype, service(point, point, {"ip": "192.0.2.2"})) == expected


@pytest.mark.parametrize("rrtype", [CNAME, ALIAS])
def test_addresses_only(rrtype: RRType) -> None:
    """A record of a host name hears that there are addresses, and what types to use."""
    why = (
        f"Service esddns/lb has no host name for {rrtype}: its load balancer has addresses: use "
        f"types: [A], [AAAA] or both"
    )
    assert given_to(rrtype, BOTH) == Values(None, why)


@pytest.mark.parametrize("rrtype", [CNAME, ALIAS])
def test_several_host_names(rrtype: RRType) -> None:
    """Which of them would be right nobody knows, so it is none of them, and all are listed."""
    why = "Service esddns/lb: one full host name is expected, found a.example.net, b.example.net"
    found = service({"hostname": "b.example.net"}, {"hostname": "a.example.net"})
    assert given_to(rrtype, found) == Values(None, why)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("lb", "'lb'"),
        ("192.0.2.1", "'192.0.2.1'"),
        ("2001:db8::1", "'2001:db8::1'"),
        ("*.example.net", "'*.example.net'"),
        ("lb..example.net", "'lb..example.net'"),
        ("l\u00e4b.example.net", "'l\\xe4b.example.net'"),
        ("lb.example.net\n", "'lb.example.net\\n'"),
        (" ", "' '"),
        (7, "'7'"),
        ({"a": 1}, "\"{'a': 1}\""),
        ("x" * 5000, "'" + "x" * 99),
    ],
)
def test_what_is_no_host_name(name: Any, shown: str) -> None:
    """It is not published, and what was found is shown: in ASCII, and not without end."""
    why = f"Service esddns/lb: one full host name is expected, found {shown}"
    assert given_to(CNAME, service({"hostname": name})) == Values(None, why)


def test_refused_addresses() -> None:
    """Where every address is refused, each reason is told, and what to do."""
    found = service({"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}, {"hostname": "lb.example.net"})
    why = (
        "Service esddns/lb: 10.0.0.1 is private; 10.0.0.2 is private: publish it by [detection] "
        "accept-networks, or use source.type: WAN behind NAT"
    )
    assert given_to(A, found) == Values(None, why)


def test_some_addresses_are_refused() -> None:
    """What may be published is, without the others; one of the other family is not even asked about."""
    found = service({"ip": "10.0.0.1"}, {"ip": "192.0.2.1"}, {"ip": "2001:db8::1"})
    assert given_to(A, found) == Values(frozenset({"192.0.2.1"}))
    asked: list[IPAddress] = []

    def note(address: IPAddress) -> str | None:
        asked.append(address)
        return None

    values_of(REF, found, AAAA, note)
    assert asked == [ip_address("2001:db8::1")]


def test_a_private_address_is_refused_by_default() -> None:
    """The filter of WAN addresses is this one's, too."""
    found = service({"ip": "192.168.1.240"}, {"ip": "9.9.9.9"})
    assert values_of(REF, found, A, AcceptPolicy().refusal) == Values(frozenset({"9.9.9.9"}))


@pytest.mark.parametrize("point", [{"ip": "192.0.2.1"}, {"hostname": "lb.example.net"}])
def test_has_an_address(point: dict[str, str]) -> None:
    """An address or a host name is one, whatever type the Service is of; no Service has none."""
    assert has_address(service(point))
    assert has_address(service(None, {}, point))
    assert not has_address(service())
    assert not has_address(None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
hosts = st.sampled_from(["lb.example.net", "LB.example.net.", "192.0.2.1", "lb", ""])
addresses = st.ip_addresses().map(str)
points = st.fixed_dictionaries(
    {}, optional={"ip": addresses | json_values, "hostname": hosts | json_values}
)
ingresses = st.lists(points | json_values, max_size=3) | json_values
statuses = st.fixed_dictionaries({"ingress": ingresses}) | json_values
services = st.fixed_dictionaries(
    {},
    optional={
        "spec": st.just({"type": "LoadBalancer"}) | json_values,
        "status": st.fixed_dictionaries({"loadBalancer": statuses}) | json_values,
    },
)


@given(services, st.sampled_from(RRType))
def test_whatever_stands_in_a_service(found: dict[str, Any], rrtype: RRType) -> None:
    """Any JSON gives usable values of the right kind or says why not, and never an empty set."""
    got = given_to(rrtype, found)
    assert (got.values is None) == bool(got.why)
    for value in got.values or ():
        if rrtype.is_address:
            assert ip_address(value).version == (4 if rrtype is A else 6)
            assert private(ip_address(value)) is None
        else:
            assert value.endswith(".")
            assert value == value.lower()
    assert got.values != frozenset()
    assert got.values is None or has_address(found)
    assert rrtype.is_address or got.values is None or len(got.values) == 1


def test_an_address_with_a_zone_index() -> None:
    """It means something on one node only, so it is no address."""
    assert given_to(AAAA, service({"ip": "2001:db8::1%eth0"})).values is None


def test_one_host_name_in_two_spellings() -> None:
    """Case and the final dot make no other name."""
    found = service({"hostname": "LB.example.net"}, {"hostname": "lb.example.net."})
    assert given_to(CNAME, found).values == {"lb.example.net."}
