"""Argo CD's own test of health scripts, run where Argo CD runs, over what is configured there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.argocd import NAMESPACE
from harness.kubectl import Kubectl

_ANSWER = re.compile(r"STATUS: (\w+)\nMESSAGE: (.*)\n")


def healths(kubectl: Kubectl, objects: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return health and message of each object; ValueError where the command says something else."""
    # JSON has no line of its own that could end the document before its time.
    script = "set -e\nfile=$(mktemp)\ntrap 'rm $file' EXIT\n" + "".join(
        f"cat > $file <<'END'\n{json.dumps(obj)}\nEND\n"
        "argocd admin settings resource-overrides health $file --load-cluster-settings\n"
        for obj in objects
    )
    said = kubectl(
        "exec", "--stdin", f"--namespace={NAMESPACE}", "deployment/argocd-server",
        "--", "sh", "-s", stdin=script,
    )  # fmt: skip
    found = _ANSWER.findall(said)
    if len(found) != len(objects):
        raise ValueError(f"argocd answered {len(found)} times for {len(objects)} objects: {said}")
    return found
