"""What an agent knows beside what the leader shares: a write of its own that nobody heard of yet."""

from __future__ import annotations

from dataclasses import replace

from esddns.core.state import RecordState, State


def recall(shared: State, own: State) -> State:
    """Give what is shared, and with it what this agent left at the provider since, by itself.

    Who wrote alone and then leads would else take its own value for a stranger's.
    """
    known = own.records
    records = {k: _recall(v, known[k]) if k in known else v for k, v in shared.records.items()}
    return shared if records == shared.records else replace(shared, records=records)


def _recall(shared: RecordState, own: RecordState) -> RecordState:
    """Either may stand there; what was shared after a later write is newer than all of ours."""
    unheard = sorted(own.may_hold - shared.may_hold, key=str)
    if not unheard or shared.attempted is not None or own.last_write is None:
        return shared
    if shared.last_write is not None and shared.last_write.at > own.last_write.at:
        return shared
    latest = own.ours if own.ours in unheard else unheard[0]
    return replace(shared, attempted=latest)
