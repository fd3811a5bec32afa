"""At which addresses of the cluster the simulator is reached: what a way out leads to."""

from __future__ import annotations

from dataclasses import dataclass

from harness.kubectl import Kubectl

NAMESPACE = "esddns-simulator"


@dataclass(frozen=True)
class Addresses:
    """Addresses of the simulator's Services."""

    gandi: str
    authority: str
    sources: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """All that there is outside."""
        return (self.gandi, self.authority, *self.sources)


def addresses(kubectl: Kubectl) -> Addresses:
    """Ask the API server for them."""
    found = {
        service["metadata"]["name"]: service["spec"]["clusterIP"]
        for service in kubectl.list("services", namespace=NAMESPACE)
    }
    sources = tuple(found[name] for name in sorted(found) if name.startswith("echo-"))
    return Addresses(found["gandi"], found["dns"], sources)
