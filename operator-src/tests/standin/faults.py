"""Faults that meet single requests."""

from __future__ import annotations

from dataclasses import dataclass

from esddns.shell.kube.seam import Kind
from standin.refusal import REASONS, Refusal
from standin.request import Request


@dataclass
class Fault:
    """Meets the next `count` requests that fit (None fits all).

    What it does: `delay` seconds on the way there, then `status` instead of doing it, or `hang` (never
    answered) or `reset` (the connection breaks), these two with `applied` only after it was done.
    """

    status: int = 0
    hang: bool = False
    reset: bool = False
    delay: float = 0.0
    applied: bool = False
    message: str = ""
    client: str | None = None
    verb: str | None = None
    kind: Kind | None = None
    name: str | None = None
    count: int = 1

    def fits(self, request: Request) -> bool:
        """Whether this request is met."""
        return (
            self.count > 0
            and self.client in {None, request.client}
            and self.verb in {None, request.verb}
            and self.kind in {None, request.kind}
            and self.name in {None, request.name}
        )

    def refusal(self, request: Request) -> Refusal:
        """Word the answer that comes instead."""
        message = self.message or f"{request.resource} {request.name}: {REASONS.get(self.status)}"
        if self.status == 403 and not self.message:
            kind = request.kind
            message = (
                f'{kind.plural} "{request.name}" is forbidden: User "system:serviceaccount:x:y" cannot '
                f'{request.verb} resource "{request.resource}" in API group "{kind.group}" in the '
                f'namespace "{request.namespace}"'
            )
        return Refusal(self.status, message)
