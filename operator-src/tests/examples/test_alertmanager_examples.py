"""Both examples for Alertmanager send each severity to whom it is for, by Alertmanager's own tool."""

from __future__ import annotations

import copy
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from examples.example_files import EXAMPLES, load
from manifests.rendering import ROOT
from manifests.schemas import schema_problems

PLAIN = EXAMPLES / "alertmanager/alertmanager.yml"
WHO = {"critical": "night", "warning": "day", "info": "nobody"}
needs_amtool = pytest.mark.skipif(
    shutil.which("amtool") is None, reason="no amtool: apt install prometheus-alertmanager"
)


def amtool(*arguments: str) -> str:
    """Run it; AssertionError with what it said where it fails."""
    done = subprocess.run(["amtool", *arguments], check=False, capture_output=True, text=True)  # noqa: S603, S607
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def as_plain(route: dict[str, Any]) -> dict[str, Any]:
    """A route of AlertmanagerConfig as the operator writes it into Alertmanager's own file."""
    made = {
        "matchers": [f'{m["name"]} {m["matchType"]} "{m["value"]}"' for m in route["matchers"]],
        "receiver": route["receiver"],
    }
    if "groupBy" in route:
        made["group_by"] = route["groupBy"]
    if "routes" in route:
        made["routes"] = [as_plain(inner) for inner in route["routes"]]
    return made


def severities() -> set[str]:
    """Those that the rules have."""
    rule = yaml.safe_load((ROOT / "monitoring/prometheusrule.yaml").read_text("utf-8"))
    rules = [rule for group in rule["spec"]["groups"] for rule in group["rules"]]
    return {rule["labels"]["severity"] for rule in rules if "alert" in rule}


@pytest.mark.debian
@needs_amtool
def test_alertmanager_takes_it() -> None:
    """The file is sound."""
    amtool("check-config", str(PLAIN))


@pytest.mark.debian
@needs_amtool
@pytest.mark.parametrize(("severity", "receiver"), WHO.items())
def test_who_hears_of_it(severity: str, receiver: str) -> None:
    """Each severity reaches its receiver, with no other label, too; what is not of esddns goes elsewhere."""
    for name, wanted in (("EsddnsOperatorDown", receiver), ("Other", "default")):
        labels = (f"alertname={name}", f"severity={severity}")
        assert amtool("config", "routes", "test", f"--config.file={PLAIN}", *labels) == wanted


def test_every_severity_has_a_receiver() -> None:
    """The rules have no severity that the examples forget."""
    assert severities() == set(WHO)


def test_both_say_the_same() -> None:
    """The operator's form has the same routes, and the same receivers but the default one."""
    config, file = (
        load("alertmanager/alertmanagerconfig.yaml")["spec"],
        load("alertmanager/alertmanager.yml"),
    )
    assert [as_plain(config["route"])] == file["route"]["routes"]
    names = [receiver["name"] for receiver in config["receivers"]]
    assert [receiver["name"] for receiver in file["receivers"]] == ["default", *names]


def test_inner_routes_have_the_schema_of_the_outer() -> None:
    """The definition says nothing of routes in routes: each is held against that of a route."""
    config = load("alertmanager/alertmanagerconfig.yaml")
    routes = config["spec"]["route"]["routes"]
    assert len(routes) == len(WHO) - 1  # one severity is the outer route's
    for route in routes:
        alone = copy.deepcopy(config)
        alone["spec"]["route"] = route
        assert schema_problems(alone) == []
