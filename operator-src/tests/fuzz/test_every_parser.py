"""No parser is forgotten: each is in the table, and each line of the table is true."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from fuzz.parsers import FUZZED, NO_PARSERS, REACHED, modules

MODULES = {module.name: module for module in modules()}
KNOWN = {*FUZZED, *REACHED, *NO_PARSERS}
HERE = Path(__file__).parent
HINT = "write a test in tests/fuzz, and name both in tests/fuzz/parsers.py"


def test_every_parser_is_fuzzed() -> None:
    """What is named like a parser is in the table."""
    found = {name for module in MODULES.values() for name in module.named_like_parsers}
    assert not found - KNOWN, HINT


def test_every_module_that_decodes_has_a_parser() -> None:
    """A module that decodes anything has at least one function that is in the table."""
    known = {name.partition(":")[0] for name in KNOWN}
    assert not {name for name, module in MODULES.items() if module.decodes} - known, HINT


def test_nothing_stands_twice() -> None:
    """One function has one line."""
    assert len(KNOWN) == len(FUZZED) + len(REACHED) + len(NO_PARSERS)
    assert set(REACHED.values()) <= set(FUZZED)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_line_of_the_table(name: str) -> None:
    """The function is there, and the test that is named for it, over anything at all, speaks of it."""
    module, _, function = name.partition(":")
    assert module in MODULES
    assert not function or name in MODULES[module].defined
    if name not in FUZZED:
        return
    where, _, test = FUZZED[name].partition(":")
    source = (HERE / f"test_fuzz_{where}.py").read_text("utf-8")
    found = getattr(importlib.import_module(f"fuzz.test_fuzz_{where}"), test)
    assert getattr(found, "is_hypothesis_test", False), f"{test} is given no inputs"
    through = _THROUGH.get(name, function)
    tree = ast.parse(source)
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert through in names, f"test_fuzz_{where}.py does not call {through}"


# What parse() and the others hand on to these cannot be had without them.
_THROUGH = {
    "config.ini:read_ini": "parse",
    "config.namespace_sections:read_namespaces": "parse",
    "config.record_sections:read_records": "parse",
    "config.source_sections:read_sources": "parse",
    "core.dnsrecord_source:read_source": "read_dnsrecord",
    "shell.gandi.client:GandiClient": "CALLS",
    "shell.kube.leases:read_lease": "read",
    "shell.sources.dns:ask_dns": "source",
    "shell.sources.http:ask_http": "source",
}
