"""The pages of prose, as a Markdown parser reads them: headings, links, and blocks of code."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from workflows.repository import ROOT, files

PATTERNS = (
    "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ".github/*.md", "docs/**/*.md",
    "operator-src/README.md", "tests-e2e/**/README.md", "apps/**/README.md",
)  # fmt: skip

# As GitHub reads it, as far as pages here go: CommonMark with tables.
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_IN_HTML = re.compile(r"""<(?:a|img)\b[^>]*?\b(?:href|src)=["']([^"']*)["']""")
_ANCHOR_IN_HTML = re.compile(r"""\b(?:id|name)=["']([^"']+)["']""")
# What CommonMark leaves as text where nothing defines it. `[x]` alone is often no link at all.
_UNDEFINED = re.compile(r"\[([^\[\]]+)\]\[([^\[\]]*)\]")
_BARE = re.compile(r"\bhttps?://[^\s<>]+")


@dataclass(frozen=True)
class Fence:
    """A block of code: `language` and `marks` are what stands behind its backticks; `line` is its first."""

    page: str
    line: int
    language: str
    marks: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        """Where it is: `docs/security.md:77`."""
        return f"{self.page}:{self.line}"


@functools.cache
def tree() -> frozenset[str]:
    """Every file that is, or would be, in Git's tree; all that there are where there is no Git."""
    if (ROOT / ".git").exists():
        found = files()
    else:
        found = [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    return frozenset(str(path.relative_to(ROOT)) for path in found)


def pages() -> list[str]:
    """The pages, by their paths in the repository."""
    found = {str(path.relative_to(ROOT)) for pattern in PATTERNS for path in ROOT.glob(pattern)}
    return sorted(found & tree())


def read(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text("utf-8")


def parse(text: str) -> list[Token]:
    """The tokens of a page: those of blocks, and behind each those of what is in it."""
    return list(_flat(_MARKDOWN.parse(text)))


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def links(text: str) -> list[str]:
    """Where links and images lead, those in HTML and bare addresses included."""
    found = []
    for token in parse(text):
        if token.type in {"link_open", "image"}:
            found.append(str(token.attrs["href" if token.type == "link_open" else "src"]))
        elif token.type in {"html_block", "html_inline"}:
            found += _IN_HTML.findall(token.content)
        elif token.type == "text":
            found += [match.rstrip(".,:;!?*_'\")") for match in _BARE.findall(token.content)]
    return list(dict.fromkeys(found))  # the text of <https://…> is bare, too


def undefined(text: str) -> list[str]:
    """References `[text][name]` that no `[name]: …` defines."""
    return [
        f"[{shown}][{name}]"
        for token in parse(text)
        if token.type == "text"
        for shown, name in _UNDEFINED.findall(token.content)
    ]


def anchors(text: str) -> set[str]:
    """What `#…` may name: each heading as GitHub makes it an anchor, the second of a name with `-1`."""
    tokens = parse(text)
    found: set[str] = set()
    for before, token in itertools.pairwise(tokens):
        if before.type == "heading_open":
            words = "".join(
                part.content
                for part in token.children or []
                if part.type in {"text", "code_inline"}
            )
            slug = name = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
            count = 0
            while name in found:
                count += 1
                name = f"{slug}-{count}"
            found.add(name)
    for token in tokens:
        if token.type in {"html_block", "html_inline"}:
            found |= set(_ANCHOR_IN_HTML.findall(token.content))
    return found


def fences(text: str, page: str = "page.md") -> list[Fence]:
    """Every block of code; one that is only indented has no language."""
    found = []
    for token in parse(text):
        if token.type in {"fence", "code_block"}:
            assert token.map is not None
            language, *marks = token.info.split() or [""]
            line = token.map[0] + 1
            found.append(Fence(page, line, language, tuple(marks), token.content))
    return found


@functools.cache
def all_fences() -> tuple[Fence, ...]:
    """The blocks of all pages."""
    return tuple(fence for page in pages() for fence in fences(read(page), page))


def blocks(language: str) -> list[Fence]:
    """The blocks of one language."""
    return [fence for fence in all_fences() if fence.language == language]


def tables(text: str) -> list[list[list[str]]]:
    """Every table: rows of cells, its head first; a cell is its Markdown."""
    found: list[list[list[str]]] = []
    cell = False
    for token in parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif cell:
            found[-1][-1].append(token.content)
        cell = token.type in {"td_open", "th_open"}
    return found


def spans(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def exists(path: Path) -> bool:
    """Whether a file is in Git's tree, or a folder has something of it."""
    try:
        name = str(path.relative_to(ROOT))
    except ValueError:
        return False
    return name in {".", *tree()} or any(file.startswith(f"{name}/") for file in tree())
