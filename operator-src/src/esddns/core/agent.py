"""What one agent says of itself and of the records: its `/state`, past the edge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from esddns.core.dnsrecord_standing import Reason
from esddns.core.model import Family, IPAddress, RRset
from esddns.core.state import Change


@dataclass(frozen=True, slots=True)
class Witness:
    """A source that gave the address, and who runs it."""

    source: str
    operator: str


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """The last good address of a family; `agreed` are the operators that gave it when it was decided."""

    family: Family
    address: IPAddress
    since: datetime
    agreed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """The last full round of a family. `witnesses` gave what was decided; `detail` says why nothing was."""

    family: Family
    at: datetime
    decided: bool
    detail: str
    witnesses: tuple[Witness, ...]


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """One RRset, or an object that has none; what is not known is None or empty.

    `desired`: what it should hold. `ours`: what was published last. `observed`: what Gandi's API said, and
    `dns` what each name server (None: no such record), in the last pass, at `compared_at`. `reason` is None
    where only what the cache tells is known. `object`: the DNSRecord, `namespace/name`; none: of dns.ini.
    """

    fqdn: str
    type: str
    zone: str
    object: str
    source: str
    desired: RRset | None
    ours: RRset | None
    observed: RRset | None
    dns: tuple[RRset | None, ...]
    dns_trouble: str
    last_written: datetime | None
    in_sync: bool
    in_sync_since: datetime | None
    awaiting_dns: bool
    reason: Reason | None
    message: str
    compared_at: datetime | None

    @property
    def name(self) -> str:
        """What a person calls it: name and type, or the object where its name in DNS is not known."""
        return f"{self.fqdn} {self.type}".strip() or self.object or "a record"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong; `subject` is a family, a record or the token.

    `reason` is the word for it that advice is found by, where there is one.
    """

    at: datetime
    subject: str
    text: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class AgentState:
    """One agent's `/state`. `pod` is empty and `leads` true for `esddns run`, which has no others beside it.

    `holder`: who holds the Lease, as far as it knows. `checked_at`: the leader's last attempt at the address.
    `problems`: why it could not keep records now.
    """

    version: str
    pod: str
    leads: bool
    holder: str
    checked_at: datetime | None
    dry_run: bool
    credential_good: bool | None
    addresses: tuple[KnownAddress, ...]
    detection: tuple[Detection, ...]
    records: tuple[KeptRecord, ...]
    changes: tuple[Change, ...]
    errors: tuple[Trouble, ...]
    problems: tuple[str, ...]
    records_beyond: int = 0

    @property
    def families(self) -> list[tuple[Family, KnownAddress | None, Detection | None]]:
        """Each family that has an address, or is looked for."""
        known = {address.family: address for address in self.addresses}
        rounds = {detection.family: detection for detection in self.detection}
        return [(f, known.get(f), rounds.get(f)) for f in Family if f in known or f in rounds]
