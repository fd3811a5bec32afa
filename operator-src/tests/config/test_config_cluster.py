"""What of dns.ini is about clusters: the domains of other namespaces, and IPv6 that all nodes share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esddns.config.parse import parse
from esddns.config.settings import ConfigurationError, Settings, SourceSettings

Builtin = tuple[SourceSettings, ...]

IPV6_NEEDS = (
    "ipv6 in a cluster needs ipv6-suffix or nat66 = true, for without NAT every node sees only an IPv6 "
    "address of its own: add one of them, or use a DNSRecord with source.type: Service"
)
both_kinds = pytest.mark.parametrize("families", ["ipv6", "ipv4, ipv6"])


def parsed(text: str, builtin: Builtin, *, in_cluster: bool = True) -> Settings:
    """Parse as an agent of a cluster does."""
    return parse(text, file="dns.ini", builtin=builtin, in_cluster=in_cluster)


def problems(text: str, builtin: Builtin) -> list[str]:
    """Give the messages about a text that is rejected in a cluster."""
    with pytest.raises(ConfigurationError) as caught:
        parsed(text, builtin)
    return [str(problem) for problem in caught.value.problems]


def test_no_namespace_may_name_anything_by_default(builtin: Builtin) -> None:
    """Only what is listed is allowed; the operator's own namespace needs no section."""
    assert parsed("", builtin).namespaces == {}


def test_namespaces(builtin: Builtin) -> None:
    """Each has its own domains, in one form whatever the user wrote, in one line or over several."""
    text = """
[namespace:team-a]
domains = Esddns.DEV., home.esddns.org
[namespace: b2 ]
domains =
   esddns.org,
   _sub.esddns.dev   ; a comment
   xn--bcher-kva.example
"""
    assert parsed(text, builtin).namespaces == {
        "team-a": frozenset({"esddns.dev", "home.esddns.org"}),
        "b2": frozenset({"esddns.org", "_sub.esddns.dev", "xn--bcher-kva.example"}),
    }


@pytest.mark.parametrize("name", ["a", "7", "a-b", "kube-system", "a" * 63])
def test_names_of_namespaces(builtin: Builtin, name: str) -> None:
    """Whatever Kubernetes takes as the name of a namespace (RFC 1123 label)."""
    text = f"[namespace:{name}]\ndomains = esddns.dev\n"
    assert parsed(text, builtin).namespaces == {name: frozenset({"esddns.dev"})}


@pytest.mark.parametrize(
    "name", ["-a", "a-", "a.b", "a_b", "A", "a b", "a:b", "\u00e4", "*", "a" * 64]
)
def test_what_is_no_name_of_a_namespace(builtin: Builtin, name: str) -> None:
    """A section that could never be of any use is refused, at its header."""
    (problem,) = problems(f"\n[namespace:{name}]\ndomains = esddns.dev\n", builtin)
    assert problem.startswith("dns.ini:2: ")
    assert "lower-case letters, digits and hyphens are expected: [namespace:team-a]" in problem


def test_one_domain_may_be_of_several_namespaces(builtin: Builtin) -> None:
    """Who keeps which record is decided among the objects."""
    text = "[namespace:a]\ndomains = esddns.dev\n[namespace:b]\ndomains = esddns.dev\n"
    assert set(parsed(text, builtin).namespaces) == {"a", "b"}


def test_namespaces_are_read_outside_a_cluster_too(builtin: Builtin) -> None:
    """One file serves both; `check` finds what is wrong in it wherever it runs."""
    text = "[namespace:a]\ndomains = esddns.dev\n"
    assert parsed(text, builtin, in_cluster=False).namespaces == {"a": frozenset({"esddns.dev"})}


@given(st.text(st.characters(codec="ascii", exclude_characters="\r\n\0;#"), max_size=20))
def test_a_domain_is_normal_or_refused(text: str) -> None:
    """Whatever is written as a domain: what is accepted can be compared with a record's name."""
    ini = f"[namespace:a]\ndomains = {text}\n[detection]\nsources = x\n{_SOURCE}"
    try:
        found = parsed(ini, ()).namespaces["a"]
    except ConfigurationError:
        return
    assert found
    for domain in found:
        assert domain == domain.lower().strip().strip(".")
        assert domain


_SOURCE = "quorum = 1\n[source:x]\noperator = x\nkind = stun\nipv4 = stun.esddns.dev\n"


@both_kinds
def test_ipv6_that_each_node_sees_alone(builtin: Builtin, families: str) -> None:
    """In a cluster IPv6 without suffix or NAT is refused, at `families`, with why and what to do."""
    text = f"[detection]\nfamilies = {families}\nquorum = 1\n"
    assert problems(text, builtin) == [f"dns.ini:2: [detection] families: {IPV6_NEEDS}"]
    no = f"{text}nat66 = false\nipv6-suffix =\n"
    assert problems(no, builtin) == [f"dns.ini:2: [detection] families: {IPV6_NEEDS}"]


@both_kinds
@pytest.mark.parametrize("what", ["ipv6-suffix = ::1234:5678", "nat66 = true", "nat66 = Yes"])
def test_ipv6_that_all_nodes_share(builtin: Builtin, families: str, what: str) -> None:
    """Either of the two makes it one address for all nodes."""
    text = f"[detection]\nfamilies = {families}\n{what}\nquorum = 1\n"
    detection = parsed(text, builtin).detection
    assert detection.nat66 == what.startswith("nat66")
    assert (detection.ipv6_suffix is not None) == what.startswith("ipv6-suffix")


def test_ipv6_outside_a_cluster(builtin: Builtin) -> None:
    """One machine has one address: nothing more is needed."""
    text = "[detection]\nfamilies = ipv6\nquorum = 1\n"
    assert not parsed(text, builtin, in_cluster=False).detection.nat66


def test_ipv4_in_a_cluster(builtin: Builtin) -> None:
    """Nothing of IPv6 is asked for where it is not detected."""
    assert not parsed("[detection]\nfamilies = ipv4\n", builtin).detection.nat66
    assert parsed("[detection]\nnat66 = true\n", builtin).detection.nat66


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "families = ipv5, ipv6",
            "dns.ini:2: [detection] families: found 'ipv5', allowed: ipv4, ipv6",
        ),
        (
            "families = ipv6\nquorum = 1\nipv6-suffix = ::",
            (
                "dns.ini:4: [detection] ipv6-suffix: found '::', allowed: an IPv6 address whose first "
                "64 bits are zero, like ::1234:5678"
            ),
        ),
        pytest.param(
            "families = ipv6\nquorum = 1\nnat66 = maybe",
            "dns.ini:4: [detection] nat66: found 'maybe', allowed: true, false",
        ),
    ],
)
def test_a_value_that_is_wrong_causes_no_second_problem(
    builtin: Builtin, text: str, expected: str
) -> None:
    """That neither of the two is given is not said where one of them was, wrongly."""
    assert problems(f"[detection]\n{text}\n", builtin) == [expected]
