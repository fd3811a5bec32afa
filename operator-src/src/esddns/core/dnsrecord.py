"""What a DNSRecord object says, past the API server's edge: its fields as types of ours.

The rules of the CRD are held here again (`dnsrecord_read`): an object may be older than they are.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from esddns.core.model import Drift, Record, RRType
from esddns.core.target import Wan

FINALIZER = "esddns.io/delete-rrsets"  # only with deletionPolicy: Delete
RECONCILE_ANNOTATION = "esddns.io/reconcile"  # any new value forces a pass
RELEASE_ANNOTATION = "esddns.io/release"  # "true": let the object go, whatever stands at Gandi


class DeletionPolicy(enum.StrEnum):
    """What becomes of the RRsets at the provider when the object is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class ServiceRef:
    """A Service: its load balancer's addresses, or its host name for CNAME and ALIAS."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Show it as kubectl users write it: `namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Static:
    """Given values, ready for an RRset: canonical addresses, or one host name with its final dot."""

    values: frozenset[str]

    def of(self, rrtype: RRType) -> frozenset[str]:
        """The values that go into an RRset of this type."""
        if rrtype not in {RRType.A, RRType.AAAA}:
            return self.values
        return frozenset(v for v in self.values if (":" in v) is (rrtype is RRType.AAAA))


Source = Wan | ServiceRef | Static


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is known even of an object whose spec is wrong, so that it can be told so, and let go.

    `reconcile` is the value of the annotation, None without it.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    created: datetime
    deleting: bool = False
    has_finalizer: bool = False
    reconcile: str | None = None
    release: bool = False

    @property
    def id(self) -> tuple[str, str]:
        """What identifies the object: its namespace and its name."""
        return self.namespace, self.name

    def __str__(self) -> str:
        """Show it as messages name it: `DNSRecord namespace/name`."""
        return f"DNSRecord {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord(Metadata):
    """One DNSRecord: a name, and the RRsets that are kept there. `ttl` in seconds; `zone` None: ask Gandi."""

    fqdn: str
    types: tuple[RRType, ...] = (RRType.A,)
    ttl: int = 300
    zone: str | None = None
    source: Source = field(default_factory=Wan)
    deletion: DeletionPolicy = DeletionPolicy.RETAIN
    drift: Drift = Drift.REPAIR
    overwrite: bool = False
    suspend: bool = False

    @property
    def records(self) -> tuple[Record, ...]:
        """The RRsets that are wanted, in the form that dns.ini's come in too."""
        return tuple(
            Record(self.fqdn, rrtype, self.ttl, self.zone, self.overwrite, self.drift)
            for rrtype in self.types
        )


class InvalidDnsRecordError(Exception):
    """An object that is no DNSRecord as the CRD has it.

    `problems` name the field, what was found and what to do, all of them at once. `metadata` is None where
    that is wrong itself.
    """

    def __init__(self, problems: tuple[str, ...], metadata: Metadata | None = None) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.metadata = metadata

    def __str__(self) -> str:
        """Name the object where it is known, then every problem."""
        return f"{self.metadata or 'DNSRecord'}: {'; '.join(self.problems)}"
