"""SECURITY, CONTRIBUTING, CHANGELOG and what Git hosts and editors read: they speak of what there is."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml

from manifests.rendering import ROOT
from workflows.repository import files

PAGES = ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", ".github/pull_request_template.md",
         "docs/examples/README.md")  # fmt: skip
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
GROUPS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
VERSION = r"## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)(?: \[YANKED\])?"
INPUTS = {"input", "textarea", "dropdown", "checkboxes"}


def read(name: str) -> str:
    """A file of the repository's root."""
    return (ROOT / name).read_text("utf-8")


def targets() -> dict[str, list[str]]:
    """What `make help` lists, with what each needs first."""
    found = re.findall(r"^([a-z0-9-]+):(.*?)## .+$", read("Makefile"), re.MULTILINE)
    return {name: needs.split() for name, needs in found}


@pytest.mark.parametrize("name", PAGES)
def test_paths(name: str) -> None:
    """Each file or folder that is named is there."""
    for span in re.findall(r"`([^`\s]+)[^`]*`", read(name)):
        if re.match(r"(\.github|apps|clusters|docs|monitoring|operator-src|tests-e2e)(/|$)", span):
            page = span.replace("NAME", "EsddnsNoLeader")
            assert list(ROOT.glob(page)), span


def test_the_license() -> None:
    """It is the Apache License 2.0, as the package says."""
    assert re.match(r"\s+Apache License\s+Version 2\.0, January 2004", read("LICENSE"))
    assert 'license = "Apache-2.0"' in read("operator-src/pyproject.toml")


def test_contributing_says_how() -> None:
    """Set-up, tests, layout, and how to add a source, a provider and an alert."""
    wanted = [
        "Set-up",
        "Tests",
        "Layout",
        "Add a detection source",
        "Add a DNS provider",
        "Add an alert",
    ]
    assert [
        h for h in re.findall(r"^## (.+)$", read("CONTRIBUTING.md"), re.MULTILINE) if h in wanted
    ] == wanted


def test_contributing_names_what_the_code_has() -> None:
    """The names of the code in the two sections for programmers are in the code."""
    text = read("CONTRIBUTING.md").partition("## Add a detection source")[2]
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "operator-src/src").rglob("*.py"))
    names = re.findall(r"`([A-Z]\w+)`", text)
    assert len(names) >= 4
    for name in set(names) - {"NAME"}:
        assert re.search(rf"^(class {name}\b|{name} = )", code, re.MULTILINE), name


def test_security_says_how() -> None:
    """Where to report, what is supported, what counts, what the token can do, how to verify."""
    text = read("SECURITY.md")
    wanted = [
        "Report",
        "Supported versions",
        "What counts",
        "What the token can do",
        "Verify a release",
    ]
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == wanted
    assert "https://github.com/sqe/esddns/security/advisories/new" in text


def test_changelog_is_kept() -> None:
    """Keep a Changelog 1.1: Unreleased first, versions newest first, groups by name, a link for each."""
    text = read("CHANGELOG.md")
    assert text.startswith("# Changelog\n")
    assert "https://keepachangelog.com/en/1.1.0/" in text
    first, *others = re.findall(r"^## .+$", text, re.MULTILINE)
    assert first == "## [Unreleased]"
    released = [re.fullmatch(VERSION, heading) for heading in others]
    assert all(released), others
    found = [match.groups() for match in released if match]
    order = [
        (dt.date.fromisoformat(day), tuple(map(int, version.split(".")))) for version, day in found
    ]
    assert order == sorted(order, reverse=True)
    for section in re.split(r"^## .+\n", text, flags=re.MULTILINE)[1:]:
        groups = re.findall(r"^### (.+)$", section, re.MULTILINE)
        assert len(groups) == len(set(groups))
        assert set(groups) <= set(GROUPS)
        assert all(re.search(rf"^### {group}\n\n- ", section, re.MULTILINE) for group in groups)
    links = re.findall(r"^\[([^\]]+)\]: https://github\.com/sqe/esddns/\S+$", text, re.MULTILINE)
    assert links == ["Unreleased", *(version for version, _day in found)]


def test_hooks_are_make_test() -> None:
    """Before a push all of `make test` has run, by its own targets, and nothing else; nothing is fetched."""
    config = yaml.safe_load(read(".pre-commit-config.yaml"))
    (repo,) = config["repos"]
    assert repo["repo"] == "local"
    hooks = {hook["id"]: hook for hook in repo["hooks"]}
    assert list(hooks) == targets()["test"]
    for name, hook in hooks.items():
        assert hook["entry"] == f"make {name}"
        assert hook["language"] == "system"
        assert hook["always_run"] is True
        assert hook["pass_filenames"] is False
        assert set(hook["stages"]) <= set(config["default_install_hook_types"])


def test_issues_about_security_go_elsewhere() -> None:
    """Whoever opens an issue is shown the private way."""
    config = yaml.safe_load(read(".github/ISSUE_TEMPLATE/config.yml"))
    assert [link["url"] for link in config["contact_links"]] == [
        "https://github.com/sqe/esddns/security/advisories/new"
    ]


@pytest.mark.parametrize(
    "path", [form for form in FORMS if form.name != "config.yml"], ids=lambda path: path.stem
)
def test_issue_forms(path: Path) -> None:
    """What GitHub asks of a form: name, description, and fields with a label, each under an id of its own."""
    form = yaml.safe_load(path.read_text("utf-8"))
    assert form.keys() == {"name", "description", "labels", "body"}
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert fields
    assert {field["type"] for field in fields} <= INPUTS
    assert all(field["attributes"]["label"] for field in fields)
    identities = [field["id"] for field in fields]
    assert len(identities) == len(set(identities))
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", identity) for identity in identities)
    assert any(field.get("validations", {}).get("required") for field in fields)
    for field in form["body"]:
        assert field.keys() <= {"type", "id", "attributes", "validations"}
        if field["type"] == "dropdown":
            options = field["attributes"]["options"]
            assert len(options) == len(set(options))
            assert "None" not in options  # GitHub's own


def test_a_form_for_bugs_and_one_for_ideas() -> None:
    """These, and no more."""
    assert [path.name for path in FORMS] == ["bug.yml", "config.yml", "idea.yml"]


def test_the_files_are_as_editors_are_told() -> None:
    """UTF-8, LF, one at the end, none before it but text; tabs only where make and Go want them."""
    section = read(".editorconfig").partition("[{Makefile,*.go,go.mod}]")[0]
    assert "indent_style = space" in section
    wrong = []
    for path in files():
        if path.parent.match("importing/files"):
            continue  # of other tools, as these leave them
        data = path.read_bytes()
        if b"\0" in data or not data:
            continue
        text = data.decode("utf-8")
        tabs = path.name in {"Makefile", "go.mod"} or path.suffix == ".go"
        if "\r" in text or re.search(r"[ \t]$", text, re.MULTILINE):
            wrong.append((path, "the end of a line"))
        if not text.endswith("\n") and path.name != "gandi-recorded.json":
            wrong.append((path, "the end of the file"))
        if re.search(r"^\t", text, re.MULTILINE) and not tabs:
            wrong.append((path, "a tab"))
    assert wrong == []
