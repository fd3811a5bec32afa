"""What the program talks to, as it sees it: a test or a simulation hands in its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from esddns.core.dnscheck import DnsAnswer
from esddns.core.model import Family, RRset, RRType
from esddns.shell.detect import Detector
from esddns.shell.heartbeat import Ping


class Provider(Protocol):
    """A DNS provider's API. Every method raises ProviderError's children and nothing else."""

    @property
    def token_version(self) -> int:
        """Grows when the token changes; 0 while there is none."""
        ...

    async def zone_exists(self, zone: str) -> bool:
        """Whether the account has `zone`."""
        ...

    async def rrsets(self, zone: str, name: str) -> Mapping[str, RRset]:
        """Give all RRsets at `name` (`@` for the apex), by type; empty where there are none."""
        ...

    async def put(self, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        """Replace one RRset; returns when the provider said that it is done."""
        ...

    async def delete(self, zone: str, name: str, rrtype: str) -> None:
        """Delete one RRset; one that is absent counts as deleted."""
        ...


class Account(Provider, Protocol):
    """The whole of a provider's account."""

    async def zones(self) -> tuple[str, ...]:
        """List the zones that the token may see."""
        ...

    def abort(self) -> None:
        """End the call that is under way: its outcome is then unknown."""
        ...

    def close(self) -> None:
        """Cut what is under way, and give back what is held."""
        ...


@dataclass(frozen=True, slots=True)
class DnsView:
    """What a record's name servers said: usable answers only, and the zone as DNS cuts it, if known."""

    answers: tuple[DnsAnswer, ...] = ()
    zone: str | None = None
    trouble: str = ""


class Authority(Protocol):
    """The name servers of a record's zone."""

    async def lookup(self, fqdn: str, rrtype: RRType, zone: str | None) -> DnsView:
        """Ask all of them. Never raises: a server that is away is one answer less."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that one writer talks to.

    `authority` None: the API is asked each time. `ping` None: nobody outside waits for a heartbeat.
    """

    account: Account
    authority: Authority | None
    detectors: Mapping[Family, Detector]
    ping: Ping | None = None
