"""`/state`: what is known, what is wished and how it stands, for programs and for the status page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from esddns import __version__
from esddns.core.state import RecordState, State, format_time, rrset_to_json, to_json
from esddns.shell.report import Trouble
from esddns.shell.tracked import Tracked


def view(
    state: State,
    tracked: Iterable[Tracked],
    troubles: Iterable[Trouble],
    now: datetime,
    credential_good: bool | None,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Give the state as JSON values. Times are RFC 3339, UTC."""
    kept = to_json(state)
    return {
        "version": __version__,
        "time": format_time(now),
        "dry_run": dry_run,
        "credential_good": credential_good,
        "addresses": kept["addresses"],
        "changes": kept["changes"],
        "records": [_record(t, state.records.get(t.record.key, RecordState())) for t in tracked],
        "errors": errors_json(troubles),
    }


def errors_json(troubles: Iterable[Trouble]) -> list[dict[str, str]]:
    """Give the last errors as JSON values."""
    return [{"at": format_time(t.at), "subject": t.subject, "error": t.text} for t in troubles]


def _record(tracked: Tracked, state: RecordState) -> dict[str, Any]:
    record, outcome = tracked.record, tracked.outcome
    return {
        "fqdn": record.fqdn,
        "type": str(record.type),
        "zone": state.zone or record.zone,
        "desired": rrset_to_json(tracked.wanted),
        "ours": rrset_to_json(state.ours),
        "last_written": format_time(state.last_write.at) if state.last_write else None,
        "in_sync": bool(outcome and outcome.in_sync),
        "in_sync_since": format_time(state.in_sync_since) if state.in_sync_since else None,
        "awaiting_dns": bool(outcome and outcome.awaiting_dns),
        "contested": bool(outcome and outcome.contested),
        "dns_path_differs": bool(outcome and outcome.path_differs),
        "dns_trouble": (outcome.dns_trouble or None) if outcome else None,
        "error": outcome.error if outcome else None,
    }
