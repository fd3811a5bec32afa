"""DNSRecords that are taken and DNSRecords that are refused, by the CRD and by the program alike.

Each file in `rejected/` says in its first line (`# expect: `) a part of what the API server answers. The
files hold for a real API server too: `immutable/` has an object before and after an update.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crd.crd_rules import rule_errors
from crd.crd_schema import defaulted, nodes, schema_errors
from esddns.core.dnsrecord import InvalidDnsRecordError
from esddns.core.dnsrecord_read import read_dnsrecord

HERE = Path(__file__).parent
ACCEPTED, REJECTED, IMMUTABLE = (
    sorted((HERE / kind).glob("*.yaml")) for kind in ("accepted", "rejected", "immutable")
)
MESSAGES = [r["message"] for _, s in nodes() for r in s.get("x-kubernetes-validations", ())]
STORED = {"uid": "u", "generation": 1, "creationTimestamp": "2026-11-22T21:00:00Z"}


@pytest.fixture(scope="session")
def cel() -> Any:
    """The CEL interpreter, where it is installed."""
    return pytest.importorskip("cel", reason="common-expression-language is not installed")


def load(path: Path) -> list[dict[str, Any]]:
    """Read a fixture's objects."""
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def expected(path: Path) -> str:
    """What a fixture says will be said of it."""
    return path.read_text("utf-8").splitlines()[0].removeprefix("# expect: ")


def refused(obj: dict[str, Any]) -> tuple[str, ...]:
    """What the program says of an object, as the API server would hand it over; nothing where it reads it."""
    stored = {**obj, "metadata": {**obj["metadata"], **STORED}}
    try:
        read_dnsrecord(stored, real_gandi=False)
    except InvalidDnsRecordError as error:
        return error.problems
    return ()


def test_there_are_fixtures() -> None:
    """The tables below are not empty by a mistake of their path."""
    assert len(ACCEPTED) >= 10
    assert len(REJECTED) >= 60
    assert len(IMMUTABLE) == 4


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_accepted(path: Path) -> None:
    """The schema takes it and the program reads it, with the CRD's defaults and without them."""
    (obj,) = load(path)
    assert not list(schema_errors(defaulted(obj)))
    assert not refused(obj)
    assert not refused(defaulted(obj))


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_accepted_by_the_rules(path: Path, cel: Any) -> None:
    """No rule refuses it, neither new nor unchanged."""
    obj = defaulted(load(path)[0])
    assert not list(rule_errors(cel, obj))
    assert not list(rule_errors(cel, obj, obj))


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_rejected(path: Path) -> None:
    """The schema refuses it with what is expected, or a rule has that message; the program refuses it too."""
    (obj,) = load(path)
    if found := list(schema_errors(defaulted(obj))):
        assert len(found) == 1
        assert expected(path) in found[0]
    else:
        assert len([message for message in MESSAGES if expected(path) in message]) == 1
    assert refused(obj)


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_rejected_by_exactly_one_rule(path: Path, cel: Any) -> None:
    """What the schema lets through is refused for one reason, the expected one."""
    obj = defaulted(load(path)[0])
    if not list(schema_errors(obj)):
        (found,) = rule_errors(cel, obj)
        assert expected(path) in found


@pytest.mark.parametrize("path", IMMUTABLE, ids=lambda path: path.stem)
def test_immutable(path: Path, cel: Any) -> None:
    """Each of the two is a good object, but the one may not become the other."""
    before, after = map(defaulted, load(path))
    assert not [*rule_errors(cel, before), *rule_errors(cel, after)]
    (found,) = rule_errors(cel, after, before)
    assert expected(path) in found


names = st.sampled_from(["example.com", "home.example.com", "*.example.com", "Example.com", "com"])
texts = st.sampled_from(
    [
        "192.0.2.1",
        "192.0.2.1.",
        "2001:db8::1",
        "::1",
        "::",
        "lb.example.net",
        "home.example.com.",
        "LB.x.y",
    ]
)
sources = st.fixed_dictionaries(
    {"type": st.sampled_from(["WAN", "Service", "Static"])},
    optional={
        "wan": st.fixed_dictionaries({}, optional={"ipv6Suffix": texts, "nat66": st.booleans()}),
        "service": st.fixed_dictionaries({"name": st.sampled_from(["web", "Web", "-"])}),
        "static": st.fixed_dictionaries({"values": st.lists(texts, max_size=3)}),
    },
)
specs = st.fixed_dictionaries(
    {"fqdn": names},
    optional={
        "zone": names,
        "types": st.lists(st.sampled_from(["A", "AAAA", "CNAME", "ALIAS"]), max_size=3),
        "source": sources,
        "ttl": st.sampled_from([299, 300, 2592000, 2592001]),
    },
)


@given(specs)
def test_the_crd_and_the_program_agree(cel: Any, spec: dict[str, Any]) -> None:
    """Whatever the API server takes the program reads, and what it refuses the program refuses."""
    obj = {"metadata": {"name": "home", "namespace": "esddns"}, "spec": spec}
    full = defaulted(obj)
    at_admission = list(schema_errors(full)) or list(rule_errors(cel, full))
    assert bool(at_admission) == bool(refused(obj))
