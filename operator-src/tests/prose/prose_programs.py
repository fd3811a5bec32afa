"""Whether a command is one that works, as far as that can be known without running it.

Each program has a check of its own in CHECKS, or a reason in NOT_RUN; a command of neither kind is refused,
so that none gets into the pages unchecked.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from esddns.cli import _COMMANDS
from esddns.options import make_parser
from manifests.rendering import ROOT
from prose.prose_cluster import Cluster, placeholder
from prose.prose_kubectl import check as check_kubectl
from prose.prose_kubectl_call import WrongError
from prose.prose_pages import exists
from prose.prose_shell import Command, ShellError

# What cannot be run where tests run, and is held to this form: the whole command, and why.
NOT_RUN: Mapping[str, str] = {
    r"cosign (verify|verify-attestation|verify-blob) .*": "nothing is released: who signed is compared in "
    "test_security_page.py and examples/test_examples.py",
    r"gh attestation verify .*": "nothing is released: see cosign",
    r"dig (@?[+\w.$-]+ ?)+": "asks the name servers of the reader's own domain",
    r"openssl (s_client|x509)( .+)?": "looks at the reader's own certificate",
    r"kind (load docker-image|create cluster|delete cluster)( .+)?": "needs Docker: tests-e2e does it",
    r"docker (run|build|images|push|tag) .+": "needs Docker: tests-e2e builds and runs the image",
    r"git (clone|add|commit|push|pull|tag|revert|remote|switch|checkout|log|diff)( .+)?": "of the reader's",
    r"yq \.spec \S+": "another program; the file is looked for",
    r"promtool check rules \S+": "monitoring/test_rules.py does it with the rules as they are",
    r"(\.venv/bin/)?(pip|pipx) install .+": "installs from the reader's package index",
    r"\.venv/bin/pre-commit install": "changes the reader's own clone",
    r"\. \S+/environment": "written by tests-e2e/offline",
    r"\./(cluster|clean)": "tests-e2e/offline: the end-to-end tests run them",
    r"(systemctl|journalctl|sudo|install|chmod|mkdir|cp|mv) .+": "changes the reader's own machine",
    r"(grep|cut|jq|base64|cat|head|tail|sort|tee|sed|tr|xargs|date) .*": "a filter",
    r"(printf|echo|read|export|cd) .*": "the shell itself",
}
# Files that NOT_RUN's commands read: they have to be there.
_FILES = re.compile(
    r"(?<![\w./~-])(?:apps|clusters|monitoring|docs|operator-src|tests-e2e)/[\w./-]*\w"
)
_ENDPOINTS = (
    "operator-src/src/esddns/shell/server.py",
    "operator-src/src/esddns/shell/web/app.py",
)
_FLUX = {
    "bootstrap", "reconcile", "get", "suspend", "resume", "check", "logs", "events", "tree", "stats",
}  # fmt: skip
_FLUX_KINDS = {"kustomization", "kustomizations", "ks", "source", "sources", "all", "receivers"}
_ARGO_APP = {
    "get", "sync", "diff", "history", "rollback", "list", "wait", "set", "terminate-op", "resources",
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """What the commands of a page may rely on: objects and files that it makes itself."""

    cluster: Cluster
    written: frozenset[str]


def problem(command: Command, page: Page) -> str:
    """What is wrong with a command; empty where nothing is."""
    if not command.program:
        return ""
    try:
        check = CHECKS.get(command.program)
        if check is None:
            _not_run(command)
        else:
            check(command, page)
    except (WrongError, ShellError) as error:
        return f"{command}: {error}"
    return ""


def _not_run(command: Command) -> None:
    text = " ".join(command.words)
    if not any(re.fullmatch(form, text, re.DOTALL) for form in NOT_RUN):
        raise WrongError("nobody checks it: give it a check, or a reason in NOT_RUN")
    for path in _FILES.findall(text):
        if not exists(ROOT / path.replace("NAME", "production")):
            raise WrongError(f"no {path} in Git's tree")


def _kubectl(command: Command, page: Page) -> None:
    inner = check_kubectl(command.words[1:], page.cluster, page.written)
    if inner and (wrong := problem(Command(inner), page)):
        raise WrongError(f"in the pod: {wrong}")


def _make(command: Command, _page: Page) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    arguments = list(command.words[1:])
    if arguments[:1] == ["-C"]:
        arguments = arguments[2:]
    for word in arguments:
        name, equals, _ = word.partition("=")
        used = re.search(rf"\$\(or \$\({name}\)|\$\({name}\)|^{name} ", makefile, re.MULTILINE)
        known = used if equals else re.search(rf"^{re.escape(word)}:.*## ", makefile, re.MULTILINE)
        if not known:
            raise WrongError(f"the Makefile has no {word}")


def esddns(command: Command, _page: Page | None = None) -> None:
    """The program's own parser takes it."""
    parser = make_parser(_COMMANDS, {})
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            parser.parse_args([_filled(word) for word in command.words[1:]])
    except SystemExit as end:
        if end.code:
            raise WrongError(said.getvalue().strip().splitlines()[-1]) from None
    except argparse.ArgumentError as error:
        raise WrongError(str(error)) from None


def _filled(word: str) -> str:
    """COMMAND stands for any of them."""
    return "run" if word == "COMMAND" else word


def _deploy(command: Command, _page: Page) -> None:
    script = (ROOT / "deploy.sh").read_text("utf-8")
    before = ""
    for argument in command.words[1:]:
        word, before = ("--image" if before == "--image" else argument.partition("=")[0]), argument
        if not re.search(rf"(?:^|[\s|]){re.escape(word)}(?: \||=?\*?\))", script, re.MULTILINE):
            raise WrongError(f"deploy.sh takes no {word}")
    for assigned in command.assigned:
        if not re.search(rf"\b{assigned.partition('=')[0]}\b", script):
            raise WrongError(f"deploy.sh reads no {assigned.partition('=')[0]}")


def _flux(command: Command, page: Page) -> None:
    verb, *rest = [word for word in command.words[1:] if not word.startswith("-")] or [""]
    if verb not in _FLUX:
        raise WrongError(f"unknown verb {verb}")
    for word in command.words:
        name, _, value = word.partition("=")
        if name == "--path" and not exists(
            ROOT / value.removeprefix("./").replace("NAME", "production")
        ):
            raise WrongError(f"no {value} in Git's tree")
    if verb in {"reconcile", "suspend", "resume", "get"} and rest:
        if rest[0] not in _FLUX_KINDS:
            raise WrongError(f"unknown kind {rest[0]}")
        name = rest[-1] if len(rest) > (2 if rest[0].startswith("source") else 1) else ""
        kind = "gitrepository" if rest[0].startswith("source") else "kustomization"
        if (
            name
            and name != "flux-system"
            and not page.cluster.named(kind, name)
            and not placeholder(name)
        ):
            raise WrongError(f"no {kind} {name}")


def _argocd(command: Command, page: Page) -> None:
    group, *rest = [word for word in command.words[1:] if not word.startswith("-")] or [""]
    if group in {"login", "version", "admin", "cluster", "repo"}:
        return
    if group != "app" or not rest or rest[0] not in _ARGO_APP:
        raise WrongError(f"unknown: {group} {rest[:1]}")
    for name in rest[1:2]:
        if not page.cluster.named("application", name) and not placeholder(name):
            raise WrongError(f"no Application {name}")


def _kustomize(command: Command, page: Page) -> None:
    if command.words[1:2] != ("build",):
        raise WrongError("kustomize build is known alone")
    check_kubectl(("kustomize", *command.words[2:]), page.cluster, page.written)


def _python(command: Command, _page: Page) -> None:
    """What is given on the command line is Python."""
    option, code = (*command.words[1:3], "", "")[:2]
    if option == "-m" and code in {"venv", "pip", "json.tool"}:
        return
    if option != "-c":
        raise WrongError("python3 -c is known alone")
    try:
        compile(code, "-c", "exec")
    except SyntaxError as error:
        raise WrongError(f"no Python: {error.msg}") from None


def _curl(command: Command, _page: Page) -> None:
    urls = [word for word in command.words[1:] if re.match(r"(?:https?://)?[\w.$-]+[:/.]", word)]
    for url in urls:
        found = re.fullmatch(r"(?:https?://)?(?P<host>[\w.-]+)(?::\d+)?(?P<path>/[\w./-]*)?", url)
        if not found:
            raise WrongError(f"{url}: no address")
        ours = found["host"] == "localhost" or placeholder(found["host"])
        if ours and not _served(found["path"] or "/"):
            raise WrongError(f"nobody serves {found['path']}")
        if not ours and not url.startswith("https://"):
            raise WrongError(f"{url}: https is expected")
    if not urls:
        raise WrongError("no address")


def _served(path: str) -> bool:
    return any(f'"{path}"' in (ROOT / file).read_text("utf-8") for file in _ENDPOINTS)


CHECKS: Mapping[str, Callable[[Command, Page], None]] = {
    "kubectl": _kubectl,
    "make": _make,
    "esddns": esddns,
    "./deploy.sh": _deploy,
    "flux": _flux,
    "argocd": _argocd,
    "kustomize": _kustomize,
    "curl": _curl,
    "python3": _python,
}
