"""Runbooks and docs/monitoring.md say what is so: rules, metrics, Events, log lines, names and links."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import esddns
from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.core.dnsrecord_standing import Reason as Standing
from esddns.core.errors import ErrorReason
from esddns.core.kube_event import Reason
from manifests.rendering import ROOT
from monitoring.served import by_agents, by_service

DOCS = ROOT / "docs"
RUNBOOKS = DOCS / "runbooks"
SECTIONS = ["What it means", "Confirm it", "Mend it", "Know more"]
# Beside Event and condition reasons: kinds, reasons and states of Kubernetes' own that runbooks name.
KUBERNETES = {"NotReady", "ImagePullBackOff", "CrashLoopBackOff", "OOMKilled"}

_SPAN = re.compile(r"`([^`]+)`")
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_METRIC = re.compile(r"(?<!:)\besddns[_:][a-z0-9_:]+")


def rules() -> list[dict[str, Any]]:
    """Every rule."""
    text = (ROOT / "monitoring/prometheusrule.yaml").read_text("utf-8")
    return [rule for group in yaml.safe_load(text)["spec"]["groups"] for rule in group["rules"]]


def alerts(name: str) -> list[dict[str, Any]]:
    """The rules of one alert: it may have one for each severity."""
    return [rule for rule in rules() if rule.get("alert") == name]


ALERTS = sorted({rule["alert"] for rule in rules() if "alert" in rule})
PAGES = [
    *(RUNBOOKS / f"{name}.md" for name in ALERTS),
    RUNBOOKS / "README.md",
    DOCS / "monitoring.md",
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
every_alert = pytest.mark.parametrize("name", ALERTS)


def prose(text: str) -> str:
    """A page without its blocks."""
    return _BLOCK.sub("", text)


def spans(text: str) -> list[str]:
    """What stands between backticks in the prose, on one line."""
    return [" ".join(span.split()) for span in _SPAN.findall(prose(text))]


def blocks(text: str, language: str) -> list[str]:
    """The blocks of a language, without their indentation."""
    return [
        re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
        for indent, found, body in _BLOCK.findall(text)
        if found == language
    ]


@functools.cache
def texts() -> frozenset[str]:
    """Every text that the program has, with `…` for what is put into it."""

    def written(node: ast.AST) -> str:
        return str(node.value) if isinstance(node, ast.Constant) else "…"

    def found(file: Path) -> Iterator[str]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(map(written, node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value

    source = Path(esddns.__file__).parent
    return frozenset(text for file in sorted(source.rglob("*.py")) for text in found(file))


@functools.cache
def said() -> str:
    """All of them, each on lines of its own."""
    return "\n".join(texts())


@functools.cache
def manifests() -> str:
    """All manifests, one behind the other."""
    folders = ("apps", "clusters", "monitoring")
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.yaml"))]
    return "\n".join(file.read_text("utf-8") for file in files)


def test_each_alert_has_its_runbook() -> None:
    """And each runbook its alert, where the alert's URL leads."""
    assert sorted(page.stem for page in RUNBOOKS.glob("*.md")) == sorted([*ALERTS, "README"])
    for rule in rules():
        if "alert" in rule:
            url = rule["annotations"]["runbook_url"]
            assert url.endswith(f"/docs/runbooks/{rule['alert']}.md")


@every_alert
def test_the_form(name: str) -> None:
    """Its name, what the rules say of severity and time in the first lines, and the four sections."""
    text = (RUNBOOKS / f"{name}.md").read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert text.startswith(f"# {name}\n\n**")
    head = text.partition("\n## ")[0]
    stated = re.findall(r"\*\*(\w+)\*\*, (?:`for: (\w+)`|no `for`)", head)
    assert sorted(stated) == sorted(
        (r["labels"]["severity"], r.get("for", "")) for r in alerts(name)
    )


@every_alert
def test_the_expression_is_the_alert_s_own(name: str) -> None:
    """Each line of a block promql is a part of what the rule asks."""
    exprs = [" ".join(rule["expr"].split()) for rule in alerts(name)]
    asked = "\n".join(blocks((RUNBOOKS / f"{name}.md").read_text("utf-8"), "promql")).splitlines()
    assert asked
    for line in asked:
        assert any(" ".join(line.split()) in expr for expr in exprs), line


def test_the_tables_are_the_rules() -> None:
    """Every alert once in the index, every rule once in the table, with its severity and time."""
    index = (RUNBOOKS / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| ([\w, ]+) \| .{10,} \|$", index, re.MULTILINE)
    assert [row[0] for row in rows] == list(
        dict.fromkeys(rule["alert"] for rule in rules() if "alert" in rule)
    )
    for name, link, severities in rows:
        assert link == name
        assert severities.split(", ") == [rule["labels"]["severity"] for rule in alerts(name)]
    table = (DOCS / "monitoring.md").read_text("utf-8")
    found = re.findall(
        r"^\| \[(\w+)\]\(runbooks/\1\.md\) \| (\w+) \| (\w*) ?\| .+ \|$", table, re.MULTILINE
    )
    assert found == [
        (rule["alert"], rule["labels"]["severity"], rule.get("for", ""))
        for rule in rules()
        if "alert" in rule
    ]


@every_page
def test_metrics(page: Path) -> None:
    """Each metric is one that the program serves, or that the rules record."""
    metrics = (*by_agents(), *by_service())
    served = {name for metric in metrics for name in (metric.name, *metric.series)}
    served |= {rule["record"] for rule in rules() if "record" in rule}
    assert set(_METRIC.findall(page.read_text("utf-8"))) <= served


@every_page
def test_reasons(page: Path) -> None:
    """Each Event reason, and each reason of a condition or of a failure, is one that there is."""
    text = page.read_text("utf-8")
    told = re.findall(r"\bEvents? `(\w+)`", prose(text))
    told += re.findall(r"--field-selector reason=(\w+)", text)
    assert set(told) <= set(map(str, Reason))
    shown = re.findall(r"\bREASON `(\w+)`", prose(text))
    shown += re.findall(r"\bREASON (?:is )?([A-Z]\w+)", "\n".join(blocks(text, "sh")))
    assert set(shown) <= set(map(str, Standing))
    words = {span for span in spans(text) if re.fullmatch(r"(?:[A-Z]+[a-z]+){2,}", span)}
    assert words <= {*map(str, Reason), *map(str, Standing), *ALERTS, *KUBERNETES}


def test_the_reasons_of_failures() -> None:
    """The runbook of failures has a row for each reason but the one that is never counted."""
    text = (RUNBOOKS / "EsddnsDNSUpdateFailures.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| `(\w+)` \|", text, re.MULTILINE)
    assert {reason for reason, _ in rows} == set(map(str, ErrorReason)) - {ErrorReason.BLOCKED}


@every_page
def test_what_the_program_says(page: Path) -> None:
    """Quoted in backticks and quotation marks, or looked for in logs: the very words, `…` for what varies."""
    text = page.read_text("utf-8")
    quoted = [span[1:-1] for span in spans(text) if span.startswith('"') and span.endswith('"')]
    logs = [
        line
        for block in blocks(text, "sh")
        for line in block.splitlines()
        if "grep -F" in line or "-e '" in line
    ]
    quoted += [quote for line in logs for quote in re.findall(r"(?:-F|-e) '([^']+)'", line)]
    for quote in quoted:
        words = re.compile(".*".join(map(re.escape, quote.strip("…").split("…"))))
        assert any(map(words.search, texts())), quote


@every_page
def test_fields(page: Path) -> None:
    """What jq is asked for is a field of /state or /raw."""
    known = set(said().splitlines())
    for program in re.findall(r"\bjq (?:-\w+ )?'([^']+)'", page.read_text("utf-8")):
        assert set(re.findall(r"[a-z_]+", program)) - {"select", "not"} <= known, program


@every_page
def test_names(page: Path) -> None:
    """Objects, keys and files that are named exist."""
    text = page.read_text("utf-8")
    for name in set(re.findall(r"\besddns-[a-z-]+[a-z]", text)) - {"esddns-rules"}:
        assert name in manifests() or name in said(), name
    for name in set(re.findall(r"\besddns\.io/[a-z-]+[a-z]", text)):
        assert name in said(), name
    paths = re.findall(r"(?<![\w./])(?:apps|clusters|monitoring|docs)/(?!v1\b)[\w./-]+\w", text)
    for path in set(paths) - {"clusters/production/esddns/configmap.yaml"}:  # the reader makes it
        for cluster in ("production", "development"):
            assert (ROOT / path.replace("NAME", cluster)).exists(), path


@every_page
def test_configuration(page: Path) -> None:
    """Each dns.ini is one that the program takes, and each manifest is YAML."""
    text = page.read_text("utf-8")
    found = [yaml.safe_load(block) for block in blocks(text, "yaml")]
    assert all(isinstance(one, dict) for one in found)
    inis = blocks(text, "ini") + [
        one["data"]["dns.ini"] for one in found if one.get("kind") == "ConfigMap"
    ]
    for ini in inis:
        parse(ini, file="dns.ini", builtin=BUILTIN, require_records=False)


def test_the_patch_of_a_rule() -> None:
    """The example's paths lead to the rule that it names."""
    rule = yaml.safe_load((ROOT / "monitoring/prometheusrule.yaml").read_text("utf-8"))
    (example,) = [
        one
        for one in map(yaml.safe_load, blocks((DOCS / "monitoring.md").read_text("utf-8"), "yaml"))
        if "patches" in one
    ]
    (patch,) = example["patches"]
    assert patch["target"] == {"kind": rule["kind"], "name": rule["metadata"]["name"]}
    test, replace = yaml.safe_load(patch["patch"])
    assert _at(rule, test["path"]) == test["value"]
    assert _at(rule, replace["path"]) != replace["value"]


def _at(value: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) leads to."""
    for part in pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value
