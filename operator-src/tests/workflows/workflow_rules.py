"""What no linter says and every workflow must hold: pinned, with the least rights, runnable by a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.repository import Workflow

_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
_OWN = re.compile(r"\./\.github/workflows/[\w-]+\.yaml")
_IMAGE = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}|\$\{\{ matrix\.\w+ \}\}")
# One command, which is in the repository; `gh release create` has a page to itself in its manual.
_COMMAND = re.compile(
    r"make [\w-]+"
    r"|\.ci/test"
    r'|\.github/scripts/[\w-]+\.sh( [\w./-]+| "[^"]+"| --push)*( >> "\$GITHUB_OUTPUT")?'
    r'|gh release create( "\$GITHUB_REF_NAME"| [\w./-]+)+'
)
_DANGEROUS = {"pull_request_target", "workflow_run", "issue_comment"}


def problems(workflow: Workflow, text: str) -> list[str]:
    """Everything that is wrong with a workflow."""
    found = [*_whole(workflow), *_pinned(text)]
    for name, job in workflow["jobs"].items():
        found += [f"{name}: {problem}" for problem in (*_job(job), *_steps(job))]
    return found


def _whole(workflow: Workflow) -> Iterator[str]:
    if workflow.get("permissions") != {}:
        yield "permissions at the top are not {}"
    if "group" not in workflow.get("concurrency", {}):
        yield "no concurrency group"
    yield from (f"triggered by {name}" for name in sorted(_DANGEROUS & set(workflow["on"])))


def _pinned(text: str) -> Iterator[str]:
    for line in text.splitlines():
        key, _, value = line.strip().removeprefix("- ").partition(": ")
        if key == "uses" and not (_PINNED.fullmatch(value) or _OWN.fullmatch(value)):
            yield f"uses {value}: a full commit and `# vX.Y.Z` are expected"
        if key == "image" and not _IMAGE.fullmatch(value):
            yield f"image {value} is not pinned by digest"


def _job(job: Workflow) -> Iterator[str]:
    rights = job.get("permissions")
    if not isinstance(rights, dict):
        yield "no permissions of its own"
    if "uses" in job:
        if "secrets" in job:
            yield "hands on secrets"
        return
    if not isinstance(job.get("timeout-minutes"), int):
        yield "no timeout-minutes"
    if str(job.get("runs-on")).endswith("latest"):
        yield f"runs on {job['runs-on']}, which becomes another system"
    if "secrets." in str(job) and "environment" not in job:
        yield "a secret without an environment that guards it"


def _steps(job: Workflow) -> Iterator[str]:
    for step in job.get("steps", ()):
        action, options = step.get("uses", ""), step.get("with", {})
        if (
            action.startswith("actions/checkout@")
            and options.get("persist-credentials") is not False
        ):
            yield "checkout leaves its token in the work tree"
        command = step.get("run", "make run").strip()
        if not _COMMAND.fullmatch(command):
            yield f"`{command}` is not one command that a person can run: make a script of it"


def of_pull_requests(found: dict[str, Workflow]) -> set[str]:
    """The workflows that run for a pull request, those that are called by one of them among them."""
    wanted = {name for name, workflow in found.items() if "pull_request" in workflow["on"]}
    todo = list(wanted)
    while todo:
        for job in found[todo.pop()]["jobs"].values():
            called = str(job.get("uses", "")).rpartition("/")[2]
            if called in found and called not in wanted:
                wanted.add(called)
                todo.append(called)
    return wanted
