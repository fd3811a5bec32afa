"""A cluster without Kubernetes: the stand-in for the API server, run beside the agents that are measured."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from process import line, started

NAMESPACE = "esddns"

_HERE = Path(__file__).parent
# The stand-in is the tests' own: nobody installs it, so it is found by its folder.
_TESTS = _HERE.parent / "tests"


@dataclass(frozen=True, slots=True)
class Standing:
    """`ready`: how many DNSRecords are. `requests` so far, and which kinds are `watched`, by pod."""

    holder: str
    ready: int
    requests: Mapping[str, int]
    watched: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The running stand-in. `kubeconfigs`: by pod."""

    kubeconfigs: Mapping[str, str]
    process: subprocess.Popen[str]

    def standing(self) -> Standing:
        """Say how things stand now."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return Standing(**json.loads(line(self.process)))


@contextlib.contextmanager
def cluster(records: int, pods: Sequence[str]) -> Iterator[Cluster]:
    """Start it, and end it again. Raises RuntimeError where it does not start."""
    with started(
        [sys.executable, _HERE / "cluster_process.py", str(records), *pods],
        env=os.environ | {"PYTHONPATH": str(_TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Cluster(json.loads(line(process)), process)
