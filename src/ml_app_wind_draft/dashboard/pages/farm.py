"""The farm page: every turbine now, the farm over time, where energy was left, and how much."""

from typing import Any

from dash import Dash, Input, Output, dcc, html

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import (
    components,
    farm_replies,
    figures,
    forecast_fan,
    reading_farm,
    replies,
    tables,
)
from ml_app_wind_draft.dashboard.farm_replies import (
    CELLS,
    FARM_RANGES,
    LOSS_COLUMNS,
    WORST_COLUMNS,
)
from ml_app_wind_draft.dashboard.forecast_fan import SCORE_COLUMNS
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.parts import only_new
from ml_app_wind_draft.dashboard.reader import Farm
from ml_app_wind_draft.dashboard.reading_farm import FarmView
from ml_app_wind_draft.dashboard.shell import browser
from ml_app_wind_draft.dashboard.tails import Held, held_of, start_for, tail, zone_of
from ml_app_wind_draft.dashboard.view import View
from ml_app_wind_draft.dashboard.words import DAY
from ml_app_wind_draft.models.forecast.units import farm_name

SCALE = (  # the class of a cell, and what it stands for
    ("p0", "below 50 %"),
    ("p1", "50\N{EN DASH}70"),
    ("p2", "70\N{EN DASH}85"),
    ("p3", "85\N{EN DASH}95"),
    ("p4", "95\N{EN DASH}105"),
    ("p5", "105\N{EN DASH}115"),
    ("p6", "above 115 %"),
)


def layout(site: Site, settings: Settings) -> html.Div:  # noqa: ARG001 - a page's signature
    """The page without data."""
    return html.Div(
        [
            html.Div(id="no-model", className="banner hidden"),
            html.Div(
                className="view-bar spread",
                children=[
                    html.Div(
                        className="farm-line",
                        children=[
                            html.H2(site.title),
                            html.Span(id="farm-power", className="note"),
                        ],
                    ),
                    components.choice(
                        "farm-range", {each: each for each in FARM_RANGES}, "7d", "Look back"
                    ),
                ],
            ),
            html.Div(
                className="tiles",
                children=[
                    components.tile(i, each, meter=True) for i, each in enumerate(site.turbine_ids)
                ],
            ),
            html.Div(className="farm-columns", children=[_chart_card(), _worst_card()]),
            _heat_card(),
            _losses_card(),
            _scores_card(),
            html.P(f"Data: {site.licence}" if site.licence else "", className="note licence"),
        ]
    )


def _chart_card() -> html.Section:
    return tables.card(
        "Farm power against expectation",
        components.legend(
            {each: figures.LEGEND[each][0] for each in ("power", "expected", "band", "forecast")}
        ),
        html.Div(
            className="chart-box farm-box",
            id="farm-box",
            children=[
                dcc.Graph(
                    id="farm-chart",
                    className="chart",
                    figure=components.nothing(),
                    config=components.PLOT_CONFIG,
                ),
                html.P(id="farm-note", className="chart-note"),
                html.Div(className="skeleton chart-skeleton"),
            ],
        ),
        forecast_fan.line(),
        about=html.Span("\N{NO-BREAK SPACE}", id="farm-about", className="note"),
        help_text="Sums over the turbines that have a row. The band is the farm's own:"
        " made to hold 8 of 10 rows in normal operation, by its errors of the last 60 days."
        " Beyond now: the newest forecast, its median and where 5 and 9 of 10 hours should lie.",
        beside=[components.reset_button("farm-reset")],
        class_name="chart-card",
    )


def _worst_card() -> html.Section:
    return tables.card(
        "Worst hours",
        tables.frame(
            "worst", "The ten hours in view with the most energy below expectation", WORST_COLUMNS
        ),
        about="most energy below expectation, in view",
        help_text="Expected minus measured energy, in whatever state the turbine was.",
    )


def _heat_card() -> html.Section:
    scale = html.Div(
        className="scale",
        children=[
            html.Span([html.I(className=f"cell {name}"), label])
            for name, label in (*SCALE, ("calm", "calm"), ("none", "no data"))
        ],
    )
    return tables.card(
        "Performance",
        html.Div(id="heat", className="heat"),
        about=html.Span("share of expected energy", id="heat-says", className="note"),
        help_text="Measured over expected energy, in all states. Grey cells: too little"
        " wind to judge; empty cells: no data.",
        beside=[scale],
        class_name="heat-card",
    )


def _losses_card() -> html.Section:
    as_file = tables.csv_link(
        "losses-csv",
        "Energy below expectation",
        "/export/losses.csv",
        "The same as a file, with each state",
    )
    return tables.card(
        "Energy below expectation",
        tables.frame("losses", "Energy below expectation by turbine and month", LOSS_COLUMNS),
        about="by turbine and month, whole days",
        help_text="Expected minus measured energy of rows that have a prediction, by"
        " UTC month; negative: more than expected. Split by inferred state.",
        beside=[as_file],
    )


def _scores_card() -> html.Section:
    return tables.card(
        "Forecasts, as they turned out",
        tables.frame("forecast-scores", "Errors of past forecasts of the farm", SCORE_COLUMNS),
        about="the farm's, by how far ahead, last 30 days",
        help_text="Every forecast is kept as it was issued. MAE and pinball loss in percent of"
        " rated power, beside persistence on the same hours: a forecast with skill is better than"
        " what costs nothing. `wind forecast --scores` has every turbine, too.",
        class_name="scores-card",
    )


def register(app: Dash, house: House) -> None:  # noqa: ARG001 - a page's signature
    """The chart's own controls."""
    app.clientside_callback(
        browser("redraw", "windFarm"),
        Output("farm-box", "data-drawn"),
        Input("farm-reset", "n_clicks"),
    )
    app.clientside_callback(
        browser("zoomed", "windFarm"),
        Output("farm-reset", "className"),
        Input("farm-chart", "relayoutData"),
        Input("farm-reset", "n_clicks"),
        Input("farm-range", "value"),
    )


def reply(house: House, view: View, held: dict[str, Any]) -> Reply:
    """What a refresh tells the page."""
    reader, site, zone = house.reader, house.site, view.zone(house.site)
    farm, reign, models = reader.farm(), reader.reign(), reader.models()
    range_name = view.choice("range", FARM_RANGES, "7d")
    span, cell = FARM_RANGES[range_name], CELLS[range_name]
    known, known_cells = held_of(held.get("chart")), held_of(held.get("heat"))
    bucket = figures.bucket_of(span, farm_replies.least_step(site, span))
    start = (farm.now - span) // bucket * bucket
    first = start_for(range_name, start, known, DAY)
    shown = reading_farm.farm_view(reader, site, farm.now, farm.now - start, first, cell)
    chart = _chart(shown, range_name, site, known, bucket)
    heat = _heat(shown, range_name, site, known_cells)
    tables_ = only_new(f"{range_name}|{zone.key}", _parts(house, farm, shown, view), held)
    has_champion = reign is not None or models.champion is not None
    watched = reading_farm.watched(reader, site, farm)
    told = zone_of(zone, farm.now)
    return {
        "props": {
            **replies.farm_props(farm, site),
            **replies.tile_props(farm, site, has_champion=has_champion),
            **farm_replies.watch_props(watched, site, zone),
            **replies.no_model_props(models, reign),
            **farm_replies.chart_props(shown, farm, site, bucket, zone),
            **tables_.get("props", {}),
        },
        "sparks": tables_.get("sparks", {}),
        **{key: each for key, each in tables_.items() if key == "fan"},
        "chart": {**chart, "zone": told},
        "heat": {**heat, "zone": told},
        "held": {**tables_["held"], "chart": chart["held"], "heat": heat["held"]},
    }


def _parts(house: House, farm: Farm, shown: FarmView, view: View) -> dict[str, Reply]:
    site, zone = house.site, view.zone(house.site)
    hour = farm.now // 3600 * 3600
    worst = reading_farm.worst_hours(house.reader, site, shown.start, hour)
    today = farm.now // DAY * DAY
    losses = house.reader.kept(
        ("losses table", today),
        lambda _: farm_replies.losses_table(reading_farm.monthly(house.reader, site, today), site),
    )
    unit = farm_name(site)
    return {
        "forecast": forecast_fan.ahead(house.reader, unit, farm.now, farm.now - shown.start, zone),
        "scores": {"props": forecast_fan.scores(house.reader, unit, site, farm.now)},
        "worst": {"props": farm_replies.worst_table(worst, site, zone)},
        "losses": {"props": losses},
        "sparks": {"sparks": replies.tile_sparks(farm, site)},
    }


def _chart(
    shown: FarmView, range_name: str, site: Site, known: Held | None, bucket: int
) -> dict[str, Any]:
    first = start_for(range_name, shown.start, known, DAY)
    columns = figures.rounded(
        figures.series(
            shown.rows,
            start=first,
            now=shown.now,
            step=farm_replies.least_step(site, shown.now - shown.start),
            bucket=bucket,
            columns=figures.FARM_COLUMNS,
        ),
        site.rated_power,
    )
    still_open = replies.open_points(columns)
    return {
        **tail(columns, range_name, shown.start, known, still_open=still_open),
        "range": range_name,
        "now": shown.now,
        "rated": site.rated_power,
    }


def _heat(shown: FarmView, range_name: str, site: Site, known: Held | None) -> dict[str, Any]:
    start = shown.start // shown.cell * shown.cell
    first = start_for(range_name, start, known, shown.cell)
    columns = reading_farm.stretch(site.turbine_ids, shown.cells, first, shown.cell)
    return {
        **tail(columns, range_name, start, known),
        "cell": shown.cell,
        "turbines": site.turbine_ids,
        "coverage": farm_replies.coverages(shown),
    }


PAGE = Page(
    key="farm",
    path="/",
    title="Farm",
    layout=layout,
    reply=reply,
    register=register,
    controls={"farm-range": ("range", "7d")},
    frames={"farm-chart": figures.farm_frame},
)
