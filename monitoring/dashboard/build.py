"""Writes the dashboard as Grafana imports it: `python build.py` (`make generated`), or to a file given."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from first_screen import panels
from look import DATASOURCE, promql
from rows import rows

# That of Grafana 10.4; what is newer brings it up to date when it loads it.
_SCHEMA_VERSION = 39
_REPOSITORY = "https://github.com/sqe/esddns"


class _Event(dashboard.AnnotationQuery):
    """An annotation with what Prometheus' data source reads beside the fields of all: the event's text."""

    def __init__(self, name: str, color: str, text: str, expression: str) -> None:
        super().__init__(name, DATASOURCE, icon_color=color, expr=promql(expression))
        self._text = text

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), "titleFormat": self._text}


def _events() -> list[dashboard.AnnotationQuery]:
    return [
        # One that is new, where there was another before: not a first start.
        _Event(
            "Address changes",
            "blue",
            "{{family}} address is {{ip}} {{cluster}}",
            """
            (
              group by (cluster, namespace, family, ip) (esddns_current_wan_ip_info{S})
              unless group by (cluster, namespace, family, ip)
                (esddns_current_wan_ip_info{S} offset $__rate_interval)
            )
            and on (cluster, namespace, family)
              (esddns_current_wan_ip_info{S} offset $__rate_interval)
            """,
        ),
        _Event(
            "Leader changes",
            "purple",
            "the leader changed {{cluster}}",
            "max by (cluster, namespace) (increase(esddns_leader_changes_total{S}[$__rate_interval])) > 0",
        ),
        _Event(
            "Drift repaired",
            "orange",
            "{{record}} {{type}} was put right {{cluster}}",
            """
            sum by (cluster, namespace, record, type)
              (increase(esddns_drift_repaired_total{R}[$__rate_interval])) > 0
            """,
        ),
    ]


def _of_label(name: str, title: str, metric: str) -> QueryVariable:
    """A choice of values of a label, all at first; all is also what has no such label."""
    variable = QueryVariable(name).label(title).datasource(DATASOURCE)
    variable.query(f"label_values({promql(metric)}, {name})")
    variable.include_all(include_all=True).multi(multi=True).all_value(".*")
    variable.current(dashboard.VariableOption(text=["All"], value=["$__all"]))
    variable.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return variable.sort(dashboard.VariableSort.ALPHABETICAL_ASC)


def _link(title: str, path: str) -> DashboardLink:
    link = DashboardLink(title).type(dashboard.DashboardLinkType.LINK).icon("doc")
    return link.url(_REPOSITORY + path).target_blank(target_blank=True)


def build() -> dashboard.Dashboard:
    """Make it, panels numbered in their order."""
    made = Dashboard("esddns").uid("esddns").tags(["esddns", "dns", "kubernetes"])
    made.description("Whether DNS holds the public address of the cluster, and if not, why.")
    made.time("now-6h", "now").refresh("30s").timezone("browser").readonly()
    made.tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    made.with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    made.with_variable(_of_label("cluster", "Cluster", "esddns_build_info"))
    made.with_variable(_of_label("record", "Record", "esddns_state_in_sync{S}"))
    made.link(_link("What to do on an alert", "/tree/main/docs/runbooks"))
    made.link(_link("Metrics", "/blob/main/docs/metrics.md"))
    for panel in panels():
        made.with_panel(panel)
    for title, of_row in rows():
        made.with_row(Row(title))
        for panel in of_row:
            made.with_panel(panel)
    built = made.build()
    built.schema_version = _SCHEMA_VERSION
    built.annotations = dashboard.AnnotationContainer(list_val=_events())
    for number, any_panel in enumerate(built.panels or [], start=1):
        any_panel.id_val = number
    return built


def main(out: Path) -> None:
    """Write it, the same bytes for the same code."""
    text = json.dumps(build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
    out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("esddns.json"))
