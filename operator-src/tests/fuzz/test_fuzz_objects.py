"""Objects of the API server: read into what they say, or refused in words; damage counts as not said."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from esddns.core import names
from esddns.core.address import AcceptPolicy
from esddns.core.dnsrecord import DnsRecord, InvalidDnsRecordError, ServiceRef, Static
from esddns.core.dnsrecord_read import read_dnsrecord, read_metadata
from esddns.core.dnsrecord_status import NEVER_OBSERVED, read_status, to_json
from esddns.core.model import RRset, RRType
from esddns.core.service import has_address, values_of
from esddns.core.target import Wan
from fuzz.damage import junk, spoilt, texts
from fuzz.refusal import check_words

POLICY = AcceptPolicy.of(())
RECORD = {
    "apiVersion": "esddns.io/v1alpha1",
    "kind": "DNSRecord",
    "metadata": {
        "namespace": "esddns",
        "name": "home",
        "uid": "8a1f",
        "generation": 3,
        "creationTimestamp": "2026-11-22T12:00:00Z",
        "finalizers": ["esddns.io/delete-rrsets"],
        "annotations": {"esddns.io/reconcile": "1", "esddns.io/release": "true"},
    },
    "spec": {
        "fqdn": "home.esddns.dev",
        "zone": "esddns.dev",
        "types": ["A", "AAAA"],
        "ttl": 300,
        "source": {"type": "WAN", "wan": {"ipv6Suffix": "::1", "nat66": False}},
        "deletionPolicy": "Delete",
        "driftPolicy": "Report",
        "overwrite": True,
        "suspend": False,
    },
}
STATIC = {"type": "Static", "static": {"values": ["192.0.2.1", "2001:db8::1"]}}
SERVICE = {"type": "Service", "service": {"namespace": "esddns", "name": "web"}}
SPECS = [
    RECORD["spec"] | {"source": source}  # type: ignore[operator]
    for source in (STATIC, SERVICE, RECORD["spec"]["source"])  # type: ignore[index]
] + [
    {
        "fqdn": "www.esddns.dev",
        "types": ["CNAME"],
        "source": {"type": "Static", "static": {"values": ["lb.esddns.dev"]}},
    }
]


def check_record(record: DnsRecord, *, real_gandi: bool) -> None:
    """A record that was read may be kept as it is."""
    assert record.namespace
    assert record.uid
    assert record.created.tzinfo is UTC
    assert names.normalise(record.fqdn) == record.fqdn
    assert record.zone is None or names.is_within(record.fqdn, record.zone)
    assert not (real_gandi and names.reserved(record.fqdn))
    assert record.types
    assert 300 <= record.ttl <= 2592000
    assert len(record.types) == 1 or all(rrtype.is_address for rrtype in record.types)
    source = record.source
    if isinstance(source, Static):
        for rrtype in record.types:
            values = source.of(rrtype)
            assert values
            assert RRset.of(rrtype, values, record.ttl).values == values
            assert all("%" not in value for value in values)
            assert rrtype.is_address or all(value.endswith(".") for value in values)
    elif isinstance(source, Wan):
        assert all(rrtype.is_address for rrtype in record.types)
        assert RRType.AAAA not in record.types or source.nat66 or source.ipv6_suffix
    else:
        assert source.namespace
        assert source.name


def check_problems(error: InvalidDnsRecordError, found: dict[str, Any]) -> None:
    """An object that is refused is told all that is wrong, by its name where it has one."""
    assert error.problems
    for problem in error.problems:
        # A name of 253 characters lies in 126 zones, and the message lists them.
        check_words(problem, longest=20_000)
    assert error.metadata is None or error.metadata == read_metadata(found)


@given(st.sampled_from(SPECS), st.data(), st.booleans())
def test_dnsrecords(spec: dict[str, Any], data: st.DataObject, real_gandi: bool) -> None:
    """A damaged object is a record that the CRD could hold, or InvalidDnsRecordError with every problem."""
    found = data.draw(spoilt({**RECORD, "spec": spec}))
    assume(isinstance(found, dict))  # that it is an object the API server's client has seen to
    try:
        record = read_dnsrecord(found, real_gandi=real_gandi)
    except InvalidDnsRecordError as error:
        check_problems(error, found)
    else:
        check_record(record, real_gandi=real_gandi)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status"]) | texts, junk))
@example({"metadata": {"generation": float("nan")}})
def test_any_objects(found: dict[str, Any]) -> None:
    """An object of anything at all is refused: its metadata at least is wrong."""
    with pytest.raises(InvalidDnsRecordError):
        read_dnsrecord(found, real_gandi=True)
    with pytest.raises(InvalidDnsRecordError) as caught:
        read_metadata(found)
    assert caught.value.metadata is None


STATUS = {
    "observedGeneration": 3,
    "conditions": [
        {
            "type": kind,
            "status": "True",
            "reason": "Published",
            "message": "192.0.2.1 (TTL 300)",
            "observedGeneration": 3,
            "lastTransitionTime": "2026-11-22T12:00:00Z",
        }
        for kind in ("Ready", "InSync")
    ],
    "publishedValues": ["192.0.2.1"],
    "published": [
        {"type": "A", "values": ["192.0.2.1"], "ttl": 300},
        {"type": "CNAME", "values": ["lb.esddns.dev."], "ttl": 300},
    ],
    "lastPublishedTime": "2026-11-22T12:00:00Z",
    "zone": "esddns.dev",
    "lastHandledReconcile": "1",
}


@given(spoilt(STATUS) | junk)
def test_statuses(found: Any) -> None:
    """Of a damaged status the good parts are read, and what is written of them is read back the same."""
    status = read_status(found)
    assert status.observed_generation >= NEVER_OBSERVED or isinstance(found, Mapping)
    written = to_json(status)
    json.dumps(written)
    again = read_status(written)
    assert to_json(again) == written
    given_values = json.dumps(found.get("published") if isinstance(found, dict) else None)
    for rrtype, rrset in status.published.items():
        assert isinstance(rrtype, RRType)
        assert rrset.values
        for value in rrset.values:
            shown = json.dumps(value)
            # A canonical form is another spelling of what stood there.
            assert shown in given_values or rrtype is not RRType.A or value.count(".") == 3


LOAD_BALANCER = {
    "metadata": {"namespace": "esddns", "name": "web"},
    "spec": {"type": "LoadBalancer"},
    "status": {
        "loadBalancer": {
            "ingress": [
                {"ip": "198.18.0.1"},
                {"ip": "8.8.4.4", "ipMode": "VIP", "hostname": "lb.esddns.dev"},
                {"ip": "2a00::1"},
            ]
        }
    },
}
REF = ServiceRef("esddns", "web")


@given(spoilt(LOAD_BALANCER) | junk, st.sampled_from(RRType))
@example({"spec": {"type": "\x1b[2J"}}, RRType.A)
@example({"spec": {"type": "x" * 5000}}, RRType.A)
@example(
    {"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": ["x"]}]}}},
    RRType.A,
)
def test_services(found: Any, rrtype: RRType) -> None:
    """A damaged Service gives values that may be published, or none, and says why in plain words."""
    if not isinstance(found, dict):
        assert values_of(REF, None, rrtype, POLICY.refusal).values is None
        return
    has_address(found)
    read = values_of(REF, found, rrtype, POLICY.refusal)
    if read.values is None:
        check_words(read.why)
        return
    assert has_address(found)
    assert read.values
    given_text = json.dumps(found, ensure_ascii=False).lower()
    for value in read.values:
        assert RRset.of(rrtype, [value], 300).values == {value}
        if rrtype.is_address:
            address = ipaddress.ip_address(value)
            assert POLICY.refusal(address) is None
            assert address.version == rrtype.family.version
        else:
            assert value.endswith(".")
            assert value.removesuffix(".") in given_text


def test_the_documents_are_whole() -> None:
    """What is damaged here is read where it is whole: else the tests would try refusals alone."""
    for spec in SPECS:
        check_record(read_dnsrecord({**RECORD, "spec": spec}, real_gandi=True), real_gandi=True)
    assert to_json(read_status(STATUS))["conditions"] == STATUS["conditions"]
    assert set(read_status(STATUS).published) == {RRType.A, RRType.CNAME}
    read = {rrtype: values_of(REF, LOAD_BALANCER, rrtype, POLICY.refusal) for rrtype in RRType}
    assert read[RRType.A].values == {"8.8.4.4"}
    assert read[RRType.AAAA].values == {"2a00::1"}
    assert read[RRType.CNAME].values == {"lb.esddns.dev."}
