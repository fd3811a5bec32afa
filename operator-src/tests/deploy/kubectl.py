"""A stand-in for kubectl over a cluster in a file: `kubectl.py FOLDER ARGUMENT…`, as a program.

FOLDER holds `cluster.json` (see `cluster_file`), `calls.jsonl`, to which each call is added, and `secret`,
the token that no call may show. What deploy.sh does not use is not understood: that, and any other fault of
the stand-in itself, goes into `faults`, for deploy.sh may go on without an answer.
"""
# ruff: noqa: T201 - what a program prints is its output
# ruff: noqa: PLC0415 - it is started a dozen times a test, so each call imports only what it needs

from __future__ import annotations

import binascii
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from cluster_file import CLUSTER_SCOPED, CRD, ClusterFile, Object, RefusedError, key_of

KINDS = {
    "crd": "CustomResourceDefinition",
    "namespace": "Namespace",
    "secret": "Secret",
    "service": "Service",
    "services": "Service",
    "pods": "Pod",
    "events": "Event",
    "daemonset": "DaemonSet",
    "deployment": "Deployment",
    "clusterrole": "ClusterRole",
    "clusterrolebinding": "ClusterRoleBinding",
    "dnsrecords.esddns.io": "DNSRecord",
}
SWITCHES = {
    "all", "all-namespaces", "client", "force-conflicts", "ignore-not-found", "previous", "server-side",
}  # fmt: skip


class Kubectl:
    """One call: `words` without a dash in front, and `options` without theirs."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self.folder = folder
        self.words = [argument for argument in arguments if not argument.startswith("--")]
        self.options: dict[str, str] = {}
        for argument in arguments:
            if argument.startswith("--"):
                name, _, value = argument[2:].partition("=")
                if not value and name not in SWITCHES:
                    raise ValueError(f"--{name} has no value")
                self.options[name] = value
        self.cluster = ClusterFile(folder / "cluster.json")

    def run(self) -> int:
        """Answer, as the word in front asks."""
        verb, *self.words = self.words
        if verb in {"get", "apply", "delete", "wait", "rollout", "logs"}:
            self.reach()
        answer: Callable[[], int] = getattr(self, verb)
        return answer()

    def reach(self) -> None:
        """End where this cluster does not answer."""
        if "unreachable" in self.cluster.traits:
            raise SystemExit(
                "Unable to connect to the server: dial tcp 192.0.2.1:6443: i/o timeout"
            )

    def take(self, *known: str) -> None:
        """Refuse options that the verb does not have here."""
        if unknown := set(self.options) - set(known):
            raise ValueError(f"unknown options {sorted(unknown)}")

    def version(self) -> int:
        """The versions of both ends."""
        self.take("client", "output", "request-timeout")
        kustomize = self.cluster.traits.get("kustomize", "v5.7.1")
        print(f"clientVersion:\n  gitVersion: v1.34.4\nkustomizeVersion: {kustomize}")
        if "client" not in self.options:
            self.reach()
            print(f"serverVersion:\n  gitVersion: {self.cluster.traits.get('version', 'v1.34.4')}")
        return 0

    def config(self) -> int:
        """The context's name."""
        print("testing")
        return 0

    def kustomize(self) -> int:
        """Render by the real kustomize."""
        program = (self.folder / "kustomize").read_text()
        os.execv(program, [program, "build", self.words[0]])  # noqa: S606

    def create(self) -> int:
        """`secret generic NAME`, to be applied."""
        self.take("namespace", "from-file", "dry-run", "output")
        key, _, path = self.options["from-file"].partition("=")
        data = {key: binascii.b2a_base64(Path(path).read_bytes(), newline=False).decode()}
        metadata = {"name": self.words[2], "namespace": self.options["namespace"]}
        print(
            json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
        )
        return 0

    def apply(self) -> int:
        """Server-side only. A dry run is refused what an API server refuses, and keeps nothing."""
        self.take(
            "server-side", "field-manager", "force-conflicts", "dry-run", "filename", "kustomize"
        )
        assert "server-side" in self.options
        dry = self.options.get("dry-run")
        failed = False
        for obj in self._given():
            try:
                self.cluster.apply(
                    obj, self.options["field-manager"], force="force-conflicts" in self.options
                )
                told = "serverside-applied" + (f" ({dry} dry run)" if dry else "")
                print(f"{obj['kind'].lower()}/{obj['metadata']['name']} {told}")
            except RefusedError as refused:
                print(f"error: {refused}", file=sys.stderr)
                failed = True
        if not dry:
            self.cluster.save()
        return int(failed)

    def _given(self) -> list[Object]:
        sys.path.append((self.folder / "site-packages").read_text())
        import yaml

        if folder := self.options.get("kustomize"):
            import subprocess

            command = [(self.folder / "kustomize").read_text(), "build", folder]
            text = subprocess.check_output(command, text=True)  # noqa: S603
        else:
            assert self.options["filename"] == "-"
            text = sys.stdin.read()
        return [obj for obj in yaml.load_all(text, yaml.CSafeLoader) if obj]

    def wait(self) -> int:
        """Only for the definition, which is established at once."""
        self.take("for", "timeout")
        assert self.words == ["crd/dnsrecords.esddns.io"]
        return int(CRD not in self.cluster.objects)

    def get(self) -> int:
        """Objects by name, or a list."""
        self.take(
            "namespace", "all-namespaces", "selector", "field-selector", "sort-by",
            "ignore-not-found", "output", "request-timeout",
        )  # fmt: skip
        found, missing = self._named()
        if missing and "ignore-not-found" not in self.options:
            print(f"Error from server (NotFound): {missing}", file=sys.stderr)
            return 1
        from jsonpath import expand

        one = len(self.words) == 2 or "/" in self.words[0]
        if template := self.options.get("output", "").removeprefix("jsonpath="):
            whole: Any = found[0] if one and found else {"items": found}
            print(expand(template, whole) if found or not one else "", end="")
        return 0

    def _named(self) -> tuple[list[Object], list[str]]:
        """The objects that the words mean, and the names of those that are not there."""
        if "/" not in self.words[0]:
            kind, *names = self.words
            if not names:
                return self.cluster.select(KINDS[kind], self._matches), []
            pairs = [(kind, name) for name in names]
        else:
            pairs = [(kind, name) for kind, _, name in (word.partition("/") for word in self.words)]
        found, missing = [], []
        for kind, name in pairs:
            namespace = "" if KINDS[kind] in CLUSTER_SCOPED else self.options["namespace"]
            key = f"{KINDS[kind]}/{namespace}/{name}"
            if key in self.cluster.objects:
                found.append(self.cluster.objects[key])
            else:
                missing.append(key)
        return found, missing

    def _matches(self, obj: Object) -> bool:
        from jsonpath import expand

        namespace = self.options.get("namespace")
        if "all-namespaces" not in self.options and obj["metadata"].get("namespace") != namespace:
            return False
        labels = obj["metadata"].get("labels", {})
        return all(
            _label(labels, part) for part in _parts(self.options.get("selector", ""))
        ) and all(
            expand(f"{{.{name}}}", obj) == value
            for name, _, value in (
                part.partition("=") for part in _parts(self.options.get("field-selector", ""))
            )
        )

    def rollout(self) -> int:
        """`status WHAT`: done, or out of time at once."""
        self.take("namespace", "timeout")
        if hang := self.cluster.traits.get("hang"):
            Path(hang).write_text("waiting")  # a FIFO: who waits for it knows now
            import signal

            signal.pause()
        if "stuck" in self.cluster.traits:
            print("error: timed out waiting for the condition", file=sys.stderr)
            return 1
        print(f"{self.words[1]} successfully rolled out")
        return 0

    def logs(self) -> int:
        """What a pod said; nothing before, for it never crashed."""
        self.take("namespace", "tail", "previous")
        if "previous" in self.options:
            return 1
        print(self.cluster.traits["logs"])
        return 0

    def delete(self) -> int:
        """Objects by name, by file or all of a kind, until the time is out."""
        self.take("namespace", "all", "timeout", "ignore-not-found", "dry-run", "filename")
        if "filename" in self.options:
            keys = [key_of(obj) for obj in self._given()]
        else:
            keys = [key_of(obj) for obj in self._named()[0]]
        dry, left = self.options.get("dry-run"), []
        for key in [key for key in keys if key in self.cluster.objects]:
            print(f"{key} deleted{f' ({dry} dry run)' if dry else ''}")
            if not dry and not self.cluster.delete(key):
                left.append(key)
        if not dry:
            self.cluster.save()
        for key in left:
            print(f"error: timed out waiting for the condition on {key}", file=sys.stderr)
        return int(bool(left))


def _parts(text: str) -> Iterator[str]:
    """A selector's parts; commas in brackets are not between two."""
    depth, part = 0, ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield part
            part = ""
        else:
            part += character
    if part:
        yield part


def _label(labels: dict[str, str], part: str) -> bool:
    name, found, values = part.partition(" in ")
    if found:
        return labels.get(name) in values.strip("()").split(",")
    name, _, value = part.partition("=")
    return labels.get(name) == value


def _note(folder: Path, arguments: list[str]) -> None:
    """Keep what was asked, and where the token shows."""
    secret = (folder / "secret").read_text()
    temporary = Path(os.environ["TMPDIR"])
    shown = [name for name, value in os.environ.items() if secret in value]
    shown += [
        str(path) for path in temporary.rglob("*") if path.is_file() and secret in path.read_text()
    ]
    with (folder / "calls.jsonl").open("a") as log:
        log.write(json.dumps({"argv": arguments, "shown": shown}) + "\n")


if __name__ == "__main__":
    _folder = Path(sys.argv[1])
    _note(_folder, sys.argv[2:])
    try:
        sys.exit(Kubectl(_folder, sys.argv[2:]).run())
    except Exception as fault:
        (_folder / "faults").write_text(f"{sys.argv[2:]}: {fault!r}")
        raise
