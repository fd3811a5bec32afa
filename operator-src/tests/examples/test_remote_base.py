"""Base and components can be taken from Git by URL: nothing in them refers to what is outside of `apps`.

kustomize fetches `file://` by the git executable as it does https.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from examples.example_files import EXAMPLES
from manifests.rendering import COMPONENTS, ROOT, cache, components, name_of, render, render_with

ADDRESS, TAG = "https://github.com/sqe/esddns//", "v0.1.0"
EXAMPLE = EXAMPLES / "deployment/remote-base/kustomization.yaml"
# With nothing of this machine's Git settings.
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
}  # fmt: skip


def run(*command: str) -> str:
    """Run it, with nothing said on stderr by kustomize; what it wrote."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL, up to `//`, of a bare clone that has `apps` as it stands here, and a tag."""
    folder = tmp_path_factory.mktemp("remote")
    work, bare = folder / "work", folder / "esddns.git"
    shutil.copytree(ROOT / "apps", work / "apps")
    run("git", "init", "--quiet", "--initial-branch=main", str(work))
    run("git", "-C", str(work), "add", ".")
    run("git", "-C", str(work), "commit", "--quiet", "--message=all")
    run("git", "-C", str(work), "tag", TAG)
    run("git", "clone", "--quiet", "--bare", str(work), str(bare))
    return f"file://{bare}//"


def built(work: Path, text: str) -> list[str]:
    """What kustomize makes of a kustomization.yaml, each object as text; sorted."""
    (work / "kustomization.yaml").write_text(text)
    made = yaml.load_all(run(str(cache() / "kustomize"), "build", str(work)), yaml.CSafeLoader)
    return sorted(yaml.safe_dump(obj) for obj in made)


def test_the_example(remote: str, tmp_path: Path) -> None:
    """The example of an overlay elsewhere gives what the same overlay here gives."""
    text = EXAMPLE.read_text("utf-8")
    count = text.count(f"{ADDRESS}apps/")
    assert count == text.count(f"?ref={TAG}") == 3
    made = built(tmp_path, text.replace(ADDRESS, remote))
    here = os.path.relpath(ROOT, tmp_path)
    assert made == built(tmp_path, text.replace(ADDRESS, f"{here}/").replace(f"?ref={TAG}", ""))
    parts = (*render(ROOT / "apps/crds"), *render(ROOT / "apps/esddns/base"))
    assert sorted(name_of(yaml.safe_load(obj)) for obj in made) == sorted(map(name_of, parts))


def test_every_component(remote: str, tmp_path: Path) -> None:
    """Each of them is taken by URL as it is by path, together as far as they go together."""
    apart = {"nodeport", "clusterip", "metallb"}
    names = [path.name for path in components() if path.name not in apart]
    parts = [f"{remote}{COMPONENTS.relative_to(ROOT)}/{name}?ref={TAG}" for name in names]
    overlay = {"resources": [f"{remote}apps/esddns/base?ref={TAG}"], "components": parts}
    made = built(tmp_path, yaml.safe_dump(overlay))
    assert made == sorted(yaml.safe_dump(obj) for obj in render_with(names, tmp_path))


def test_an_unknown_tag_is_refused(remote: str, tmp_path: Path) -> None:
    """The tag is looked at: another one gives an error, and not what stands on the branch."""
    overlay = {"resources": [f"{remote}apps/esddns/base?ref=v9.9.9"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    with pytest.raises(AssertionError, match=r"v9\.9\.9"):
        run(str(cache() / "kustomize"), "build", str(tmp_path))
