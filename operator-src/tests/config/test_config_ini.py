"""The syntax of dns.ini: sections, keys, comments, line numbers."""

from __future__ import annotations

import pytest

from esddns.config.ini import Entry, Section, read_ini
from esddns.config.report import Report
from esddns.config.settings import ConfigurationError


def read(text: str) -> tuple[tuple[Section, ...], list[str]]:
    """Read a text into its sections and its problems."""
    report = Report("dns.ini")
    sections = read_ini(text, report)
    return sections, [str(problem) for problem in report.problems]


def test_values_and_the_lines_they_stand_at() -> None:
    """Each section and each key has its line, comments and blank lines counting."""
    text = "; first\n\n[a]\nX = 1 ; one\n# two\ny=2 # two\n\n[b:C d]   ; three\n  z =\n"
    assert read(text) == (
        (
            Section("a", 3, (Entry("x", "1", 4), Entry("y", "2", 6))),
            Section("b:C d", 8, (Entry("z", "", 9),)),
        ),
        [],
    )


def test_a_comment_character_needs_white_space_before_it() -> None:
    """A value may hold ; and # as a URL does."""
    sections, problems = read("[a]\nx = a;b#c\ny = a #b;c\nz = ;all\n")
    assert sections == (
        Section("a", 1, (Entry("x", "a;b#c", 2), Entry("y", "a", 3), Entry("z", "", 4))),
    )
    assert problems == []


def test_an_indented_line_goes_on_with_the_value() -> None:
    """Lines of a value are joined; the value's line is its first."""
    sections, problems = read("[a]\nx = 1,\n   2 ; two\n\t3\ny = 4\n")
    assert sections == (Section("a", 1, (Entry("x", "1,\n2\n3", 2), Entry("y", "4", 5))),)
    assert problems == []


def test_only_the_equals_sign_divides() -> None:
    """A colon belongs to keys' values, as in an IPv6 address."""
    sections, problems = read("[a]\nx = ::1\ny : 1\n")
    assert sections == (Section("a", 1, (Entry("x", "::1", 2),)),)
    assert problems == [
        "dns.ini:3: found neither [section], key = value, nor a comment (; or # in front)"
    ]


def test_per_cent_signs_mean_nothing() -> None:
    """Values are not interpolated."""
    sections, _ = read("[a]\nx = %(y)s %%\n")
    assert sections == (Section("a", 1, (Entry("x", "%(y)s %%", 2),)),)


def test_default_is_a_section_like_any_other() -> None:
    """[DEFAULT] gives nothing to other sections."""
    sections, _ = read("[DEFAULT]\nx = 1\n[a]\ny = 2\n")
    assert sections == (
        Section("DEFAULT", 1, (Entry("x", "1", 2),)),
        Section("a", 3, (Entry("y", "2", 4),)),
    )


def test_all_errors_of_the_syntax_come_together() -> None:
    """Duplicates, junk and keys without a section do not hide one another."""
    sections, problems = read("x = 1\n[a]\njunk\nx = 1\nX = 2\n[a]\n= 3\ny = 4\n")
    assert sections == (Section("a", 2, (Entry("x", "2", 5), Entry("y", "4", 8))),)
    assert problems == [
        "dns.ini:1: found a line before the first [section]",
        "dns.ini:3: found neither [section], key = value, nor a comment (; or # in front)",
        "dns.ini:5: [a] x: found this key 2 times, at lines 4 and 5: keep one",
        "dns.ini:6: [a]: found this section 2 times, at lines 2 and 6: keep one",
        "dns.ini:7: found neither [section], key = value, nor a comment (; or # in front)",
    ]


def test_a_line_that_is_far_too_long() -> None:
    """The time that reading takes has a limit, which a list over several lines does not meet."""
    with pytest.raises(ConfigurationError) as caught:
        read(f"[a]\nx = {' ' * 4093}y\n")
    assert str(caught.value) == (
        "dns.ini:2: found a line of more than 4096 characters: a list may go on over several lines"
    )
    assert read(f"[a]\nx = {' ' * 4091}y\n")[1] == []


def test_a_file_of_many_lines_is_refused() -> None:
    """More than 10 000 lines are no configuration, and are not looked at one by one."""
    with pytest.raises(ConfigurationError) as caught:
        read("?\n" * 500_000)
    assert str(caught.value) == ("dns.ini:1: found more than 10000 lines: not a configuration file")
    assert read("[a]\n" + "\n" * 9_999)[1] == []


def test_a_missing_section_has_no_entries() -> None:
    """An absent section reads like an empty one."""
    assert Section("a").entry("x") is None
