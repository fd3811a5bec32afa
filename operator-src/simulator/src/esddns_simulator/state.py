"""The state file: records and WAN addresses that outlive the process."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from esddns_simulator.zone import RRset, Zone


@dataclass(frozen=True, slots=True)
class Wan:
    """The addresses that the world sees us under; None is a WAN without that family, its echoes dead."""

    ipv4: IPv4Address | None = None
    ipv6: IPv6Address | None = None

    @classmethod
    def parse(cls, ipv4: str | None, ipv6: str | None) -> Wan:
        """Build from text; ValueError where one is no address of its family."""
        return cls(IPv4Address(ipv4) if ipv4 else None, IPv6Address(ipv6) if ipv6 else None)

    def as_json(self) -> dict[str, str | None]:
        """Return `{"ipv4": text or null, "ipv6": text or null}`."""
        return {
            "ipv4": str(self.ipv4) if self.ipv4 else None,
            "ipv6": str(self.ipv6) if self.ipv6 else None,
        }


@dataclass(frozen=True, slots=True)
class State:
    """What a state file holds."""

    zones: Mapping[str, Mapping[str, RRset]]
    wan: Wan


def records_json(zone: Zone) -> dict[str, object]:
    """Return the RRsets of a zone as `{"name/type": {"ttl": seconds, "values": [...]}}`."""
    return {
        f"{name}/{rtype}": {"ttl": rrset.ttl, "values": list(rrset.values)}
        for (name, rtype), rrset in zone.rrsets.items()
    }


def load(path: Path) -> State | None:
    """Read a state file; None where there is none yet, ValueError where it is not one."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    try:
        raw = json.loads(text)
        zones = {
            zone: {
                key: RRset(tuple(entry["values"]), entry["ttl"]) for key, entry in records.items()
            }
            for zone, records in raw["zones"].items()
        }
        return State(zones, Wan.parse(raw["wan"]["ipv4"], raw["wan"]["ipv6"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: not a state file of this simulator ({error!r}): delete it to start anew"
        ) from error


def save(path: Path, zones: Mapping[str, Zone], wan: Wan) -> None:
    """Write the state beside the file and rename it over, so that a reader never sees half of one."""
    payload = {
        "zones": {name: records_json(zone) for name, zone in zones.items()},
        "wan": wan.as_json(),
    }
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(payload, file, indent=1)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
