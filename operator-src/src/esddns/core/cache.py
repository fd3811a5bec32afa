"""The cache that all agents watch: the keys of the ConfigMap `esddns-wan-ip`, and what they mean.

`state` is what is read back; `current_ip`, `detected_at` and the others say the same to people and programs.
A ConfigMap whose keys do not say the same was edited by hand, and is written again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from esddns.core.model import Family
from esddns.core.state import State, StateError, format_time, loads, to_json

NAME = "esddns-wan-ip"
LARGEST = 512 * 1024  # bytes of all keys and values together

# The keys of the first family that has an address, and of the other one beside it.
_FIRST = ("current_ip", "detected_at", "agreed")
_SECOND = ("current_ipv6", "detected_at_ipv6", "agreed_ipv6")


class CacheTooLargeError(Exception):
    """What is to be cached does not fit into the ConfigMap."""


@dataclass(frozen=True, slots=True)
class Cache:
    """What the leader shares. `checked_at`: its last attempt; `nodes`: agents that should run."""

    state: State
    checked_at: datetime
    nodes: int = 1


def render(cache: Cache) -> dict[str, str]:
    """Give the ConfigMap's keys. Raises CacheTooLargeError beyond 512 KiB."""
    addresses = cache.state.addresses
    data = {
        "checked_at": format_time(cache.checked_at),
        "nodes": str(cache.nodes),
        "state": json.dumps(to_json(cache.state), sort_keys=True),
    }
    for family in Family:
        if (known := addresses.get(family)) is not None:
            address, since, agreed = _SECOND if "current_ip" in data else _FIRST
            data[address] = str(known.address)
            data[since] = format_time(known.since)
            data[agreed] = ", ".join(known.agreed)
    size = sum(len(key) + len(value.encode()) for key, value in data.items())
    if size > LARGEST:
        raise CacheTooLargeError(
            f"{len(cache.state.records)} records make the ConfigMap {NAME} {size} bytes, and "
            f"{LARGEST} fit: use fewer records for each installation"
        )
    return data


def read(data: Mapping[str, str]) -> Cache:
    """Read the keys. Raises StateError for a cache that is missing parts, or says two things."""
    try:
        cache = Cache(
            state=loads(data["state"]),
            checked_at=_time(data["checked_at"]),
            nodes=max(1, int(data["nodes"])),
        )
        same = render(cache) == dict(data)
    except KeyError as error:
        raise StateError(f"the ConfigMap {NAME} has no key {error}") from None
    except (ValueError, OverflowError, CacheTooLargeError) as error:
        raise StateError(f"the ConfigMap {NAME} cannot be read: {str(error)[:200]}") from None
    if not same:
        raise StateError(f"the keys of the ConfigMap {NAME} contradict each other: edited by hand?")
    return cache


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time without its zone: {text[:40]!r}")
    return at.astimezone(UTC)
