"""Command lines of the pages are taken apart as a shell does."""

from __future__ import annotations

import pytest

from prose.prose_pages import Fence
from prose.prose_shell import ShellError, lines, split


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a -x 'b c' \"d $e\" # no", [("a", "-x", "b c", "d $e")]),
        ("a | b && c; d || e &", [("a",), ("b",), ("c",), ("d",), ("e",)]),
        ("a \\\n  b\nc", [("a", "b"), ("c",)]),
        ("a=$(b | c -d) e", [("e",), ("b",), ("c", "-d")]),
        ('a "$(b "c d")"', [("a", "$(…)"), ("b", "c d")]),
        ("for x in $(a); do b $x; done", [("a",), ("b", "$x")]),
        ("a <<EOF > f\nno | no\nEOF\nb 2>/dev/null", [("a",), ("b",)]),
        ("a '{\"b\":1}' c=d", [("a", '{"b":1}', "c=d")]),
        ("# nothing", []),
    ],
)
def test_lines_are_taken_apart(text: str, found: list[tuple[str, ...]]) -> None:
    """As a shell does."""
    assert [one.words for one in split(text) if one.words] == found


@pytest.mark.parametrize("text", ["a 'b", 'a "b', "a $(b", "a <<EOF\nb"])
def test_lines_without_an_end(text: str) -> None:
    """What bash would wait for the rest of is an error."""
    with pytest.raises(ShellError, match="end"):
        split(text)


def test_lines_of_a_console() -> None:
    """Those behind the prompt with what they go on with; what a program says is none."""
    text = "$ a 'b\n> c' \\\n  d\nsaid\n$ e <<X\nf\nX\nsaid\n"
    assert lines(Fence("page.md", 1, "console", (), text)) == ["a 'b\nc' \\\n  d", "e <<X\nf\nX"]
    assert lines(Fence("page.md", 1, "console", (), "# a\nsaid\n# b\n")) == ["a", "b"]
