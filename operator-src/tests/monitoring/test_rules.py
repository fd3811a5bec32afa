"""Every alert fires when it should, is silent when it should, ends, and keeps clusters apart: by promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from manifests.rendering import ROOT
from monitoring.rule_cases import FILES, Story, alerts, groups, stories, write_case, write_rules

FIXED = {
    "EsddnsDNSUpdateFailures", "EsddnsNoRecentUpdates", "EsddnsOperatorDown", "EsddnsServiceDown",
    "EsddnsLoadBalancerPending",
}  # fmt: skip
NAMES = {alert["alert"] for alert in alerts()}
PAGES = "https://github.com/sqe/esddns/blob/main/"
# Alerts by their severity, of which each has to fire: some alerts have two.
RULES = {(alert["alert"], alert["labels"]["severity"]) for alert in alerts()}
# What a template leaves behind where it went wrong, or was not filled in.
_BROKEN = re.compile(r"  |%!|\{\{|<no value>|\bNaN\b|\(\)| [.,:;]|-\d+[dhms]\b")
_AGGREGATION = re.compile(
    r"\b(?:sum|min|max|avg|count|count_values|group|stddev|stdvar|topk|bottomk|quantile)\b"
    r"(?P<by> by \((?P<labels>[^)]*)\))?"
)
_MATCHING = re.compile(r"\b(?:on|ignoring) ?\((?P<labels>[^)]*)\)")
_CLUSTER = re.compile(r'\bcluster="(\w+)"')

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: apt install prometheus"
)


def promtool(*arguments: str | Path) -> None:
    """Run it; AssertionError with what it said where it fails."""
    command = ["promtool", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def told() -> list[tuple[Story, str, list[list[dict[str, Any]]]]]:
    """Each test with each alert that it looks at, and what is fired of it by the time."""
    return [
        (story, name, story.fired(name))
        for story in stories()
        for name in dict.fromkeys(one["alertname"] for one in story.asked)
    ]


@pytest.mark.debian
@needs_promtool
def test_the_rules_are_sound(tmp_path: Path) -> None:
    """promtool has nothing to say, not even about style."""
    promtool("check", "rules", "--lint=all", "--lint-fatal", write_rules(tmp_path))


@pytest.mark.debian
@needs_promtool
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_case(file: Path, tmp_path: Path) -> None:
    """What the file says is fired at each time is, with these labels and annotations, and nothing else."""
    promtool("test", "rules", write_case(file, tmp_path))


def test_every_alert_has_its_cases() -> None:
    """Each is seen to fire, not to fire beforehand, to end, and to be silent; no case is of another alert."""
    fires, waits, ends, silent = set(), set(), set(), set()
    for _story, name, times in told():
        severities = {fired["exp_labels"]["severity"] for one in times for fired in one}
        fires |= {(name, severity) for severity in severities}
        if severities:
            waits |= {name} if not times[0] else set()
            ends |= {name} if not times[-1] else set()
        else:
            silent.add(name)
    assert fires == RULES
    assert waits == NAMES
    assert ends == NAMES
    assert silent | {"EsddnsCredentialExpiring", "EsddnsCredentialUnconfirmed"} == NAMES


def test_every_alert_is_seen_in_two_clusters_at_once() -> None:
    """The alert of one keeps its name, and the other is silent at that time."""
    seen = set()
    for story, name, times in told():
        clusters = {found for one in story.series for found in _CLUSTER.findall(one)}
        for one in times:
            fired = {alert["exp_labels"].get("cluster") for alert in one} - {None}
            if fired and clusters - fired:
                assert fired < clusters
                seen.add(name)
    assert seen == NAMES


def test_the_cases_can_be_told_apart() -> None:
    """Each is named by a sentence of its own, is looked at by the time, and lies in its alert's file."""
    told_of = [(story.file, story.name) for story in stories()]
    assert len(told_of) == len(set(told_of))
    assert all(re.fullmatch(r"[A-Z].{15,}\.", name) for _file, name in told_of)
    for story, name, _times in told():
        assert story.file.partition("-")[0] == name, story.name


def test_what_people_read_is_whole() -> None:
    """No annotation that was rendered has a hole, a leftover of its template, or a negative duration."""
    fired = [alert for _story, _name, times in told() for one in times for alert in one]
    assert fired
    for alert in fired:
        for text in alert["exp_annotations"].values():
            assert not _BROKEN.search(text), text


def test_what_each_alert_says() -> None:
    """Each alert has a severity, sentences, and the page that says what to do."""
    assert NAMES >= FIXED
    for alert in alerts():
        name, said = alert["alert"], alert["annotations"]
        assert alert["labels"].keys() == {"severity"}
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}
        assert said.keys() == {"summary", "description", "runbook_url"}
        assert said["description"].strip().endswith(".")
        assert not said["summary"].endswith(".")
        page = f"docs/runbooks/{name}.md"
        assert said["runbook_url"] == PAGES + page
        assert (ROOT / page).is_file()


def test_clusters_stay_apart() -> None:
    """No aggregation drops the label of the cluster, and nothing is matched across clusters."""
    for rule in (rule for group in groups() for rule in group["rules"]):
        expr = re.sub(r"#.*|\"[^\"]*\"", "", rule["expr"])
        assert not re.search(r"\b(?:without|ignoring)\b", expr), expr
        for found in (*_AGGREGATION.finditer(expr), *_MATCHING.finditer(expr)):
            assert (found["labels"] or "").startswith("cluster, namespace"), expr
