"""esddns in the cluster: its agents, who leads, the cache, and records of a test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harness.internet import ZONE, Internet
from harness.kubectl import NAMESPACE, Kubectl
from harness.nodes import Nodes
from harness.waiting import until

AGENTS = "app=esddns-operator"
PAGE = "app=esddns-service"
CACHE = "esddns-wan-ip"
LEASE = "esddns-leader"
CREDENTIALS = "esddns-gandi-credentials"


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

        return until("new leader", running, seen=self.holder)

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
        """Return an agent's metrics, asked from its own node."""
        url = f"http://{pod['status']['podIP']}:8080/metrics"
        return self._nodes.fetch(pod["spec"]["nodeName"], url)

    def addresses_told(self) -> set[str]:
        """Return the address that each agent tells in its metrics; '' for one that tells none."""
        told = set()
        for pod in self.agents():
            series = [
                line
                for line in self.metrics(pod).splitlines()
                if line.startswith("esddns_current_wan_ip_info{") and 'family="ipv4"' in line
            ]
            told.add(series[0].split('ip="')[1].split('"')[0] if len(series) == 1 else "")
        return told

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
        """Keep a record of the test's own while the context lasts; it is Ready and in DNS at the start."""
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


def dnsrecord(name: str, **spec: Any) -> dict[str, Any]:
    """Return a DNSRecord object for `name`.example.com."""
    return {
        "apiVersion": "esddns.io/v1alpha1",
        "kind": "DNSRecord",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"fqdn": f"{name}.{ZONE}", **spec},
    }
