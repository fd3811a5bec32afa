"""A copy of the repository, in which clusters/development is what its user would make of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from harness.git_server import copy_files


class WorkingCopy:
    """The files that Git knows, or does not ignore, in `folder`."""

    def __init__(self, root: Path, folder: Path) -> None:
        copy_files(root, folder)
        self.folder = folder
        self._clusters = folder / "clusters"

    def develop(self, fqdn: str) -> None:
        """Point clusters/development at the simulator, as clusters/kind is, with a record to be deleted."""
        kind, mine = self._clusters / "kind" / "esddns", self._clusters / "development" / "esddns"
        policy = "networkpolicy-agent-simulator.yaml"
        shutil.copy(kind / policy, mine)

        here = _read(mine / "kustomization.yaml")
        here["resources"].append(policy)
        here["images"] = _read(kind / "kustomization.yaml")["images"]
        _write(mine / "kustomization.yaml", here)

        configuration = _read(mine / "configmap.yaml")
        configuration["data"]["dns.ini"] = _read(kind / "configmap.yaml")["data"]["dns.ini"]
        _write(mine / "configmap.yaml", configuration)

        path = self._clusters / "development" / "records" / "home.yaml"
        record = _read(path)
        record["spec"] = {"fqdn": fqdn, "deletionPolicy": "Delete"}
        _write(path, record)


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(document))
