"""Who may lead: the Lease as it was last seen, and what may be done about it.

Pure: times are seconds of the caller's own CLOCK_BOOTTIME, which goes on while the machine is suspended.
Nobody compares a time of its own with one that another node wrote (rule 5).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

DURATION = 15.0  # seconds without a renewal after which others may take the Lease
RENEW_EVERY = 5.0  # seconds
RENEW_DEADLINE = 10.0  # seconds without a renewal after which the leader gives up by itself
LONGEST_JITTER = 5.0  # seconds
NODES_A_SECOND = 50.0  # attempts to take the Lease that a take-over may cost the API server
MARGIN = 1.0  # seconds left on the Lease beyond a write's own deadline
LONGEST_YIELD_PAUSE = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Yields:
    """How often leadership was given up in a row because the leader's way out was gone.

    `at`: Unix seconds of the last time, by the clock of who yielded: it only spaces yields out.
    """

    count: int = 0
    at: float = 0.0

    def wait(self, pause: float) -> float:
        """Seconds from the last one to the next: `pause`, doubling to an hour."""
        if self.count == 0:
            return 0.0
        return min(pause * 2.0 ** min(self.count - 1, 32), max(LONGEST_YIELD_PAUSE, pause))

    def allowed(self, pause: float, now: float, seen_for: float) -> bool:
        """Whether another is allowed now (Unix seconds).

        `seen_for`: own seconds since the last one was heard of. They are enough where its time is that of a
        clock which is wrong; who heard of it only now goes by that time.
        """
        return min(self.at + self.wait(pause) - now, self.wait(pause) - seen_for) <= 0

    def after(self, now: float) -> Yields:
        """One more, now."""
        return Yields(self.count + 1, now)


@dataclass(frozen=True, slots=True)
class Lease:
    """The Lease as it stands at the API server.

    `holder` empty: nobody holds it. `released`: its holder gave it away, and writes no more. `renewed` is an
    opaque text: only that it changed matters.
    `version` is the resourceVersion, for compare-and-swap.
    """

    version: str
    holder: str = ""
    renewed: str = ""
    acquired: str = ""
    released: bool = False
    transitions: int = 0
    yields: Yields = Yields()


@dataclass(frozen=True, slots=True)
class Sighting:
    """The Lease, and when (own boot time) it was first seen in this state. None: there is no Lease.

    `was_held`: before that, somebody held it. `yields_since`: when its yields were first seen as they are.
    """

    lease: Lease | None
    since: float
    was_held: bool = False
    yields_since: float = 0.0

    @property
    def yields(self) -> Yields:
        """How often leadership was given up in a row, as last seen."""
        return self.lease.yields if self.lease else Yields()

    def next(self, lease: Lease | None, now: float) -> Sighting:
        """See it again: the age begins anew when the holder or its renewal changed."""
        if _state(lease) == _state(self.lease):
            seen = replace(self, lease=lease)
        else:
            held = bool(self.lease and self.lease.holder)
            was_held = held or (self.was_held and now < self.free_at())
            seen = Sighting(lease, now, was_held, self.yields_since)
        return seen if seen.yields == self.yields else replace(seen, yields_since=now)

    def free_at(self) -> float:
        """Own boot time from which it may be taken.

        At once where it was released, or nobody was seen to hold it. Where it was deleted or emptied by
        hand, whoever held it may not know yet.
        """
        if self.lease is not None and self.lease.released:
            return self.since
        held = self.was_held or bool(self.lease and self.lease.holder)
        return self.since + (DURATION if held else 0.0)


def _state(lease: Lease | None) -> tuple[str, str] | None:
    return None if lease is None else (lease.holder, lease.renewed)


def jitter(nodes: int, rng: random.Random) -> float:
    """Seconds to wait before trying to take the Lease: uniform in 0 … min(5, N/50)."""
    return rng.uniform(0, min(LONGEST_JITTER, max(nodes, 1) / NODES_A_SECOND))


@dataclass(frozen=True, slots=True)
class Term:
    """The time during which this process leads. `renewed_at`: when the last good renewal was sent."""

    identity: str
    renewed_at: float

    def time_left(self, now: float) -> float:
        """Seconds for which nobody else can hold the Lease."""
        return self.renewed_at + DURATION - now

    def may_write(self, now: float, write_deadline: float) -> bool:
        """Whether a write that takes `write_deadline` seconds at most may be started now."""
        return self.time_left(now) > write_deadline + MARGIN

    def lost(self, now: float) -> bool:
        """Whether renewals have failed for too long: then this is no leader any more, whatever comes."""
        return now - self.renewed_at >= RENEW_DEADLINE
