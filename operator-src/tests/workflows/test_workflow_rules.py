"""The workflows keep the house's rules, and each rule can be broken."""

from __future__ import annotations

import os
import re
import shlex

import pytest
import yaml

from workflows.repository import ROOT, WORKFLOWS, workflows
from workflows.workflow_rules import of_pull_requests, problems

GOOD = f"""
on: {{push: {{}}}}
permissions: {{}}
concurrency: {{group: good}}
jobs:
  job:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    environment: release
    permissions: {{contents: read}}
    container:
      image: debian:bookworm@sha256:{64 * "1"}
    steps:
      - uses: actions/checkout@{40 * "a"} # v1.2.3
        with: {{persist-credentials: false}}
      - run: .github/scripts/gate.sh "$RESULTS"
        env: {{TOKEN: "${{{{ secrets.TOKEN }}}}"}}
"""

BREAKS = {
    ("permissions: {}", "permissions: {contents: read}"): "permissions at the top",
    ("permissions: {}\n", ""): "permissions at the top",
    ("concurrency: {group: good}\n", ""): "no concurrency group",
    ("{push: {}}", "{pull_request_target: {}}"): "triggered by pull_request_target",
    ("{push: {}}", "[push, workflow_run]"): "triggered by workflow_run",
    (40 * "a", "v1"): "uses actions/checkout@v1",
    (40 * "a", 7 * "a"): "uses actions/checkout@aaaaaaa ",
    (" # v1.2.3", ""): "uses actions/checkout@",
    ("# v1.2.3", "# v1"): "uses actions/checkout@",
    ("@sha256:" + 64 * "1", ""): "image debian:bookworm is not pinned",
    ("    permissions: {contents: read}\n", ""): "job: no permissions",
    ("permissions: {contents: read}", "permissions: write-all"): "job: no permissions",
    ("    timeout-minutes: 5\n", ""): "job: no timeout-minutes",
    ("ubuntu-24.04", "ubuntu-latest"): "runs on ubuntu-latest",
    ("    environment: release\n", ""): "a secret without an environment",
    ("persist-credentials: false", "fetch-depth: 0"): "checkout leaves its token",
    ('.github/scripts/gate.sh "$RESULTS"', "make test && make image"): "is not one command",
    ('.github/scripts/gate.sh "$RESULTS"', "curl https://example.com"): "is not one command",
}  # fmt: skip


def read(text: str) -> dict[str, object]:
    """A workflow of text."""
    return {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}


@pytest.mark.parametrize("name", workflows())
def test_rules(name: str) -> None:
    """Every workflow keeps every rule."""
    assert not problems(workflows()[name], (WORKFLOWS / name).read_text())


def test_good_example() -> None:
    """What the broken ones are made from keeps all rules."""
    assert not problems(read(GOOD), GOOD)


@pytest.mark.parametrize(("change", "said"), BREAKS.items(), ids=lambda value: str(value)[:40])
def test_broken(change: tuple[str, str], said: str) -> None:
    """One rule is broken, and that one is named."""
    text = GOOD.replace(*change, 1)
    assert text != GOOD
    found = problems(read(text), text)
    assert len(found) == 1, found
    assert said in found[0]


def test_gate_needs_everything() -> None:
    """The gate looks at every other job of ci, whatever became of it, and at all their results."""
    jobs = workflows()["ci.yaml"]["jobs"]
    gate = jobs["gate"]
    assert set(gate["needs"]) == set(jobs) - {"gate"}
    assert gate["if"] == "always() && github.event_name == 'pull_request'"
    assert "join(needs.*.result, ' ')" in str(gate["steps"])
    # A job of ci that is skipped for a pull request would keep the gate red for ever.
    conditions = {job["if"] for name, job in jobs.items() if name != "gate" and "if" in job}
    assert conditions == {"github.event_name == 'pull_request'"}


def test_no_secret_for_pull_requests() -> None:
    """Nothing that runs for a pull request, perhaps of a fork, is told a secret or may write."""
    found = of_pull_requests(workflows())
    assert found == {"ci.yaml", "e2e.yaml", "code.yaml", "dependencies.yaml"}
    for name in found:
        assert "secrets" not in (WORKFLOWS / name).read_text(), name
        for job in workflows()[name]["jobs"].values():
            writes = {right for right, level in job["permissions"].items() if level == "write"}
            assert writes <= {"security-events"}, name


def test_called_workflows_get_what_they_need() -> None:
    """A job that calls a workflow grants what the jobs there ask for: less, and GitHub refuses it."""
    for job in workflows()["ci.yaml"]["jobs"].values():
        if "uses" in job:
            called = workflows()[job["uses"].rpartition("/")[2]]
            assert "workflow_call" in called["on"]
            asked = [inner["permissions"] for inner in called["jobs"].values()]
            assert [job["permissions"]] == asked


def test_triggers() -> None:
    """Each workflow runs when it should."""
    on = {name: workflow["on"] for name, workflow in workflows().items()}
    assert on["ci.yaml"] == {"push": {"branches": ["main"]}, "pull_request": None}
    assert on["release.yaml"] == {"push": {"tags": ["v*"]}}
    assert on["promote.yaml"]["push"]["branches"] == ["main"]
    (watched,) = on["promote.yaml"]["push"]["paths"]
    assert (ROOT / watched).exists()
    for name in ("e2e.yaml", "code.yaml", "dependencies.yaml"):
        assert {"workflow_call", "schedule"} <= on[name].keys()


def test_pythons() -> None:
    """Every Python that is promised is tested, each in an image of its own."""
    rows = workflows()["ci.yaml"]["jobs"]["test"]["strategy"]["matrix"]["include"]
    assert [row["python"] for row in rows] == ["3.11", "3.12", "3.13", "3.14"]
    for row in rows:
        assert row["image"].startswith(f"python:{row['python']}-bookworm@")
    assert len({row["image"] for row in rows}) == 4


def test_kubernetes_minors() -> None:
    """Three of them, one after another, each in a node image of its own."""
    rows = workflows()["e2e.yaml"]["jobs"]["e2e"]["strategy"]["matrix"]["include"]
    minors = [int(row["kubernetes"].removeprefix("1.")) for row in rows]
    assert minors == list(range(minors[0], minors[0] + 3))
    for row in rows:
        assert row["image"].startswith(f"kindest/node:v{row['kubernetes']}.")
    assert len({row["image"].partition("@")[2] for row in rows}) == 3


def test_commands_are_there() -> None:
    """Every make target and every script that a workflow runs is there, and may be run."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    seen = set()
    for workflow in workflows().values():
        for job in workflow["jobs"].values():
            commands = [shlex.split(step["run"]) for step in job.get("steps", ()) if "run" in step]
            for program, *rest in commands:
                seen.add(program)
                if program == "make":
                    assert rest[0] in targets
                elif "/" in program:
                    assert os.access(ROOT / program, os.X_OK), program
    assert {"make", ".ci/test", ".github/scripts/gate.sh"} <= seen


def test_every_script_is_used() -> None:
    """A script is run by a workflow or by another script, or it is not there."""
    scripts = sorted((ROOT / ".github/scripts").iterdir())
    texts = {path: path.read_text() for path in (*WORKFLOWS.iterdir(), *scripts)}
    for script in scripts:
        assert any(script.name in text for path, text in texts.items() if path != script), script
