"""DNS names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esddns.core.names import (
    InvalidNameError,
    candidate_zones,
    is_within,
    normalise,
    relative_name,
    reserved,
)

LABELS = st.from_regex(r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,8}[a-zA-Z0-9_])?", fullmatch=True)
NAMES = st.builds(
    lambda star, labels, dot: ("*." if star else "") + ".".join(labels) + ("." if dot else ""),
    st.booleans(),
    st.lists(LABELS, min_size=1, max_size=6),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Home.Example.COM.", "home.example.com"),
        ("*.example.com", "*.example.com"),
        ("_dmarc.a-b.example", "_dmarc.a-b.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (".".join(["a" * 49] * 5) + ".dev", ".".join(["a" * 49] * 5) + ".dev"),
    ],
)
def test_names_are_normalised(text: str, name: str) -> None:
    """Case and the final dot make no difference."""
    assert normalise(text) == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (".", "is empty"),
        ("münchen.example", "xn-- form"),
        ("\N{KELVIN SIGN}.example", "xn-- form"),
        ("a..example", "empty label"),
        (".example", "empty label"),
        ("a.example..", "empty label"),
        ("a*.example", "not the whole first label"),
        ("a.*.example", "not the whole first label"),
        ("*.*.example", "not the whole first label"),
        ("-a.example", "may have only"),
        ("a-.example", "may have only"),
        ("a b.example", "may have only"),
        ("a\n.example", "may have only"),
        ("a/b.example", "may have only"),
        ("a" * 64 + ".example", "label of 64 characters"),
        ("a." * 127 + "dev", "253 at most"),
    ],
)
def test_what_is_no_name_is_refused(text: str, message: str) -> None:
    """The message says what is wrong with it."""
    with pytest.raises(InvalidNameError, match=message):
        normalise(text)


def test_a_wildcard_is_refused_where_it_means_nothing() -> None:
    """A zone or a server has no wildcard name."""
    with pytest.raises(InvalidNameError, match="may not be a wildcard"):
        normalise("*.example.com", wildcard=False)


@pytest.mark.parametrize(
    ("fqdn", "zones"),
    [
        ("home.example.com", ("home.example.com", "example.com")),
        ("example.com", ("example.com",)),
        ("*.a.example.com", ("a.example.com", "example.com")),
        ("*.example.com", ("example.com",)),
        ("com", ()),
        ("*.com", ()),
        ("*", ()),
    ],
)
def test_candidate_zones(fqdn: str, zones: tuple[str, ...]) -> None:
    """Zones are tried from the longest down to two labels, and never with a wildcard."""
    assert candidate_zones(fqdn) == zones


@pytest.mark.parametrize(
    ("fqdn", "zone", "name"),
    [
        ("example.com", "example.com", "@"),
        ("home.example.com", "example.com", "home"),
        ("a.b.example.com", "example.com", "a.b"),
        ("*.example.com", "example.com", "*"),
        ("*.sub.example.com", "example.com", "*.sub"),
        ("example.com.example.com", "example.com", "example.com"),
    ],
)
def test_relative_name(fqdn: str, zone: str, name: str) -> None:
    """The apex is @, anything else loses the zone and nothing more."""
    assert relative_name(fqdn, zone) == name


def test_a_name_outside_the_zone_has_no_relative_name() -> None:
    """A common ending is not enough: labels count."""
    with pytest.raises(ValueError, match="not in the zone"):
        relative_name("myexample.com", "example.com")


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("example.com", "example.com"),
        ("*.a.example.net", "example.net"),
        ("example.org", "example.org"),
        ("a.example", ".example"),
        ("a.test", ".test"),
        ("a.invalid", ".invalid"),
        ("nas.local", ".local"),
        ("localhost", ".localhost"),
        ("myexample.com", None),
        ("example.dev", None),
        ("test.dev", None),
    ],
)
def test_reserved(name: str, domain: str | None) -> None:
    """Reserved domains and what is below them are known, and nothing that only looks like them."""
    assert reserved(name) == domain


def test_is_within() -> None:
    """A domain is within itself, and its neighbours are not."""
    assert is_within("api.gandi.net", "gandi.net")
    assert is_within("gandi.net", "gandi.net")
    assert not is_within("notgandi.net", "gandi.net")


@given(text=NAMES)
@settings(database=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    """A normalised name is its own normal form, in lower case and without a final dot."""
    name = normalise(text)
    assert normalise(name) == name
    assert name == name.lower()
    assert not name.endswith(".")


@given(text=NAMES)
@settings(database=None)
def test_a_name_is_made_of_its_relative_name_and_its_zone(text: str) -> None:
    """Whichever candidate is the zone, the two parts give the name again."""
    fqdn = normalise(text)
    for zone in candidate_zones(fqdn):
        name = relative_name(fqdn, zone)
        assert (zone if name == "@" else f"{name}.{zone}") == fqdn


@given(text=st.text())
@settings(database=None)
def test_any_text_is_a_name_or_refused(text: str) -> None:
    """No text causes any other exception, and what comes out is ASCII of a legal length."""
    try:
        name = normalise(text)
    except InvalidNameError:
        return
    assert name.isascii()
    assert 1 <= len(name) <= 253
