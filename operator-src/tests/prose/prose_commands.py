"""The commands of the pages, in blocks and between backticks, with what a page itself provides for them."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from prose.prose_cluster import cluster, made_by
from prose.prose_kubectl_call import WrongError, call
from prose.prose_pages import Fence, all_fences, parse, read
from prose.prose_programs import Page, esddns, problem
from prose.prose_shell import Command, ShellError, lines, split

_TYPED = re.compile(r"(?:kubectl|make|esddns|(?:\./)?deploy\.sh|flux|argocd|kustomize) [\w./-]")
_MENTIONED, _SHORT = {"kubectl", "esddns", "flux", "argocd"}, 3


def of_page(fences: list[Fence]) -> Page:
    """The context of a page's commands."""
    known = [command for fence in fences for command in commands(fence, quiet=True)]
    written = {file for command in known for file in command.written}
    for fence in fences:
        written |= set(
            re.findall(r"^[;#] ([\w./-]+\.(?:ini|ya?ml|conf|json))\b", fence.text, re.MULTILINE)
        )
    objects = made_by(fences, [command.words for command in known])
    return Page(cluster().plus(objects), frozenset(written))


def commands(fence: Fence, *, quiet: bool = False) -> list[Command]:
    """The simple commands of a block; none where it is no block of commands."""
    if fence.language not in {"console", "sh"}:
        return []
    try:
        return [command for text in lines(fence) for command in split(text)]
    except ShellError:
        if quiet:
            return []
        raise


@functools.cache
def contexts() -> Mapping[str, Page]:
    """The context of each page."""
    by_page: dict[str, list[Fence]] = {}
    for fence in all_fences():
        by_page.setdefault(fence.page, []).append(fence)
    return {page: of_page(fences) for page, fences in by_page.items()}


def spans_of(page: str) -> list[str]:
    """Commands within the prose: what stands between backticks and begins with a program of CHECKS."""
    found = [token.content for token in parse(read(page)) if token.type == "code_inline"]
    return [re.sub(r"^deploy\.sh ", "./deploy.sh ", text) for text in found if _TYPED.match(text)]


def span_problem(text: str, page: Page) -> str:
    """What is wrong with one of them. With `…`, or short and without an option, it only names one."""
    for command in split(text):
        bare = len(command.words) <= _SHORT and not any(w.startswith("-") for w in command.words)
        named = bare or "…" in text
        wrong = mention_problem(command) if named else ""
        if wrong := wrong or (
            "" if named and command.program in _MENTIONED else problem(command, page)
        ):
            return wrong
    return ""


def mention_problem(command: Command) -> str:
    """What is wrong with the name of a command: `kubectl rollout`, `esddns check`."""
    try:
        if command.program == "kubectl":
            call(command.words[1:2])
        elif command.program == "esddns":
            esddns(Command((*command.words[:2], "--help")))
    except WrongError as error:
        return f"{command}: {error}"
    return ""


def everyday(readme: str) -> list[str]:
    """The everyday commands of the README, without what is said behind them."""
    block = readme.partition("Every day:")[2].partition("```console\n")[2].partition("```")[0]
    return [re.split(r"\s+# ", line.removeprefix("$ "))[0] for line in block.splitlines()]
