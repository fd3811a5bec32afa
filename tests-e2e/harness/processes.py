"""The processes of esddns as the kernel has them, seen from the nodes: more than any manifest promises."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from harness.nodes import DockerError, Nodes


@dataclass(frozen=True)
class Process:
    """A process in a pod; files are those of proc(5), with the NULs between arguments as line feeds."""

    node: str
    pid: int
    command_line: str
    environment: str
    status: dict[str, str]
    mounts: str

    def read(self, nodes: Nodes, path: str) -> str:
        """Return a file as the process sees it; DockerError where it has none.

        No part of the path may be an absolute link: it would lead into the node.
        """
        return nodes.run(self.node, f"cat {shlex.quote(f'/proc/{self.pid}/root{path}')}")

    def files_with(self, nodes: Nodes, text: str, *folders: str) -> list[str]:
        """Return the files that hold a text, in folders as the process sees them."""
        places = " ".join(shlex.quote(f"/proc/{self.pid}/root{folder}") for folder in folders)
        # 1: in no file; 2, for a folder that is not there, is an error.
        command = f"grep -rlF {shlex.quote(text)} {places} || test $? = 1"
        return nodes.run(self.node, command).split()


def processes(nodes: Nodes, command: str) -> list[Process]:
    """Return the processes of all nodes whose command line ends so: `esddns node`, one for each pod."""
    return [_read(nodes, node, pid) for node in nodes.all for pid in _pids(nodes, node, command)]


def _pids(nodes: Nodes, node: str, command: str) -> list[int]:
    try:
        found = nodes.run(node, f"pgrep --full {shlex.quote(command + '$')}")
    except DockerError:  # pgrep's answer for none
        return []
    return [int(pid) for pid in found.split()]


def _read(nodes: Nodes, node: str, pid: int) -> Process:
    def file(name: str) -> str:
        return nodes.run(node, f"tr '\\0' '\\n' </proc/{pid}/{name}")

    status = dict(line.split(":\t", 1) for line in file("status").splitlines() if ":\t" in line)
    return Process(node, pid, file("cmdline"), file("environ"), status, file("mountinfo"))
