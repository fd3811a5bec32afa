"""What the program is told to do. Past this point nothing reads INI or the environment."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from ipaddress import IPv6Address
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from esddns.core.address import IPNetwork
from esddns.core.model import Family, Record
from esddns.core.names import is_within

GANDI_URL = "https://api.gandi.net/v5/livedns"


def is_gandi(url: str) -> bool:
    """Whether the API is Gandi's own, where no reserved name can be and no token goes in clear."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    return is_within(host, "gandi.net")


class AuthScheme(enum.StrEnum):
    """How the token is sent: `Authorization: Bearer …` or the deprecated `Authorization: Apikey …`."""

    BEARER = "bearer"
    APIKEY = "apikey"


@dataclass(frozen=True, slots=True)
class GandiSettings:
    """Section [gandi]. Times are seconds."""

    url: str = GANDI_URL
    auth: AuthScheme = AuthScheme.BEARER
    token_file: Path = Path("/etc/esddns/api-key")
    timeout: float = 10
    credential_check: float = 21600
    token_expires: date | None = None
    dry_run: bool = False


class SourceKind(enum.StrEnum):
    """The protocol that a source is asked over."""

    HTTP = "http"
    DNS = "dns"
    STUN = "stun"


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """A URL whose answer is the caller's address: plain text, JSON with `ip`, or Cloudflare's trace."""

    url: str


@dataclass(frozen=True, slots=True)
class DnsTarget:
    """A question whose answer is the caller's address, and the server that answers so."""

    host: str
    port: int
    qname: str
    qtype: str  # TXT, A or AAAA
    qclass: str = "IN"  # IN or CH


@dataclass(frozen=True, slots=True)
class StunTarget:
    """A STUN server (RFC 8489) asked with a Binding request over UDP."""

    host: str
    port: int = 3478


Target = HttpTarget | DnsTarget | StunTarget


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One detection source: who runs it, how it is asked, and where, for each family it serves."""

    name: str
    operator: str
    kind: SourceKind
    targets: Mapping[Family, Target]


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """Section [detection]. Times are seconds; `probe_interval` 0 means no probes."""

    sources: tuple[SourceSettings, ...]
    interval: float = 300
    probe_interval: float = 30
    quorum: int = 2
    families: tuple[Family, ...] = (Family.IPV4,)
    ipv6_suffix: IPv6Address | None = None
    nat66: bool = False
    accept_networks: tuple[IPNetwork, ...] = ()
    timeout: float = 3
    heartbeat_url: str | None = field(default=None, repr=False)  # who knows it can pretend


class DnsCheck(enum.StrEnum):
    """How the published state is compared in the steady state."""

    AUTHORITATIVE = "authoritative"
    API = "api"


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """Section [dns]: `servers` are (host, port) asked instead of the zone's own name servers."""

    check: DnsCheck = DnsCheck.AUTHORITATIVE
    servers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Section [cluster]: seconds between two leaders that give up for want of a way out, at least."""

    yield_pause: float = 300


@dataclass(frozen=True, slots=True)
class Settings:
    """All of dns.ini; `records` hold one entry for each type, in the file's order.

    `namespaces`: the domains that DNSRecords of other namespaces than the operator's may name.
    """

    gandi: GandiSettings
    detection: DetectionSettings
    dns: DnsSettings = field(default_factory=DnsSettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    records: tuple[Record, ...] = ()
    namespaces: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the configuration: where it is, what was found, what is allowed."""

    file: str
    section: str
    key: str | None
    line: int | None
    message: str

    def __str__(self) -> str:
        """`dns.ini:12: [detection] quorum: found …, allowed: …`."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = f"[{self.section}]" if self.section else ""
        what += f" {self.key}" if self.key else ""
        return f"{where}: {what.strip()}: {self.message}" if what else f"{where}: {self.message}"


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` lists every one that was found, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
