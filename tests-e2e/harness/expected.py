"""What operator-src's own tests expect: the real API server and the real Argo CD are held to the same."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "operator-src" / "tests"
_EXPECT = "# expect: "


@dataclass(frozen=True)
class Fixture:
    """A file of objects; `complaint` is part of what is said of them, '' for right ones."""

    path: Path
    complaint: str
    objects: tuple[dict[str, Any], ...]


def fixtures(folder: str) -> list[Fixture]:
    """Return the fixtures of a folder of the tests: `crd/rejected`."""
    return [_fixture(path) for path in sorted((TESTS / folder).glob("*.yaml"))]


def _fixture(path: Path) -> Fixture:
    text = path.read_text()
    first = text.partition("\n")[0]
    complaint = first.removeprefix(_EXPECT) if first.startswith(_EXPECT) else ""
    return Fixture(path, complaint, tuple(yaml.safe_load_all(text)))


def healths() -> Iterator[tuple[dict[str, Any], str]]:
    """Return DNSRecords with a status that the program makes, one for each reason, and their health."""
    if str(TESTS) not in sys.path:
        sys.path.append(str(TESTS))
    table = importlib.import_module("manifests.test_manifests_health")
    kind = {"apiVersion": "esddns.io/v1alpha1", "kind": "DNSRecord"}
    for reason, health in table.WANTED.items():
        yield kind | table.dnsrecord(reason), health
    yield kind | table.dnsrecord(None), table.PROGRESSING
