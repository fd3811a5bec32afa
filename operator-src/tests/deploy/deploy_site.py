"""deploy.sh as a person runs it: the real script and curl, Gandi's simulator, a stand-in for kubectl."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.cluster_file import ClusterFile, Object
from esddns_simulator import Simulator
from manifests.rendering import ROOT, cache

TOKEN = "token-of-the-tests-0123456789"
ZONES = ("sites.dev", "other.net")
DOMAIN = "home.sites.dev"
IMAGE = "registry.sites.dev:5000/esddns:1.0"
_DIGEST = re.compile(r"digest: sha256:\S+")
PINNED = f"{IMAGE}@sha256:{'1' * 64}"
ADDRESS = [{"ip": "203.0.113.9"}]
# All that the script calls, beside kubectl. Nothing else is in its PATH.
TOOLS = (
    "awk", "bash", "cat", "cut", "dirname", "find", "grep", "mktemp", "rm", "sed", "sleep", "sort", "tail",
    "tr", "wc",
)  # fmt: skip
_TIME = 60.0  # seconds that a run may take
_COLOUR = re.compile("\x1b\\[")


@dataclass(frozen=True, slots=True)
class Deployed:
    """How a run ended, and the calls of kubectl that it made."""

    code: int
    out: str
    err: str
    calls: list[list[str]]

    def made(self, *words: str) -> list[list[str]]:
        """The calls that have all of these among their arguments."""
        return [argv for argv in self.calls if set(words) <= set(argv)]

    @property
    def steps(self) -> list[str]:
        """The steps that it told, without their times."""
        return [line.partition(" … ")[0] for line in self.err.splitlines() if line.startswith("→")]


@dataclass(slots=True)
class DeploySite:
    """A folder with the stand-in's cluster and a PATH, and a copy of what deploy.sh reads."""

    sim: Simulator
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    repository: Path = field(init=False)
    path: Path = field(init=False)
    temporary: Path = field(init=False)

    def __post_init__(self) -> None:
        """Make the PATH and the repository's copy."""
        self.repository = self.folder / "it's a repository"  # a name that must be quoted
        self.repository.mkdir()
        for name in ("apps", "clusters"):
            shutil.copytree(ROOT / name, self.repository / name)
        shutil.copy(ROOT / "deploy.sh", self.repository)
        for file in self.repository.rglob("kustomization.yaml"):
            # As before the first release, whatever was released since.
            file.write_text(_DIGEST.sub(f"digest: sha256:{'0' * 64}", file.read_text()))
        self.path, self.temporary = self.folder / "bin", self.folder / "tmp"
        self.path.mkdir()
        self.temporary.mkdir()
        found = {tool: shutil.which(tool) for tool in (*TOOLS, "curl")}
        missing = [tool for tool, path in found.items() if path is None]
        assert not missing, f"deploy.sh needs {missing}"
        for tool in TOOLS:
            (self.path / tool).symlink_to(found[tool] or "")
        here = Path(__file__).parent
        # A dozen rights are asked for in each run: that much is answered without Python.
        self._program(
            "kubectl",
            f'[ "$1" != auth ] || {{ ! grep -qxF "$2 $3 $4 $5" "{self.folder}/forbidden"; exit; }}\n'
            f'exec "{sys.executable}" -S -E "{here / "kubectl.py"}" "{self.folder}" "$@"',
        )
        self.forbid()
        self._program(
            "curl",
            f'printf "%s\\n" "$*" >>"{self.folder}/curl.log"; exec {found["curl"]} "$@"',
        )
        (self.folder / "secret").write_text(TOKEN)
        (self.folder / "kustomize").write_text(str(cache() / "kustomize"))
        (self.folder / "site-packages").write_text(sysconfig.get_paths()["platlib"])
        self.environment |= {
            "PATH": str(self.path),
            "HOME": str(self.folder),
            "TMPDIR": str(self.temporary),
            "GANDI_URL": self.sim.api_url,
            "GANDI_API_KEY": TOKEN,
            "TARGET_DOMAIN": DOMAIN,
            "ROLLOUT_TIMEOUT": "1",
            "ADDRESS_TIMEOUT": "1",
            "DELETE_TIMEOUT": "1",
        }
        self.traits(addresses=ADDRESS)

    def _program(self, name: str, line: str) -> None:
        file = self.path / name
        file.write_text(f"#!/bin/sh\n{line}\n")
        file.chmod(0o755)

    def cluster(self) -> ClusterFile:
        """The cluster as it is now."""
        return ClusterFile(self.folder / "cluster.json")

    def forbid(self, *rights: str) -> None:
        """Take these rights away: `patch secrets --namespace=esddns`."""
        (self.folder / "forbidden").write_text("".join(f"can-i {right}\n" for right in rights))

    def traits(self, **traits: Any) -> None:
        """Make the cluster an unusual one."""
        cluster = self.cluster()
        cluster.traits |= traits
        cluster.save()

    def add(self, *objects: Object) -> None:
        """Put objects there that others made."""
        cluster = self.cluster()
        for obj in objects:
            cluster.add(obj)
        cluster.save()

    def object(self, kind: str, name: str, namespace: str = "esddns") -> Object | None:
        """An object of the cluster, or None."""
        return self.cluster().objects.get(f"{kind}/{namespace}/{name}")

    def record(self, name: str = DOMAIN, cluster: str = "production") -> None:
        """Make a DNSRecord of one's own the only one of a cluster's folder."""
        file = self.repository / f"clusters/{cluster}/records/home.yaml"
        file.write_text(
            "apiVersion: esddns.io/v1alpha1\nkind: DNSRecord\n"
            f"metadata:\n  name: home\n  namespace: esddns\nspec:\n  fqdn: {name}\n"
        )

    async def start(
        self, *command: str, stderr: int = asyncio.subprocess.PIPE, **environment: str | None
    ) -> asyncio.subprocess.Process:
        """Start the script in a process group of its own; a variable of None is not set."""
        wanted = {**self.environment, **environment}
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={name: value for name, value in wanted.items() if value is not None},
            cwd=self.folder,
            start_new_session=True,
        )

    async def deploy(
        self, *arguments: str, through: tuple[str, ...] = (), **environment: str | None
    ) -> Deployed:
        """Run the script to its end. Whatever it does, the token shows nowhere, and no file is left."""
        script = str(self.repository / "deploy.sh")
        process = await self.start(*through, script, *arguments, **environment)
        return await self.finish(process)

    async def finish(self, process: asyncio.subprocess.Process) -> Deployed:
        """Wait for its end."""
        log = self.folder / "calls.jsonl"
        try:
            async with asyncio.timeout(_TIME):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
        calls = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        log.unlink(missing_ok=True)
        done = Deployed(
            process.returncode or 0, out.decode(), err.decode(), [call["argv"] for call in calls]
        )
        self._see_that_nothing_shows(done, [place for call in calls for place in call["shown"]])
        faults = self.folder / "faults"
        assert not faults.exists(), faults.read_text()
        return done

    def _see_that_nothing_shows(self, done: Deployed, shown: list[str]) -> None:
        curl = self.folder / "curl.log"
        assert not shown
        assert TOKEN not in done.out + done.err + repr(done.calls)
        assert TOKEN not in (curl.read_text() if curl.exists() else "")
        assert not list(self.temporary.iterdir())
        assert not _COLOUR.search(done.out + done.err)
