"""Every alert fires when it should, is silent when it should, ends, and keeps clusters apart: by promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.rendering import ROOT
from monitoring.rule_cases import CASES, Case

RULES = ROOT / "monitoring/prometheusrule.yaml"
FIXED = {
    "EsddnsDNSUpdateFailures", "EsddnsNoRecentUpdates", "EsddnsOperatorDown", "EsddnsServiceDown",
    "EsddnsLoadBalancerPending",
}  # fmt: skip
# What may follow an aggregation that keeps the cluster, or one over time, which keeps all labels.
_AGGREGATION = re.compile(
    r"\b(sum|min|max|avg|count|group)\b(?!_over_time)(?P<by> by \((?P<labels>[^)]*)\))?"
)

pytestmark = [
    pytest.mark.debian,
    pytest.mark.skipif(
        shutil.which("promtool") is None, reason="no promtool: apt install prometheus"
    ),
]


def groups() -> list[dict[str, Any]]:
    """The groups of the PrometheusRule."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text("utf-8"))["spec"]["groups"]
    return found


def alerts() -> list[dict[str, Any]]:
    """Every alert."""
    return [rule for group in groups() for rule in group["rules"] if "alert" in rule]


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules as Prometheus itself reads them."""
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": groups()}, sort_keys=False))
    return file


def promtool(*arguments: str | Path) -> None:
    """Run it; AssertionError with what it said where it fails."""
    command = ["promtool", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def in_cluster(series: str, cluster: str) -> str:
    """Put the label of a cluster on a series."""
    name, _, labels = series.partition("{")
    return f'{name}{{cluster="{cluster}",namespace="esddns",{labels or "}"}'


def unit_test(case: Case, rules: Path) -> dict[str, Any]:
    """Write a case as promtool wants it."""
    named = f'alertname="{case.alert}",alertstate="firing",cluster!=""'
    firing = f"group by (cluster, severity) (ALERTS{{{named}}})"
    longest = max(case.fires)
    return {
        "rule_files": [str(rules)],
        # Stories of days would take minutes by the minute.
        "evaluation_interval": case.step if longest < 2 * 1440 else "5m",
        "tests": [
            {
                "interval": case.step,
                "input_series": [
                    {"series": in_cluster(series, cluster), "values": values}
                    for cluster, told in (("sick", case.sick), ("well", case.well))
                    for series, values in told.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": firing,
                        "eval_time": f"{minute}m",
                        "exp_samples": [
                            {"labels": f'{{cluster="sick",severity="{severity}"}}', "value": 1}
                        ]
                        if severity
                        else [],
                    }
                    for minute, severity in case.fires.items()
                ],
            }
        ],
    }


def test_the_rules_are_sound(rules: Path) -> None:
    """promtool has nothing to say, not even about style."""
    promtool("check", "rules", "--lint=all", "--lint-fatal", rules)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.what}")
def test_alert(case: Case, rules: Path, tmp_path: Path) -> None:
    """It fires at these minutes and at no other of those that are looked at, in the sick cluster alone."""
    file = tmp_path / "case.yaml"
    file.write_text(yaml.safe_dump(unit_test(case, rules)))
    promtool("test", "rules", file)


def test_nothing_at_all_is_told_too(rules: Path, tmp_path: Path) -> None:
    """A Prometheus that has no target of ours says that agents and status service are gone."""
    case = Case("none", "nothing", {'up{job="other"}': "1x20"}, {10: None})
    made = unit_test(case, rules)
    made["tests"][0]["promql_expr_test"] = [
        {
            "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
            "eval_time": "10m",
            "exp_samples": [
                {"labels": f'{{alertname="{name}"}}', "value": 1}
                for name in ("EsddnsOperatorDown", "EsddnsServiceDown")
            ],
        }
    ]
    file = tmp_path / "case.yaml"
    file.write_text(yaml.safe_dump(made))
    promtool("test", "rules", file)


def test_every_alert_has_its_cases() -> None:
    """Each is seen to fire, to be silent, and to end; no case is of an alert that there is not."""
    told: dict[str, list[str | None]] = defaultdict(list)
    ends = set()
    for case in CASES:
        states = [severity for _minute, severity in sorted(case.fires.items())]
        told[case.alert] += states
        if any(states) and states[-1] is None:
            ends.add(case.alert)
    names = {alert["alert"] for alert in alerts()}
    assert set(told) == names
    assert all(None in states and any(states) for states in told.values())
    assert ends == names
    severities = {(alert["alert"], alert["labels"]["severity"]) for alert in alerts()}
    assert severities == {(c.alert, s) for c in CASES for s in c.fires.values() if s}


def test_what_people_read() -> None:
    """Each alert has a severity, sentences, and the page that says what to do."""
    assert {alert["alert"] for alert in alerts()} >= FIXED
    for alert in alerts():
        name, said = alert["alert"], alert["annotations"]
        assert alert["labels"].keys() == {"severity"}
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}
        assert said.keys() == {"summary", "description", "runbook_url"}
        assert said["description"].strip().endswith(".")
        assert not said["summary"].endswith(".")
        page = f"docs/runbooks/{name}.md"
        assert said["runbook_url"] == f"https://github.com/sqe/esddns/blob/main/{page}"
        assert (ROOT / page).is_file()


def test_clusters_stay_apart() -> None:
    """No aggregation drops the label of the cluster."""
    for rule in (rule for group in groups() for rule in group["rules"]):
        assert "without" not in rule["expr"]
        for found in _AGGREGATION.finditer(rule["expr"]):
            assert (found["labels"] or "").startswith("cluster, namespace"), rule["expr"]
