"""`/raw`: the site as JSON. `raw.schema.json` describes it; an equal site gives an equal document.

So nothing is in it that changes by itself: who asks again is told "not modified" until there is news.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from esddns.core.advice import advice_for
from esddns.core.agent import AgentState, Detection, KeptRecord
from esddns.core.site import Report, SiteState, is_fresh, leads
from esddns.core.site_verdict import advice_of, judge_site, level_of
from esddns.core.state import changes_to_json, format_time, rrset_to_json

SCHEMA_VERSION = 1


def site_json(site: SiteState, now: datetime, version: str) -> dict[str, Any]:
    """Give the site as JSON values. Times are RFC 3339, UTC; `version` is that of who serves it."""
    verdict = judge_site(site, now)
    state = site.state
    return {
        "schema_version": SCHEMA_VERSION,
        "version": version,
        "status": {
            "level": str(verdict.level),
            "title": verdict.title,
            "text": verdict.text,
            "advice": verdict.advice,
        },
        "fresh": site.fresh,
        "stale_since": _time(site.stale_since),
        "leader": site.leader.name if site.leader else None,
        "told_by": site.word.name if site.word else None,
        "dry_run": bool(state and state.dry_run),
        "credential_good": state.credential_good if state else None,
        "addresses": _addresses(state) if state else [],
        "records": [_record(record) for record in state.records] if state else [],
        "records_beyond": state.records_beyond if state else 0,
        "agents": [_agent(report, now) for report in site.reports],
        "agents_beyond": site.beyond,
        "changes": changes_to_json(state.changes) if state else [],
        "errors": [
            {
                "at": format_time(one.at),
                "agent": agent,
                "subject": one.subject,
                "text": one.text,
                "advice": advice_for(one.reason) or None,
            }
            for agent, one in site.errors
        ],
    }


def _addresses(state: AgentState) -> list[dict[str, Any]]:
    return [
        {
            "family": str(family),
            "address": str(known.address) if known else None,
            "since": _time(known.since) if known else None,
            "agreed": list(known.agreed) if known else [],
            "detection": _detection(seen) if seen else None,
        }
        for family, known, seen in state.families
    ]


def _detection(detection: Detection) -> dict[str, Any]:
    return {
        "at": format_time(detection.at),
        "decided": detection.decided,
        "detail": detection.detail or None,
        "witnesses": [
            {"source": witness.source, "operator": witness.operator}
            for witness in detection.witnesses
        ],
    }


def _record(record: KeptRecord) -> dict[str, Any]:
    return {
        "fqdn": record.fqdn or None,
        "type": record.type or None,
        "zone": record.zone or None,
        "object": record.object or None,
        "source": record.source or None,
        "level": str(level_of(record)),
        "reason": str(record.reason) if record.reason else None,
        "message": record.message or None,
        "advice": advice_of(record) or None,
        "desired": rrset_to_json(record.desired),
        "published": rrset_to_json(record.ours),
        "observed": rrset_to_json(record.observed),
        "dns": [rrset_to_json(rrset) for rrset in record.dns],
        "dns_trouble": record.dns_trouble or None,
        "in_sync": record.in_sync,
        "in_sync_since": _time(record.in_sync_since),
        "last_written": _time(record.last_written),
        "compared_at": _time(record.compared_at),
    }


def _agent(report: Report, now: datetime) -> dict[str, Any]:
    answers = is_fresh(report, now)
    state = report.state
    return {
        "where": report.where,
        "pod": (state.pod if state else "") or None,
        "version": (state.version if state else "") or None,
        "leads": leads(report, now),
        "answers": answers,
        "silent_since": None if answers else _time(report.at),
        "error": report.error or None,
        "problems": list(state.problems) if state else [],
    }


def _time(at: datetime | None) -> str | None:
    return format_time(at) if at else None
