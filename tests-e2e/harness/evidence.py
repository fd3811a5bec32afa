"""What is kept of a test that failed: one folder, with all that a person would look at."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import requests

from harness.internet import Internet
from harness.kubectl import NAMESPACE, Kubectl

_LISTS = {
    "nodes": ["get", "nodes", "--output=wide"],
    "pods": ["get", "pods", "--all-namespaces", "--output=wide"],
    "events": ["get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"],
    "cache.yaml": [
        "get",
        "configmap",
        "esddns-wan-ip",
        f"--namespace={NAMESPACE}",
        "--output=yaml",
    ],
    "lease.yaml": ["get", "lease", "esddns-leader", f"--namespace={NAMESPACE}", "--output=yaml"],
    "records.yaml": ["get", "dnsrecords", "--all-namespaces", "--output=yaml"],
    "applications.yaml": ["get", "applications", "--namespace=argocd", "--output=yaml"],
    "kustomizations.yaml": ["get", "kustomizations", "--namespace=flux-system", "--output=yaml"],
    "configuration.yaml": [
        "get",
        "configmap",
        "esddns-config",
        f"--namespace={NAMESPACE}",
        "--output=yaml",
    ],
}


def collect(kubectl: Kubectl, internet: Internet, folder: Path, test: str, failure: str) -> Path:
    """Write it below `folder` and return where; what cannot be had is said in its file."""
    where = folder / f"{time.strftime('%H%M%S')}-{''.join(c if c.isalnum() else '-' for c in test)}"
    where.mkdir(parents=True)
    (where / "failure").write_text(failure)
    for name, arguments in _LISTS.items():
        (where / name).write_text(_said(kubectl, *arguments))
    for namespace in (NAMESPACE, "argocd", "esddns-simulator", "monitoring", "flux-system"):
        said = _said(kubectl, "get", "pods", f"--namespace={namespace}", "--output=name")
        # Where the API server does not answer it is told so in many words, and none of them is a pod.
        for pod in (line for line in said.splitlines() if line.startswith("pod/")):
            # Containers that were started again have said why the time before.
            for suffix, option in (("log", "--previous=false"), ("before.log", "--previous")):
                said = _said(
                    kubectl, "logs", pod, f"--namespace={namespace}", option, "--all-containers",
                    "--timestamps", "--tail=3000",
                )  # fmt: skip
                (where / f"{namespace}-{pod.partition('/')[2]}.{suffix}").write_text(said)
    try:
        state = json.dumps(internet.state(), indent=1)
        calls = "\n".join(json.dumps(call) for call in internet.calls())
    except requests.RequestException as err:
        state = calls = f"the simulator does not answer: {err}"
    (where / "simulator-state.json").write_text(state)
    (where / "simulator-calls.jsonl").write_text(calls)
    return where


def _said(kubectl: Kubectl, *arguments: str) -> str:
    try:
        done = kubectl.run(*arguments, "--request-timeout=10s", timeout=60)
    except subprocess.TimeoutExpired as err:
        return str(err)
    return done.stdout or done.stderr
