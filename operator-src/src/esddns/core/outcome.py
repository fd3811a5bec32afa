"""What a pass over one record came to."""

from __future__ import annotations

from dataclasses import dataclass

from esddns.core.errors import ErrorReason
from esddns.core.model import Record, RRset
from esddns.core.plan import Action


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done about one record, and how it stands now.

    `wrote`: Gandi answered 201. `in_sync`: the record holds what is desired, as far as DNS or the API
    showed, a 201 counting. `awaiting_dns`: the name servers do not show it yet. `repaired`/`contested`/
    `path_differs`: see rules 3 and 7 of the design. `error` says what was seen and what to do;
    `reason` is its class where the provider refused or failed, `transient` whether it may pass by itself,
    `retry_at` when nothing was sent: the monotonic time to ask again (inf: when the token changes).
    `dns_trouble` says what kept the name servers from being of use, `adopted` what another's value was that
    ours took the place of. `dns` is what the name servers showed in this pass, each answer once (None: no
    such record); empty where they were not asked, or something was written since.
    """

    record: Record
    action: Action
    desired: RRset | None = None
    observed: RRset | None = None
    zone: str | None = None
    error: str | None = None
    reason: ErrorReason | None = None
    transient: bool = False
    retry_at: float | None = None
    in_sync: bool = False
    wrote: bool = False
    awaiting_dns: bool = False
    repaired: bool = False
    contested: bool = False
    path_differs: bool = False
    dns_trouble: str = ""
    adopted: str = ""
    dns: tuple[RRset | None, ...] = ()

    @property
    def undecided(self) -> bool:
        """Whether nothing was tried, for want of an address."""
        return self.action is Action.ERROR and self.reason is None
