"""What is wrong with a block of configuration, a manifest or a diagram."""

from __future__ import annotations

import configparser
import functools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.config.settings import ConfigurationError
from examples.example_files import overlay
from manifests.rendering import ROOT, Object, name_of, render
from manifests.schemas import schema_problems
from prose.prose_pages import Fence, exists

# Placeholders of the docs: Gandi can hold none of them, and that is all that may be wrong with a block.
_RESERVED = re.compile(
    r": found '(?:\*\.)?(?:[\w-]+\.)*example\.(?:com|net|org)': example\.\w+ is a reserved"
)
# What an overlay is made of; a block without a kind that has one of these is a part of a kustomization.yaml.
_KUSTOMIZATION = {
    "apiVersion", "kind", "resources", "components", "patches", "images", "namespace", "labels", "replicas",
    "configMapGenerator", "generatorOptions", "configurations",
}  # fmt: skip
_OVERLAY = "clusters/production/esddns"
# Where an object may be changed by a patch of the same kind and name. A DNSRecord is always shown whole.
_PATCHED = (_OVERLAY, "clusters/production/argocd", "monitoring")
# Kinds whose owners' definitions are not among those that the tests fetch.
NO_SCHEMA: dict[str, str] = {}

_DIAGRAMS = {
    "flowchart",
    "graph",
    "sequenceDiagram",
    "stateDiagram-v2",
    "classDiagram",
    "gantt",
    "timeline",
}
_CLOSING = {")": "(", "]": "[", "}": "{"}


def json_problem(fence: Fence, _work: Path) -> str:
    """It is JSON."""
    try:
        json.loads(fence.text)
    except ValueError as error:
        return f"no JSON: {error}"
    return ""


def ini_problem(fence: Fence, _work: Path) -> str:
    """A dns.ini that the program takes, or with the mark `wrong` one that it refuses; or a systemd unit."""
    if re.search(r"^\[(?:Unit|Service|Timer)\]$", fence.text, re.MULTILINE):
        return _unit_problem(fence.text)
    found = dns_ini_problem(fence.text)
    if fence.marks == ("wrong",):
        return "" if found else "marked as wrong, but the program takes it"
    return f"unknown marks {fence.marks}" if fence.marks else found


def dns_ini_problem(text: str) -> str:
    """What the program says of a dns.ini; names under example.com and the like are no problem."""
    try:
        parse(text, file="dns.ini", builtin=BUILTIN, require_records=False)
    except ConfigurationError as error:
        return "\n".join(str(p) for p in error.problems if not _RESERVED.search(str(p)))
    return ""


def _unit_problem(text: str) -> str:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return f"no unit: {error}"
    allowed = {"Unit", "Service", "Timer", "Install"}
    return (
        f"sections {set(parser.sections()) - allowed}" if set(parser.sections()) - allowed else ""
    )


def yaml_problem(fence: Fence, work: Path) -> str:
    """It is YAML, and its objects are such as the API server takes, by themselves or as patches."""
    try:
        documents = list(yaml.safe_load_all(fence.text))
    except yaml.YAMLError as error:
        return f"no YAML: {error}"
    if not documents or None in documents:
        return "a document is empty"
    found = [_document(document, fence.text, work / str(n)) for n, document in enumerate(documents)]
    return "\n".join(filter(None, found))


def _document(document: Any, text: str, work: Path) -> str:
    if not isinstance(document, dict):
        return ""
    kind = (str(document.get("apiVersion", "")), str(document.get("kind", "")))
    if kind[0].startswith("kustomize.config.k8s.io/") or _is_part(document):
        return _kustomization(document, text)
    if not all(kind):
        return "" if not any(kind) else "apiVersion without kind, or kind without apiVersion"
    if "name" not in document.get("metadata", {}):
        return "no metadata.name"
    inner = document.get("data", {}).get("dns.ini", "") if kind[1] == "ConfigMap" else ""
    return _object(document, work) or dns_ini_problem(inner)


def _is_part(document: dict[str, Any]) -> bool:
    return "kind" not in document and bool(
        document.keys() & (_KUSTOMIZATION - {"labels", "namespace"})
    )


def _kustomization(document: dict[str, Any], text: str) -> str:
    if unknown := document.keys() - _KUSTOMIZATION:
        return f"kustomization.yaml has no {', '.join(sorted(unknown))}"
    said = re.match(r"# (clusters/[\w./-]+)/kustomization\.yaml\b", text)
    home = ROOT / (said[1] if said else _OVERLAY)
    for entry in (*document.get("components", ()), *document.get("resources", ())):
        inside = re.fullmatch(r"https://github\.com/sqe/esddns//([\w./-]+)\?ref=\S+", entry)
        if "://" in entry and not inside:
            return f"{entry}: another repository"
        target = ROOT / inside[1] if inside else (home / entry)
        if entry.startswith(".") or inside:
            folder = target.resolve()
            if not exists(folder / "kustomization.yaml") and not exists(folder):
                return f"{entry}: no such folder from {home.relative_to(ROOT)}"
    return ""


def _object(obj: Object, work: Path) -> str:
    found = [problem for problem in schema_problems(obj) if not _unknown_kind(obj, problem)]
    if not found:
        return ""
    for folder in _PATCHED:
        if any(_same(obj, other) for other in _rendered(folder)):
            work.mkdir(parents=True, exist_ok=True)
            patched = overlay(work, folder, patches=[{"patch": yaml.safe_dump(obj)}])
            (made,) = [other for other in patched if _same(obj, other)]
            return "\n".join(f"as a patch: {problem}" for problem in schema_problems(made))
    return "\n".join(found)


def _unknown_kind(obj: Object, problem: str) -> bool:
    name = f"{obj['apiVersion']} {obj['kind']}"
    return name in NO_SCHEMA and problem.endswith("no schema of this kind is known")


@functools.cache
def _rendered(folder: str) -> list[Object]:
    return render(ROOT / folder)


def _same(one: Object, other: Object) -> bool:
    return one["apiVersion"] == other["apiVersion"] and name_of(one) == name_of(other)


def mermaid_problem(fence: Fence, _work: Path) -> str:
    """A known kind of diagram, in which quotes, brackets and subgraphs are closed."""
    lines = fence.text.splitlines()
    first = (lines[0].split() or [""])[0] if lines else ""
    if first not in _DIAGRAMS:
        return f"begins with {first!r}: no kind of diagram"
    for line in lines:
        if line.count('"') % 2:
            return f"a quotation mark is not closed: {line.strip()}"
        if wrong := _unbalanced(re.sub(r'"[^"]*"', '""', line)):
            return f"{wrong}: {line.strip()}"
    opened = sum(line.split()[:1] == ["subgraph"] for line in lines)
    closed = sum(line.split() == ["end"] for line in lines)
    if first in {"flowchart", "graph"} and opened != closed:
        return f"{opened} subgraphs, {closed} of them closed"
    return ""


def _unbalanced(line: str) -> str:
    open_: list[str] = []
    for letter in re.sub(r"[-.=ox<]*[-=.]+[->xo]+|<[-=]+", " ", line):
        if letter in _CLOSING.values():
            open_.append(letter)
        elif letter in _CLOSING and (not open_ or open_.pop() != _CLOSING[letter]):
            return f"{letter} closes nothing"
    return f"{open_[-1]} is not closed" if open_ else ""


Checker = Callable[[Fence, Path], str]
CHECKED: dict[str, Checker] = {
    "json": json_problem,
    "ini": ini_problem,
    "yaml": yaml_problem,
    "mermaid": mermaid_problem,
}
# Languages without a checker here, and why.
UNCHECKED = {
    "console": "its commands are checked by test_prose_commands.py",
    "sh": "its commands are checked by test_prose_commands.py",
    "promql": "parts of the alerts' own expressions, compared by monitoring/test_runbooks.py",
    "text": "what a program says, or a file of another program",
    "": "a drawing or a list, as the reader sees it",
}


def block_problem(fence: Fence, work: Path) -> str:
    """What is wrong with a block; empty where nothing is."""
    if fence.language in CHECKED:
        return CHECKED[fence.language](fence, work)
    return "" if fence.language in UNCHECKED else f"nobody checks {fence.language}"


def as_fence(language: str, text: str, *marks: str) -> Fence:
    """A block that stands nowhere."""
    return replace(Fence("page.md", 1, language, (), text), marks=marks)
