"""The one page: the farm's newest state, and a chosen turbine over time."""

import logging
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html

from ml_app_wind_draft.core.clock import wall_now
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import StorageError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import components, figures, replies
from ml_app_wind_draft.dashboard.figures import LEGEND
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.dashboard.replies import RANGES, Held
from ml_app_wind_draft.dashboard.theme import FONT

log = logging.getLogger(__name__)


def layout(site: Site, settings: Settings) -> dmc.MantineProvider:
    """The page without data; it needs neither database nor MLflow."""
    return dmc.MantineProvider(
        theme={"fontFamily": FONT, "primaryColor": "teal", "defaultRadius": "md"},
        defaultColorScheme="auto",
        children=[
            dcc.Location(id="address", refresh=False),
            dcc.Store(id="refresh"),
            dcc.Store(id="reply"),
            dcc.Store(id="held"),
            dcc.Store(id="dark", data=False),
            dcc.Store(id="frames", data={each: figures.frame(each) for each in ("light", "dark")}),
            dcc.Store(id="legend", data={key: traces for key, (_, traces) in LEGEND.items()}),
            html.Div(
                className="page loading",
                id="page",
                children=[
                    components.header(
                        "Wind power",
                        site.turbine_ids,
                        list(RANGES),
                        login=bool(settings.ui_password),
                    ),
                    html.Main(children=_body(site, settings)),
                    components.toast(),
                ],
            ),
        ],
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


def connect(app: Dash, reader: Reader, site: Site, settings: Settings) -> None:
    """One request a refresh; all else happens in the browser."""

    @app.callback(
        Output("reply", "data"),
        Input("refresh", "data"),
        Input("turbine", "value"),
        Input("range", "value"),
        State("held", "data"),
    )
    def refresh(
        _: int | None, turbine: str, range_name: str, held: dict[str, Any] | None
    ) -> dict[str, Any]:
        turbine = turbine if turbine in site.turbines else site.turbine_ids[0]
        range_name = range_name if range_name in RANGES else "7d"
        return reply(reader, site, settings, turbine, range_name, _held(held))

    def browser(name: str) -> ClientsideFunction:
        return ClientsideFunction(namespace="wind", function_name=name)

    app.clientside_callback(
        browser("choose"),
        Output("turbine", "value"),
        Output("range", "value"),
        Input("address", "search"),
        Input({"type": "tile", "turbine": ALL}, "n_clicks"),
        State("turbine", "value"),
        State("range", "value"),
        State("turbine", "data"),
    )
    app.clientside_callback(
        browser("draw"),
        Output("chart", "figure"),
        Output("held", "data"),
        Input("reply", "data"),
        Input("dark", "data"),
        Input("reset", "n_clicks"),
        Input({"type": "legend", "key": ALL}, "n_clicks"),
        State("frames", "data"),
        State("legend", "data"),
    )
    app.clientside_callback(
        browser("switchScheme"),
        Output("dark", "data"),
        Input("scheme", "n_clicks"),
    )
    app.clientside_callback(
        browser("remember"),
        Output("page", "data-view"),
        Input("turbine", "value"),
        Input("range", "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("hideToast"),
        Output("toast", "data-put-away"),
        Input("hide-toast", "n_clicks"),
        State("toast-text", "children"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("zoomed"),
        Output("reset", "className"),
        Input("chart", "relayoutData"),
        Input("reset", "n_clicks"),
        Input("range", "value"),
    )


def reply(
    reader: Reader,
    site: Site,
    settings: Settings,
    turbine_id: str,
    range_name: str,
    held: Held | None,
) -> dict[str, Any]:
    """What a refresh answers. With the database down: the toast, and what does not need it."""
    models = reader.models()
    try:
        since = (
            held.start if held and held.key == replies.view_key(turbine_id, range_name) else None
        )
        view = reader.view(turbine_id, RANGES[range_name], since)
        farm, reign = reader.farm(), reader.reign()
    except StorageError as error:
        log.warning("A page goes without new data: %s", error)
        return {"toast": replies.trouble(models, None, database_is_down=True)}
    has_champion = reign is not None or models.champion is not None
    return {
        **replies.series_reply(view, site, range_name, held),
        "props": {
            **replies.farm_props(farm, site),
            **replies.card_props(view, farm, site, range_name),
            **replies.tile_props(farm, site, turbine_id, has_champion=has_champion),
            **replies.model_props(models, reign, settings.mlflow_ui_uri),
        },
        "sparks": replies.tile_sparks(farm, site),
        "arrival": replies.arrival(farm, wall_now()),
        "toast": replies.trouble(models, reign),
    }


def _held(data: dict[str, Any] | None) -> Held | None:
    """What the browser says it has; it may say anything."""
    try:
        return (
            Held(str(data["key"]), *(int(data[each]) for each in ("start", "cursor", "crc")))
            if data
            else None
        )
    except (KeyError, TypeError, ValueError):
        return None
