"""What agents say at one fixed point in time: a site of three nodes, well and not so well."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from esddns.core.agent_read import read_agent
from esddns.core.site import Report, SiteState, merge
from esddns.core.state import format_time

NOW = datetime(2026, 11, 22, 21, 4, 5, tzinfo=UTC)
PODS = (
    "esddns-operator-daemon-7xk2p",
    "esddns-operator-daemon-b9w4d",
    "esddns-operator-daemon-q5zrn",
)
ADDRESS, BEFORE = "203.0.113.9", "198.51.100.23"
SIX = "2001:db8:51:7::10"

State = dict[str, Any]

_REASONS = {
    "Published": f"{ADDRESS} (TTL 300)",
    "Conflict": "it holds 2 values that are not ours (192.0.2.80, 192.0.2.81): remove those that are not "
    "wanted at Gandi, or set overwrite to true",
}


def before(**ago: float) -> str:
    """A time so long before now, as agents write it."""
    return format_time(NOW - timedelta(**ago))


def rrset(*values: str, ttl: int = 300) -> dict[str, Any]:
    """An RRset as JSON."""
    return {"values": list(values), "ttl": ttl}


def record(fqdn: str, rrtype: str = "A", /, *values: str, **changed: Any) -> dict[str, Any]:
    """A record that is in sync, but for what is `changed`."""
    wanted = rrset(*(values or (ADDRESS,)))
    name = fqdn.split(".", maxsplit=1)[0].replace("*", "any")
    return {
        "fqdn": fqdn, "type": rrtype, "zone": "example.com",
        "object": {"namespace": "esddns", "name": name}, "source": "WAN",
        "desired": wanted, "ours": wanted, "observed": None, "dns": [wanted], "dns_trouble": None,
        "last_written": before(days=3, hours=2), "in_sync": True,
        "in_sync_since": before(days=3, hours=2), "awaiting_dns": False, "contested": False,
        "dns_path_differs": False, "reason": "Published", "message": _REASONS["Published"],
        "error": None, "compared_at": before(minutes=2), **changed,
    }  # fmt: skip


def _change(family: str, old: str | None, new: str, **ago: float) -> dict[str, Any]:
    return {"family": family, "before": old, "after": new, "at": before(**ago)}


def healthy() -> State:
    """The leader's `/state` while all is well."""
    known = ("cloudflare", "google", "ipify", "opendns")
    return {
        "mode": "node", "pod": PODS[1], "leads": True, "holder": f"{PODS[1]}_0b0d",
        "cache_problem": None, "checked_at": before(minutes=2), "api_server_silent_seconds": 0.4,
        "version": "0.1.0", "time": before(), "dry_run": False, "credential_good": True,
        "not_ready": [],
        "addresses": {
            "ipv4": {"address": ADDRESS, "since": before(days=3, hours=2), "agreed": list(known)},
            "ipv6": {"address": SIX, "since": before(days=41), "agreed": ["google", "ipify"]},
        },
        "detection": {
            "ipv4": {
                "at": before(minutes=2), "decided": True, "why": None, "detail": None,
                "agreed": [{"source": "ipify", "operator": "ipify"},
                           {"source": "cloudflare-trace", "operator": "Cloudflare"},
                           {"source": "opendns", "operator": "Cisco"}],
            },
            "ipv6": {
                "at": before(minutes=2), "decided": True, "why": None, "detail": None,
                "agreed": [{"source": "ipify6", "operator": "ipify"},
                           {"source": "google-dns", "operator": "Google"}],
            },
        },
        "records": [
            record("example.com"),
            record("home.example.com"),
            record("home.example.com", "AAAA", SIX, in_sync_since=before(days=41),
                   source="WAN", message=f"{SIX} (TTL 300)"),
            record("*.apps.example.com", "A", "192.0.2.40", source="Service ingress/traefik",
                   in_sync_since=before(days=9)),
        ],
        "changes": [
            _change("ipv4", None, "192.0.2.17", days=58),
            _change("ipv6", None, "2001:db8:51:3::10", days=58),
            _change("ipv6", "2001:db8:51:3::10", SIX, days=41),
            _change("ipv4", "192.0.2.17", "198.51.100.4", days=33, hours=5),
            _change("ipv4", "198.51.100.4", BEFORE, days=19),
            _change("ipv4", BEFORE, ADDRESS, days=3, hours=2),
        ],
        "errors": [],
    }  # fmt: skip


def standby(pod: str, leader: Mapping[str, Any]) -> State:
    """What an agent says that only knows the cache."""
    kept = ("fqdn", "type", "zone", "ours", "last_written", "in_sync", "in_sync_since")
    state = copy.deepcopy(dict(leader))
    nothing = dict.fromkeys(record("x"))
    state |= {"pod": pod, "leads": False, "credential_good": None, "detection": {}, "errors": []}
    state["records"] = [
        {**nothing, "dns": [], **{key: one[key] for key in kept}} for one in leader["records"]
    ]
    return state


def undecided() -> State:
    """The leader's, while the sources do not agree."""
    state = healthy()
    detail = (
        "3 operators must agree; Cloudflare, ipify said 203.0.113.9; Cisco, Google said 203.0.113.66; "
        "amazonaws: no answer within 3 s; stun-nextcloud: no answer within 3 s"
    )
    state["detection"]["ipv4"] = {"at": before(seconds=20), "decided": False, "why": "no-quorum",
                                  "detail": detail, "agreed": []}  # fmt: skip
    state["errors"] = [
        {
            "at": before(minutes=6),
            "subject": "ipv4",
            "error": f"undecided (no-quorum): {detail}",
            "reason": "Undecided",
        }
    ]
    return state


def stale() -> State:
    """The leader's, as it was when it was last heard."""
    state = healthy()
    last = before(minutes=49)
    state["checked_at"] = last
    for one in state["detection"].values():
        one["at"] = last
    for one in state["records"]:
        one["compared_at"] = last
    return state


def conflict() -> State:
    """The leader's, while somebody else's values stand at a record, and a router fights for another."""
    state = healthy()
    two = rrset("192.0.2.80", "192.0.2.81", ttl=1800)
    state["records"][1] |= {
        "in_sync": False, "in_sync_since": None, "reason": "Conflict", "dns": [two], "observed": two,
        "message": _REASONS["Conflict"], "error": _REASONS["Conflict"], "ours": None,
        "last_written": None,
    }  # fmt: skip
    fight = (
        "contested: another writer put 198.51.100.23 (TTL 60) in its place three times within an hour; left "
        "alone until 2026-11-22 21:41:12 UTC: find the other writer and stop it"
    )
    other = rrset(BEFORE, ttl=60)
    state["records"][0] |= {
        "in_sync": False, "in_sync_since": None, "reason": "Contested", "contested": True,
        "message": fight, "error": fight, "dns": [other], "observed": other,
    }  # fmt: skip
    state["errors"] = [
        {
            "at": before(hours=1, minutes=9),
            "subject": "home.example.com/A",
            "error": _REASONS["Conflict"],
            "reason": "Conflict",
        },
        {
            "at": before(minutes=23),
            "subject": "example.com/A",
            "error": fight,
            "reason": "Contested",
        },
    ]
    return state


def report(state: Mapping[str, Any], number: int, **ago: float) -> Report:
    """An agent's answer, as it was read."""
    where = f"10.42.{number}.{17 + number}:8080"
    return Report(
        where, NOW - timedelta(**(ago or {"seconds": 2})), read_agent(json.dumps(state).encode())
    )


def site_of(leader: Mapping[str, Any], now: datetime = NOW, **ago: float) -> SiteState:
    """A site of three agents, of which `leader` is one; `ago`: when they answered last."""
    names: Sequence[str] = [pod for pod in PODS if pod != leader["pod"]]
    others = [report(standby(pod, leader), number, **ago) for number, pod in enumerate(names, 1)]
    reports = [report(leader, 0, **ago), *others]
    if ago:
        error = "cannot connect: Connection refused"
        reports = [Report(r.where, r.at, r.state, error) for r in reports]
    return merge(reports, now)
