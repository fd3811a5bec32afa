"""Whatever the text is, it comes to Settings or to a ConfigurationError, and to nothing else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from esddns.config import schema
from esddns.config.parse import parse
from esddns.config.settings import ConfigurationError, Problem, Settings, SourceSettings
from esddns.config.short_form import ShortForm

VALID = """\
[gandi]
url = https://api.gandi.net/v5/livedns
auth = bearer
[detection]
families = ipv4, ipv6
accept-networks = 198.51.100.0/24
sources = ipify, icanhazip, mine
[source:mine]
operator = me
kind = dns
ipv4 = 192.0.2.1:53 whoami.esddns.dev TXT CH
[dns]
servers = [2001:db8::1]:53
[record:*.esddns.dev]
types = A, AAAA
zone = esddns.dev
"""

LINE = st.builds(
    "{} = {}".format,
    st.sampled_from([key.name for key in schema.KEYS]) | st.text(max_size=8),
    st.text(max_size=30)
    | st.sampled_from(
        ["", "1", "::", "a.b:53", "ipv6", "dns", "stun", "http://[::1]:x/", "[", "%"]
    ),
)
HEADER = st.builds(
    "[{}]".format,
    st.sampled_from([*schema.SECTIONS, "source:x", "record:a.dev", "WANIPState", "DEFAULT"])
    | st.text(max_size=8),
)
INDENT = st.sampled_from(["", "", "", " ", "\t"])
FILES = st.lists(st.tuples(INDENT, LINE | HEADER | st.text(max_size=20)).map("".join)).map(
    "\n".join
)


def outcome(text: str, builtin: tuple[SourceSettings, ...], short: ShortForm) -> None:
    """Parse, and hold what comes out against the two forms that there may be."""
    problems: tuple[Problem, ...] = ()
    result = None
    try:
        result = parse(text, file="dns.ini", builtin=builtin, short=short)
    except ConfigurationError as error:
        problems = error.problems
    if result is None:
        assert problems
        lines = len(text.splitlines()) + 1
        for problem in problems:
            assert problem.message
            assert problem.line is None or 1 <= problem.line <= lines
            assert "\n" not in str(problem)
    else:
        assert isinstance(result, Settings)
        assert isinstance(result.gandi.token_file, Path)
        assert 1 <= result.detection.quorum <= 16
        assert 0 <= result.detection.probe_interval <= result.detection.interval
        for record in result.records:
            assert 300 <= record.ttl <= 2592000
            assert record.type.family in result.detection.families
        for family in result.detection.families:
            operators = {s.operator for s in result.detection.sources if family in s.targets}
            assert len(operators) >= result.detection.quorum
        keys = [record.key for record in result.records]
        assert len(keys) == len(set(keys))


@given(text=st.text())
@example(text="[]\n=\n")
@example(text="[\n]\n[a]\n = x\n  y\n")
@settings(deadline=None, database=None)
def test_arbitrary_text(text: str, builtin: tuple[SourceSettings, ...]) -> None:
    """Text of any kind is read or refused in the declared way."""
    outcome(text, builtin, ShortForm())


@given(text=FILES)
@settings(deadline=None, database=None, max_examples=300)
def test_arbitrary_lines_of_the_format(text: str, builtin: tuple[SourceSettings, ...]) -> None:
    """Known keys with any values, in any section and any order, are read or refused."""
    outcome(text, builtin, ShortForm())


@given(start=st.integers(0, len(VALID)), length=st.integers(0, 12), put=st.text(max_size=12) | LINE)
@settings(deadline=None, database=None, max_examples=300)
def test_mutated_valid_file(
    start: int, length: int, put: str, builtin: tuple[SourceSettings, ...]
) -> None:
    """A valid file with some of its text replaced is read or refused."""
    outcome(VALID[:start] + put + VALID[start + length :], builtin, ShortForm())


@given(
    domain=st.none() | st.text() | st.just("a.esddns.dev"),
    ttl=st.none() | st.text() | st.integers().map(str),
    interval=st.none() | st.text() | st.integers().map(str),
)
@settings(deadline=None, database=None)
def test_arbitrary_short_form(
    domain: str | None,
    ttl: str | None,
    interval: str | None,
    builtin: tuple[SourceSettings, ...],
) -> None:
    """Flags and variables of any text are read or refused."""
    outcome(VALID, builtin, ShortForm(domain, ttl, interval))
