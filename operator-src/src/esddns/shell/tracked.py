"""One RRset that is kept, where its keeping stands, and how its keeper goes about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from esddns.core.model import Family, IPAddress, Record, RRset
from esddns.core.outcome import Outcome
from esddns.core.story import Progress
from esddns.core.target import Removal, Target, Values, Wan


@dataclass(frozen=True, slots=True)
class Terms:
    """How this writer keeps records.

    `verify`: seconds after a record was taken on at which the API is asked whatever DNS says. `solo_jitter`
    gives seconds to wait before a look, where others do the same beside it and nobody leads. `mode` is a
    metric's label.
    """

    mode: str = "run"
    verify: Sequence[float] = ()
    solo_jitter: Callable[[], float] | None = None


@dataclass(slots=True)
class Tracked:
    """What the keeper knows beside what is remembered. Times are loop times; `due` inf: when told.

    `wanted` None: not known yet. `confirmed`: it is known to hold now, and last was at `confirmed_at`;
    `unknown` says why it is not. `verify`: times at which the API is asked whatever DNS says. `passed_at`:
    the time of day of `outcome`.
    """

    target: Target
    wanted: RRset | None = None
    confirmed: bool = False
    confirmed_at: float = -math.inf
    unknown: str = ""
    outcome: Outcome | None = None
    passed_at: datetime | None = None
    due: float = math.inf
    looks: int = 0
    decided_at: float | None = None
    compared_at: float = -math.inf
    refused: RRset | None = None
    refused_until: float = field(default=-math.inf)
    verify: list[float] = field(default_factory=list)

    @property
    def record(self) -> Record:
        """The RRset's name and type, and how it is wanted."""
        return self.target.record

    @property
    def leaves(self) -> bool:
        """Whether it is to be removed."""
        return isinstance(self.target.source, Removal)

    @property
    def source(self) -> Wan | Values:
        """Where its values come from, or would if it were still kept."""
        source = self.target.source
        return source.source if isinstance(source, Removal) else source

    @property
    def actionable(self) -> bool:
        """Whether there is anything to bring about."""
        return self.wanted is not None or self.leaves

    @property
    def family(self) -> Family | None:
        """The family whose WAN address it is kept on; None where its values come from elsewhere."""
        return self.record.type.family if isinstance(self.source, Wan) else None

    def progress(self, now: float, interval: float) -> Progress:
        """Say where its keeping is; a doubt is told when it has lasted for two intervals (seconds)."""
        lasting = self.family is None or self.confirmed_at <= now - 2 * interval
        doubt = self.unknown if not self.confirmed and lasting else ""
        return Progress(self.wanted is not None, doubt, self.outcome, self.leaves)

    def take_address(
        self, address: IPAddress | None, now: float, *, confirmed: bool, why: str
    ) -> None:
        """Take what is known of the WAN address: None where there never was one."""
        source = self.source
        self.confirmed = confirmed
        if confirmed:
            self.confirmed_at = now
        self.unknown = "" if confirmed else why
        if address is not None and isinstance(source, Wan):
            self._want(source.rrset(self.record, address), now)

    def take_values(self, now: float) -> None:
        """Take the target's own values; where they are not known now, those before stand."""
        source = self.source
        if not isinstance(source, Values):
            return
        self.confirmed = source.values is not None
        self.unknown = source.why
        if source.values is not None:
            self._want(RRset.of(self.record.type, source.values, self.record.ttl), now)

    def _want(self, wanted: RRset, now: float) -> None:
        if wanted != self.wanted:
            self.decided_at = now
        self.wanted = wanted
