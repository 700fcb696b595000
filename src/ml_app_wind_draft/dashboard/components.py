"""The page's building blocks. They hold no data: a refresh fills them by their ids."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from ml_app_wind_draft.dashboard import tables
from ml_app_wind_draft.dashboard.figures import LEGEND

PLOT_CONFIG: Any = {
    "displayModeBar": False,
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "doubleClick": False,
    "responsive": True,
    "scrollZoom": False,
}


def header(
    title: str, pages: Sequence[tuple[str, str, str]], site_zone: str, *, login: bool
) -> html.Header:
    """Name, badges, the way to each page (key, title, path), zone, theme, and `login`'s way out."""
    return html.Header(
        className="top",
        children=[
            html.Div(
                className="names",
                children=[
                    html.H1(title),
                    html.Span(id="live", className="badge live", children=_dot_and("connecting")),
                    html.Span(id="replay", className="badge replay hidden"),
                ],
            ),
            html.Nav(
                className="pages",
                children=[
                    html.A(
                        name,
                        id={"type": "nav", "page": key},
                        href=path,
                        className="page-link",
                        **{"data-link": ""},
                    )
                    for key, name, path in pages
                ],
                **{"aria-label": "Pages"},
            ),
            html.Div(
                className="controls",
                children=[
                    html.Div(
                        title=f"Times in UTC, or as a clock at the site shows them ({site_zone})",
                        children=choice("zone", {"utc": "UTC", "site": "Site"}, "utc", "Time zone"),
                    ),
                    html.Button(id="scheme", className="icon-button", title="Dark or light"),
                    *([_log_out()] if login else []),
                ],
            ),
        ],
    )


def choice(control: str, options: Mapping[str, str], value: str, name: str) -> dmc.SegmentedControl:
    """A few options side by side, value -> what stands on it; `name` is for screen readers."""
    return dmc.SegmentedControl(
        id=control,
        data=[{"value": key, "label": label} for key, label in options.items()],
        value=value,
        **{"aria-label": name},
    )


def turbine_select(turbine_ids: Sequence[str]) -> dmc.Select:
    """Which turbine."""
    return dmc.Select(
        id="turbine",
        data=list(turbine_ids),
        value=turbine_ids[0],
        allowDeselect=False,
        searchable=len(turbine_ids) > 12,  # noqa: PLR2004 - more than fit one glance
        w=140,
        **{"aria-label": "Turbine"},
    )


def _log_out() -> html.Form:
    button = html.Button("Log out", type="submit", className="text-button")
    return html.Form(action="/logout", method="post", children=button)


def _dot_and(text: str) -> list[Any]:
    return [html.I(className="dot"), html.Span(text, id="live-text")]


def figure_card(card: str, title: str, unit: str, help_text: str) -> html.Section:
    """One large number with its unit, a spark line and a note."""
    return html.Section(
        className="card figure-card",
        children=[
            html.H2(title, title=help_text, className="label"),
            html.Div(
                className="figure-line",
                children=[
                    html.Span(
                        className="figure",
                        children=[
                            html.Span("\N{EN DASH}", id=f"{card}-value", className="value"),
                            html.Span(unit, id=f"{card}-unit", className="unit"),
                        ],
                    ),
                    html.Div(id=f"{card}-spark", className=f"spark {card}"),
                ],
            ),
            html.P("\N{NO-BREAK SPACE}", id=f"{card}-note", className="note"),
        ],
    )


def tile(index: int, turbine_id: str, *, meter: bool = False) -> html.A:
    """A turbine's newest state; a click opens its page. `meter`: its error against its limit."""
    return html.A(
        id={"type": "tile", "turbine": turbine_id},
        className="tile",
        title=f"Open {turbine_id}",
        href=f"/turbine/{turbine_id}",
        **{"data-link": ""},
        children=html.Div(
            id=f"tile-{index}-box",
            className="tile-box",
            children=[
                html.Span(
                    className="tile-head",
                    children=[
                        html.Strong(turbine_id),
                        html.Span(
                            "\N{HORIZONTAL ELLIPSIS}",
                            id=f"tile-{index}-state",
                            className="pill calm",
                        ),
                    ],
                ),
                html.Span(
                    className="tile-line",
                    children=[
                        html.Span(
                            className="tile-figures",
                            children=[
                                html.Span(
                                    className="tile-power",
                                    children=[
                                        html.Span("\N{EN DASH}", id=f"tile-{index}-power"),
                                        html.Span(" kW", className="unit"),
                                    ],
                                ),
                                html.Span(
                                    "\N{NO-BREAK SPACE}",
                                    id=f"tile-{index}-expected",
                                    className="note",
                                ),
                            ],
                        ),
                        html.Span(id=f"tile-{index}-spark", className="spark tile-spark"),
                    ],
                ),
                *(_meter(index) if meter else []),
            ],
        ),
    )


def _meter(index: int) -> list[html.Span]:
    return [
        html.Span(
            className="meter",
            children=html.I(id=f"tile-{index}-meter"),
            title="Below expectation over the alarm rule's window; the mark is the limit.",
        ),
        html.Span(id=f"tile-{index}-alarm", className="tile-alarm hidden"),
        html.Span("\N{NO-BREAK SPACE}", id=f"tile-{index}-watch", className="note"),
    ]


def chart_card(below: html.Div) -> html.Section:
    """Power, error and wind over one time axis; `below` stands under it."""
    return tables.card(
        "Power, error and wind",
        html.Div(
            className="legend",
            children=[_legend_key(key, name) for key, (name, _) in LEGEND.items()],
        ),
        html.Div(
            id="chart-box",
            className="chart-box",
            children=[
                dcc.Graph(
                    id="chart",
                    className="chart",
                    figure=nothing(),
                    config=PLOT_CONFIG,
                ),
                html.P(id="chart-note", className="chart-note"),
                html.Div(id="chart-skeleton", className="skeleton chart-skeleton"),
            ],
        ),
        below,
        about=html.Span("\N{NO-BREAK SPACE}", id="chart-about", className="note"),
        help_text="Measured power against what the champion expects. Drag to zoom,"
        " double-click to leave the zoom. Shaded: alarms, as in the table below.",
        beside=[reset_button("reset")],
        class_name="chart-card",
        title_id="chart-title",
    )


def legend(names: Mapping[str, str], *more: html.Span) -> html.Div:
    """What the swatches of a chart (class -> name) mean; `more` keys stand behind them."""
    keys = [legend_word(swatch, name) for swatch, name in names.items()]
    return html.Div(className="legend words", children=[*keys, *more])


def legend_word(swatch: str, name: str, **properties: Any) -> html.Span:
    """A swatch and what it means."""
    given: dict[str, Any] = {"className": "key", **properties}
    return html.Span([html.I(className=f"swatch {swatch}"), name], **given)


def _legend_key(key: str, name: str) -> html.Button:
    return html.Button(
        id={"type": "legend", "key": key},
        className="legend-key",
        title=f"Show or hide: {name}",
        children=[html.I(className=f"swatch {key}"), html.Span(name)],
        **{"aria-pressed": "true"},
    )


def reset_button(button: str) -> html.Button:
    """Leaves a zoom."""
    return html.Button(
        "Reset zoom", id=button, className="text-button hidden", title="Or double-click"
    )


def nothing() -> dict[str, Any]:
    """A figure before its first data."""
    transparent = "rgba(0,0,0,0)"
    hidden = {"visible": False}
    return {
        "data": [],
        "layout": {
            "paper_bgcolor": transparent,
            "plot_bgcolor": transparent,
            "xaxis": hidden,
            "yaxis": hidden,
        },
    }


def model_cards() -> list[html.Section]:
    """Champion and challenger."""
    return [
        _model_card("champion", "Champion", "The model version whose predictions you see."),
        _model_card(
            "challenger",
            "Challenger",
            "The newest trained version; it takes over once it is better.",
        ),
    ]


def _model_card(card: str, title: str, help_text: str) -> html.Section:
    """A model version: what it is, how good, on what it was trained."""
    return html.Section(
        className="card model-card",
        children=[
            html.Div(
                className="card-head",
                children=[
                    html.H2(title, title=help_text),
                    html.A(
                        "in MLflow \N{NORTH EAST ARROW}",
                        id=f"{card}-link",
                        className="quiet-link hidden",
                        target="_blank",
                        rel="noreferrer",
                        **{"aria-label": f"{title} in MLflow"},
                    ),
                ],
            ),
            html.Div(
                className="model-line",
                children=[
                    html.Span("\N{EN DASH}", id=f"{card}-version", className="version"),
                    html.Span(id=f"{card}-kind", className="kind"),
                ],
            ),
            html.P(id=f"{card}-facts", className="facts"),
            html.P(id=f"{card}-note", className="note lines"),
        ],
    )


def toast() -> html.Div:
    """The one place that says what does not answer."""
    return html.Div(
        id="toast",
        className="toast hidden",
        role="status",
        children=[html.Span(id="toast-text"), html.Button("Hide", id="hide-toast")],
    )
