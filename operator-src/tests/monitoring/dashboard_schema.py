"""Grafana's schema of a dashboard, as grafana-foundation-sdk has it, generated from one version of Grafana.

What the SDK read is written again and compared, which shows unknown fields. Each value is held against the
type declared for it, enums included: options, field configuration and overrides by the kind of the panel,
queries by the data source. Open in the schema, so not checked: the options of transformations, and which
units, colours and calculations there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import PanelCfgConfig, panelcfg_config
from grafana_foundation_sdk.models import prometheus
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DynamicConfigValue,
    FieldConfig,
    FieldConfigSource,
    Panel,
)

from monitoring.dashboard_types import fields, read_as

# Grafana leaves annotations open for fields of their data sources: Prometheus' has this one.
_OF_ANNOTATIONS = "titleFormat"


def problems(dashboard: dict[str, Any]) -> list[str]:
    """What is not as the schema has it, each with its path."""
    register_default_plugins()
    given = json.loads(json.dumps(dashboard))
    for annotation in given["annotations"]["list"]:
        if not isinstance(annotation.pop(_OF_ANNOTATIONS, ""), str):
            return [f"annotations.{_OF_ANNOTATIONS} is no text"]
    found = list(read_as(Dashboard, given, "dashboard"))
    if found:
        return found
    panels = [p for p in Dashboard.from_json(given).panels or [] if isinstance(p, Panel)]
    return [problem for panel in panels for problem in _by_kind(panel)]


def _by_kind(panel: Panel) -> Iterator[str]:
    """Look at what the SDK declares to be any object, for it depends on the kind of the panel."""
    where = f"panel {panel.title!r}"
    config = panel.field_config or FieldConfigSource()
    if (kind := panelcfg_config(panel.type_val)) is None:
        yield f"{where}: unknown kind {panel.type_val!r}"
        return
    for name, of_kind in (
        ("options", panel.options),
        ("custom", config.defaults.custom),
    ):
        if of_kind is not None:
            yield from fields(of_kind, f"{where}.{name}")
    for target in panel.targets or []:
        if not isinstance(target, prometheus.Dataquery):
            yield f"{where}: a query that is none of Prometheus"
    for override in config.overrides:
        for given in override.properties:
            yield from _property(given, kind, f"{where}.overrides.{given.id_val}")


def _property(given: DynamicConfigValue, kind: PanelCfgConfig, where: str) -> Iterator[str]:
    """Look at what an override puts in the place of a field of the configuration."""
    prefix, _, name = given.id_val.rpartition(".")
    if not prefix:
        yield from read_as(FieldConfig, {name: given.value}, where)
    elif prefix == "custom" and kind.field_config_from_json_hook is not None:
        config = kind.field_config_from_json_hook({name: given.value})
        if name not in config.to_json():
            yield f"{where}: unknown field"
        yield from fields(config, where)
    else:
        yield f"{where}: unknown property"
