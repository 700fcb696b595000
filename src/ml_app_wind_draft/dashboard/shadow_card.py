"""The card of the model in shadow: how it does beside the champion, on rows that both scored."""

from typing import Any

import pandas as pd
from dash import dcc, html

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.dashboard import chart_style, components, tables, words
from ml_app_wind_draft.dashboard.page import House
from ml_app_wind_draft.dashboard.replies import KINDS
from ml_app_wind_draft.dashboard.theme import PALETTES, Palette, Scheme
from ml_app_wind_draft.dashboard.words import DAY, Zone
from ml_app_wind_draft.models.metrics import difference_of_days
from ml_app_wind_draft.registry.records import ModelVersion
from ml_app_wind_draft.registry.shadow import duel_of
from ml_app_wind_draft.storage.shadow import Duel, ShadowState

CHART = "shadow-chart"
SHOWN_DAYS = 90
HIDDEN = "shadow-place hidden"


def layout() -> html.Div:
    """The card without data, hidden until a version is in shadow."""
    return html.Div(
        id="shadow-place",
        className=HIDDEN,
        children=tables.card(
            "In shadow",
            html.Div(
                className="shadow-columns",
                children=[
                    html.Div(
                        [
                            html.Div(
                                className="model-line",
                                children=[
                                    html.Span(id="shadow-version", className="version"),
                                    html.Span(id="shadow-kind", className="kind"),
                                ],
                            ),
                            html.P(id="shadow-facts", className="facts"),
                            html.P(id="shadow-note", className="note lines"),
                            html.Div(id="shadow-buttons", className="row-buttons start"),
                        ]
                    ),
                    html.Div(
                        [
                            components.legend(
                                {"expected": "in shadow", "dotted": "champion, same rows"}
                            ),
                            html.Div(
                                dcc.Graph(
                                    id=CHART,
                                    className="shadow-chart",
                                    config=components.PLOT_CONFIG,
                                ),
                                className="shadow-box",
                            ),
                        ]
                    ),
                ],
            ),
            about="scored beside the champion, and not used",
            help_text="A version that scores each new row after the champion has. No alarm, sum,"
            " score or export reads it. It is judged on rows that neither had seen.",
        ),
    )


def frame(scheme: Scheme) -> dict[str, Any]:
    """The figure of one theme without data: daily MAE of both."""
    palette = PALETTES[scheme]
    return {
        "data": [
            _line("champion", "Champion", palette.dim, "dot"),
            _line("shadow", "In shadow", palette.accent, "solid"),
        ],
        "layout": _layout(palette),
    }


def parts(
    house: House,
    shadow: ModelVersion | None,
    champion: ModelVersion | None,
    zone: Zone,
    *,
    may_change: bool,
) -> dict[str, Any]:
    """What a refresh tells the card; `StorageError` when the database does not answer."""
    if shadow is None or champion is None or shadow.version == champion.version:
        return {"props": {"shadow-place": {"className": HIDDEN}}}
    version = shadow.version
    state = house.reader.remembered(
        ("shadow", version), lambda storage: storage.shadow_state(version)
    )
    duel = duel_of(shadow, champion)
    if state is not None and state.newest is not None:
        newest_days = state.newest // DAY * DAY - SHOWN_DAYS * DAY
        since = max(duel.seen_until, newest_days - 1)
        duel = Duel(duel.shadow, duel.champion, since, duel.states)
    days = house.reader.kept(
        ("shadow days", version, champion.version),
        lambda storage: storage.shadow_days(duel, house.site.turbine_ids),
    )
    props = {
        "shadow-place": {"className": "shadow-place"},
        "shadow-version": {"children": f"v{version}"},
        "shadow-kind": {"children": KINDS.get(shadow.kind, shadow.kind)},
        "shadow-facts": {"children": _facts(days, champion.version)},
        "shadow-note": {"children": _note(state, zone)},
        "shadow-buttons": {"children": _buttons(version) if may_change else []},
    }
    return {"props": props, "figures": {CHART: data(days)}}


def data(days: pd.DataFrame) -> dict[str, Any]:
    """What is drawn: MAE of each day, kW."""
    x = [clock.say(int(day))[:10] for day in days["day"]]
    return {
        "data": [
            {"uid": uid, "x": x, "y": [round(float(y), 2) for y in days[name] / days["rows"]]}
            for uid, name in (("champion", "champion_abs_error"), ("shadow", "abs_error"))
        ],
        "layout": {},
    }


def _facts(days: pd.DataFrame, champion: int) -> str:
    if days.empty:
        return "No row yet that both scored and neither had seen."
    rows = days["rows"].to_numpy()
    own, reference = (days[name].to_numpy() for name in ("abs_error", "champion_abs_error"))
    found = difference_of_days(own, reference, rows)
    held, others = (days[name].sum() for name in ("inside", "champion_inside"))
    low, high = words.signed(found.low, 2), words.signed(found.high, 2)
    mae, other = (words.number(each.sum() / found.rows, 1) for each in (own, reference))
    share, others = (words.percent(each, found.rows, 1) for each in (held, others))
    return "\n".join(
        [
            f"MAE {mae} kW; champion v{champion} {other} kW",
            f"difference {words.signed(found.mean, 2)} kW (95 %: {low} to {high})",
            f"within the band {share}; champion {others}",
            f"on {words.number(found.rows)} normal rows, {found.days} days, that neither had seen",
        ]
    )


def _note(state: ShadowState | None, zone: Zone) -> str:
    if state is None:
        return "It waits for the next row."
    lines = [
        f"{words.number(state.scored)} rows scored since {words.moment(state.since, zone)}",
    ]
    if state.newest is not None:
        lines.append(f"newest row {words.moment(state.newest, zone)}")
    if state.trouble:
        lines.append(f"It does not score: {state.trouble}")
    return "\n".join(lines)


def _buttons(version: int) -> list[html.Button]:
    return [
        html.Button(
            act,
            className="plain-button small",
            **{"data-promote": str(version), "data-act": act, "aria-label": name},
        )
        for act, name in (
            ("Judge", f"Judge version {version}, and promote it if it passes"),
            ("Stop", f"Take version {version} out of shadow"),
        )
    ]


def _line(uid: str, name: str, colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": uid,
        "name": name,
        "x": [],
        "y": [],
        "line": {"color": colour, "width": 1.6, "dash": dash},
        "marker": {"color": colour, "size": 5},
        "hovertemplate": f"%{{x}} {name} <b>%{{y:,.1f}} kW</b><extra></extra>",
    }


def _layout(palette: Palette) -> dict[str, Any]:
    axis = chart_style.axis(palette)
    return {
        **chart_style.base(palette),
        "margin": {"l": 40, "r": 10, "t": 24, "b": 38},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "kept",
        "xaxis": {**axis, "type": "date", "nticks": 6},
        "yaxis": {**axis, "nticks": 4, "rangemode": "tozero"},
        "annotations": [chart_style.panel_title("MAE of each day (UTC), kW", 1, palette)],
    }
