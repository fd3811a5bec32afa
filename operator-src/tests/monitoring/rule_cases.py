"""When each alert fires, and when it does not: series of two clusters, as promtool reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE, HOUR, DAY = 1, 60, 1440  # in samples
SECONDS = 60  # between two samples


def run(*parts: tuple[float, int] | tuple[float, float, int] | None) -> str:
    """Write samples: (value, how often), or (first, step, how often); None is `stale`: the series ends."""
    written: list[str] = []
    for part in parts:
        match part:
            case None:
                written.append("stale")
            case value, count:
                written.append(f"{value}x{count - 1}")
            case first, step, count:
                written.append(f"{first}{step:+}x{count - 1}")
    return " ".join(written)


def gap(count: int) -> str:
    """Write that there are no samples for so long."""
    return f"_x{count}"


@dataclass(frozen=True)
class Case:
    """One story. Series without a cluster, by name and labels; `fires`: severities by the minute.

    `well`: the same of another cluster, in which the alert never fires. `step`: between two samples.
    """

    alert: str
    what: str
    sick: Mapping[str, str]
    fires: Mapping[int, str | None]
    well: Mapping[str, str] = field(default_factory=dict)
    step: str = "1m"


HOME = 'record="home.example.net",type="A"'
AGENT = 'job="esddns-operator",instance="a"'
OTHER = 'job="esddns-operator",instance="b"'
WEB = 'job="esddns-service",instance="w"'


def _flag(alert: str, metric: str, bad: float, after: int, severity: str) -> list[Case]:
    """Make the three cases of a gauge that is bad or not, with a `for` of so many minutes."""
    good = 1 - bad
    story = run((good, 5), (bad, after + 6), (good, 10))
    firing = {5 + after - 1: None, 5 + after + 2: severity, 5 + after + 8: None}
    blip = run((good, 5), (bad, max(1, after - 1)), (good, 20))
    return [
        Case(alert, "it lasts, and ends", {metric: story}, firing, {metric: run((good, 60))}),
        Case(alert, "a blip", {metric: blip}, dict.fromkeys(range(after + 15), None)),
    ]


CASES: list[Case] = [
    Case(
        "EsddnsDNSUpdateFailures",
        "Gandi fails, and the record waits; elsewhere a failure came to nothing",
        {
            f'esddns_dns_update_failures_total{{{AGENT},{HOME},reason="unavailable"}}': (
                f"{gap(5)} " + run((1, 1, 40))
            ),
            f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 5), (0, 25), (1, 20)),
            f"esddns_leader{{{AGENT}}}": run((1, 50)),
        },
        {13: None, 17: "critical", 32: None},
        {
            f'esddns_dns_update_failures_total{{{AGENT},{HOME},reason="unavailable"}}': run(
                (0, 1, 50)
            ),
            f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 50)),
        },
    ),
    Case(
        "EsddnsDNSUpdateFailures",
        "one failure in a minute out of sync",
        {
            f'esddns_dns_update_failures_total{{{AGENT},{HOME},reason="unavailable"}}': (
                f"{gap(5)} " + run((1, 40))
            ),
            f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 5), (0, 8), (1, 20)),
        },
        dict.fromkeys(range(30), None),
    ),
    Case(
        "EsddnsDNSUpdateFailures",
        "the one refusal of an hour (403) is a failure all the same",
        {
            f'esddns_dns_update_failures_total{{{AGENT},{HOME},reason="forbidden"}}': (
                f"{gap(5)} " + run((1, 90))
            ),
            f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 5), (0, 85)),
        },
        {17: "critical", 60: "critical"},
    ),
    *_flag("EsddnsRecordConflict", f"esddns_record_left_alone{{{HOME}}}", 1, 10, "critical"),
    Case(
        "EsddnsRecordConflict",
        "contested is told by another",
        {
            f"esddns_record_left_alone{{{HOME}}}": run((1, 30)),
            f"esddns_record_contested{{{HOME}}}": run((1, 30)),
        },
        dict.fromkeys(range(30), None),
    ),
    *_flag("EsddnsRecordContested", f"esddns_record_contested{{{HOME}}}", 1, 1, "critical")[:1],
    Case(
        "EsddnsRecordContested",
        "left alone for another reason",
        {
            f"esddns_record_left_alone{{{HOME}}}": run((1, 30)),
            f"esddns_record_contested{{{HOME}}}": run((0, 30)),
        },
        dict.fromkeys(range(30), None),
    ),
    Case(
        "EsddnsDriftRepaired",
        "repaired three times, and then left in peace; elsewhere once",
        {
            f"esddns_drift_repaired_total{{{HOME}}}": run(
                (0, HOUR), (1, HOUR), (2, HOUR), (3, 8 * HOUR)
            )
        },
        {90: None, 4 * HOUR: "info", 10 * HOUR: None},
        {f"esddns_drift_repaired_total{{{HOME}}}": run((0, HOUR), (1, 10 * HOUR))},
    ),
    *_flag("EsddnsDNSPathDiffers", f"esddns_dns_path_differs{{{HOME}}}", 1, 15, "info"),
    Case(
        "EsddnsErrorBudgetBurn",
        "out of sync for twenty minutes: soon told, told for long, and forgotten in the end",
        {f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 3 * DAY), (0, 20), (1, 4 * DAY))},
        {
            3 * DAY - 1: None,
            3 * DAY + 10: "critical",
            3 * DAY + 3 * HOUR: "warning",
            3 * DAY + 8 * HOUR: None,
        },
        {f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 7 * DAY))},
    ),
    Case(
        "EsddnsErrorBudgetBurn",
        "one change of address in an hour, seen out of sync in one scrape",
        {f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 400), (0, 1), (1, 200))},
        dict.fromkeys((199, 200, 201, 203, 205, 240), None),
        step="30s",
    ),
    Case(
        "EsddnsErrorBudgetBurn",
        "the first minutes of a new record",
        {f"esddns_state_in_sync{{{AGENT},{HOME}}}": f"{gap(90)} " + run((0, 3), (1, 50))},
        dict.fromkeys(range(88, 120), None),
    ),
    Case(
        "EsddnsErrorBudgetBurn",
        "a follower that is cut off says otherwise than the leader",
        {
            f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 200)),
            f"esddns_state_in_sync{{{OTHER},{HOME}}}": run((1, 100), (0, 100)),
            f"esddns_leader{{{AGENT}}}": run((1, 200)),
            f"esddns_leader{{{OTHER}}}": run((0, 200)),
        },
        dict.fromkeys((105, 150, 199), None),
    ),
    Case(
        "EsddnsNoRecentUpdates",
        "no check comes to a decision, and then one does",
        {
            f'esddns_last_check_timestamp{{{AGENT},family="ipv4"}}': run(
                (0, SECONDS, 10), (600, 30), (2400, SECONDS, 20)
            ),
            f"esddns_detection_interval_seconds{{{AGENT}}}": run((300, 60)),
        },
        {29: None, 33: "critical", 42: None},
        {
            f'esddns_last_check_timestamp{{{AGENT},family="ipv4"}}': run((0, SECONDS, 60)),
            f"esddns_detection_interval_seconds{{{AGENT}}}": run((300, 60)),
        },
    ),
    Case(
        "EsddnsNoRecentUpdates",
        "a round every hour, the last fifty minutes ago",
        {
            f'esddns_last_check_timestamp{{{AGENT},family="ipv4"}}': run((0, 50)),
            f"esddns_detection_interval_seconds{{{AGENT}}}": run((3600, 60)),
        },
        dict.fromkeys(range(50), None),
    ),
    Case(
        "EsddnsNoRecentUpdates",
        "agents that never come to a check",
        {f"up{{{AGENT}}}": run((1, 40))},
        {18: None, 25: "critical"},
        {
            f"up{{{AGENT}}}": run((1, 40)),
            f'esddns_last_check_timestamp{{{AGENT},family="ipv4"}}': run((0, SECONDS, 40)),
        },
    ),
    Case(
        "EsddnsDetectionUndecided",
        "rounds without a decision, and then one with",
        {
            f'esddns_last_attempt_timestamp{{{AGENT},family="ipv4"}}': run((0, SECONDS, 40)),
            f'esddns_last_check_timestamp{{{AGENT},family="ipv4"}}': run(
                (0, SECONDS, 10), (540, 15), (1500, SECONDS, 15)
            ),
        },
        {18: None, 22: "critical", 27: None},
        {
            f'esddns_last_attempt_timestamp{{{AGENT},family="ipv4"}}': run((0, SECONDS, 40)),
            f'esddns_last_check_timestamp{{{AGENT},family="ipv4"}}': run((0, SECONDS, 40)),
        },
    ),
    Case(
        "EsddnsDetectionUndecided",
        "undecided for eight minutes",
        {
            f'esddns_last_attempt_timestamp{{{AGENT},family="ipv4"}}': run((0, SECONDS, 40)),
            f'esddns_last_check_timestamp{{{AGENT},family="ipv4"}}': run(
                (0, SECONDS, 10), (540, 8), (1080, SECONDS, 22)
            ),
        },
        dict.fromkeys(range(40), None),
    ),
    Case(
        "EsddnsDetectionUndecided",
        "no round ever decided",
        {f'esddns_last_attempt_timestamp{{{AGENT},family="ipv4"}}': run((0, SECONDS, 40))},
        {9: None, 12: "critical"},
    ),
    Case(
        "EsddnsSourceFailing",
        "an operator that gives no address any more; elsewhere it fails every other time",
        {
            f'esddns_source_answers_total{{{AGENT},operator="one",outcome="address"}}': run(
                (0, 1, 30), (29, 151), (30, 1, 60)
            ),
            f'esddns_source_answers_total{{{AGENT},operator="one",outcome="timeout"}}': run(
                (0, 30), (1, 1, 211)
            ),
        },
        {145: None, 155: "info", 190: None},
        {
            f'esddns_source_answers_total{{{AGENT},operator="one",outcome="address"}}': run(
                (0, 1, 240)
            ),
            f'esddns_source_answers_total{{{AGENT},operator="one",outcome="timeout"}}': run(
                (0, 1, 240)
            ),
        },
    ),
    Case(
        "EsddnsHeartbeatFailing",
        "none gets out any more, and then again; elsewhere one of two",
        {
            f'esddns_heartbeats_total{{{AGENT},outcome="sent"}}': run(
                (0, 1, 10), (9, 90), (10, 1, 30)
            ),
            f'esddns_heartbeats_total{{{AGENT},outcome="failed"}}': run(
                (0, 10), (1, 1, 90), (90, 30)
            ),
        },
        {60: None, 90: "info", 105: None},
        {
            f'esddns_heartbeats_total{{{AGENT},outcome="sent"}}': run((0, 1, 130)),
            f'esddns_heartbeats_total{{{AGENT},outcome="failed"}}': run((0, 1, 130)),
        },
    ),
    *_flag("EsddnsCredentialRejected", f"esddns_credential_rejected{{{AGENT}}}", 1, 2, "critical"),
    Case(
        "EsddnsCredentialRejected",
        "a token that is missing is told by another",
        {
            f"esddns_credential_rejected{{{AGENT}}}": run((1, 30)),
            f"esddns_credential_missing{{{AGENT}}}": run((1, 30)),
        },
        dict.fromkeys(range(30), None),
    ),
    *_flag("EsddnsCredentialMissing", f"esddns_credential_missing{{{AGENT}}}", 1, 10, "critical"),
    Case(
        "EsddnsCredentialUnconfirmed",
        "not taken for a day, and then again; elsewhere nothing is kept that it could be tried with",
        {
            f"esddns_credential_good_timestamp{{{AGENT}}}": run(
                (0, 25 * HOUR), (25 * HOUR * SECONDS, HOUR)
            ),
            f"esddns_credential_check_interval_seconds{{{AGENT}}}": run((21600, 26 * HOUR)),
            f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 26 * HOUR)),
        },
        {24 * HOUR + 10: None, 24 * HOUR + 20: "critical", 25 * HOUR + 5: None},
        {
            f"esddns_credential_good_timestamp{{{AGENT}}}": run((0, 26 * HOUR)),
            f"esddns_credential_check_interval_seconds{{{AGENT}}}": run((21600, 26 * HOUR)),
        },
    ),
    Case(
        "EsddnsCredentialUnconfirmed",
        "tried every two days",
        {
            f"esddns_credential_good_timestamp{{{AGENT}}}": run((0, 50 * HOUR)),
            f"esddns_credential_check_interval_seconds{{{AGENT}}}": run((172800, 50 * HOUR)),
            f"esddns_state_in_sync{{{AGENT},{HOME}}}": run((1, 50 * HOUR)),
        },
        {24 * HOUR + 30: None, 49 * HOUR: None},
    ),
    Case(
        "EsddnsCredentialExpiring",
        "ends in twenty days, and is replaced two days before",
        {
            f"esddns_credential_expiry_timestamp{{{AGENT}}}": run(
                (20 * DAY * SECONDS, 18 * DAY), (90 * DAY * SECONDS, DAY)
            )
        },
        {
            5 * DAY: None,
            6 * DAY + 2 * HOUR: "warning",
            17 * DAY + 2 * HOUR: "critical",
            18 * DAY + HOUR: None,
        },
        {f"esddns_credential_expiry_timestamp{{{AGENT}}}": run((90 * DAY * SECONDS, 19 * DAY))},
    ),
    Case(
        "EsddnsCredentialExpiring",
        "no date was given",
        {f"up{{{AGENT}}}": run((1, 120))},
        {119: None},
    ),
    Case(
        "EsddnsOperatorDown",
        "all agents are silent, and come back; elsewhere one of two is",
        {f"up{{{a}}}": run((1, 5), (0, 10), (1, 10)) for a in (AGENT, OTHER)},
        {8: None, 12: "critical", 17: None},
        {f"up{{{AGENT}}}": run((1, 25)), f"up{{{OTHER}}}": run((0, 25))},
    ),
    Case(
        "EsddnsOperatorDown",
        "all agents are made anew within three minutes",
        {f"up{{{AGENT}}}": run((1, 5), (0, 3), (1, 20))},
        dict.fromkeys(range(25), None),
    ),
    Case(
        "EsddnsOperatorDown",
        "all targets of a cluster vanish, and those of another stay",
        {f"up{{{AGENT}}}": run((1, 5), None)},
        {8: None, 12: "critical", 50: "critical"},
        {f"up{{{AGENT}}}": run((1, 60))},
    ),
    Case(
        "EsddnsAgentsMissing",
        "one of three is not ready for long; elsewhere for a rolling update",
        {
            'esddns_agents{state="desired"}': run((3, 60)),
            'esddns_agents{state="ready"}': run((3, 5), (2, 25), (3, 30)),
        },
        {18: None, 22: "info", 32: None},
        {
            'esddns_agents{state="desired"}': run((3, 60)),
            'esddns_agents{state="ready"}': run((3, 5), (2, 10), (3, 45)),
        },
    ),
    Case(
        "EsddnsNoLeader",
        "nobody leads for long; elsewhere for a hand-over",
        {
            f"esddns_leader{{{a}}}": run((0, 15), (1 if a is AGENT else 0, 15))
            for a in (AGENT, OTHER)
        },
        {3: None, 8: "info", 17: None},
        {f"esddns_leader{{{AGENT}}}": run((1, 5), (0, 4), (1, 25))},
    ),
    Case(
        "EsddnsSeveralLeaders",
        "two lead for long; elsewhere while they change",
        {
            f"esddns_leader{{{AGENT}}}": run((1, 30)),
            f"esddns_leader{{{OTHER}}}": run((0, 5), (1, 10), (0, 15)),
        },
        {8: None, 12: "info", 17: None},
        {
            f"esddns_leader{{{AGENT}}}": run((1, 7), (0, 23)),
            f"esddns_leader{{{OTHER}}}": run((0, 5), (1, 25)),
        },
    ),
    Case(
        "EsddnsCacheStale",
        "of no use again and again, and then good; elsewhere never",
        {
            f'esddns_stale_cache_warnings_total{{{AGENT},reason="stale"}}': run(
                (0, 10), (1, 1, 30), (30, 60)
            )
        },
        {15: None, 30: "info", 75: None},
        {f'esddns_stale_cache_warnings_total{{{AGENT},reason="stale"}}': run((3, 100))},
    ),
    *_flag("EsddnsConfigurationInvalid", f"esddns_config_valid{{{AGENT}}}", 0, 5, "warning"),
    Case(
        "EsddnsEventLoopStalled",
        "a fifth of the time held up; elsewhere once for ten seconds",
        {
            f'esddns_event_loop_blocked_seconds_total{{{AGENT},pod="p"}}': run(
                (0, 10), (12, 12, 30), (360, 30)
            )
        },
        {15: None, 30: "info", 50: None},
        {f'esddns_event_loop_blocked_seconds_total{{{AGENT},pod="p"}}': run((0, 10), (10, 60))},
    ),
    *_flag("EsddnsServiceDown", f"esddns_service_health{{{WEB}}}", 0, 5, "critical"),
    Case(
        "EsddnsServiceDown",
        "its pods are silent; elsewhere one of two is",
        {f"up{{{WEB}}}": run((1, 5), (0, 10), (1, 10))},
        {8: None, 12: "critical", 17: None},
        {f"up{{{WEB}}}": run((1, 25)), 'up{job="esddns-service",instance="x"}': run((0, 25))},
    ),
    Case(
        "EsddnsServiceDown",
        "its pods vanish",
        {f"up{{{WEB}}}": run((1, 5), None)},
        {8: None, 12: "critical"},
        {f"up{{{WEB}}}": run((1, 30))},
    ),
    *_flag(
        "EsddnsLoadBalancerPending",
        f'esddns_load_balancer_address_present{{{AGENT},service="esddns-service"}}',
        0,
        10,
        "critical",
    ),
    Case(
        "EsddnsCertificateExpiring",
        "ends in a fortnight, and is replaced",
        {
            f"esddns_certificate_not_after_timestamp{{{WEB}}}": run(
                (15 * DAY * SECONDS, 2 * DAY), (90 * DAY * SECONDS, DAY)
            )
        },
        {DAY - 5: None, DAY + 2 * HOUR: "info", 2 * DAY + HOUR: None},
        {f"esddns_certificate_not_after_timestamp{{{WEB}}}": run((90 * DAY * SECONDS, 3 * DAY))},
    ),
    *_flag("EsddnsCertificateUnused", f"esddns_certificate_unused{{{WEB}}}", 1, 10, "info"),
]
