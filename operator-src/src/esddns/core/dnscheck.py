"""What the zone's own name servers say about a record that we published: the cheap alarm.

Only the alarm: before a write the provider's API decides.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from esddns.core.model import RRset

# A secondary may answer with the RRset before our last write for this long.
LAG = timedelta(seconds=120)
# DNS and the API disagreeing for longer than this is no lag: something answers in the servers' place.
PATH_DIFFERS = timedelta(seconds=600)


class Verdict(enum.StrEnum):
    """What the answers mean."""

    IN_SYNC = "in-sync"
    LAG = "lag"
    DRIFT = "drift"
    UNKNOWN = "unknown"  # no usable answer: ask the API


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """One authoritative answer (AA bit set): the RRset, or None where the name has none of that type."""

    server: str
    rrset: RRset | None


@dataclass(frozen=True, slots=True)
class LastWrite:
    """When we last wrote, and what stood there before (None: nothing)."""

    at: datetime
    before: RRset | None


def judge(
    answers: Iterable[DnsAnswer],
    desired: RRset,
    last_write: LastWrite | None,
    now: datetime,
) -> Verdict:
    """Weigh the answers of all servers: one that shows a third value outweighs any that agree."""
    seen = {answer.rrset for answer in answers}
    if not seen:
        return Verdict.UNKNOWN
    seen.discard(desired)
    if not seen:
        return Verdict.IN_SYNC
    if last_write and seen == {last_write.before} and timedelta(0) <= now - last_write.at <= LAG:
        return Verdict.LAG
    return Verdict.DRIFT
