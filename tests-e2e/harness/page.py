"""The status service as its users reach it: by the load balancer's address, or at a node's port."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import InsecureRequestWarning

from harness.kubectl import Kubectl
from harness.nodes import Nodes
from harness.waiting import until

SERVICE = "esddns-service"
_TIMEOUT = 10.0


@dataclass(frozen=True)
class Page:
    """The service at one URL; TLS by whatever certificate it has."""

    url: str

    def get(self, path: str = "/") -> requests.Response:
        """GET a path; requests' errors, and HTTPError for a status that is none of success."""
        with warnings.catch_warnings():
            # Where nobody gave a certificate it made one itself.
            warnings.simplefilter("ignore", InsecureRequestWarning)
            answer = requests.get(self.url + path, timeout=_TIMEOUT, verify=False)  # noqa: S501
        answer.raise_for_status()
        return answer

    def raw(self) -> dict[str, Any]:
        """Return what /raw says."""
        found: dict[str, Any] = self.get("/raw").json()
        return found

    def level(self) -> str:
        """Return how the site stands, in one word."""
        level: str = self.raw()["status"]["level"]
        return level

    def tells(self, level: str) -> bool:
        """Whether it is reached and says that the site stands so.

        The nodes learn of a new address or port a moment after the API server has it.
        """
        try:
            return self.level() == level
        except (requests.ConnectionError, requests.Timeout):
            return False


def by_load_balancer(kubectl: Kubectl) -> dict[str, Page]:
    """Return the page at ports 80 and 443 of the Service's address, which is waited for."""

    def address() -> str:
        status = (kubectl.get("service", SERVICE) or {})["status"]["loadBalancer"]
        return status["ingress"][0]["ip"] if status.get("ingress") else ""

    ip = until("address of the load balancer", address)
    return {"80": Page(f"http://{ip}"), "443": Page(f"https://{ip}")}


def by_node_port(kubectl: Kubectl, nodes: Nodes) -> dict[str, Page]:
    """Return the page at the node ports of 80 and 443, on a worker."""
    service = kubectl.get("service", SERVICE)
    assert service is not None
    ports = {str(port["port"]): port["nodePort"] for port in service["spec"]["ports"]}
    node = nodes.address(nodes.workers[0])
    return {
        "80": Page(f"http://{node}:{ports['80']}"),
        "443": Page(f"https://{node}:{ports['443']}"),
    }
