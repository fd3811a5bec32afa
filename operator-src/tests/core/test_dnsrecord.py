"""A DNSRecord as the API server gives it becomes types of ours, or every problem at once."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from ipaddress import IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.core.dnsrecord import (
    FINALIZER,
    DeletionPolicy,
    DnsRecord,
    InvalidDnsRecordError,
    ServiceRef,
    Static,
    Wan,
)
from esddns.core.dnsrecord_read import read_dnsrecord, read_metadata
from esddns.core.dnsrecord_source import host_value
from esddns.core.model import Drift, Record, RRType

CREATED = datetime(2026, 11, 22, 21, tzinfo=UTC)


def api_object(spec: Any, **metadata: Any) -> dict[str, Any]:
    """An object as the API server gives it."""
    stored = {"uid": "u-1", "generation": 3, "creationTimestamp": "2026-11-22T21:00:00Z"}
    return {"metadata": {"name": "home", "namespace": "esddns", **stored, **metadata}, "spec": spec}


def read(spec: dict[str, Any], **metadata: Any) -> DnsRecord:
    """Read a spec, at a provider that is not Gandi's own."""
    return read_dnsrecord(api_object(spec, **metadata), real_gandi=False)


def problems(data: dict[str, Any], *, real_gandi: bool = False) -> tuple[str, ...]:
    """What is said of a wrong object."""
    with pytest.raises(InvalidDnsRecordError) as caught:
        read_dnsrecord(data, real_gandi=real_gandi)
    return caught.value.problems


def test_a_name_is_enough() -> None:
    """An object from before the CRD had defaults gets the same ones."""
    assert read({"fqdn": "home.example.com"}) == DnsRecord(
        namespace="esddns",
        name="home",
        uid="u-1",
        generation=3,
        created=CREATED,
        fqdn="home.example.com",
        types=(RRType.A,),
        ttl=300,
        zone=None,
        source=Wan(),
        deletion=DeletionPolicy.RETAIN,
        drift=Drift.REPAIR,
        overwrite=False,
        suspend=False,
    )


def test_every_field() -> None:
    """All that the CRD has is read, the metadata included."""
    record = read(
        {
            "fqdn": "home.example.com",
            "zone": "example.com",
            "types": ["AAAA", "A"],
            "ttl": 600,
            "source": {"type": "WAN", "wan": {"ipv6Suffix": "::1"}},
            "deletionPolicy": "Delete",
            "driftPolicy": "Report",
            "overwrite": True,
            "suspend": True,
        },
        annotations={"esddns.io/reconcile": "x" * 300, "esddns.io/release": "true"},
        finalizers=["other/one", FINALIZER],
        deletionTimestamp="2026-11-22T22:00:00Z",
    )
    assert record.source == Wan(IPv6Address("::1"))
    assert (record.zone, record.ttl, record.drift) == ("example.com", 600, Drift.REPORT)
    assert record.deletion is DeletionPolicy.DELETE
    assert (record.overwrite, record.suspend) == (True, True)
    assert (record.deleting, record.has_finalizer, record.release) == (True, True, True)
    assert (
        record.reconcile == "x" * 256
    )  # as much as the status keeps, so that the two can be compared
    assert record.records == tuple(
        Record("home.example.com", rrtype, 600, "example.com", True, Drift.REPORT)
        for rrtype in (RRType.A, RRType.AAAA)
    )
    assert str(record) == "DNSRecord esddns/home"


def test_a_service_is_by_default_of_the_own_namespace() -> None:
    """Without a namespace the Service is looked for beside the record."""
    source = {"type": "Service", "service": {"name": "web"}}
    record = read({"fqdn": "www.example.com", "source": source}, namespace="team")
    assert record.source == ServiceRef("team", "web")


def test_static_values_go_into_the_type_of_their_family() -> None:
    """Addresses are canonical, and each type has those of its family."""
    source = {"type": "Static", "static": {"values": ["192.0.2.1", "2001:DB8:0::1"]}}
    static = read({"fqdn": "a.example.com", "types": ["A", "AAAA"], "source": source}).source
    assert isinstance(static, Static)
    assert static.of(RRType.A) == {"192.0.2.1"}
    assert static.of(RRType.AAAA) == {"2001:db8::1"}


@pytest.mark.parametrize("target", ["lb.example.net", "lb.example.net."])
def test_a_host_name_is_made_absolute(target: str) -> None:
    """With its final dot, for Gandi takes a name without it as relative to the zone."""
    source = {"type": "Static", "static": {"values": [target]}}
    static = read({"fqdn": "a.example.com", "types": ["CNAME"], "source": source}).source
    assert isinstance(static, Static)
    assert static.of(RRType.CNAME) == {"lb.example.net."}


@pytest.mark.parametrize("text", ["", "lb", "192.0.2.1", "a b.example.net", "*.example.net"])
def test_what_is_no_host_name(text: str) -> None:
    """What a load balancer's status may hold by mistake is never published as a host name."""
    assert host_value(text) is None
    assert host_value("LB.Example.NET") == "lb.example.net."


def test_all_problems_at_once() -> None:
    """A person hears everything that is wrong in one go, each at its field, with what is allowed."""
    spec = {
        "fqdn": "Home.example.com",
        "types": ["TXT"],
        "ttl": True,
        "source": {"type": "Ingress"},
        "driftPolicy": "Keep",
        "suspend": "no",
    }
    assert problems(api_object(spec)) == (
        "spec.fqdn: found 'Home.example.com': write home.example.com, in lower case, without a final dot",
        "spec.types: found 'TXT', allowed: A, AAAA, CNAME, ALIAS",
        "spec.ttl: found True, allowed: 300…2592000",
        "spec.source.type: found 'Ingress', allowed: WAN, Service, Static",
        "spec.driftPolicy: found 'Keep', allowed: Repair, Report",
        "spec.suspend: found 'no', allowed: true, false",
    )


def test_reserved_names_are_refused_at_gandi_only() -> None:
    """example.com is for tests and the demo."""
    data = api_object({"fqdn": "home.example.com"})
    assert read_dnsrecord(data, real_gandi=False).fqdn == "home.example.com"
    (problem,) = problems(data, real_gandi=True)
    assert problem.startswith("spec.fqdn: example.com is a reserved domain")


def test_a_wrong_object_still_says_who_it_is() -> None:
    """So that its status can say so, and its finalizer be taken off."""
    data = api_object(
        {"fqdn": ""}, finalizers=[FINALIZER], deletionTimestamp="2026-11-22T22:00:00Z"
    )
    with pytest.raises(
        InvalidDnsRecordError, match=r"DNSRecord esddns/home: spec\.fqdn: "
    ) as caught:
        read_dnsrecord(data, real_gandi=False)
    assert caught.value.metadata == read_metadata(data)
    assert caught.value.metadata.deleting
    assert caught.value.metadata.has_finalizer


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uid", None),
        ("name", 1),
        ("generation", "1"),
        ("creationTimestamp", "2026-11-22T21:00:00"),
        ("creationTimestamp", "now"),
        ("creationTimestamp", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_metadata_that_no_api_server_gives(name: str, value: Any) -> None:
    """It is an error of its own, with nothing to write a status to."""
    with pytest.raises(InvalidDnsRecordError, match=f"metadata.{name}: ") as caught:
        read_metadata(api_object({}, **{name: value}))
    assert caught.value.metadata is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
fields = ["fqdn", "zone", "types", "ttl", "source", "deletionPolicy", "driftPolicy", "overwrite"]
sources = st.fixed_dictionaries(
    {"type": st.sampled_from(["WAN", "Service", "Static"])},
    optional={"wan": json_values, "service": json_values, "static": json_values},
)


@given(st.dictionaries(st.sampled_from(fields), json_values | sources), json_values)
def test_no_json_is_a_surprise(spec: dict[str, Any], other: Any) -> None:
    """Whatever an object holds, it is read or refused with its problems; nothing else comes of it."""
    for data in (api_object(spec), api_object(other), {"metadata": other}):
        with contextlib.suppress(InvalidDnsRecordError):
            assert read_dnsrecord(data, real_gandi=True).fqdn


@pytest.mark.parametrize("rrtype", [RRType.CNAME, RRType.ALIAS])
def test_a_host_name_has_no_family(rrtype: RRType) -> None:
    """Nothing takes a CNAME for something with an address."""
    assert not rrtype.is_address
    with pytest.raises(ValueError, match="carries a host name"):
        _ = rrtype.family
