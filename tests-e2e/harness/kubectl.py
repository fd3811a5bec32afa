"""kubectl, as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.waiting import within

NAMESPACE = "esddns"
_TIMEOUT = 180.0


class KubectlError(Exception):
    """kubectl ended with another status than 0."""

    def __init__(self, command: Sequence[str], status: int, output: str, errors: str) -> None:
        super().__init__(f"{' '.join(command)}: exit {status}: {errors.strip() or output.strip()}")
        self.errors = errors
        self.output = output


class Kubectl:
    """One cluster, by its kubeconfig."""

    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self.program = program
        self.kubeconfig = kubeconfig
        self.environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = _TIMEOUT) -> str:
        """Run it and return its standard output; KubectlError where it fails."""
        done = self.run(*arguments, stdin=stdin, timeout=timeout)
        if done.returncode != 0:
            raise KubectlError(["kubectl", *arguments], done.returncode, done.stdout, done.stderr)
        return done.stdout

    def run(
        self, *arguments: str, stdin: str | None = None, timeout: float = _TIMEOUT
    ) -> subprocess.CompletedProcess[str]:
        """Run it and return how it ended, whatever its exit code."""
        return subprocess.run(
            [str(self.program), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it and return the process; its output goes to a pipe."""
        return subprocess.Popen(
            [str(self.program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment,
        )

    def get(self, kind: str, name: str, namespace: str = NAMESPACE) -> dict[str, Any] | None:
        """Return an object, None where there is none; KubectlError where the API server does not answer."""
        text = self(
            "get", kind, name, f"--namespace={namespace}", "--output=json", "--ignore-not-found"
        )
        found: dict[str, Any] | None = json.loads(text) if text.strip() else None
        return found

    def list(
        self, kind: str, selector: str = "", namespace: str = NAMESPACE
    ) -> list[dict[str, Any]]:
        """Return the objects of a kind that have the labels."""
        text = self(
            "get", kind, f"--namespace={namespace}", f"--selector={selector}", "--output=json"
        )
        items: list[dict[str, Any]] = json.loads(text)["items"]
        return items

    def uids(self, kind: str, selector: str = "") -> set[str]:
        """Return which objects of a kind have the labels, those that are about to end among them."""
        return {obj["metadata"]["uid"] for obj in self.list(kind, selector)}

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects, server-side."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self("apply", "--server-side", "--filename=-", stdin=json.dumps(listed))

    def apply_namespaces(self, *names: str) -> None:
        """Apply namespaces that have nothing but a name."""
        self.apply(
            *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}} for n in names)
        )

    def delete(self, kind: str, name: str, *options: str, namespace: str = NAMESPACE) -> None:
        """Delete an object; one that is not there is deleted already."""
        self("delete", kind, name, f"--namespace={namespace}", "--ignore-not-found", *options)

    def rolled_out(self, workload: str, namespace: str = NAMESPACE) -> None:
        """Wait until all pods of a workload are of its newest template, and available."""
        within(
            "workload rolled out",
            lambda limit: self(
                "rollout", "status", workload, f"--namespace={namespace}", f"--timeout={limit:.0f}s",
                timeout=limit + _TIMEOUT,
            ),
        )  # fmt: skip

    def patch(
        self,
        kind: str,
        name: str,
        change: Mapping[str, Any],
        *options: str,
        namespace: str = NAMESPACE,
    ) -> None:
        """Merge a change into an object."""
        self(
            "patch", kind, name, f"--namespace={namespace}", "--type=merge",
            f"--patch={json.dumps(change)}", *options,
        )  # fmt: skip
