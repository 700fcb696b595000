"""The turbine page: one turbine over time, beside what its models are."""

from typing import Any

from dash import ALL, Dash, Input, Output, State, dcc, html

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import components, figures, replies
from ml_app_wind_draft.dashboard.figures import LEGEND
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.replies import RANGES
from ml_app_wind_draft.dashboard.shell import browser
from ml_app_wind_draft.dashboard.tails import held_of, zone_of
from ml_app_wind_draft.dashboard.view import View


def layout(site: Site, settings: Settings) -> html.Div:
    """The page without data; it needs neither database nor MLflow."""
    return html.Div(
        [
            dcc.Store(id="legend", data={key: traces for key, (_, traces) in LEGEND.items()}),
            html.Div(
                className="view-bar",
                children=[
                    components.turbine_select(site.turbine_ids),
                    components.choice("range", {each: each for each in RANGES}, "7d", "Look back"),
                ],
            ),
            *_body(site, settings),
        ]
    )


def _body(site: Site, settings: Settings) -> list[Any]:
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
                    "Measured minus expected, mean of the last 6 hours; negative: too little.",
                ),
                components.figure_card(
                    "wind", "Wind now", "m/s", "Mean wind speed at the nacelle."
                ),
            ],
        ),
        html.Div(
            className="farm-line",
            children=[html.H2(site.title), html.Span(id="farm-power", className="note")],
        ),
        html.Div(
            className="tiles",
            children=[components.tile(i, each) for i, each in enumerate(site.turbine_ids)],
        ),
        html.Div(
            className="columns",
            children=[
                components.chart_card(),
                html.Div(
                    className="side",
                    children=[
                        components.model_card(
                            "champion", "Champion", "The model version whose predictions you see."
                        ),
                        components.model_card(
                            "challenger",
                            "Challenger",
                            "The newest trained version; it takes over once it is better.",
                        ),
                        components.links_card(
                            settings.mlflow_ui_uri, settings.kedro_viz_uri, site.licence
                        ),
                    ],
                ),
            ],
        ),
    ]


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
    reader, site = house.reader, house.site
    turbine_id = view.rest if view.rest in site.turbines else site.turbine_ids[0]
    range_name = view.choice("range", RANGES, "7d")
    known = held_of(held)
    is_same = known is not None and known.key == replies.view_key(turbine_id, range_name)
    shown = reader.view(turbine_id, RANGES[range_name], known.start if known and is_same else None)
    farm, reign, models = reader.farm(), reader.reign(), reader.models()
    has_champion = reign is not None or models.champion is not None
    return {
        **replies.series_reply(shown, site, range_name, known),
        "zone": zone_of(view.zone(site), shown.now),
        "props": {
            **replies.farm_props(farm, site),
            **replies.card_props(shown, farm, site, range_name),
            **replies.tile_props(farm, site, turbine_id, has_champion=has_champion),
            **replies.model_props(models, reign, house.settings.mlflow_ui_uri),
        },
        "sparks": replies.tile_sparks(farm, site),
    }


PAGE = Page(
    key="turbine",
    path="/turbine",
    title="Turbine",
    layout=layout,
    reply=reply,
    register=register,
    controls={"turbine": ("turbine", ""), "range": ("range", "7d")},
    frames={"chart": figures.frame},
)
