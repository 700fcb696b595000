"""The pipelines page: Kedro Viz in a frame, or a card that says how to bring it up.

Whether it answers is for the reader's browser to find out: it may reach Kedro Viz at an address
that the dashboard's server does not.
"""

from typing import Any

from dash import html

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.view import View

AGAIN = ". The page asks again every few seconds and shows the pipelines once it answers."
ARROW = "\N{NORTH EAST ARROW}"


def layout(site: Site, settings: Settings) -> html.Div:  # noqa: ARG001 - a page's signature
    """The frame and, until Kedro Viz answers, the card before it. `pipelines.js` chooses."""
    address = settings.kedro_viz_uri
    return html.Div(
        className="pipelines-page",
        children=[
            html.Div(
                className="card-head section",
                children=[
                    html.H2("Pipelines"),
                    html.Span(
                        "how rows become features, models and predictions \N{MIDDLE DOT} Kedro Viz",
                        className="note",
                    ),
                    html.A(
                        f"open alone {ARROW}",
                        href=address,
                        target="_blank",
                        rel="noreferrer",
                        className="quiet-link",
                        **{"aria-label": "open alone: Kedro Viz in a tab of its own"},
                    ),
                ],
            ),
            html.Div(
                className="viz-box card",
                children=[
                    html.Div(
                        id="viz-waiting",
                        className="viz-card",
                        children=html.P("Asking Kedro Viz \N{HORIZONTAL ELLIPSIS}"),
                    ),
                    html.Div(
                        id="viz-down",
                        className="viz-card hidden",
                        children=[
                            html.H3("Kedro Viz does not answer"),
                            html.P(
                                [
                                    "Your browser finds nothing at ",
                                    html.Code(address, id="viz-address"),
                                    AGAIN,
                                ]
                            ),
                            html.Ul(
                                [
                                    html.Li(
                                        [
                                            "Not started? ",
                                            html.Code("wind viz"),
                                            ", or ",
                                            html.Code("docker compose up -d kedro-viz"),
                                            "; its first start takes half a minute.",
                                        ]
                                    ),
                                    html.Li(
                                        [
                                            "Another address? ",
                                            html.Code("KEDRO_VIZ_URI"),
                                            " must be one that your browser can reach.",
                                        ]
                                    ),
                                ]
                            ),
                        ],
                    ),
                    html.Iframe(id="viz-frame", className="viz-frame hidden", title="Kedro Viz"),
                ],
            ),
        ],
    )


def reply(house: House, view: View, held: dict[str, Any]) -> Reply:  # noqa: ARG001
    """Nothing of its own: the browser asks Kedro Viz itself."""
    return {}


PAGE = Page(key="pipelines", path="/pipelines", title="Pipelines", layout=layout, reply=reply)
