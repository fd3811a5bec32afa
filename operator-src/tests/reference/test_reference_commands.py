"""The page of commands, options and variables says what the program's parser and the environment do."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest
import yaml

from esddns.config import schema
from esddns.config.load import DEFAULT_PATH
from manifests.rendering import ROOT
from reference import command_line, configuration_page
from reference.command_line import ENVIRON, actions, exit_codes, parsers, variable

CONFIGURATION = configuration_page.page()
SOURCE = ROOT / "operator-src/src/esddns"

# What may stand in the variables that the parser itself reads, other than by default.
GIVEN = {
    "ESDDNS_LOG_FORMAT": "json", "ESDDNS_LOG_LEVEL": "debug", "ESDDNS_STATE_DIR": "/elsewhere",
    "ESDDNS_LISTEN": "127.0.0.1:1", "ESDDNS_TLS_LISTEN": "127.0.0.1:2", "ESDDNS_TLS_DIR": "/elsewhere",
    "ESDDNS_AGENTS": "192.0.2.1:1", "POD_NAME": "a", "POD_NAMESPACE": "b", "NODE_NAME": "c",
}  # fmt: skip
# What `config.load` reads, with the default that the page shows.
LOADED = {
    "ESDDNS_CONFIG": str(DEFAULT_PATH),
    "ESDDNS_TARGET_DOMAIN": "",
    "ESDDNS_RECORD_TTL": schema.key_of(schema.RECORD, "ttl").default,
    "ESDDNS_DETECTION_INTERVAL": schema.key_of("detection", "interval").default,
}


def every_option() -> list[tuple[str, argparse.Action]]:
    """Each option and argument, with the command's name."""
    return [(name, action) for name, parser in parsers().items() for action in actions(parser)]


def test_every_option_is_described() -> None:
    """Each command and each of its options has a row; a new one gets one by itself."""
    told = {(name, one.shown) for one in command_line.options() for name in one.commands}
    assert len(told) == len(every_option())
    for name in parsers():
        assert f"| `esddns {name}` |" in CONFIGURATION
    for _, shown in told:
        assert f"| `{shown}` |" in CONFIGURATION


def test_the_defaults_of_options() -> None:
    """What the help says to be the default is the default."""
    for one in command_line.options():
        for name in one.commands:
            (action,) = [
                action for action in actions(parsers()[name]) if command_line._shown(action) == one.shown
            ]  # fmt: skip
            if one.variable in LOADED:
                assert one.default == LOADED[one.variable]
            elif action.nargs == 0:
                assert (one.default, action.default) == ("off", False)
            elif one.default_shown.startswith("`"):
                shown = action.default
                assert one.default == (f"{shown:g}" if isinstance(shown, float) else str(shown))
            else:
                words = {"the host's name", "no label is looked at", "told by what is in FILE"}
                assert one.default in words | {"a free one", ""}


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_a_variable_gives_its_option(name: str) -> None:
    """Each variable of the page changes exactly the option beside it, in each command that has that."""
    with_it = parsers({**ENVIRON, name: GIVEN[name]})
    changed = set()
    for command, parser in parsers().items():
        for before, after in zip(actions(parser), actions(with_it[command]), strict=True):
            if str(before.default) != str(after.default):
                changed.add((command, before.dest))
    told = {
        (command, action.dest)
        for command, action in every_option()
        if variable(parsers()[command], action) == name
    }
    assert changed == told
    assert told


def test_every_variable_is_on_the_page() -> None:
    """What the program looks up in the environment is named."""
    text = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    looked_up = set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', text))
    named = {f"ESDDNS_{found}" for found in re.findall(r"\bESDDNS_([A-Z_]+[A-Z])\b", text)}
    known = {*GIVEN, *LOADED}
    assert named <= known
    assert looked_up - known <= {"HOME", "STATE_DIRECTORY", "XDG_STATE_HOME"}
    for name in {*known, *looked_up} - {"HOME"}:
        assert f"`{name}`" in CONFIGURATION


def test_the_exit_codes() -> None:
    """Every command says what it ends with."""
    told = [name for names in exit_codes().values() for name in names]
    assert sorted(told) == sorted(parsers())
    for said in exit_codes():
        assert said in CONFIGURATION
        assert said.startswith("0  ")


def test_what_the_config_map_has() -> None:
    """The page's keys are those of the base, and those that the program reads beside dns.ini."""
    base = yaml.safe_load(Path(configuration_page._CONFIG_MAP).read_text("utf-8"))
    beside = {name.removeprefix("ESDDNS_").lower().replace("_", "-") for name in LOADED}
    assert set(base["data"]) == set(configuration_page.MAPPED)
    assert set(configuration_page.MAPPED) == (beside - {"config"}) | {"dns.ini"}
