"""One request, as it arrives at the API server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from esddns.shell.kube.seam import Kind


@dataclass(frozen=True, slots=True)
class Request:
    """`verb` is RBAC's: get, list, watch, create, update, patch, delete."""

    client: str
    verb: str
    kind: Kind
    namespace: str
    name: str | None = None
    body: Any = None
    status: bool = False  # of the status subresource
    since: str = ""  # of a watch: resourceVersion
    limit: int = 0  # of a list: objects a page, 0 for all
    token: str = ""  # of a list: where the next page begins

    @property
    def resource(self) -> str:
        """As RBAC names it."""
        return f"{self.kind.plural}/status" if self.status else self.kind.plural
