"""The nodes of a kind cluster as containers: what can be done to a node that no API does."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from harness.waiting import until

_TIMEOUT = 60.0
_MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
_AWAY = "/etc/kubernetes/kube-apiserver.yaml"


class Nodes:
    """The nodes of a cluster, control plane first."""

    def __init__(self, cluster: str) -> None:
        names = docker(
            "ps", "--filter", f"label=io.x-k8s.kind.cluster={cluster}", "--format", "{{.Names}}"
        ).split()
        self.control_plane = f"{cluster}-control-plane"
        self.workers = sorted(name for name in names if name != self.control_plane)
        self.all = [self.control_plane, *self.workers]

    def address(self, node: str) -> str:
        """Return a node's address in the network that kind made."""
        found: str = self._network(node)["IPAddress"]
        return found

    def gateway(self) -> str:
        """Return the address at which the nodes, and their pods, reach this machine."""
        found: str = self._network(self.control_plane)["Gateway"]
        return found

    def _network(self, node: str) -> dict[str, str]:
        networks = docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", node)
        network: dict[str, str] = next(iter(json.loads(networks).values()))
        return network

    def run(self, node: str, command: str) -> str:
        """Run a shell command in a node and return its output."""
        return docker("exec", node, "sh", "-c", command)

    def fetch(self, node: str, url: str) -> str:
        """GET a URL from a node, whom no NetworkPolicy keeps from its own pods; '' for no answer."""
        try:
            return self.run(node, f"curl --silent --max-time 5 {shlex.quote(url)}")
        except DockerError:
            return ""

    def name_image(self, image: str, another: str) -> None:
        """Give an image that the nodes have another name, as of a registry's next release."""
        for node in self.all:
            self.run(
                node,
                "ctr --namespace k8s.io images tag --force"
                f" docker.io/library/{image} docker.io/library/{another}",
            )

    def kill_processes(self, node: str, command: str) -> None:
        """Send SIGKILL to a node's processes whose command line ends so; DockerError without one."""
        self.run(node, f"pkill -KILL --full {shlex.quote(command + '$')}")

    @contextmanager
    def paused(self, node: str) -> Iterator[None]:
        """Freeze a node with all that runs on it."""
        docker("pause", node)
        try:
            yield
        finally:
            docker("unpause", node)

    @contextmanager
    def api_server_stopped(self) -> Iterator[None]:
        """Take the API server away; everything else on the control plane goes on."""
        self.run(self.control_plane, f"mv {_MANIFEST} {_AWAY}")
        try:
            until("API server stopped", lambda: not self._api_server_runs())
            yield
        finally:
            self.run(self.control_plane, f"test ! -e {_AWAY} || mv {_AWAY} {_MANIFEST}")
            until("API server back", self._api_server_runs)

    def _api_server_runs(self) -> bool:
        """Whether something listens on the API server's port."""
        answer = self.run(
            self.control_plane,
            "curl --silent --insecure --max-time 2 https://127.0.0.1:6443/readyz || true",
        )
        return answer == "ok"

    @contextmanager
    def cut(self, node: str, *addresses: str) -> Iterator[None]:
        """Drop what the node's pods send to these addresses, which may be a Service's.

        In the raw table, which sees a packet before kube-proxy's rules give it another destination.
        """
        rules = [f"PREROUTING --destination {a} --jump DROP" for a in addresses]
        for rule in rules:
            self.run(node, f"iptables --wait --table raw --insert {rule}")
        try:
            yield
        finally:
            for rule in rules:
                self.run(node, f"iptables --wait --table raw --delete {rule}")

    def dropped(self, node: str) -> int:
        """Return how many packets `cut` has dropped at a node."""
        table = self.run(node, "iptables --wait --table raw --list PREROUTING --verbose --exact")
        return sum(int(line.split()[0]) for line in table.splitlines() if " DROP " in line)


class DockerError(Exception):
    """docker ended with another status than 0."""


def docker(*arguments: str, timeout: float = _TIMEOUT) -> str:
    """Run docker and return its standard output; DockerError where it fails."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )
    if done.returncode != 0:
        raise DockerError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
