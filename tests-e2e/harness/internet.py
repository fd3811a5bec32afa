"""The simulator in the cluster: Gandi, its name servers and the services that tell one's address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.message
import dns.query
import dns.rdatatype
import requests

ZONE = "example.com"
TOKEN = "token-of-the-end-to-end-tests"
NEXT_TOKEN = "next-token-of-the-end-to-end-tests"
FIRST_WAN = "192.0.2.10"
_TIMEOUT = 10.0


class Internet:
    """The control API and the authority of the simulator, by a node's address and two NodePorts."""

    def __init__(self, node: str, api_port: int, dns_port: int) -> None:
        self._node = node
        self._url = f"http://{node}:{api_port}"
        self.gandi = f"{self._url}/v5/livedns"
        self._dns_port = dns_port
        self._session = requests.Session()

    def state(self) -> dict[str, Any]:
        """Return WAN, zones, echoes, faults in force."""
        answer = self._session.get(f"{self._url}/_sim/state", timeout=_TIMEOUT)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def calls(self, **criteria: str | int) -> list[dict[str, Any]]:
        """Return the calls that match (kind, method, path as a glob, status, target), oldest first."""
        answer = self._session.get(f"{self._url}/_sim/calls", params=criteria, timeout=_TIMEOUT)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def forget_calls(self) -> None:
        """Begin to count from nothing."""
        self._session.delete(f"{self._url}/_sim/calls", timeout=_TIMEOUT).raise_for_status()

    def puts(self, name: str, rtype: str = "A") -> list[list[str]]:
        """Return the values of each write of a record that Gandi accepted, oldest first."""
        return self._puts(name, rtype, status=201)

    def tried_puts(self, name: str, rtype: str = "A") -> list[list[str]]:
        """Return the values of each write of a record that was asked for, whatever came of it."""
        return self._puts(name, rtype)

    def _puts(self, name: str, rtype: str, **criteria: int) -> list[list[str]]:
        path = f"*/records/{name}/{rtype}"
        calls = self.calls(kind="api", method="PUT", path=path, **criteria)
        return [json.loads(call["body"])["rrset_values"] for call in calls]

    def rrset(self, name: str, rtype: str = "A", zone: str = ZONE) -> dict[str, Any]:
        """Return TTL and values that Gandi has for a name, {} where it has none."""
        found: dict[str, Any] = self.state()["zones"][zone].get(f"{name}/{rtype}", {})
        return found

    def move(self, ipv4: str) -> None:
        """Give the WAN another address."""
        self._put("wan", {"ipv4": ipv4})

    def accept(self, *tokens: str) -> None:
        """From now on only these tokens are valid."""
        self._put("tokens", {"tokens": list(tokens), "apikeys": []})

    def echo(self, name: str, **behaviour: Any) -> None:
        """Have a service lie, refuse or be dead; nothing makes it honest again."""
        self._put(f"echoes/{name}", behaviour)

    def write(self, name: str, values: list[str], rtype: str = "A", ttl: int = 300) -> None:
        """Write a record as another writer would."""
        body = {"rrset_values": values, "rrset_ttl": ttl}
        self._put(f"zones/{ZONE}/records/{name}/{rtype}", body)

    def erase(self, name: str, rtype: str = "A", zone: str = ZONE) -> None:
        """Delete a record as another writer would; one that is not there is deleted already."""
        url = f"{self._url}/_sim/zones/{zone}/records/{name}/{rtype}"
        answer = self._session.delete(url, timeout=_TIMEOUT)
        if answer.status_code != requests.codes.not_found:
            answer.raise_for_status()

    @contextmanager
    def fault(self, fault_id: str, /, **members: Any) -> Iterator[None]:
        """Have calls fail while the context lasts; the members are those of the simulator's faults."""
        self._put(f"faults/{fault_id}", members)
        try:
            yield
        finally:
            self._session.delete(f"{self._url}/_sim/faults/{fault_id}", timeout=_TIMEOUT)

    def lift_all(self) -> None:
        """Lift every fault, and make every service honest and both tokens valid."""
        self._session.delete(f"{self._url}/_sim/faults", timeout=_TIMEOUT).raise_for_status()
        for name in self.state()["echoes"]:
            self.echo(name)
        self.accept(TOKEN, NEXT_TOKEN)

    def dig(self, name: str, rtype: str = "A", zone: str = ZONE) -> list[str]:
        """Ask the authority for a record of the zone and return its values."""
        query = dns.message.make_query(f"{name}.{zone}" if name != "@" else zone, rtype)
        answer = dns.query.udp(query, self._node, timeout=_TIMEOUT, port=self._dns_port)
        wanted = dns.rdatatype.from_text(rtype)
        return [str(r) for rrset in answer.answer if rrset.rdtype == wanted for r in rrset]

    def _put(self, path: str, body: dict[str, Any]) -> None:
        answer = self._session.put(f"{self._url}/_sim/{path}", json=body, timeout=_TIMEOUT)
        if not answer.ok:
            raise ValueError(f"PUT /_sim/{path} {body}: {answer.status_code} {answer.text}")
