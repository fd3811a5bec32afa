"""Command lines, as a person types them into a shell."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.kubectl import Kubectl
from harness.waiting import until

_TIMEOUT = 180.0


@dataclass(frozen=True)
class Done:
    """How a command line ended."""

    code: int
    out: str
    err: str


class Shell:
    """A shell in a folder, with kubectl in its PATH and the cluster as its context."""

    def __init__(self, kubectl: Kubectl, folder: Path) -> None:
        self._folder = folder
        programs = folder / "bin"
        programs.mkdir(parents=True)
        # Under the name that people type, whatever file it was fetched to.
        (programs / "kubectl").symlink_to(kubectl.program.resolve())
        path = f"{programs}:{os.environ['PATH']}"
        self._environment = {
            **kubectl.environment,
            "KUBECONFIG": str(kubectl.kubeconfig.absolute()),
            "PATH": path,
        }

    def run(self, line: str, *, timeout: float = _TIMEOUT, **environment: str) -> Done:
        """Run a line and return how it ended, whatever its exit code."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self._folder,
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def __call__(self, line: str) -> str:
        """Run a line that succeeds, and return its output; AssertionError where it does not succeed."""
        done = self.run(line)
        assert done.code == 0, f"{line}: exit {done.code}: {done.err or done.out}"
        return done.out

    @contextmanager
    def running(self, line: str, what: str, said: str) -> Iterator[None]:
        """Have a line run while the context lasts, from when it said something.

        `what` names the limit of that wait. AssertionError where the line ends before.
        """
        output = self._folder / "output"
        with output.open("w") as file:
            process = subprocess.Popen(
                ["bash", "-c", line],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # The shell and what it started end together.
                start_new_session=True,
            )

        def ready() -> bool:
            assert process.poll() is None, f"{line}: ended: {output.read_text()}"
            return said in output.read_text()

        try:
            until(what, ready, seen=output.read_text)
            yield
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
