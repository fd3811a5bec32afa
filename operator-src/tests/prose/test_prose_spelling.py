"""Prose and comments are spelt as British dictionaries have it, as far as codespell knows mistakes."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from manifests.rendering import ROOT
from prose.prose_pages import pages, tree

SETTINGS = ROOT / "operator-src/pyproject.toml"
# Where comments are read, too. Tests hold mistakes on purpose.
CODE = (
    "operator-src/src/",
    "operator-src/simulator/src/",
    "apps/",
    "clusters/",
    "monitoring/",
    ".github/",
)
ALONE = {"deploy.sh", "Makefile", "Dockerfile", "kustomization.yaml"}
NO_TEXT = {".png", ".svg"}


def files() -> list[str]:
    """What is read: the pages, and code with its comments."""
    code = {name for name in tree() if name.startswith(CODE) or name in ALONE}
    return sorted({name for name in code if Path(name).suffix not in NO_TEXT} | set(pages()))


def misspelt(*names: str, cwd: Path = ROOT) -> list[str]:
    """What codespell says, line by line."""
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(SETTINGS), *names]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)  # noqa: S603
    said = [line for line in done.stderr.splitlines() if not line.startswith("Used config files:")]
    assert [line.strip() for line in said if str(SETTINGS) not in line] == []
    assert done.returncode == (65 if done.stdout else 0)
    return done.stdout.splitlines()


def test_the_files_are_found() -> None:
    """Pages, code and manifests are read."""
    wanted = {
        "README.md",
        "deploy.sh",
        "operator-src/src/esddns/cli.py",
        "apps/crds/kustomization.yaml",
    }
    assert wanted <= set(files())


def test_spelling() -> None:
    """Nothing is misspelt."""
    assert misspelt(*files()) == []


def test_a_mistake_is_found(tmp_path: Path) -> None:
    """In prose and in a comment; the line is named."""
    (tmp_path / "page.md").write_text("# A page\n\nWe recieve it.\n")
    (tmp_path / "code.py").write_text("x = 1  # teh number\n")
    assert sorted(misspelt("page.md", "code.py", cwd=tmp_path)) == [
        "code.py:1: teh ==> the",
        "page.md:3: recieve ==> receive",
    ]


def test_british_spelling_is_none(tmp_path: Path) -> None:
    """What is American only is not asked for: that dictionary is not used, and would find these."""
    (tmp_path / "page.md").write_text(
        "The licence names a colour, and our behaviour at the centre.\n"
    )
    assert misspelt("page.md", cwd=tmp_path) == []
    used = tomllib.loads(SETTINGS.read_text("utf-8"))["tool"]["codespell"]["builtin"].split(",")
    assert "clear" in used
    assert "en-GB_to_en-US" not in used
    assert misspelt("--builtin=en-GB_to_en-US", "page.md", cwd=tmp_path)
