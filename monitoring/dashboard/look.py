"""How a panel looks: one function for each kind, so that those of a kind look alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import heatmap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.builders.heatmap import HeatmapColorOptions, YAxisConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

Panel = Builder[dashboard.Panel]
Kind = stat.Panel | table.Panel | timeseries.Panel | statetimeline.Panel | heatmap.Panel
# A query is its expression and the legend of its series.
Query = tuple[str, str]
# A value's text and colour.
Said = tuple[str, str]
# From which value on which colour; the first is that of everything below.
Steps = Sequence[tuple[float | None, str]]

# Without braces: what substitutes $-variables in manifests leaves it alone.
DATASOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="$datasource")

_PLAIN: Steps = ((None, "text"),)
# Two scrapes at least are in a window of four times this.
SCRAPE = "30s"


def promql(expression: str) -> str:
    """Write `{S` out as the selector of the chosen clusters, `{R` as that of the chosen records too."""
    site = 'cluster=~"$cluster"'
    written = expression.replace("{S", "{" + site).replace("{R", "{" + site + ',record=~"$record"')
    return " ".join(written.split())


def at_a_glance(
    title: str,
    why: str,
    *queries: Query,
    width: int,
    unit: str = "string",
    says: Mapping[float, Said] | None = None,
    steps: Steps = _PLAIN,
    none: Said = ("no data", "text"),
    name: bool = False,
    filled: bool = False,
    colors: Mapping[str, Steps] | None = None,
) -> Panel:
    """Values of now, large. `name`: labels are what is to be read; `colors`: the steps of some, by legend."""
    panel = stat.Panel().height(4).graph_mode(common.BigValueGraphMode.NONE)
    panel.reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]).fields(""))
    panel.color_mode(
        common.BigValueColorMode.BACKGROUND if filled else common.BigValueColorMode.VALUE
    )
    if name:
        panel.text_mode(common.BigValueTextMode.NAME)
    for label, of_label in (colors or {}).items():
        panel.override_by_name(
            label, [dashboard.DynamicConfigValue("thresholds", _thresholds(of_label).build())]
        )
    for query in _queries(queries, instant=True):
        panel.with_target(query)
    return _described(panel, title, why, unit, width, none, says or {}, steps)


def over_time(
    title: str,
    why: str,
    *queries: Query,
    width: int,
    unit: str,
    none: str = "nothing in this time",
    steps: Steps | None = None,
    style: common.GraphDrawStyle = common.GraphDrawStyle.LINE,
    stacked: bool = False,
    most: float | None = None,
    scrape: str = SCRAPE,
) -> Panel:
    """Draw lines over time. `steps` are drawn as lines too; `most` is the top of the axis."""
    panel = timeseries.Panel().height(7).line_width(1).fill_opacity(10).min(0)
    panel.draw_style(style).show_points(common.VisibilityMode.AUTO)
    panel.legend(_legend()).tooltip(_tooltip())
    if style is common.GraphDrawStyle.POINTS:
        panel.show_points(common.VisibilityMode.ALWAYS).point_size(6)
    if stacked:
        panel.stacking(build.StackingConfig().mode(common.StackingMode.NORMAL)).fill_opacity(40)
    if most is not None:
        panel.max(most)
    if steps:
        dashed = build.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel.thresholds_style(dashed)
    for query in _queries(queries, instant=False, scrape=scrape):
        panel.with_target(query)
    return _described(panel, title, why, unit, width, (none, "text"), {}, steps or _PLAIN)


def states_over_time(
    title: str,
    why: str,
    query: Query,
    *,
    width: int,
    height: int,
    says: Mapping[float, Said],
    none: str,
) -> Panel:
    """One bar for each series, in the colours of its states."""
    panel = statetimeline.Panel().height(height).show_value(common.VisibilityMode.NEVER)
    panel.row_height(0.8).fill_opacity(80).line_width(0).merge_values(merge_values=True)
    panel.legend(_legend()).tooltip(_tooltip())
    for target in _queries([query], instant=False):
        panel.with_target(target)
    return _described(panel, title, why, "string", width, (none, "text"), says, _PLAIN)


def buckets(title: str, why: str, query: Query, *, width: int, unit: str, none: str) -> Panel:
    """Draw a histogram over time: how many fell into each bucket, and when."""
    panel = heatmap.Panel().height(7).calculate(calculate=False)
    scheme = HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(16)
    panel.color(scheme).cell_gap(1).show_value(common.VisibilityMode.AUTO)
    panel.y_axis(YAxisConfig().unit(unit).axis_placement(common.AxisPlacement.LEFT))
    panel.hide_legend().mode(common.TooltipDisplayMode.SINGLE)
    panel.hide_from(build.HideSeriesConfig())
    for target in _queries([query], instant=False):
        panel.with_target(target.format(PromQueryFormat.HEATMAP))
    return _described(panel, title, why, "none", width, (none, "text"), {}, _PLAIN)


def columns(
    title: str,
    why: str,
    *queries: Query,
    width: int,
    names: Mapping[str, str],
    overrides: Mapping[str, Sequence[dashboard.DynamicConfigValue]],
    none: str,
) -> Panel:
    """Join queries into a table, one row for each set of labels, each query's legend its column.

    `names` are the labels to show, in their order, and what stands above them.
    """
    panel = table.Panel().height(8).show_header(show_header=True).min_width(70)
    for target in _queries(queries, instant=True):
        panel.with_target(target.format(PromQueryFormat.TABLE))
    shown = dict(names) | {f"Value #{chr(65 + i)}": legend for i, (_, legend) in enumerate(queries)}
    order = {"indexByName": {name: i for i, name in enumerate(shown)}, "renameByName": shown}
    hidden = {"excludeByName": {"Time": True, "namespace": True}}
    for transformation, options in (("merge", {}), ("organize", order | hidden)):
        panel.with_transformation(
            dashboard.DataTransformerConfig(id_val=transformation, options=options)
        )
    for column, properties in overrides.items():
        panel.override_by_name(column, list(properties))
    return _described(panel, title, why, "string", width, (none, "text"), {}, _PLAIN)


def mappings(says: Mapping[float, Said]) -> list[dashboard.ValueMapping]:
    """Give texts and colours for values."""
    results = {
        f"{value:g}": dashboard.ValueMappingResult(text=text, color=color, index=i)
        for i, (value, (text, color)) in enumerate(says.items())
    }
    return [dashboard.ValueMap(options=results)] if results else []


def _described(
    panel: Kind,
    title: str,
    why: str,
    unit: str,
    width: int,
    none: Said,
    says: Mapping[float, Said],
    steps: Steps,
) -> Panel:
    text, color = none
    nothing = dashboard.SpecialValueMap(
        dashboard.DashboardSpecialValueMapOptions(
            match=dashboard.SpecialValueMatch.NULL_AND_NAN,
            result=dashboard.ValueMappingResult(text=text, color=color, index=len(says)),
        )
    )
    special = [nothing] if isinstance(panel, stat.Panel) else []
    panel.title(title).description(why).datasource(DATASOURCE).span(width).no_value(text).unit(unit)
    panel.thresholds(_thresholds(steps)).mappings([*mappings(says), *special])
    return panel


def _queries(queries: Sequence[Query], *, instant: bool, scrape: str = "") -> list[Dataquery]:
    made = []
    for i, (expression, legend) in enumerate(queries):
        query = Dataquery().ref_id(chr(65 + i)).expr(promql(expression)).legend_format(legend)
        query.datasource(DATASOURCE).editor_mode(QueryEditorMode.CODE)
        made.append(query.instant() if instant else query.range().interval(scrape or SCRAPE))
    return made


def _thresholds(steps: Steps) -> ThresholdsConfig:
    made = [dashboard.Threshold(value=value, color=color) for value, color in steps]
    return ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(made)


def _legend() -> build.VizLegendOptions:
    legend = build.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST)
    return legend.placement(common.LegendPlacement.BOTTOM).show_legend(show_legend=True)


def _tooltip() -> build.VizTooltipOptions:
    tooltip = build.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    return tooltip.sort(common.SortOrder.DESCENDING)
