"""What the API server answers to objects, with nothing made of them: refusals and warnings, in its words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.kubectl import NAMESPACE, Kubectl


@dataclass(frozen=True)
class Answer:
    """`said` is what was done, a line for each object; `complaints` are errors and warnings, '' for none."""

    said: str
    complaints: str


def dry_run(kubectl: Kubectl, *arguments: str, stdin: str | None = None) -> Answer:
    """Apply with a dry run of the server, whatever it answers."""
    return answer(kubectl, "apply", "--dry-run=server", *arguments, stdin=stdin)


def dry_run_of(kubectl: Kubectl, obj: Mapping[str, Any]) -> Answer:
    """Apply one object with a dry run of the server, in its namespace or in esddns's."""
    namespace = obj["metadata"].get("namespace", NAMESPACE)
    return dry_run(kubectl, f"--namespace={namespace}", "--filename=-", stdin=json.dumps(obj))


def answer(kubectl: Kubectl, *arguments: str, stdin: str | None = None) -> Answer:
    """Run kubectl and return both of its outputs, whatever its exit code."""
    done = kubectl.run(*arguments, stdin=stdin)
    return Answer(done.stdout, done.stderr)


def pod(name: str, spec: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    """Return a Pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": dict(spec),
    }
