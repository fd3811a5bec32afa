"""Links of the pages: those into the repository lead to what is there, those out of it are well-formed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from manifests.rendering import ROOT
from prose.prose_pages import anchors, exists, links, pages, read, tree, undefined

# The project's own pages, by their address.
_OWN = re.compile(r"https://github\.com/sqe/esddns/(?:blob|tree)/main/(.*)")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)
# In clear only what is on the reader's own machine, or nowhere.
_IN_CLEAR = re.compile(r"localhost|127\.0\.0\.1|\[::1\]|(?:.+\.)?example\.(?:com|net|org)")


def problems(page: str, text: str) -> list[str]:
    """Everything that is wrong with the links of a page."""
    found = [f"{page}: {link}: {why}" for link in links(text) if (why := problem(page, text, link))]
    return found + [f"{page}: {name}: not defined" for name in undefined(text)]


def problem(page: str, text: str, link: str) -> str:
    """What is wrong with a link; empty where nothing is."""
    if own := _OWN.fullmatch(link):
        return _inside("README.md", "", own[1])
    if re.match(r"[a-z][a-z0-9+.-]*:", link, re.IGNORECASE):
        return _outside(link)
    return _inside(page, text, link)


def _outside(link: str) -> str:
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme == "http" and _IN_CLEAR.fullmatch(host):
        return ""
    if parts.scheme != "https":
        return f"scheme {parts.scheme}: https is expected"
    if not _HOST.fullmatch(host) or parts.username or re.search(r"\s", link):
        return "no well-formed address"
    return ""


def _inside(page: str, text: str, link: str) -> str:
    path, _, anchor = unquote(link).partition("#")
    if path.startswith("/"):
        return "begins with /, which is another place on each site"
    target = Path(os.path.normpath(ROOT / page / ".." / path)) if path else ROOT / page
    if path and not exists(target):
        return "no such file in Git's tree"
    if not anchor:
        return ""
    if path and target.suffix != ".md":
        return "" if re.fullmatch(r"L\d+", anchor) else "an anchor in what is no page"
    there = read(str(target.relative_to(ROOT))) if path else text
    return "" if anchor in anchors(there) else f"no heading #{anchor}"


def test_the_pages_are_found() -> None:
    """All places that have prose are looked at."""
    assert {"README.md", "docs/architecture.md", "docs/runbooks/README.md"} <= set(pages())
    assert {"operator-src/README.md", "tests-e2e/offline/README.md"} <= set(pages())
    assert {name for name in tree() if name.endswith(".md")} == set(pages())


@pytest.mark.parametrize("page", pages())
def test_links(page: str) -> None:
    """Each relative link and image is a file, each anchor a heading, each reference defined."""
    assert problems(page, read(page)) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a](docs/no-such-page.md)", "no such file in Git's tree"),
        ("![a](docs/images/no.png)", "no such file in Git's tree"),
        ('<img src="docs/images/no.png">', "no such file in Git's tree"),
        ("[a](../outside.md)", "no such file in Git's tree"),
        ("[a](.venv/bin/python)", "no such file in Git's tree"),
        ("[a](readme.md)", "no such file in Git's tree"),
        ("[a](/README.md)", "begins with /"),
        ("[a](docs/architecture.md#no-such-heading)", "no heading #no-such-heading"),
        ("# One\n\n[a](#two)", "no heading #two"),
        ("# One\n\n[a](#one-1)", "no heading #one-1"),
        ("[a](Makefile#demo)", "an anchor in what is no page"),
        ("[a][nowhere]", "not defined"),
        ("| a |\n|---|\n| [nowhere][] |", "not defined"),
        ("[a][b]\n\n[b]: docs/no.md", "no such file in Git's tree"),
        ("[a](http://gandi.net)", "https is expected"),
        ("see http://gandi.net.", "https is expected"),
        ("[a](ftp://example.com/x)", "https is expected"),
        ("[a](https://gandi)", "no well-formed address"),
        ("[a](https://gandi.net:port/)", "Port could not be cast"),
        ("<https://me@gandi.net/>", "no well-formed address"),
        ("[a](https://github.com/sqe/esddns/blob/main/docs/no.md)", "no such file in Git's tree"),
    ],
)
def test_refused(text: str, why: str) -> None:
    """A wrong link is seen."""
    (found,) = problems("README.md", text)
    assert why in found


def test_taken() -> None:
    """A right one is not."""
    text = (
        "# A `code` heading, and [a link](docs/)\n\n# Twice\n\n# Twice\n\n"
        "[1](#a-code-heading-and-a-link) [2](#twice-1) [3](docs/architecture.md#the-image) [4](LICENSE) "
        "[5](deploy.sh#L3) [6](apps/esddns/base/) [7][x] [8](http://localhost:8080/metrics) `[a][b]`\n\n"
        "[x]: https://api.gandi.net/docs/livedns/\n"
    )
    assert problems("README.md", text) == []
