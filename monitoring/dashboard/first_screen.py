"""What a person sees first: whether DNS is right, and where not, which part to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grafana_foundation_sdk.models.common import TableCellBackgroundDisplayMode as Background
from grafana_foundation_sdk.models.common import TableColoredBackgroundCellOptions as Colored
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from look import (
    Panel,
    Said,
    at_a_glance,
    buckets,
    columns,
    mappings,
    over_time,
    states_over_time,
)

# As the alert EsddnsNoRecentUpdates has it.
_LONG_AGO = 20 * 60
_DAY = 86400

# Samples of 0 were out of sync; 30 days have 720 times as many as the last hour, of which 0.1 % may be.
# An average over 30 days would measure a record that is a day old by that one day.
_BUDGET = """
1 - 1000 * (count_over_time(esddns:state_in_sync{R}[30d]) - sum_over_time(esddns:state_in_sync{R}[30d]))
/ (720 * count_over_time(esddns:state_in_sync{R}[1h]))
"""
_SINCE_CHECK = "time() - max by (cluster, family) (esddns_last_check_timestamp{S})"
_IN_SYNC = {0.0: ("OUT OF SYNC", "red"), 1.0: ("in sync", "green")}
_FLAG = {0.0: ("no", "text"), 1.0: ("YES", "red")}


def panels() -> Iterator[Panel]:
    """Give them, in the order of reading."""
    yield from _answer()
    yield from _parts()
    yield _records()
    yield states_over_time(
        "In sync, over time",
        "When each record held what it should; gaps are times of which nobody knows.",
        ("esddns:state_in_sync{R}", "{{record}} {{type}} {{cluster}}"),
        width=10,
        height=8,
        says=_IN_SYNC,
        none="no rule records it",
    )
    yield over_time(
        "Time since the last check that decided",
        "How long ago a quorum of sources last agreed on the address, by family.",
        (_SINCE_CHECK, "{{family}} {{cluster}}"),
        width=12,
        unit="s",
        steps=((None, "green"), (_LONG_AGO, "red")),
        none="no check yet",
    )
    yield buckets(
        "From the decision on an address to DNS showing it",
        "How many records took how long to follow a new address.",
        (
            "sum by (le) (increase(esddns_convergence_seconds_bucket{S}[$__rate_interval]))",
            "{{le}}",
        ),
        width=12,
        unit="s",
        none="no address changed",
    )


def _answer() -> Iterator[Panel]:
    yield at_a_glance(
        "Is DNS right?",
        "Whether every record holds what it should, as of a check that is not long ago.",
        (
            # A record that is wrong is said however old the check; one that is right only while it is known.
            f"""
            min(esddns:state_in_sync{{R}}) == 0
            or
            2 * group(
              time() - max by (cluster, namespace, family) (esddns_last_check_timestamp{{S}})
              > on (cluster, namespace) group_left () clamp_min(
                2 * max by (cluster, namespace) (esddns_detection_interval_seconds{{S}}), {_LONG_AGO}
              )
            )
            or
            min(esddns:state_in_sync{{R}})
            """,
            "DNS",
        ),
        width=5,
        says=_IN_SYNC | {2.0: ("NOT CHECKED OF LATE", "orange")},
        none=("NOT KNOWN", "orange"),
        filled=True,
    )
    yield at_a_glance(
        "Public address",
        "The address of each family that the agents take for right; two of one family are two opinions.",
        ("max by (cluster, family, ip) (esddns_current_wan_ip_info{S})", "{{ip}} {{cluster}}"),
        width=7,
        steps=((None, "blue"),),
        none=("not known", "orange"),
        name=True,
    )
    yield at_a_glance(
        "Last check",
        "How long ago a quorum of sources last agreed on the address.",
        (_SINCE_CHECK, "{{family}} {{cluster}}"),
        width=6,
        unit="s",
        steps=((None, "green"), (_LONG_AGO / 2, "orange"), (_LONG_AGO, "red")),
        none=("none yet", "red"),
    )
    yield at_a_glance(
        "Error budget left",
        "What is left of the 43 minutes in 30 days that the worst record may be out of sync.",
        (f"min({_BUDGET})", "budget"),
        width=6,
        unit="percentunit",
        steps=((None, "red"), (0.0, "orange"), (0.25, "green")),
        none=("no rule records it", "text"),
    )


def _parts() -> Iterator[Panel]:
    yield at_a_glance(
        "Leader",
        "The pod that holds the Lease: it alone detects and writes.",
        ("max by (cluster, pod) (esddns_leader{S} == 1)", "{{pod}} {{cluster}}"),
        width=6,
        steps=((None, "green"),),
        none=("nobody leads", "red"),
        name=True,
    )
    yield at_a_glance(
        "Agents",
        "How many agents answer Prometheus, and how many pods the DaemonSet should have.",
        ('sum(up{S,job="esddns-operator"})', "answering"),
        ('sum(max by (cluster, namespace) (esddns_agents{S,state="desired"}))', "wanted"),
        width=5,
        unit="none",
        none=("none", "red"),
        colors={"answering": ((None, "red"), (1.0, "green"))},
    )
    yield at_a_glance(
        "Token",
        "Whether Gandi takes the token, as the leader last heard.",
        (
            """
            3 * group(esddns_credential_missing{S} == 1)
            or 2 * group(esddns_credential_rejected{S} == 1)
            or min(max by (cluster, namespace) (esddns_credential_good_timestamp{S} > bool 0))
            """,
            "token",
        ),
        width=3,
        says={
            0.0: ("not tried", "orange"),
            1.0: ("good", "green"),
            2.0: ("REJECTED", "red"),
            3.0: ("MISSING", "red"),
        },
    )
    yield at_a_glance(
        "Token ends in",
        "Time until the day that token-expires gives.",
        ("min(esddns_credential_expiry_timestamp{S}) - time()", "ends in"),
        width=3,
        unit="s",
        steps=((None, "red"), (3.0 * _DAY, "orange"), (14.0 * _DAY, "green")),
        none=("no date", "text"),
    )
    yield at_a_glance(
        "Configuration",
        "Whether the ConfigMap as it is now is in use by every agent.",
        ("min(esddns_config_valid{S})", "configuration"),
        width=3,
        says={0.0: ("BROKEN", "red"), 1.0: ("valid", "green")},
    )
    yield at_a_glance(
        "Status service",
        "Whether the page for people shows fresh state.",
        ("min(max by (cluster, namespace) (esddns_service_health{S}))", "status service"),
        width=4,
        says={0.0: ("STALE", "red"), 1.0: ("fresh", "green")},
        none=("DOWN", "red"),
    )


def _records() -> Panel:
    def best(metric: str) -> str:
        return f"max by (cluster, namespace, record, type) ({metric}{{R}})"

    colored = DynamicConfigValue("custom.cellOptions", Colored(mode=Background.BASIC))

    def flag(says: dict[float, Said]) -> Sequence[DynamicConfigValue]:
        return [DynamicConfigValue("mappings", mappings(says)), colored]

    return columns(
        "Records",
        "Each record as the leader sees it now.",
        (best("esddns:state_in_sync"), "in sync"),
        (f"1000 * {best('esddns_last_dns_update_timestamp')}", "last write"),
        (best("esddns_record_contested"), "contested"),
        (best("esddns_record_left_alone"), "left alone"),
        (best("esddns_dns_path_differs"), "DNS differs"),
        (_BUDGET, "budget left"),
        width=14,
        names={"cluster": "cluster", "record": "record", "type": "type"},
        overrides={
            "in sync": flag(_IN_SYNC),
            "last write": [DynamicConfigValue("unit", "dateTimeFromNow")],
            "contested": flag(_FLAG),
            "left alone": flag(_FLAG),
            "DNS differs": flag(_FLAG),
            "budget left": [DynamicConfigValue("unit", "percentunit")],
        },
        none="no records",
    )
