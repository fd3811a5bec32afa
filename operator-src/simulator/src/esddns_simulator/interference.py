"""API faults applied: what is answered in place of the truth, and what becomes of a true answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate

from esddns_simulator.faults import ApiFault, ApiFaultKind
from esddns_simulator.refusals import FORBIDDEN, UNAUTHORIZED, rate_limited, server_error
from esddns_simulator.response import Delivery, Response

_ALWAYS: Mapping[ApiFaultKind, Response] = {
    "unauthorized": UNAUTHORIZED,
    "forbidden": FORBIDDEN,
    "reset": Response(0, delivery=Delivery.RESET),
    "silence": Response(0, delivery=Delivery.SILENT),
}


def answer_instead(fault: ApiFault, wall: Callable[[], float]) -> Response | None:
    """Return what a fault answers while the call is not carried out; None where it is to be carried out."""
    match fault.kind:
        case "rate-limit":
            return rate_limited(_retry_after(fault, wall))
        case "server-error":
            return server_error(fault.status)
    return _ALWAYS.get(fault.kind)


def spoil(fault: ApiFault, response: Response) -> Response:
    """Return a true answer as it reaches the client."""
    match fault.kind:
        case "lose-reply":
            return replace(response, delivery=Delivery.RESET)
        case "truncate":
            return replace(response, body=response.body[: response.length // 2])
        case "cut":
            return replace(response, delivery=Delivery.CUT)
        case "slow":
            return replace(response, delivery=Delivery.DRIP, pause=fault.seconds)
    return response


def _retry_after(fault: ApiFault, wall: Callable[[], float]) -> str | None:
    if fault.retry_after is None:
        return None
    if fault.form == "date":
        return formatdate(wall() + fault.retry_after, usegmt=True)
    return str(int(fault.retry_after))
