"""Blocks of YAML, JSON, dns.ini and diagrams are what they say they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from prose.prose_blocks import CHECKED, UNCHECKED, as_fence, block_problem
from prose.prose_pages import Fence, all_fences

NAMED = "metadata: {{name: {}, namespace: esddns}}\n"
RECORD = "apiVersion: esddns.io/v1alpha1\nkind: DNSRecord\n" + NAMED.format("home")
DAEMON_SET = "apiVersion: apps/v1\nkind: DaemonSet\n" + NAMED.format("esddns-operator-daemon")
CONFIG = "apiVersion: v1\nkind: ConfigMap\n" + NAMED.format("esddns-config")


def test_the_blocks_are_found() -> None:
    """There are some of each kind that is checked."""
    assert {fence.language for fence in all_fences()} >= {"yaml", "ini", "mermaid", "console", "sh"}
    assert not CHECKED.keys() & UNCHECKED.keys()


@pytest.mark.parametrize("fence", all_fences(), ids=str)
def test_block(fence: Fence, tmp_path: Path) -> None:
    """Whoever copies it has something that works."""
    assert block_problem(fence, tmp_path) == ""


@pytest.mark.parametrize(
    ("language", "text", "why"),
    [
        ("json", '{"a": 1,}', "no JSON"),
        ("yaml", "a: [1", "no YAML"),
        ("yaml", "a: 1\n---\n", "a document is empty"),
        (
            "yaml",
            RECORD + "spec: {fqdn: home.example.com, ttl: 60}",
            "greater than or equal to 300",
        ),
        ("yaml", RECORD + "spec: {fqdn: home.example.com, tll: 600}", "tll: unknown field"),
        ("yaml", RECORD + "spec: {fqdn: example.com, types: [CNAME]}", "spec"),
        ("yaml", f"a: 1\n---\n{RECORD}spec: {{}}", "fqdn: Required value"),
        ("yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndate: {}", "date"),
        ("yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {}", "no metadata.name"),
        ("yaml", "kind: ConfigMap\nmetadata: {name: a}", "kind without apiVersion"),
        (
            "yaml",
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}",
            "no schema of this kind",
        ),
        (
            "yaml",
            DAEMON_SET + "spec: {template: {spec: {nodeSelectors: {a: b}}}}",
            "as a patch: ",
        ),
        ("yaml", CONFIG + "data: {dns.ini: '[detecton]'}", "[detecton]"),
        ("yaml", "components: [../../../apps/esddns/components/nodeports]", "no such folder"),
        (
            "yaml",
            "# clusters/kind/esddns/kustomization.yaml\nresources: [../base]",
            "no such folder",
        ),
        ("yaml", "components: [../../../apps/esddns/components/tls]\npatch: []", "has no patch"),
        ("ini", "[detecton]\nquorum = 2\n", "[detecton]"),
        ("ini", "[record:home.example.com]\nttl = 60\n", "ttl"),
        ("ini", "[record:home.test]\n", "reserved"),
        ("ini", "[Service]\nExecStart\n", "no unit"),
        ("ini", "[Service]\nUser=a\n[Servise]\nUser=a\n", "Servise"),
        ("mermaid", "flowchar LR\n  A --> B\n", "no kind of diagram"),
        ("mermaid", "flowchart LR\n  A[one --> B\n", "is not closed"),
        ("mermaid", "flowchart LR\n  A[(one]) --> B\n", "closes nothing"),
        ("mermaid", 'flowchart LR\n  A["one] --> B\n', "quotation mark"),
        ("mermaid", "flowchart LR\n  subgraph A\n  B --> C\n", "1 subgraphs, 0"),
        ("cobol", "STOP RUN.", "nobody checks cobol"),
    ],
)
def test_refused(language: str, text: str, why: str, tmp_path: Path) -> None:
    """A wrong block is seen."""
    assert why in block_problem(as_fence(language, text), tmp_path)


def test_wrong_on_purpose(tmp_path: Path) -> None:
    """A dns.ini that is shown to be wrong is marked so, is wrong, and no other mark is taken."""
    wrong, right = "[detection]\nquorum = none\n", "[detection]\nquorum = 3\n"
    assert block_problem(as_fence("ini", wrong, "wrong"), tmp_path) == ""
    assert "takes it" in block_problem(as_fence("ini", right, "wrong"), tmp_path)
    assert "unknown marks" in block_problem(as_fence("ini", right, "wrogn"), tmp_path)
