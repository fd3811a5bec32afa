"""docs/troubleshooting.md: each text in it is one that the product prints, and the page has its full form."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from commands.command_site import CommandSite
from commands.conftest import Command, check, in_process, kept_logging, once, site  # noqa: F401  # fixtures
from esddns.shell.gandi.token import TokenSource
from manifests.rendering import ROOT
from nodes.virtual_cluster import TOKEN
from reference.symptom_tools import Bench
from reference.symptoms import ON_A_CLUSTER, PLAYED, TOLD, TYPED

PAGE = ROOT / "docs/troubleshooting.md"
PARTS = ("**Why:** ", "**Look:** ", "**Mend:** ")
# Each heading's quotations may be shown by several of its cases together.
CASES: Sequence[Mapping[str, object]] = (TYPED, PLAYED, TOLD, ON_A_CLUSTER)
_VARIES = 600  # characters that … stands for at most


@pytest.fixture
def tokens(tmp_path: Path) -> TokenSource:
    """The token of the cluster's agents, in a folder of its own."""
    file = tmp_path / "pod/api-key"
    file.parent.mkdir()
    file.write_text(TOKEN)
    return TokenSource(file, {})


def sections() -> dict[str, str]:
    """Each symptom's heading with what stands below it."""
    text = PAGE.read_text("utf-8")
    found = re.split(r"^### (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        name: re.split(r"^## ", body, flags=re.MULTILINE)[0]
        for name, body in zip(map(_plain, found[::2]), found[1::2], strict=True)
    }


def _plain(heading: str) -> str:
    return heading.replace("`", "")


def quoted(heading: str) -> list[str]:
    """The texts that are quoted below it."""
    return re.findall(r"^```text\n(.*?)^```$", sections()[heading], re.MULTILINE | re.DOTALL)


def occurs(quotation: str, shown: str) -> bool:
    """Whether it was shown: lines broken anywhere, `…` for what varies."""
    pieces = [re.escape(" ".join(piece.split())) for piece in quotation.split("…")]
    form = rf"\s?.{{0,{_VARIES}}}?\s?".join(pieces)
    return re.search(form, " ".join(shown.split())) is not None


def lines(quotation: str) -> list[str]:
    """One log line, or one problem, for each that begins anew; else the whole."""
    found = re.split(
        r"\n(?=(?:fix: |WARNING |ERROR |INFO |opendns |google |stun |token: ))", quotation
    )
    return [one for one in found if one.strip()]


def missing(heading: str, shown: str) -> list[str]:
    """What is quoted and was not shown."""
    return [one for text in quoted(heading) for one in lines(text) if not occurs(one, shown)]


def test_every_symptom_has_a_case() -> None:
    """And each case its symptom on the page, of which there are many more than twenty."""
    assert set(sections()) == {heading for cases in CASES for heading in cases}
    assert len(sections()) > 50


@pytest.mark.parametrize("heading", sections())
def test_the_form(heading: str) -> None:
    """What is seen, why, what to look at, what to do; and a way there from the table of contents."""
    body = sections()[heading]
    assert quoted(heading)
    assert [body.count(f"\n{part}") for part in PARTS] == [1, 1, 1]
    contents = PAGE.read_text("utf-8").partition("## Where you see it")[2].partition("\n## ")[0]
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    assert f"(#{anchor})" in contents


@pytest.mark.parametrize("heading", sections())
async def test_what_is_quoted_is_said(
    heading: str,
    site: CommandSite,  # noqa: F811
    check: Command,  # noqa: F811
    once: Command,  # noqa: F811
    tokens: TokenSource,
) -> None:
    """Each text of the page is printed again by the real program, in one of the ways that it is seen."""
    bench = Bench(site, check, once)
    shown = [await case(bench) for case in TYPED.get(heading, ())]
    # On virtual time, in a loop of their own.
    shown += [await asyncio.to_thread(case, tokens) for case in PLAYED.get(heading, ())]
    if heading in TOLD:
        shown.append(await asyncio.to_thread(TOLD[heading]))
    if heading in ON_A_CLUSTER:
        shown += map(constants, ON_A_CLUSTER[heading].sources)
    assert missing(heading, "\n".join(shown)) == []


def constants(path: str) -> str:
    """The words of a file: of a Python file its strings, joined as the program does."""
    text = (ROOT / path).read_text("utf-8")
    if not path.endswith(".py"):
        return text
    strings = (n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant))
    return "\n".join(value for value in strings if isinstance(value, str))


@pytest.mark.parametrize("heading", ON_A_CLUSTER)
def test_what_only_a_cluster_shows(heading: str) -> None:
    """An end-to-end test shows it; it is one that there is."""
    file, _, name = ON_A_CLUSTER[heading].test.partition("::")
    tree = ast.parse((ROOT / "tests-e2e" / file).read_text("utf-8"))
    assert name in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


def test_what_is_not_said_is_seen() -> None:
    """A quotation with a word too much, or in another order, is found; `…` is not endless."""
    shown = "fix: dns.ini:2: [detection] interval: found '5m', allowed: 5…86400 (seconds)"
    assert occurs("[detection] interval: found '5m',\n  allowed: …", shown)
    assert not occurs("[detection] interval: found '5h', allowed: …", shown)
    assert not occurs("allowed: … found", shown)
    assert not occurs("fix: … (seconds)", f"fix: {'x' * 700} (seconds)")
