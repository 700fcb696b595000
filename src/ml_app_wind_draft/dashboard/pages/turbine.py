"""The turbine page: one turbine over time, beside what its models are."""

from itertools import pairwise
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import ALL, Dash, Input, Output, State, dcc, html

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
    turbine_replies,
)
from ml_app_wind_draft.dashboard.curve_and_rose import SPEEDS, power_curve, up_to, wind_rose
from ml_app_wind_draft.dashboard.figures import LEGEND
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.parts import only_new
from ml_app_wind_draft.dashboard.reader import Farm, TurbineView
from ml_app_wind_draft.dashboard.replies import RANGES, look_at
from ml_app_wind_draft.dashboard.shell import browser
from ml_app_wind_draft.dashboard.tails import held_of, zone_of
from ml_app_wind_draft.dashboard.turbine_replies import ALARM_COLUMNS
from ml_app_wind_draft.dashboard.view import View

CURVE_KEYS = {
    "expected dot": "Rows",
    "alarm diamond": "In alarm",
    "ring": "Bins",
    "expected": "Expected",
}


def layout(site: Site, settings: Settings) -> html.Div:  # noqa: ARG001 - a page's signature
    """The page without data; it needs neither database nor MLflow."""
    return html.Div(
        [
            dcc.Store(id="legend", data={key: traces for key, (_, traces) in LEGEND.items()}),
            html.Div(
                className="view-bar",
                children=[
                    components.turbine_select(site.turbine_ids),
                    components.choice("range", {each: each for each in RANGES}, "7d", "Look back"),
                    dmc.DatePickerInput(
                        id="span",
                        type="range",
                        placeholder="From \N{EN DASH} to, UTC",
                        valueFormat="D MMM YYYY",
                        clearable=True,
                        allowSingleDateInRange=True,
                        w=236,
                    ),
                    components.choice(
                        "metric", {"kw": "kW", "pct": "% of rated"}, "kw", "Errors in"
                    ),
                    tables.csv_link(
                        "rows-csv",
                        "Rows in view",
                        "/export/turbine.csv",
                        "The rows in view, in UTC, with units and model versions",
                    ),
                ],
            ),
            *_body(site),
        ]
    )


def _body(site: Site) -> list[Any]:
    return [
        html.Div(id="no-model", className="banner hidden"),
        html.Div(
            className="figure-cards",
            children=[
                components.figure_card(
                    "power", "Power now", "kW", "Mean active power of the newest interval."
                ),
                components.figure_card(
                    "expected",
                    "Expected now",
                    "kW",
                    "What the champion model expects at this wind; P10 and P90 bound 8 of 10 rows.",
                ),
                components.figure_card(
                    "error",
                    "Error, 6 h mean",
                    "kW",
                    "Measured minus expected, mean of the last 6 hours; negative: too little. MAE:"
                    " mean absolute error over 24 h of normal rows, with the limit that raises the"
                    " alarm model doubt.",
                ),
                components.figure_card(
                    "wind", "Wind now", "m/s", "Mean wind speed at the nacelle."
                ),
            ],
        ),
        html.Div(
            className="tiles slim",
            children=[components.tile(i, each) for i, each in enumerate(site.turbine_ids)],
        ),
        html.Div(
            className="columns",
            children=[
                components.chart_card(forecast_fan.line()),
                html.Div(className="side", children=[_curve_card(), _rose_card()]),
            ],
        ),
        html.Div(
            className="turbine-foot",
            children=[
                _alarms_card(),
                *components.model_cards(),
            ],
        ),
        html.P(f"Data: {site.licence}" if site.licence else "", className="note licence"),
    ]


def _curve_card() -> html.Section:
    maker = components.legend_word(
        "maker",
        "Manufacturer",
        id="maker-key",  # shown where the site file has a curve of this turbine
        className="key hidden",
    )
    return tables.card(
        "Power curve",
        components.legend(CURVE_KEYS, maker),
        html.Div(
            className="curve-box",
            children=[
                dcc.Graph(
                    id="curve",
                    className="chart",
                    figure=components.nothing(),
                    config=components.PLOT_CONFIG,
                ),
                html.Div(className="skeleton chart-skeleton"),
            ],
        ),
        about="measured and expected, in view",
        help_text="Bins of 0.5 m/s after IEC 61400-12-1, on the nacelle's wind speed"
        " normalised to 1.225 kg/m\N{SUPERSCRIPT THREE}, of rows that are not held"
        " back. Faint bins hold less than 3 h.",
        class_name="curve-card",
    )


def _rose_card() -> html.Section:
    return tables.card(
        "Wind rose",
        html.Div(id="rose", className="rose"),
        components.legend({f"speed-{i}": name for i, name in enumerate(_speed_names())}),
        about="where the wind came from, in view",
        help_text="How often the wind blew from each direction, in view; the rings are"
        " shares of the rows.",
        class_name="rose-card",
    )


def _speed_names() -> list[str]:
    edges = [f"{each:g}" for each in SPEEDS]
    between = [f"{low}\N{EN DASH}{high}" for low, high in pairwise(edges)]
    return [f"below {edges[0]}", *between, f"{edges[-1]} m/s and more"]


def _alarms_card() -> html.Section:
    return tables.card(
        "Periods over threshold",
        tables.frame("alarms", "Alarms of this turbine in view", ALARM_COLUMNS),
        about="alarms in view, newest first",
        help_text="As the inference service holds them: they do not depend on the range in view.",
    )


def register(app: Dash, house: House) -> None:  # noqa: ARG001 - a page's signature
    """The chart's own controls."""
    app.clientside_callback(
        browser("redraw", "windTurbine"),
        Output("chart-box", "data-drawn"),
        Input("reset", "n_clicks"),
        Input({"type": "legend", "key": ALL}, "n_clicks"),
        State("legend", "data"),
    )
    app.clientside_callback(
        browser("zoomed", "windTurbine"),
        Output("reset", "className"),
        Input("chart", "relayoutData"),
        Input("reset", "n_clicks"),
        Input("range", "value"),
    )


def reply(house: House, view: View, held: dict[str, Any]) -> Reply:
    """What a refresh tells the page; of the series only the tail where the rest still holds."""
    reader, site, zone = house.reader, house.site, view.zone(house.site)
    look, known = look_at(view, site), held_of(held)
    is_same = known is not None and known.key == look.key
    since = known.start if known and is_same else None
    shown = reader.view(look.turbine_id, look.span, since, look.end)
    farm, reign, models = reader.farm(), reader.reign(), reader.models()
    alarms = reader.remembered(
        ("alarms", look.turbine_id, shown.start, shown.now),
        lambda storage: storage.alarms(shown.start, shown.now, [look.turbine_id]),
    )
    has_champion = reign is not None or models.champion is not None
    series = replies.series_reply(shown, site, look, known)
    parts = only_new(
        f"{look.key}|{zone.key}",
        _parts(shown, alarms, farm, house, view),
        {"key": held.get("parts_key"), "parts": held.get("parts")},
    )
    return {
        **series,
        "zone": zone_of(zone, shown.now),
        "metric": view.metric(),
        "alarms": turbine_replies.shaded(alarms),
        **{key: each for key, each in parts.items() if key in {"curve", "rose", "fan"}},
        "props": {
            **replies.card_props(shown, farm, site, look, zone=zone, metric=view.metric()),
            **replies.tile_props(farm, site, look.turbine_id, has_champion=has_champion),
            **farm_replies.alarm_states(reading_farm.watched(reader, site, farm), site),
            "rows-csv": {"href": turbine_replies.export_address(shown)},
            **parts.get("props", {}),
        },
        "sparks": parts.get("sparks", {}),
        "held": {
            **series["held"],
            "parts": parts["held"]["parts"],
            "parts_key": parts["held"]["key"],
        },
    }


def _parts(
    shown: TurbineView, alarms: pd.DataFrame, farm: Farm, house: House, view: View
) -> dict[str, Reply]:
    """What changes once an hour, or seldom."""
    reader, site, mlflow = house.reader, house.site, house.settings.mlflow_ui_uri
    look, zone = look_at(view, site), view.zone(site)
    bucket = figures.bucket_of(look.span, site.step)
    rows = up_to(shown.rows, shown.start, shown.now, bucket)
    curve = power_curve(rows, look.turbine_id, site, points=bucket > site.step)
    return {
        "forecast": forecast_fan.NOTHING
        if shown.is_past
        else forecast_fan.ahead(reader, look.turbine_id, farm.now, look.span, zone),
        "curve": {"curve": curve},
        "rose": {"rose": wind_rose(rows)},
        "alarms": {"props": turbine_replies.alarms_table(alarms, site, farm.now, zone)},
        "models": {"props": replies.model_props(reader.models(), reader.reign(), mlflow, zone)},
        "sparks": {"sparks": replies.tile_sparks(farm, site)},
    }


PAGE = Page(
    key="turbine",
    path="/turbine",
    title="Turbine",
    layout=layout,
    reply=reply,
    register=register,
    controls={
        "turbine": ("turbine", ""),
        "range": ("range", "7d"),
        "span": ("from-to", ""),
        "metric": ("metric", "kw"),
    },
    frames={"chart": figures.frame, "curve": figures.curve_frame},
)
