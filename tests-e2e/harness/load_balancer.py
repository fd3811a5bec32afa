"""A stand-in for a load balancer: gives each Service of that type an address that a node answers for.

Like MetalLB's layer 2: the address is one more of the node's, and kube-proxy passes on what comes to it.
"""

from __future__ import annotations

import ipaddress
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from harness.kubectl import Kubectl
from harness.nodes import Nodes
from harness.watch import Watch


class LoadBalancer:
    """Watches all Services while it is started."""

    def __init__(self, kubectl: Kubectl, nodes: Nodes, cluster: str) -> None:
        self._kubectl = kubectl
        # Far from what Docker gives to containers, and another one for each cluster in the same network.
        first = ipaddress.IPv4Address(nodes.gateway()) - 1
        self.address = str(first + 0xFF00 + 1 + zlib.crc32(cluster.encode()) % 250)
        nodes.run(
            nodes.control_plane,
            f"ip address show dev eth0 | grep --quiet {self.address}/ || "
            f"ip address add {self.address}/32 dev eth0",
        )
        self._gives = True
        self._watch = Watch(
            kubectl, self._seen, "services", "--all-namespaces",
            "--output=jsonpath={.type} {.object.spec.type} {.object.metadata.namespace}"
            " {.object.metadata.name} {.object.status.loadBalancer}{'\\n'}",
        )  # fmt: skip

    def start(self) -> None:
        """Give addresses from now on."""
        self._watch.start()

    def stop(self) -> None:
        """Give no more; those that were given stay."""
        self._watch.stop()

    @contextmanager
    def gives_none(self) -> Iterator[None]:
        """Give no address while the context lasts; who waits for one has it at its end."""
        self._gives = False
        try:
            yield
        finally:
            self._gives = True
            self._watch.again()

    def _seen(self, line: str) -> None:
        match line.split() if self._gives else ():
            case ["ADDED" | "MODIFIED", "LoadBalancer", namespace, name, "{}"]:
                self._give(namespace, name)

    def _give(self, namespace: str, name: str) -> None:
        change = {"status": {"loadBalancer": {"ingress": [{"ip": self.address}]}}}
        # One that is gone by now needs none; one that the API server lost comes again with the next watch.
        self._kubectl.run(
            "patch", "service", name, f"--namespace={namespace}", "--subresource=status",
            "--type=merge", f"--patch={json.dumps(change)}",
        )  # fmt: skip
