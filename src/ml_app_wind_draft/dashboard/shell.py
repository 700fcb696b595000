"""What surrounds every page: name, navigation, badges, zone and theme, the toast, the refresh."""

import logging
from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from ml_app_wind_draft.core.clock import wall_now
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import StorageError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import components, replies
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.theme import FONT
from ml_app_wind_draft.dashboard.view import View, view_of

log = logging.getLogger(__name__)


def browser(name: str, namespace: str = "wind") -> ClientsideFunction:
    """A function of the browser's half, in `assets`."""
    return ClientsideFunction(namespace=namespace, function_name=name)


def layout(pages: list[Page], site: Site, settings: Settings) -> dmc.MantineProvider:
    """The frame with every page's layout in store, so that changing pages asks nobody."""
    return dmc.MantineProvider(
        theme={"fontFamily": FONT, "primaryColor": "teal", "defaultRadius": "md"},
        defaultColorScheme="auto",
        children=[
            dcc.Location(id="address", refresh=False),
            dcc.Store(id="view"),
            dcc.Store(id="refresh"),
            dcc.Store(id="reply"),
            dcc.Store(id="held"),
            dcc.Store(id="dark", data=False),
            dcc.Store(id="pages", data=[_sent(each, site, settings) for each in pages]),
            html.Div(
                className="page loading",
                id="page",
                children=[
                    components.header(
                        "Wind power",
                        [(each.key, each.title, each.path) for each in pages],
                        site.time_zone,
                        login=bool(settings.ui_password),
                    ),
                    html.Main(id="content"),
                    components.toast(),
                ],
            ),
        ],
    )


def _sent(page: Page, site: Site, settings: Settings) -> dict[str, Any]:
    """A page as the browser keeps it. Its key makes React build each page anew."""
    return {
        "key": page.key,
        "path": page.path,
        "title": page.title,
        "layout": html.Div(page.layout(site, settings), key=page.key).to_plotly_json(),
        "controls": {each: list(bound) for each, bound in page.controls.items()},
        "frames": {
            graph: {scheme: frame(scheme) for scheme in ("light", "dark")}
            for graph, frame in page.frames.items()
        },
    }


def register(app: Dash, pages: list[Page], house: House) -> None:
    """One request a refresh; all else happens in the browser."""
    by_key = {each.key: each for each in pages}

    @app.callback(
        Output("reply", "data"),
        Input("refresh", "data"),
        Input("view", "data"),
        State("held", "data"),
    )
    def refresh(_: int | None, asked: dict[str, Any] | None, held: Any) -> Reply:
        view = view_of(asked)
        if view is None or view.page not in by_key:
            raise PreventUpdate
        known = held if isinstance(held, dict) else {}
        return reply(by_key[view.page], house, view, known)

    app.clientside_callback(
        browser("route"),
        Output("content", "children"),
        Output("view", "data"),
        Input("address", "pathname"),
        Input("address", "search"),
        State("pages", "data"),
    )
    app.clientside_callback(
        browser("receive"),
        Output("page", "data-received"),
        Input("reply", "data"),
        Input("dark", "data"),
    )
    app.clientside_callback(
        browser("switchScheme"), Output("dark", "data"), Input("scheme", "n_clicks")
    )
    app.clientside_callback(
        browser("hideToast"),
        Output("toast", "data-put-away"),
        Input("hide-toast", "n_clicks"),
        State("toast-text", "children"),
        prevent_initial_call=True,
    )
    bind(app, {"zone": ("zone", "utc")})
    for each in pages:
        bind(app, each.controls)
        each.register(app, house)


def bind(app: Dash, controls: Mapping[str, tuple[str, str]]) -> None:
    """A change of each control's `value` goes into the address, and the address is the view."""
    for control in controls:
        app.clientside_callback(
            browser("choose"),
            Output(control, "data-chosen"),
            Input(control, "value"),
            State(control, "id"),
            prevent_initial_call=True,
        )


def reply(page: Page, house: House, view: View, held: dict[str, Any]) -> Reply:
    """What a refresh answers. With the database down: the toast, and what does not need it."""
    models = house.reader.models()
    try:
        farm = house.reader.farm()
        reign = house.reader.reign()
        own = page.reply(house, view, held)
    except StorageError as error:
        log.warning("A page goes without new data: %s", error)
        return {
            **page.without_database(house, view, held),
            "page": page.key,
            "toast": replies.trouble(models, None, database_is_down=True),
        }
    return {
        **own,
        "page": page.key,
        "props": {**replies.replay_props(farm), **own.get("props", {})},
        "arrival": replies.arrival(farm, wall_now(), view.zone(house.site)),
        "toast": replies.trouble(models, reign),
    }
