"""Everything outside of the program under test, as one model without sockets and without a loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from types import EllipsisType
from typing import Final

from esddns_simulator import state
from esddns_simulator.calls import CallLog
from esddns_simulator.credentials import Credentials
from esddns_simulator.echo import DEFAULT_ECHOES, Behaviour, Echo, Family, IPAddress
from esddns_simulator.faults import Faults
from esddns_simulator.state import Wan
from esddns_simulator.zone import DEFAULT_TTL, Records, RRset, Zone

DEFAULT_TOKEN: Final = "simulated-token"  # noqa: S105 - the point of it is to be known
# The documented example: https://api.gandi.net/docs/livedns/, nameservers.
DEFAULT_NAMESERVERS = ("ns-154-a.gandi.net", "ns-232-b.gandi.net", "ns-109-c.gandi.net")
DEFAULT_WAN = Wan(IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1"))


class World:
    """Zones, credentials, the WAN, echoes, faults and the log of calls.

    `clock` gives monotonic seconds, `wall` Unix seconds (only for HTTP dates). With `state_path` records and
    WAN are kept in that file: what it holds goes before `zones` and `wan`, which fill in the rest.
    Not thread-safe: use it from the loop's thread, or from a test without one.
    """

    def __init__(
        self,
        zones: Mapping[str, Records],
        *,
        token: str = DEFAULT_TOKEN,
        apikey: str | None = None,
        wan: Wan = DEFAULT_WAN,
        echoes: Iterable[Echo] = DEFAULT_ECHOES,
        nameservers: Iterable[str] = DEFAULT_NAMESERVERS,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        state_path: Path | None = None,
        call_limit: int = 10_000,
    ) -> None:
        self.clock = clock
        self.wall = wall
        self.credentials = Credentials([token], [] if apikey is None else [apikey])
        self.faults = Faults()
        self.calls = CallLog(call_limit)
        self.nameservers = tuple(name.lower().rstrip(".") for name in nameservers)
        self._state_path = state_path
        loaded = state.load(state_path) if state_path else None
        records: dict[str, Records] = {**zones, **(loaded.zones if loaded else {})}
        made = [Zone(name, entries) for name, entries in records.items()]
        self.zones = {zone.name: zone for zone in made}
        self.wan = loaded.wan if loaded else wan
        self.echoes = {echo.name: echo for echo in echoes}
        self._behaviours = dict.fromkeys(self.echoes, Behaviour())

    def set_wan(
        self,
        *,
        ipv4: str | IPv4Address | EllipsisType | None = ...,
        ipv6: str | IPv6Address | EllipsisType | None = ...,
    ) -> Wan:
        """Change the addresses given, None for none of that family; ValueError where one is no address."""
        self.wan = Wan(
            self.wan.ipv4
            if isinstance(ipv4, EllipsisType)
            else IPv4Address(ipv4)
            if ipv4
            else None,
            self.wan.ipv6
            if isinstance(ipv6, EllipsisType)
            else IPv6Address(ipv6)
            if ipv6
            else None,
        )
        self._save()
        return self.wan

    def address(self, family: Family) -> IPAddress | None:
        """Return the WAN address of a family, if there is one."""
        return {4: self.wan.ipv4, 6: self.wan.ipv6}[family]

    def behave(self, echo: str, behaviour: Behaviour | None = None) -> None:
        """Make an echo behave so (None: honestly); KeyError for an unknown one, ValueError if it cannot."""
        behaviour = behaviour or Behaviour()
        behaviour.check(self.echoes[echo])
        self._behaviours[echo] = behaviour

    def behaviour(self, echo: str) -> Behaviour:
        """Return how an echo behaves; KeyError for an unknown one."""
        return self._behaviours[echo]

    def put(self, zone: str, name: str, rtype: str, rrset: RRset) -> RRset:
        """Create or replace an RRset as a second writer would: no call is logged, no fault applies.

        Raises KeyError for an unknown zone and RejectedRRsetError for what LiveDNS would not take.
        """
        kept = self.zones[zone].put(name, rtype, rrset, self.clock())
        self._save()
        return kept

    def set_record(
        self, zone: str, name: str, rtype: str, *values: str, ttl: int = DEFAULT_TTL
    ) -> RRset:
        """`put` with the values spelled out."""
        return self.put(zone, name, rtype, RRset(values, ttl))

    def drop(self, zone: str, name: str, rtype: str) -> bool:
        """Delete an RRset as a second writer would; False if there was none, KeyError for an unknown zone."""
        dropped = self.zones[zone].drop(name, rtype, self.clock())
        self._save()
        return dropped

    def record(self, zone: str, name: str, rtype: str) -> RRset | None:
        """Return an RRset as the API has it, or None; KeyError for an unknown zone."""
        return self.zones[zone].get(name, rtype)

    def _save(self) -> None:
        if self._state_path:
            state.save(self._state_path, self.zones, self.wan)
