"""The farm page: every turbine's newest state."""

from typing import Any

from dash import html

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import components, replies
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.view import View


def layout(site: Site, settings: Settings) -> html.Div:  # noqa: ARG001 - a page's signature
    """The page without data."""
    return html.Div(
        [
            html.Div(id="no-model", className="banner hidden"),
            html.Div(
                className="farm-line",
                children=[html.H2(site.title), html.Span(id="farm-power", className="note")],
            ),
            html.Div(
                className="tiles",
                children=[components.tile(i, each) for i, each in enumerate(site.turbine_ids)],
            ),
        ]
    )


def reply(house: House, view: View, held: dict[str, Any]) -> Reply:  # noqa: ARG001
    """What a refresh tells the page."""
    farm, reign, models = house.reader.farm(), house.reader.reign(), house.reader.models()
    has_champion = reign is not None or models.champion is not None
    return {
        "props": {
            **replies.farm_props(farm, house.site),
            **replies.tile_props(farm, house.site, has_champion=has_champion),
            **replies.no_model_props(models, reign),
        },
        "sparks": replies.tile_sparks(farm, house.site),
    }


PAGE = Page(key="farm", path="/", title="Farm", layout=layout, reply=reply)
