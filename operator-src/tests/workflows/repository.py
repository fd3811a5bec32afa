"""The files of this repository that its tools look at, as Git knows them, and the workflows, parsed."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

Workflow = dict[str, Any]

ROOT = Path(__file__).parents[3]
WORKFLOWS = ROOT / ".github/workflows"
TOOLS = Path(__file__).parent / "tools"
_SHELL = re.compile(rb"#! *\S*/(env +)?(ba|da)?sh\b")


@functools.cache
def files() -> list[Path]:
    """Every file that is, or would be, in Git."""
    if not (ROOT / ".git").exists():
        pytest.skip("no Git repository: which files are its own is not known")
    options = ("--cached", "--others", "--exclude-standard", "-z")
    names = output("git", "-C", str(ROOT), "ls-files", *options).split("\0")
    found = sorted({ROOT / name for name in names if name})
    return [path for path in found if path.is_file() and not path.is_symlink()]


def shell_scripts() -> list[Path]:
    """By their name or by their first line."""
    return [path for path in files() if path.suffix == ".sh" or _SHELL.match(_start(path))]


def dockerfiles() -> list[Path]:
    """Whatever folder they are in."""
    return [path for path in files() if path.name == "Dockerfile"]


def workflows() -> dict[str, Workflow]:
    """Each workflow under its file's name; YAML 1.1 reads the key `on` as true, and here it is `on` again."""
    found = {}
    for path in sorted(WORKFLOWS.iterdir()):
        workflow = yaml.safe_load(path.read_text())
        found[path.name] = {"on" if key is True else key: value for key, value in workflow.items()}
    return found


def tool(name: str) -> str:
    """A tool of PyPI, which is installed beside Python, or of the PATH."""
    found = shutil.which(
        name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if found is None:
        pytest.skip(f"{name} is not installed: its wheel is not made for this platform")
    return found


def actionlint() -> str:
    """What install-tools.sh built."""
    key = hashlib.sha256((TOOLS / "go.mod").read_bytes() + (TOOLS / "go.sum").read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(home) / "esddns-test-tools" / key.hexdigest()[:16] / "actionlint"
    if not path.exists():
        pytest.skip(f"no {path}: tests/workflows/install-tools.sh builds it, and needs Go")
    return str(path)


def output(*command: str, cwd: Path = ROOT) -> str:
    """What a command says, which has to succeed."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)  # noqa: S603
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)
