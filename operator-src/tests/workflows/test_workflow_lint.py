"""actionlint, zizmor, ShellCheck and hadolint have nothing to say."""

from __future__ import annotations

from workflows.repository import (
    ROOT,
    WORKFLOWS,
    actionlint,
    dockerfiles,
    files,
    output,
    shell_scripts,
    tool,
)

# Where scripts of tests-e2e/offline/steps run, and so what they source.
SOURCES = "SCRIPTDIR:tests-e2e/offline"


def test_actionlint() -> None:
    """Workflows are what GitHub takes, and the scripts in them what a shell takes."""
    paths = sorted(str(path) for path in WORKFLOWS.iterdir())
    output(actionlint(), "-shellcheck", tool("shellcheck"), "-pyflakes", "", *paths)


def test_zizmor() -> None:
    """Nothing in the workflows lets a stranger in, as far as can be told without a network."""
    output(tool("zizmor"), "--offline", "--no-progress", "--quiet", ".github")


def test_shellcheck() -> None:
    """Every shell script of the repository, all at once: some source others."""
    scripts = [str(path.relative_to(ROOT)) for path in shell_scripts()]
    output(tool("shellcheck"), "--external-sources", "--source-path", SOURCES, *scripts)


def test_hadolint() -> None:
    """Every Dockerfile."""
    output(tool("hadolint"), "--no-color", *[str(path.relative_to(ROOT)) for path in dockerfiles()])


def test_nothing_is_left_out() -> None:
    """Scripts are found by suffix and by their first line, whichever folder they are in."""
    scripts = {str(path.relative_to(ROOT)) for path in shell_scripts()}
    assert {
        "deploy.sh",
        ".ci/run",
        ".ci/test",
        "tests-e2e/run",
        "tests-e2e/offline/steps/kubernetes",
    } <= scripts
    assert {".github/scripts/gate.sh", "operator-src/tests/manifests/install-tools.sh"} <= scripts
    assert "Makefile" in {path.name for path in files()}
    assert "Makefile" not in scripts
    assert ROOT / "Dockerfile" in dockerfiles()
