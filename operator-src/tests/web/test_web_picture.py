"""The words for times, and the picture of the history."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address

import pytest

from esddns.core.model import Family
from esddns.core.state import Change
from esddns.shell.web.picture import draw
from esddns.shell.web.words import ago, lasting, sentence
from web.canned import NOW


def change(after: str, **ago: float) -> Change:
    """A change to that address so long ago."""
    at = NOW - timedelta(**ago)
    if ":" in after:
        return Change(Family.IPV6, None, IPv6Address(after), at)
    return Change(Family.IPV4, None, IPv4Address(after), at)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-50, "0 s"), (0, "0 s"), (59, "59 s"), (119, "119 s"), (120, "2 min"), (3599, "59 min"), (3600, "1 h"),
     (86_399, "23 h"), (86_400, "1 day"), (172_800, "2 days"), (86_400 * 400, "400 days")],
)  # fmt: skip
def test_how_long(seconds: int, words: str) -> None:
    """A time is told in the largest unit of which there is enough, and never below nothing."""
    assert lasting(NOW - timedelta(seconds=seconds), NOW) == words
    assert ago(NOW - timedelta(seconds=seconds), NOW) == (
        f"{words} ago" if seconds > 1 else "just now"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [("", ""), ("it holds 2", "It holds 2."), ("contested: x!", "Contested: x!"), ("a.b is", "a.b is."),
     ("192.0.2.1 is", "192.0.2.1 is."), ("cut off…", "Cut off…"), ("Done.", "Done.")],
)  # fmt: skip
def test_a_sentence(text: str, told: str) -> None:
    """A message gets a capital and a full stop, but for a name or an address at its head."""
    assert sentence(text) == told


def test_stretches_fill_the_time() -> None:
    """Each lane's stretches follow one another to the end, in proportion to how long each address stood."""
    picture = draw([change("192.0.2.1", days=4), change("192.0.2.2", days=3), change("2001:db8::1", days=2)],
                   NOW, None)  # fmt: skip
    assert picture is not None
    four, six = picture.lanes
    assert [(one.x, one.width, one.now) for one in four.stretches] == [
        ("0.00%", "25.00%", False), ("25.00%", "75.00%", True),
    ]  # fmt: skip
    assert [(one.x, one.width) for one in six.stretches] == [("50.00%", "50.00%")]
    assert (four.name, four.address, six.name) == ("IPv4", "192.0.2.2", "IPv6")
    assert "192.0.2.1 from 18 Nov 2026, 21:04 UTC" in picture.description
    assert picture.ends == "now"


def test_names_only_where_they_fit() -> None:
    """An address is named in its stretch where there is room for it, on a phone only where there is there."""
    picture = draw([change("192.0.2.1", days=100), change("198.51.100.222", days=75),
                    change("192.0.2.2", minutes=1)], NOW, None)  # fmt: skip
    assert picture is not None
    labels = [(one.label, one.wide) for one in picture.lanes[0].stretches]
    assert labels == [("192.0.2.1", True), ("198.51.100.222", False), ("", True)]
    assert picture.lanes[0].stretches[2].width == "0.60%"


def test_as_far_as_it_is_known() -> None:
    """A history that is stale ends when it was last known; none at all is no picture."""
    as_of = NOW - timedelta(days=1)
    picture = draw([change("192.0.2.1", days=3), change("192.0.2.2", days=2)], NOW, as_of)
    assert picture is not None
    assert [one.width for one in picture.lanes[0].stretches] == ["50.00%", "50.00%"]
    assert picture.ends == "21 Nov 2026, 21:04"
    assert draw([], NOW, None) is None
    assert draw([change("192.0.2.1", days=0)], NOW, None) is not None
