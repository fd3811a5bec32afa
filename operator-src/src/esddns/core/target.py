"""What is to be done about one RRset, and where its values come from: what a writer is given to do."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address

from esddns.core.address import with_suffix
from esddns.core.model import Drift, IPAddress, Record, RRset


@dataclass(frozen=True, slots=True)
class Wan:
    """The WAN address.

    For AAAA one of the two may be set: `ipv6_suffix` goes behind the detected /64; `nat66` says that all
    nodes have one address.
    """

    ipv6_suffix: IPv6Address | None = None
    nat66: bool = False

    def rrset(self, record: Record, address: IPAddress) -> RRset:
        """Give what the record should hold while the family's address is `address`."""
        if isinstance(address, IPv6Address) and self.ipv6_suffix is not None:
            address = with_suffix(address, self.ipv6_suffix)
        return RRset(frozenset({str(address)}), record.ttl)


@dataclass(frozen=True, slots=True)
class Values:
    """Given values, of a Service or static ones; None where they are not known now, and `why`."""

    values: frozenset[str] | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """Nobody wants the RRset any more, and it is to be deleted where it is ours.

    So is what `source` would give: an agent that was alone may have written that, and nobody else know it.
    """

    source: Wan | Values
    owner: str = ""  # the uid of the object that waits for it


@dataclass(frozen=True, slots=True)
class Target:
    """One RRset to keep, or to remove.

    `ours` and `zone` are what an object's status remembers of it, for a writer that knows nothing itself.
    """

    record: Record
    source: Wan | Values | Removal = Wan()
    ours: RRset | None = None
    zone: str | None = None

    @property
    def goes_on_alone(self) -> bool:
        """Whether an agent without a leader may write it.

        Not where drift is to be reported: what one wrote alone is a stranger's value to the next leader.
        """
        return isinstance(self.source, Wan) and self.record.drift is Drift.REPAIR
