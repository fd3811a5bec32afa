"""Request bodies of LiveDNS, parsed; what is wrong becomes the recorded 400 list.

Only the text for a TTL below the minimum is recorded. The others are assumed to be those of colander, the
validation library that speaks in the recorded one (`… is less than minimum value …`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from esddns_simulator.response import Response, compact_json
from esddns_simulator.zone import DEFAULT_TTL, RejectedRRsetError, RRset


@dataclass(frozen=True, slots=True)
class Patch:
    """The body of a PATCH: values to add and to remove, TTL where it is to change."""

    add: tuple[str, ...]
    remove: tuple[str, ...]
    ttl: int | None


def bad_request(error: RejectedRRsetError) -> Response:
    """Answer 400 with the list of errors (recorded: one entry of location, name, description)."""
    entry = {"location": "body", "name": error.field, "description": error.description}
    return compact_json(400, {"status": "error", "errors": [entry]})


def parse_rrset(body: bytes) -> RRset:
    """Parse the body of a PUT or POST: rrset_values required, rrset_ttl 10800 where omitted."""
    members = _members(body)
    if "rrset_values" not in members:
        raise RejectedRRsetError("rrset_values", "Required")
    ttl = _ttl(members)
    return RRset(_strings(members, "rrset_values"), DEFAULT_TTL if ttl is None else ttl)


def parse_patch(body: bytes) -> Patch:
    """Parse the body of a PATCH, whose members are all optional (documented)."""
    members = _members(body)
    return Patch(
        _strings(members, "add_rrset_values"),
        _strings(members, "remove_rrset_values"),
        _ttl(members),
    )


def _members(body: bytes) -> dict[str, object]:
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise RejectedRRsetError("", f"Invalid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise RejectedRRsetError("", "Invalid JSON: Should be a JSON object")
    return parsed


def _strings(members: dict[str, object], name: str) -> tuple[str, ...]:
    values = members.get(name, [])
    if not isinstance(values, list):
        raise RejectedRRsetError(name, f"{json.dumps(values)} is not iterable")
    for at, value in enumerate(values):
        if not isinstance(value, str):
            raise RejectedRRsetError(f"{name}.{at}", f"{json.dumps(value)} is not a string")
    return tuple(values)


def _ttl(members: dict[str, object]) -> int | None:
    ttl = members.get("rrset_ttl")
    if "rrset_ttl" not in members:
        return None
    # bool is an int to Python, but no number to JSON.
    if not isinstance(ttl, int) or isinstance(ttl, bool):
        raise RejectedRRsetError("rrset_ttl", f"{json.dumps(ttl)} is not a number")
    return ttl
