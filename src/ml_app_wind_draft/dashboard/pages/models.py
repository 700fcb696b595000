"""The models page: who is champion, how each version did, and the trail of changes."""

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import (
    components,
    figures_models,
    promotion,
    replies,
    shadow_card,
    shadow_control,
    tables,
    words,
)
from ml_app_wind_draft.dashboard.models_watch import Models
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.parts import only_new
from ml_app_wind_draft.dashboard.reader import Reign
from ml_app_wind_draft.dashboard.replies import KINDS
from ml_app_wind_draft.dashboard.tables import Column
from ml_app_wind_draft.dashboard.view import View
from ml_app_wind_draft.dashboard.words import Zone
from ml_app_wind_draft.registry.records import SHADOW, ModelVersion

BAND = f"P10{words.MISSING}P90"
MOST_REIGNS = 100
TRAIL = "trail"  # of the parts of a reply, one that the database alone fills
CLOSE: Any = {"aria-label": "Close"}  # an attribute that the typed properties leave out
VERSION_COLUMNS = (
    Column("Version"),
    Column(
        "MAE", "kW", "Mean absolute error on normal rows of its judging window.", is_number=True
    ),
    Column(
        "vs IEC",
        "%",
        "MAE against an IEC power curve on the same rows; negative: better.",
        is_number=True,
    ),
    Column("RMSE", "kW", "Root mean square error on the same rows.", is_number=True),
    Column("In band", "%", f"Rows within {BAND}; 80 % is right.", is_number=True),
    Column("Judged on", "", "The rows that it never saw, by which it was judged."),
    Column("Trained on"),
    Column("Registered"),
    Column("Change or open", is_silent=True),
)
TRAIL_COLUMNS = (
    Column("Version"),
    Column("From", "", "When it took over, wall clock."),
    Column("To"),
    Column("By"),
    Column("Why", class_name="wide"),
)


def layout(site: Site, settings: Settings) -> html.Div:  # noqa: ARG001 - a page's signature
    """The page without data."""
    read_only = promotion.why_read_only(settings)
    return html.Div(
        [
            dcc.Store(id="promote-asked"),
            html.Div(id="no-model", className="banner hidden"),
            html.Div(read_only, className="banner" if read_only else "banner hidden"),
            html.Div(
                className="models-top",
                children=[
                    html.Div(className="side", children=components.model_cards()),
                    _chart_card(),
                    _details_card(),
                ],
            ),
            shadow_card.layout(),
            tables.card(
                "Versions",
                tables.frame("versions", "Registered model versions", VERSION_COLUMNS),
                about=html.Span(id="versions-about", className="note"),
                help_text="Every model that training has registered. The champion scores new rows;"
                " promote another one, or roll back to one that was champion before.",
            ),
            tables.card(
                "Champions so far",
                tables.frame("trail", "Who was champion when, and why", TRAIL_COLUMNS),
                about="who changed it, when and why",
                help_text="The audit trail. It answers which model was in charge at any time.",
            ),
            _dialog(),
        ],
        className="models-page",
    )


def _chart_card() -> html.Section:
    return tables.card(
        "Scores over versions",
        components.legend(
            {"expected": "MAE", "ring": "champion", "dotted": "IEC curve, same rows"}
        ),
        html.Div(
            className="models-box",
            children=[
                dcc.Graph(
                    id="models-chart", className="models-chart", config=components.PLOT_CONFIG
                ),
                html.Div(className="skeleton"),
            ],
        ),
        about="lines join versions judged on the same rows",
        help_text="Above: mean absolute error on normal rows that no fit had seen. Below: how many"
        " of them lay within the band.",
    )


def _details_card() -> html.Section:
    return tables.card(
        "What it uses",
        html.Ul(id="details-features", className="features"),
        html.P(id="details-verdict", className="note lines"),
        about=html.Span(id="details-about", className="note"),
        help_text="How much each input weighs in the model's splits, and how the"
        " version was judged. Choose another version in the table.",
        title_id="details-title",
    )


def _dialog() -> dmc.Modal:
    return dmc.Modal(
        id="promote-dialog",
        opened=False,
        title=html.Span("Change the champion", id="promote-title"),
        keepMounted=True,
        centered=True,
        size="md",
        closeButtonProps=CLOSE,
        children=html.Div(
            className="dialog",
            children=[
                html.P(id="promote-text"),
                dmc.TextInput(
                    id="promote-who",
                    label="Your name",
                    description="stands in the trail",
                    value="",
                    persistence="who",
                    persistence_type="local",
                    required=True,
                ),
                dmc.Textarea(
                    id="promote-why",
                    label="Reason",
                    description="for the next reader of the trail",
                    value="",
                    minRows=2,
                    autosize=True,
                    required=True,
                ),
                html.P(id="promote-said", className="dialog-said", role="alert"),
                html.Div(
                    className="dialog-buttons",
                    children=[
                        html.Button("Cancel", id="promote-cancel", className="plain-button"),
                        html.Button("Promote", id="promote-confirm", className="strong-button"),
                    ],
                ),
            ],
        ),
    )


def register(app: Dash, house: House) -> None:
    """The dialog: opened by a row's button in the browser, answered by the server."""

    def browser(name: str) -> ClientsideFunction:
        return ClientsideFunction(namespace="windModels", function_name=name)

    app.clientside_callback(
        browser("open"),
        Output("promote-dialog", "opened"),
        Output("promote-title", "children"),
        Output("promote-text", "children"),
        Output("promote-confirm", "children"),
        Output("promote-said", "children", allow_duplicate=True),
        Output("promote-why", "value"),
        Output("promote-why", "style"),
        Input("promote-asked", "data"),
        Input("promote-cancel", "n_clicks"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("promote-said", "children"),
        Output("promote-dialog", "opened", allow_duplicate=True),
        Output("promote-asked", "data"),
        Input("promote-confirm", "n_clicks"),
        State("promote-asked", "data"),
        State("promote-who", "value"),
        State("promote-why", "value"),
        running=[(Output("promote-confirm", "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def promote(clicks: int | None, asked: Any, who: Any, why: Any) -> tuple[str, bool, Any]:
        version = asked.get("version") if isinstance(asked, dict) else None
        if not clicks or not isinstance(version, int):
            raise PreventUpdate
        act = str(asked.get("act", ""))
        outcome = _changed(house.settings, version, act, str(who or ""), str(why or ""))
        house.reader.ask_mlflow_soon()
        if outcome.done:
            return "", False, None
        return outcome.said, True, no_update


def _changed(settings: Settings, version: int, act: str, who: str, why: str) -> promotion.Outcome:
    """Do what the dialog asks."""
    if act == "Shadow":
        return shadow_control.start(settings, version, who)
    if act == "Stop":
        return shadow_control.stop(settings, who)
    if act == "Judge":
        return shadow_control.judge(settings, who)
    return promotion.promote(settings, version, who, why)


def reply(house: House, view: View, held: dict[str, Any]) -> Reply:
    """What a refresh tells the page: the parts that changed."""
    models, reign, zone = house.reader.models(), house.reader.reign(), view.zone(house.site)
    history = house.reader.remembered("trail", lambda storage: storage.champion_history())
    champion = replies.champion_version(models, reign)
    may_change = not promotion.why_read_only(house.settings)
    former = set(history["version"].astype(int))
    shadow = next((each for each in models.versions if SHADOW in each.aliases), None)
    return only_new(
        _key(zone, view),
        {
            **_by_mlflow(house, models, view, reign, former, may_change=may_change),
            "shadow": shadow_card.parts(
                house, shadow, _by_number(models.versions, champion), zone, may_change=may_change
            ),
            TRAIL: {"props": _trail(history, zone)},
        },
        held,
    )


def without_database(house: House, view: View, held: dict[str, Any]) -> Reply:
    """What MLflow says, for a page that opens while the database is down.

    A page that has had the database's part keeps all as it is. To change the champion takes both.
    """
    models = house.reader.models()
    if models.champion is None or TRAIL in (held.get("parts") or {}):
        return {}
    parts = _by_mlflow(house, models, view, None, set(), may_change=False)
    return only_new(_key(view.zone(house.site), view), parts, held)


def _key(zone: Zone, view: View) -> str:
    return f"models|{zone.key}|{view.query.get('version', '')}"


def _by_mlflow(
    house: House,
    models: Models,
    view: View,
    reign: Reign | None,
    former: set[int],
    *,
    may_change: bool,
) -> dict[str, Reply]:
    """The parts that MLflow's last answer fills, with what the database knows of them."""
    champion = replies.champion_version(models, reign)
    chosen = _chosen(view, models.versions, champion)
    versions = _versions(
        models, champion, chosen, former, view.zone(house.site), may_change=may_change
    )
    return {
        "cards": {"props": replies.model_props(models, reign, house.settings.mlflow_ui_uri)},
        "chart": {"figures": {"models-chart": figures_models.data(models.versions, champion)}},
        "details": {"props": _details(chosen)},
        "versions": {"props": versions},
    }


def _by_number(versions: Sequence[ModelVersion], number: int | None) -> ModelVersion | None:
    return next((each for each in versions if each.version == number), None)


def _chosen(
    view: View, versions: Sequence[ModelVersion], champion: int | None
) -> ModelVersion | None:
    asked = view.query.get("version", "")
    by_number = {str(each.version): each for each in versions}
    return by_number.get(asked) or by_number.get(str(champion)) or next(iter(versions), None)


def _details(version: ModelVersion | None) -> dict[str, dict[str, Any]]:
    if version is None:
        return {
            "details-title": {"children": "What it uses"},
            "details-about": {"children": ""},
            "details-features": {"children": []},
            "details-verdict": {"children": "No version yet."},
        }
    weighed = sorted(version.importance.items(), key=lambda each: -each[1])
    return {
        "details-title": {"children": f"What v{version.version} uses"},
        "details-about": {"children": "inputs by importance, %" if weighed else "its inputs"},
        "details-features": {
            "children": [_feature(name, share) for name, share in weighed]
            or [_feature(name, None) for name in version.features]
        },
        "details-verdict": {"children": _verdict(version)},
    }


def _feature(name: str, share: float | None) -> html.Li:
    said = name.replace("_", " ")
    if share is None:
        return html.Li(html.Span(said))
    bar = html.I(style={"width": f"{max(0.5, share):.1f}%"})
    return html.Li(
        [
            html.Span(said),
            html.Span(bar, className="share"),
            html.B(words.number(share, 1)),
        ]
    )


def _verdict(version: ModelVersion) -> str:
    lines = []
    if not version.importance and version.kind == "power_curve":
        lines.append("One curve a turbine over wind speed, normalised to 1.225 kg/m³.")
    compared = version.comparison
    if compared:
        lines.append(
            f"On the same {words.number(compared.rows)} rows of normal operation:"
            f" {words.number(compared.mae, 2)} kW, and v{compared.against}"
            f" {words.number(compared.against_mae, 2)} kW."
        )
    if version.verdict:
        lines.append(version.verdict)
    return "\n".join(lines)


def _versions(
    models: Models,
    champion: int | None,
    chosen: ModelVersion | None,
    former: set[int],
    zone: Zone,
    *,
    may_change: bool,
) -> dict[str, dict[str, Any]]:
    groups = _groups(models.versions)
    challenger = models.challenger.version if models.challenger else None
    rows = []
    for each in models.versions:
        role = _role(each.version, champion, challenger)
        buttons = (
            [
                *([] if SHADOW in each.aliases else [_shadow_button(each.version)]),
                _change_button(each.version, is_former=each.version in former),
            ]
            if may_change and each.version != champion
            else []
        )
        rows.append(
            (
                _name(each, role, is_chosen=each is chosen),
                *_figures(each),
                tables.two_lines(
                    _span(each.window_start, each.window_end),
                    f"rows {groups[figures_models.rows_of(each)]}, {_rows(each)}",
                ),
                _span(each.training_start, each.training_end),
                words.moment(each.created_at, zone),
                html.Div([*buttons, _link(each)], className="row-buttons"),
            )
        )
    return {
        **tables.filled("versions", VERSION_COLUMNS, rows, otherwise=_no_versions(models)),
        "versions-about": {
            "children": "the same letter: judged on the same rows, so the scores compare"
            if rows
            else ""
        },
    }


def _groups(versions: Sequence[ModelVersion]) -> dict[tuple[str, int, int], str]:
    """A letter for each set of judging rows, oldest first."""
    letters: dict[tuple[str, int, int], str] = {}
    for each in reversed(versions):
        number = len(letters)
        letters.setdefault(
            figures_models.rows_of(each),
            chr(ord("A") + number % 26) + (str(number // 26) if number >= 26 else ""),  # noqa: PLR2004
        )
    return letters


def _no_versions(models: Models) -> str:
    if models.trouble and models.seen_at is None:
        return "MLflow does not answer, and has not since this page's server started."
    return (
        "No version is registered yet. `wind train` makes the first, an IEC power curve, within"
        " seconds, and then trains a challenger that has to beat it."
    )


def _role(version: int, champion: int | None, challenger: int | None) -> str:
    if version == champion:
        return "champion"
    return "challenger" if version == challenger else ""


def _name(version: ModelVersion, role: str, *, is_chosen: bool) -> html.Div:
    tone = "good" if role == "champion" else "calm"
    return html.Div(
        [
            html.Button(
                [html.Strong(f"v{version.version}"), " ", KINDS.get(version.kind, version.kind)],
                className="version-button chosen" if is_chosen else "version-button",
                title=f"Show what version {version.version} uses",
                **{
                    "data-version": str(version.version),
                    "aria-pressed": "true" if is_chosen else "false",
                },
            ),
            *([tables.pill(role, tone)] if role else []),
            *([tables.pill("in shadow", "calm")] if SHADOW in version.aliases else []),
        ],
        className="version-name",
    )


def _figures(version: ModelVersion) -> tuple[str, str, str, str]:
    metrics = version.metrics
    reference = metrics.get("iec_curve_mae")
    score = metrics.get("score")
    against = 100 * (score / reference - 1) if score is not None and reference else None
    coverage = metrics.get("interval_coverage")
    return (
        words.number(score, 1),
        words.signed(against, 1),
        words.number(metrics.get("rmse"), 1),
        words.number(None if coverage is None else 100 * coverage, 1),
    )


def _rows(version: ModelVersion) -> str:
    rows = version.metrics.get("rows")
    return "normal rows" if rows is None else f"{words.number(rows)} normal rows"


def _span(start: int, end: int) -> str:
    return f"{words.day(start)} {words.MISSING} {words.day(end)}" if end else words.MISSING


def _change_button(version: int, *, is_former: bool) -> html.Button:
    act = "Roll back" if is_former else "Promote"
    return html.Button(
        act,
        className="plain-button small",
        **{
            "data-promote": str(version),
            "data-act": act,
            "aria-label": f"{act} to version {version}"
            if is_former
            else f"{act} version {version}",
        },
    )


def _shadow_button(version: int) -> html.Button:
    return html.Button(
        "Shadow",
        className="plain-button small",
        title="Score it beside the champion, without using it",
        **{
            "data-promote": str(version),
            "data-act": "Shadow",
            "aria-label": f"Put version {version} into shadow",
        },
    )


def _link(version: ModelVersion) -> html.A:
    return html.A(
        "MLflow \N{NORTH EAST ARROW}",
        href=version.url,
        target="_blank",
        rel="noreferrer",
        className="quiet-link start",
        **{"aria-label": f"Version {version.version} in MLflow"},
    )


def _trail(history: pd.DataFrame, zone: Zone) -> dict[str, dict[str, Any]]:
    newest = history.iloc[::-1].head(MOST_REIGNS)
    rows = [
        (
            html.Strong(f"v{int(reign['version'])}"),
            words.moment(int(reign["from_time"]), zone),
            tables.pill("in charge", "good")
            if pd.isna(reign["to_time"])
            else words.moment(int(reign["to_time"]), zone),
            reign["by"],
            reign["why"],
        )
        for reign in newest.to_dict("records")
    ]
    return tables.filled(
        "trail", TRAIL_COLUMNS, rows, otherwise="No champion yet, so nobody has changed it."
    )


PAGE = Page(
    key="models",
    path="/models",
    title="Models",
    layout=layout,
    reply=reply,
    without_database=without_database,
    register=register,
    frames={"models-chart": figures_models.frame, shadow_card.CHART: shadow_card.frame},
)
