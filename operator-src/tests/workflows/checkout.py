"""A clone of what a release changes, with an origin, and tools that only write down what they were asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from workflows.repository import ROOT, output

VERSION, DIGEST = "v1.2.3", "sha256:" + 64 * "a"
NEXT, OTHER = "v1.3.0", "sha256:" + 64 * "b"
PLACEHOLDER = "sha256:" + 64 * "0"
IMAGE = "ghcr.io/sqe/esddns"

_PARTS = (".github/scripts", "apps", "clusters", "kustomization.yaml", "LICENSE", "Dockerfile")
_VERSION_FILE = "operator-src/src/esddns/__init__.py"


@dataclass(frozen=True)
class Done:
    """How a script ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Checkout:
    """The clone, where scripts run, and the folder of the tools that they find."""

    folder: Path
    tools: Path

    def run(self, script: str, *arguments: str, **environment: str) -> Done:
        """Runs one of .github/scripts, with nothing of this machine's Git settings."""
        return self._do([str(self.folder / ".github/scripts" / script), *arguments], environment)

    def git(self, *arguments: str) -> str:
        """Runs Git, which has to succeed."""
        done = self._do(["git", *arguments], {})
        assert done.code == 0, done.err
        return done.out.strip()

    def read(self, path: str) -> str:
        """A file of the clone."""
        return (self.folder / path).read_text()

    def write(self, path: str, text: str) -> None:
        """Writes and commits a file."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)
        self.commit()

    def commit(self) -> None:
        """Commits all there is."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "as it is")

    def changed(self) -> list[str]:
        """The files that differ from the last commit."""
        return self.git("diff", "--name-only", "HEAD").splitlines()

    def tool(self, name: str, body: str) -> None:
        """Puts a tool in the way of the real one: it notes its arguments, and does what `body` says."""
        path = self.tools / name
        path.write_text(f"#!/bin/sh\necho \"{name} $*\" >>'{self.tools}/asked'\n{body}\n")
        path.chmod(0o755)

    def asked(self) -> list[str]:
        """What those tools were asked, line by line."""
        notes = self.tools / "asked"
        return notes.read_text().splitlines() if notes.exists() else []

    def _do(self, command: list[str], environment: dict[str, str]) -> Done:
        settings = {
            "PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.tools),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        }
        done = subprocess.run(  # noqa: S603
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=settings | environment,
        )
        return Done(done.returncode, done.stdout, done.stderr)


def clone(folder: Path, kustomize: Path) -> Checkout:
    """What the scripts touch, as a repository with one commit on main, which its origin has, too."""
    checkout = Checkout(folder / "clone", folder / "tools")
    checkout.tools.mkdir()
    (checkout.tools / "kustomize").symlink_to(kustomize)
    for part in _PARTS:
        target = checkout.folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, target)
        else:
            shutil.copy(ROOT / part, target)
    _unrelease(checkout.folder)
    output("git", "init", "--quiet", "--bare", str(folder / "origin"))
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.git("config", "user.name", "Test")
    checkout.git("config", "user.email", "test@example.com")
    checkout.git("remote", "add", "origin", str(folder / "origin"))
    checkout.write(_VERSION_FILE, f'__version__ = "{VERSION[1:]}"\n')
    checkout.git("push", "--quiet", "origin", "main")
    return checkout


def _unrelease(folder: Path) -> None:
    """As it was before the first release, whatever this repository runs by now."""
    overlay = rf"images:\n  - name: {IMAGE}\n    digest: .*\n\Z"
    for cluster in ("development", "production"):
        file = folder / f"clusters/{cluster}/esddns/kustomization.yaml"
        file.write_text(re.sub(overlay, "", file.read_text()))
    base = folder / "apps/esddns/base/kustomization.yaml"
    base.write_text(re.sub(r"digest: sha256:.*", f"digest: {PLACEHOLDER}", base.read_text()))
