"""The dashboard: what its builder makes, by Grafana's schema, and in queries that Prometheus understands."""

from __future__ import annotations

import copy
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manifests.rendering import ROOT
from monitoring.dashboard_answers import ANSWERS
from monitoring.dashboard_expressions import expressions
from monitoring.dashboard_promtool import evaluate, parse
from monitoring.dashboard_schema import problems
from monitoring.dashboard_wrong import WRONG, Change

FOLDER = ROOT / "monitoring/dashboard"
TEXT = (FOLDER / "esddns.json").read_text("utf-8")
DASHBOARD: dict[str, Any] = json.loads(TEXT)
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TITLES = [panel["title"] for panel in PANELS]
NO_OTHERS: dict[str, Any] = {"templating": {"list": []}, "annotations": {"list": []}}
each_panel = pytest.mark.parametrize("panel", PANELS, ids=TITLES)


def test_it_is_what_the_builder_makes(tmp_path: Path) -> None:
    """The file is written by `make generated`, and comes out the same each time."""
    out = tmp_path / "esddns.json"
    subprocess.run([sys.executable, FOLDER / "build.py", out], check=True)  # noqa: S603
    assert out.read_text("utf-8") == TEXT


def test_it_is_as_grafana_s_schema_has_it() -> None:
    """No unknown field, no wrong type, no unknown value of an enum, in any panel or query."""
    assert problems(DASHBOARD) == []


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_what_is_not_by_the_schema_is_found(change: Change, said: str) -> None:
    """The check can fail: one thing is made wrong, and it is that which is said."""
    wrong = copy.deepcopy(DASHBOARD)
    change(wrong)
    found = problems(wrong)
    assert any(said in problem for problem in found), found


@pytest.mark.debian
def test_every_expression_parses(tmp_path: Path) -> None:
    """Those of panels, variables and annotations, by the parser of Prometheus."""
    asked = expressions(DASHBOARD)
    done = parse(asked, tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{len(asked)} rules found" in done.stdout


@pytest.mark.debian
def test_what_does_not_parse_is_found(tmp_path: Path) -> None:
    """One bracket is missing among all that is asked."""
    done = parse([*expressions(DASHBOARD), "sum(up"], tmp_path)
    assert done.returncode != 0


@pytest.mark.debian
@pytest.mark.parametrize(("title", "scraped", "value"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_answered_at_a_glance(
    title: str, scraped: dict[str, str], value: float | None, tmp_path: Path
) -> None:
    """Where several metrics make one answer, it is the right one, and another is seen to be wrong."""
    (target,) = next(panel for panel in PANELS if panel["title"] == title)["targets"]
    (asked,) = expressions({"panels": [{"targets": [target]}], **NO_OTHERS})
    done = evaluate(asked, scraped, value, tmp_path)
    assert done.returncode == 0, done.stderr
    assert evaluate(asked, scraped, 99, tmp_path).returncode != 0


def test_expressions_are_of_everything_that_asks() -> None:
    """Panels, variables and annotations are all looked at, and no variable of Grafana's is left."""
    asked = expressions(DASHBOARD)
    assert "esddns_build_info" in asked
    assert any("esddns_drift_repaired_total" in text and text.endswith("> 0") for text in asked)
    assert not any("$" in text for text in asked)
    with pytest.raises(KeyError):
        expressions(json.loads(TEXT.replace("$__rate_interval", "$__rate_intervall")))


def objects(of: Any) -> Iterator[dict[str, Any]]:
    """Every object, however deep."""
    if isinstance(of, dict):
        yield of
    for child in of.values() if isinstance(of, dict) else of if isinstance(of, list) else ():
        yield from objects(child)


def test_no_data_source_is_baked_in() -> None:
    """All that asks goes by the variable, whose choice is left to Grafana."""
    named = [obj["datasource"] for obj in objects(DASHBOARD) if "datasource" in obj]
    assert len(named) > 2 * len(PANELS)
    assert all(one == {"type": "prometheus", "uid": "$datasource"} for one in named)
    (variable,) = (v for v in DASHBOARD["templating"]["list"] if v["type"] == "datasource")
    assert (variable["name"], variable["query"]) == ("datasource", "prometheus")
    assert "current" not in variable
    assert "__inputs" not in DASHBOARD


def test_nothing_for_others_to_substitute() -> None:
    """Flux and envsubst put something in the place of a name in braces; none is here."""
    assert "${" not in TEXT


def test_all_is_also_where_there_is_no_such_label() -> None:
    """One cluster alone has no label `cluster`: choosing all must not ask for one."""
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            assert variable["allValue"] == ".*"
            assert variable["current"]["value"] == ["$__all"]
    for panel in PANELS:
        for target in panel["targets"]:
            assert 'cluster=~"$cluster"' in target["expr"]


def test_places() -> None:
    """Each panel has a number of its own, and a place that no other takes, within 24 columns."""
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        columns, lines = range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
        for place in itertools.product(columns, lines):
            assert place not in taken, (panel["title"], taken[place])
            taken[place] = panel["title"]
    assert len(set(TITLES)) == len(TITLES)


@each_panel
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    """One plain sentence, a unit, a word where there is no data, and series that have names."""
    assert re.fullmatch(r"[A-Z0-9][^.]*(\.\d[^.]*)*\.", panel["description"]), panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["fieldConfig"]["defaults"]["noValue"]
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert all(target["legendFormat"].strip() for target in panel["targets"])


@each_panel
def test_legends_name_labels_that_are_there(panel: dict[str, Any]) -> None:
    """A label that the expression aggregates away would show as nothing."""
    for target in panel["targets"]:
        shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        if kept := re.search(r"by \(([^)]*)\)", target["expr"]):
            assert shown <= set(kept[1].split(", ")), target["expr"]
        else:
            assert shown <= {"cluster", "record", "type"}, target["expr"]


@each_panel
def test_counters_are_shown_as_rates(panel: dict[str, Any]) -> None:
    """A counter's own value says how long its process runs."""
    for target in panel["targets"]:
        counters = r"(\S*)\b\w+_(?:total|bucket|count|sum)\{[^}]*\}(\S*)"
        for before, after in re.findall(counters, target["expr"]):
            assert before.endswith(("rate(", "increase(")), target["expr"]
            assert after.startswith("[$__rate_interval]"), target["expr"]


def test_the_way_to_the_runbooks() -> None:
    """Whoever looks at it is one click from what to do."""
    urls = {link["url"] for link in DASHBOARD["links"]}
    assert "https://github.com/sqe/esddns/tree/main/docs/runbooks" in urls
