"""esddns in the cluster: its agents, who leads, the cache, and records of a test's own."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harness.internet import ZONE, Internet
from harness.kubectl import NAMESPACE, Kubectl
from harness.nodes import Nodes
from harness.waiting import DNS_LOOK, until

AGENTS = "app=esddns-operator"
PAGE = "app=esddns-service"
CACHE = "esddns-wan-ip"
LEASE = "esddns-leader"
FINALIZER = "esddns.io/delete-rrsets"
CREDENTIALS = "esddns-gandi-credentials"
# Python's own words, and asyncio's.
_UNHANDLED = re.compile(
    r"Traceback|never retrieved|never awaited|was destroyed|raised exception|[Ee]xception in"
)
# Seconds between two pushes to the kubelets.
_LOOK_AT_FILES = 5.0


class Esddns:
    """What the tests ask and do; `nodes` and `internet` are those of the same cluster."""

    def __init__(self, kubectl: Kubectl, nodes: Nodes, internet: Internet) -> None:
        self._kubectl = kubectl
        self._nodes = nodes
        self._internet = internet

    def agents(self) -> list[dict[str, Any]]:
        """Return the agents' pods that are not about to end."""
        pods = self._kubectl.list("pods", AGENTS)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def agent_on(self, node: str) -> dict[str, Any]:
        """Return the agent's pod of a node; LookupError where there is none."""
        for pod in self.agents():
            if pod["spec"].get("nodeName") == node:
                return pod
        raise LookupError(f"no agent on {node}")

    def lease(self) -> dict[str, Any]:
        """Return the Lease; LookupError where there is none."""
        found = self._kubectl.get("lease", LEASE)
        if found is None:
            raise LookupError(f"no Lease {LEASE}")
        return found

    def holder(self) -> str:
        """Return the identity that holds the Lease: pod name and UUID; '' for nobody."""
        identity: str = (self._kubectl.get("lease", LEASE) or {}).get("spec", {}).get(
            "holderIdentity", ""
        ) or ""
        return identity

    def leader(self) -> dict[str, Any]:
        """Wait for a leader that runs, and return its pod."""

        def running() -> dict[str, Any] | None:
            holder = self.holder()
            return next(
                (p for p in self.agents() if holder.startswith(p["metadata"]["name"])), None
            )

        return until("leader at work", running, seen=self.holder)

    def leader_node(self) -> str:
        """Return the node of the leader."""
        node: str = self.leader()["spec"]["nodeName"]
        return node

    def another_leader(self, before: str) -> dict[str, Any]:
        """Wait until the Lease has another holder than the identity `before`, and return its pod."""
        until("new leader", lambda: self.holder() not in {before, ""}, seen=self.holder)
        return self.leader()

    def lead_on_a_worker(self) -> str:
        """Have an agent on a worker lead, and return its node: those of the control plane are not broken."""
        for _ in range(20):
            holder = self.holder()
            leader = self.leader()
            node: str = leader["spec"]["nodeName"]
            if node in self._nodes.workers:
                return node
            self._kubectl.delete("pod", leader["metadata"]["name"], "--wait=false")
            self.another_leader(holder)
        raise AssertionError("no agent on a worker led after 20 changes of leader")

    def cache(self) -> dict[str, str]:
        """Return what the cache holds, {} where there is none."""
        data: dict[str, str] = (self._kubectl.get("configmap", CACHE) or {}).get("data", {})
        return data

    def metrics(self, pod: Mapping[str, Any]) -> str:
        """Return an agent's metrics, asked from its own node; '' where it has no address yet."""
        if "podIP" not in pod["status"]:
            return ""
        url = f"http://{pod['status']['podIP']}:8080/metrics"
        return self._nodes.fetch(pod["spec"]["nodeName"], url)

    def all_ready(self) -> bool:
        """Whether each node has an agent that is ready."""
        conditions = [
            condition
            for pod in self.agents()
            for condition in pod["status"].get("conditions", [])
            if condition["type"] == "Ready" and condition["status"] == "True"
        ]
        return len(conditions) == len(self._nodes.all)

    def addresses_told(self) -> set[str]:
        """Return the addresses that the agents tell in their metrics; '' where one tells none."""
        return {self._address_told(pod) for pod in self.agents()}

    def address_told_by(self, node: str) -> str:
        """Return the address that a node's agent tells in its metrics, '' for none."""
        return self._address_told(self.agent_on(node))

    def _address_told(self, pod: Mapping[str, Any]) -> str:
        series = [
            line
            for line in self.metrics(pod).splitlines()
            if line.startswith("esddns_current_wan_ip_info{") and 'family="ipv4"' in line
        ]
        return series[0].split('ip="')[1].split('"')[0] if len(series) == 1 else ""

    def until_all_tell(self, address: str, what: str = "agents agree") -> None:
        """Wait until the agents of all nodes tell this address in their metrics."""
        until(
            what,
            lambda: (
                self.addresses_told() == {address} and len(self.agents()) == len(self._nodes.all)
            ),
            seen=self.addresses_told,
        )

    def until_mounted(self, condition: Callable[[], object]) -> None:
        """Wait for what follows a changed Secret or ConfigMap in the agents.

        A kubelet looks at a pod's files anew when the pod changes; otherwise that takes a minute or two.
        """
        looked_at = -math.inf

        def reached() -> object:
            nonlocal looked_at
            if time.monotonic() - looked_at > _LOOK_AT_FILES:
                looked_at = time.monotonic()
                self._kubectl(
                    "annotate", "pods", f"--namespace={NAMESPACE}", f"--selector={AGENTS}",
                    "--overwrite", f"end-to-end/looked-at={looked_at}",
                )  # fmt: skip
            return condition()

        until("file brought to the agents", reached, seen=self.agents)

    @contextmanager
    def configuration_taken(self) -> Iterator[None]:
        """Wait at the end of the context until each agent has taken another configuration."""
        before = self._configurations()
        yield
        self.until_mounted(
            lambda: all(count > before.get(pod, 0) for pod, count in self._configurations().items())
        )

    def _configurations(self) -> dict[str, int]:
        """Return how often each agent took another configuration, by its pod's name."""
        return {
            pod["metadata"]["name"]: self.log(pod).count("the configuration changed")
            for pod in self.agents()
        }

    def log(self, pod: Mapping[str, Any]) -> str:
        """Return what a pod has logged."""
        return self._kubectl("logs", pod["metadata"]["name"], f"--namespace={NAMESPACE}")

    def record(self, name: str) -> dict[str, Any] | None:
        """Return a DNSRecord, None where there is none."""
        return self._kubectl.get("dnsrecord", name)

    def condition(self, name: str, kind: str = "Ready") -> tuple[str, str, str]:
        """Return status, reason and message of a record's condition, all '' where it has none yet."""
        conditions = (self.record(name) or {}).get("status", {}).get("conditions", [])
        for condition in conditions:
            if condition["type"] == kind:
                return condition["status"], condition["reason"], condition["message"]
        return "", "", ""

    def until_condition(self, name: str, status: str, reason: str = "", kind: str = "Ready") -> str:
        """Wait until a record's condition has a status (and a reason), and return its message."""

        def reached() -> bool:
            seen = self.condition(name, kind)
            return seen[0] == status and reason in {"", seen[1]}

        until("condition", reached, seen=lambda: (name, self.condition(name, kind)))
        return self.condition(name, kind)[2]

    def add_record(self, name: str, **spec: Any) -> None:
        """Make a DNSRecord for `name`.example.com, without Git."""
        self._kubectl.apply(dnsrecord(name, **spec))

    @contextmanager
    def kept_record(self, name: str, **spec: Any) -> Iterator[str]:
        """Keep a record of the test's own while the context lasts.

        At the start it is Ready and in DNS, and calls are counted from there.
        """
        wan = self._internet.state()["wan"]["ipv4"]
        self.add_record(name, **spec)
        try:
            until(
                "record ready",
                lambda: self.condition(name)[0] == "True",
                seen=lambda: self.record(name),
            )
            if "fqdn" not in spec:
                self.until_dns(name, wan, "record in DNS")
            self._internet.forget_calls()
            yield name
        finally:
            self._kubectl.delete("dnsrecord", name, "--wait=false")
            if "fqdn" not in spec:
                self._internet.erase(name)

    def until_dns(self, name: str, address: str, what: str = "WAN change in DNS") -> None:
        """Wait until the authority gives this address, and no other, for a name."""
        until(
            what,
            lambda: self._internet.dig(name) == [address],
            seen=lambda: (self._internet.dig(name), self.condition(name)),
            every=DNS_LOOK,
        )

    def events(self, reason: str) -> list[dict[str, Any]]:
        """Return the Events of a reason, in esddns's namespace."""
        found = json.loads(
            self._kubectl(
                "get", "events", f"--namespace={NAMESPACE}", "--output=json",
                f"--field-selector=reason={reason}",
            )
        )  # fmt: skip
        items: list[dict[str, Any]] = found["items"]
        return items


def unhandled(kubectl: Kubectl) -> list[str]:
    """Return what the pods have logged that only an error which nobody handled brings about."""
    found = []
    for pod in kubectl.list("pods"):
        name = pod["metadata"]["name"]
        # One that is about to begin or is gone by now has no log.
        said = kubectl.run("logs", name, f"--namespace={NAMESPACE}").stdout
        found += [f"{name}: {line}" for line in said.splitlines() if _UNHANDLED.search(line)]
    return found


def dnsrecord(name: str, **spec: Any) -> dict[str, Any]:
    """Return a DNSRecord object for `name`.example.com."""
    return {
        "apiVersion": "esddns.io/v1alpha1",
        "kind": "DNSRecord",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"fqdn": f"{name}.{ZONE}", **spec},
    }
