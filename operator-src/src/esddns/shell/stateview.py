"""`/state`: what is known, what is wished and how it stands, for programs and for the status service.

One form for `run` and `node`. Who writes says of each record what is wished and what was seen; an agent that
stands by says what the cache tells of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from esddns import __version__
from esddns.core.agent import Trouble
from esddns.core.dnsrecord import DnsRecord, Metadata, ServiceRef
from esddns.core.dnsrecord_standing import Reason, Standing
from esddns.core.model import Observation
from esddns.core.outcome import Outcome
from esddns.core.state import (
    RecordState,
    State,
    addresses_to_json,
    changes_to_json,
    format_time,
    rrset_to_json,
)
from esddns.core.story import Progress, kept
from esddns.core.target import Wan
from esddns.shell.detect import Round
from esddns.shell.engine import Engine
from esddns.shell.tracked import Tracked

# The object that keeps a record, by `Record.key`; None: it is of dns.ini.
ObjectOf = Callable[[str], Metadata | None]


def view(
    state: State,
    engine: Engine | None,
    troubles: Iterable[Trouble],
    now: datetime,
    *,
    interval: float,
    dry_run: bool,
    credential_good: bool | None,
    not_ready: Iterable[str],
    object_of: ObjectOf = lambda _key: None,
    set_aside: Iterable[tuple[Metadata, str | None, Standing]] = (),
) -> dict[str, Any]:
    """Give what a process knows as JSON values. Times are RFC 3339, UTC.

    `engine` None: it does not write, and knows of records what is remembered. `interval`: seconds between
    full rounds. `set_aside` are the objects whose RRsets nobody keeps.
    """
    if engine is None:
        records = [_remembered(key, known) for key, known in state.records.items()]
    else:
        loop_time = asyncio.get_running_loop().time()
        tracked = engine.keeper.tracked
        records = [_kept(t, state, loop_time, interval, object_of(t.record.key)) for t in tracked]
        records += [_set_aside(*told) for told in set_aside]
    rounds = engine.rounds if engine else {}
    return {
        "version": __version__,
        "time": format_time(now),
        "dry_run": dry_run,
        "credential_good": credential_good,
        "not_ready": list(not_ready),
        "addresses": addresses_to_json(state),
        "detection": {str(family): _round(*seen) for family, seen in rounds.items()},
        "records": records,
        "changes": changes_to_json(state.changes),
        "errors": list(map(_error, troubles)),
    }


def _error(trouble: Trouble) -> dict[str, str | None]:
    return {
        "at": format_time(trouble.at),
        "subject": trouble.subject,
        "error": trouble.text,
        "reason": str(trouble.reason) if trouble.reason else None,
    }


def _round(at: datetime, seen: Round) -> dict[str, Any]:
    """The last full round of a family: `agreed` are the sources that gave what was decided."""
    decision = seen.decision
    return {
        "at": format_time(at),
        "decided": decision.address is not None,
        "why": str(decision.why) if decision.why else None,
        "detail": decision.detail or None,
        "agreed": [
            {"source": answer.source, "operator": answer.operator}
            for answer in seen.answers
            if isinstance(answer, Observation) and answer.address == decision.address
        ],
    }


def _remembered(key: str, known: RecordState) -> dict[str, Any]:
    fqdn, _, rrtype = key.rpartition("/")
    return {**_NOTHING, **_memory(known), "fqdn": fqdn, "type": rrtype}


def _kept(
    tracked: Tracked, state: State, now: float, interval: float, owner: Metadata | None
) -> dict[str, Any]:
    record, outcome = tracked.record, tracked.outcome
    known = state.records.get(record.key, RecordState())
    told = _standing(tracked, known, tracked.progress(now, interval), owner)
    return {
        **_NOTHING,
        **_memory(known),
        "fqdn": record.fqdn,
        "type": str(record.type),
        "zone": known.zone or record.zone,
        "object": _object(owner),
        "source": _source(tracked, owner),
        "desired": rrset_to_json(None if tracked.leaves else tracked.wanted),
        **({"in_sync": outcome.in_sync} if outcome else {}),
        "reason": str(told.reason),
        "message": told.message,
        "compared_at": format_time(tracked.passed_at) if tracked.passed_at else None,
        **(_seen(outcome) if outcome else {}),
    }


def _standing(
    tracked: Tracked, known: RecordState, progress: Progress, owner: Metadata | None
) -> Standing:
    if tracked.leaves:
        why = (tracked.outcome.error if tracked.outcome else None) or "it was not asked for yet"
        return Standing(Reason.DELETION_WAITS, f"not deleted at Gandi yet: {why}")
    of_service = isinstance(owner, DnsRecord) and isinstance(owner.source, ServiceRef)
    return kept(tracked.record.type, progress, known, of_service=of_service)


def _set_aside(metadata: Metadata, fqdn: str | None, told: Standing) -> dict[str, Any]:
    return {
        **_NOTHING,
        "fqdn": fqdn,
        "type": str(told.type) if told.type else None,
        "object": _object(metadata),
        "reason": str(told.reason),
        "message": told.message,
    }


# A record of which nothing is known: each has all of these.
_NOTHING: Mapping[str, Any] = {
    "fqdn": None,
    "type": None,
    "zone": None,
    "object": None,
    "source": None,
    "desired": None,
    "ours": None,
    "observed": None,
    "dns": [],
    "dns_trouble": None,
    "last_written": None,
    "in_sync": False,
    "in_sync_since": None,
    "awaiting_dns": False,
    "contested": False,
    "dns_path_differs": False,
    "reason": None,
    "message": None,
    "error": None,
    "compared_at": None,
}


def _memory(known: RecordState) -> dict[str, Any]:
    """What is remembered of a record, by the writer and by all."""
    return {
        "zone": known.zone,
        "ours": rrset_to_json(known.ours),
        "last_written": format_time(known.last_write.at) if known.last_write else None,
        "in_sync": known.in_sync_since is not None,
        "in_sync_since": format_time(known.in_sync_since) if known.in_sync_since else None,
    }


def _seen(outcome: Outcome) -> dict[str, Any]:
    """What the last pass saw: `observed` at Gandi, `dns` at the name servers (null: no such record)."""
    return {
        "observed": rrset_to_json(outcome.observed),
        "dns": [rrset_to_json(rrset) for rrset in outcome.dns],
        "dns_trouble": outcome.dns_trouble or None,
        "awaiting_dns": outcome.awaiting_dns,
        "contested": outcome.contested,
        "dns_path_differs": outcome.path_differs,
        "error": outcome.error,
    }


def _object(metadata: Metadata | None) -> dict[str, str] | None:
    return {"namespace": metadata.namespace, "name": metadata.name} if metadata else None


def _source(tracked: Tracked, owner: Metadata | None) -> str:
    """Where its values come from, as a person would write it."""
    if isinstance(tracked.source, Wan):
        return "WAN"
    if isinstance(owner, DnsRecord) and isinstance(owner.source, ServiceRef):
        return f"Service {owner.source}"
    return "Static"
