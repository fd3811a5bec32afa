"""What is in the image, and what is not: nobody who gets in finds anything to work with."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

import pytest

from harness.cluster import IMAGE
from harness.figures import Figures
from harness.nodes import docker

# Each of them would be something to work with.
_TOOLS = {
    "sh", "bash", "dash", "busybox", "env", "ls", "cat", "perl", "curl", "wget", "apt", "apt-get",
    "dpkg", "pip", "pip3", "gcc", "cc", "ldd", "su", "mount",
}  # fmt: skip
_SET_ID, _OTHERS_WRITE = 0o6000, 0o002


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tarfile.TarInfo]:
    """Every file of the image, by its path."""
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    container = docker("create", IMAGE).strip()
    try:
        docker("export", "--output", str(archive), container)
    finally:
        docker("rm", container)
    with tarfile.open(archive) as found:
        return {member.name: member for member in found}


def test_the_image_holds_python_and_esddns_alone(
    members: dict[str, tarfile.TarInfo], figures: Figures
) -> None:
    """No shell, no package manager, nothing with rights of its own, nothing that others may change."""
    names = {PurePosixPath(name).name for name, member in members.items() if not member.isdir()}
    assert {"python3", "esddns", "ca-certificates.crt"} <= names
    assert names & _TOOLS == set()
    files = [member for member in members.values() if member.isfile()]
    assert [member.name for member in files if member.mode & _SET_ID] == []
    assert [member.name for member in files if member.mode & _OTHERS_WRITE] == []
    assert {member.uid for member in members.values()} == {0}
    folders = {name: member.mode for name, member in members.items() if member.isdir()}
    anybody = {name for name, mode in folders.items() if mode & _OTHERS_WRITE}
    assert anybody == {"tmp", "var/lib/esddns"}
    packages = sum(1 for name in members if name.endswith(".dist-info/METADATA"))
    system = sum(1 for name in members if PurePosixPath(name).parent.name == "status.d")
    size = int(docker("image", "inspect", "--format", "{{.Size}}", IMAGE))
    figures.add(11, "image: size", f"{size / 1e6:.0f} MB")
    figures.add(11, "image: packages of Python, of Debian", f"{packages}, {system}")


def test_the_image_runs_as_nobody_in_particular() -> None:
    """By number, so that runAsNonRoot can tell; with the labels that registries show."""
    config = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", IMAGE))
    assert (config["User"], config["Entrypoint"]) == ("65532:65532", ["esddns"])
    labels = {name.rpartition(".")[2] for name in config["Labels"]}
    assert {"title", "source", "licenses", "version", "revision", "created"} <= labels


def test_the_image_needs_nothing_but_itself(tmp_path: Path) -> None:
    """Read-only, without capabilities or a network, it reads a configuration and says what is wrong."""
    (tmp_path / "dns.ini").write_text("[record:home.example.com]\nttl = soon\n")
    done = subprocess.run(
        [
            "docker", "run", "--rm", "--read-only", "--cap-drop=ALL", "--network=none",
            "--security-opt=no-new-privileges", f"--volume={tmp_path}:/etc/esddns:ro", IMAGE, "check",
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, "ttl" in done.stdout) == (2, True), done
