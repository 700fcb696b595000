"""The status page: the six services, the work that waits, the database, versions and access."""

from typing import Any

from dash import html

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import promotion, tables, words
from ml_app_wind_draft.dashboard.page import House, Page, Reply
from ml_app_wind_draft.dashboard.parts import only_new
from ml_app_wind_draft.dashboard.reading_status import (
    ENDED,
    FRESH,
    SERVICES,
    Status,
    status,
    versions,
)
from ml_app_wind_draft.dashboard.view import View
from ml_app_wind_draft.dashboard.words import Zone
from ml_app_wind_draft.storage.heartbeats import Heartbeat

MEGABYTE = 1e6
OPENING = " opens the ports to the network, so that http://your-server-ip:8050 works; a login ("
FACTS = {
    "waiting": ("Rows that wait for a prediction", "Inference takes them oldest first."),
    "rows": ("Rows stored", "The newest revision of each turbine and interval."),
    "predictions": ("Predictions", "Outcomes of the champion in force when each row came."),
    "no_input": ("Rows without input", "No prediction is possible: wind speed is missing, say."),
    "aside": ("Rows set aside", "They break the contract; the page Data quality shows them."),
    "size": ("Size of the database", "On disk, all tables and indexes."),
    "clock": ("Event time", "The time that the data live in: a replay has its own."),
}


def layout(site: Site, settings: Settings) -> html.Div:
    """The page without data; versions, addresses and access are known at once."""
    return html.Div(
        className="status-page",
        children=[
            html.H2("Services", className="section"),
            html.Div(
                className="services",
                children=[_service(key, *words_) for key, words_ in SERVICES.items()],
            ),
            html.Div(
                className="trio",
                children=[
                    tables.card(
                        "Data",
                        _facts(),
                        about="kept in the transactions they count",
                        help_text="Counters; `wind check` proves them against the tables.",
                    ),
                    tables.card(
                        "Versions", _pairs(versions()), help_text="Of what serves this page."
                    ),
                    tables.card(
                        "Access",
                        *_access(site, settings),
                        help_text="Who can reach this page, and what they may do here.",
                    ),
                ],
            ),
        ],
    )


def _service(key: str, title: str, about: str) -> html.Section:
    return html.Section(
        className="card service",
        children=[
            html.Div(
                className="tile-head",
                children=[
                    html.H3(title),
                    html.Span(
                        "\N{HORIZONTAL ELLIPSIS}", id=f"service-{key}-state", className="pill calm"
                    ),
                ],
            ),
            html.P(about, className="note"),
            html.P("\N{NO-BREAK SPACE}", id=f"service-{key}-says", className="says"),
            html.P("\N{NO-BREAK SPACE}", id=f"service-{key}-beat", className="note"),
        ],
    )


def _facts() -> html.Dl:
    return html.Dl(
        className="pairs",
        children=[
            html.Div(
                [
                    html.Dt(name, title=help_text),
                    html.Dd(words.MISSING, id=f"status-{key}"),
                ]
            )
            for key, (name, help_text) in FACTS.items()
        ],
    )


def _pairs(pairs: dict[str, str]) -> html.Dl:
    return html.Dl(
        className="pairs",
        children=[html.Div([html.Dt(name), html.Dd(value)]) for name, value in pairs.items()],
    )


def _access(site: Site, settings: Settings) -> list[Any]:
    where = settings.reachable_at
    is_open = where not in promotion.LOOPBACK
    reach = f"everybody who reaches {where}" if is_open else "this machine only"
    return [
        _pairs(
            {
                "Ports are open to": reach,
                "Login of the dashboard": "on" if settings.ui_password else "off",
                "Login of MLflow": "on" if settings.mlflow_login else "off",
                "Promote, roll back": "off" if promotion.why_read_only(settings) else "on",
                "Database": settings.database_url.split(":", 1)[0].split("+", 1)[0],
                "Site": f"{site.title} ({len(site.turbine_ids)} turbines)",
            }
        ),
        html.P(
            [
                html.Code("BIND_ADDRESS=0.0.0.0"),
                OPENING,
                html.Code("UI_PASSWORD_FILE"),
                ") belongs with it.",
            ],
            className="note",
        ),
        html.P(
            html.A(
                "Status as JSON: /health",
                href="/health",
                target="_blank",
                className="quiet-link start",
            )
        ),
    ]


def reply(house: House, view: View, held: dict[str, Any]) -> Reply:
    """What a refresh tells the page."""
    zone = view.zone(house.site)
    found = status(house.reader, house.site)
    services = {f"service:{key}": {"props": _service_props(key, found, zone)} for key in SERVICES}
    key = f"status|{zone.key}"
    return only_new(key, {**services, "facts": {"props": _fact_props(found, zone)}}, held)


def _service_props(key: str, found: Status, zone: Zone) -> dict[str, dict[str, Any]]:
    beat = found.heartbeats.get(key)
    if beat is None:
        return {
            f"service-{key}-state": {"children": "not seen", "className": "pill calm"},
            f"service-{key}-says": {"children": "It has not started with this database yet."},
            f"service-{key}-beat": {"children": words.MISSING},
        }
    word, tone = _state(beat, found.wall_now)
    is_over = beat.status in ENDED
    last = "ended" if is_over else "heartbeat"
    age = words.duration(max(0, found.wall_now - beat.beat_at))
    since = f" \N{MIDDLE DOT} started {words.moment(beat.started_at, zone)}"
    return {
        f"service-{key}-state": {"children": word, "className": f"pill {tone}"},
        f"service-{key}-says": {"children": beat.message or beat.status},
        f"service-{key}-beat": {"children": f"{last} {age} ago{since}"},
    }


def _state(beat: Heartbeat, now: int) -> tuple[str, str]:
    if beat.status == "done":
        return "done", "good"
    if beat.status == "failed":
        return "failed", "alarm"
    if beat.status in ENDED:
        return beat.status, "calm"
    if now - beat.beat_at > FRESH:
        return "no heartbeat", "alarm"
    return ("waiting", "watch") if beat.status == "waiting" else (beat.status, "good")


def _fact_props(found: Status, zone: Zone) -> dict[str, dict[str, Any]]:
    counters = found.counters
    is_replay = found.replayed_until is not None
    now = found.replayed_until if found.replayed_until is not None else found.wall_now
    said = {
        "waiting": f"{words.number(counters.get('waiting', 0))} rows",
        "rows": f"{words.number(counters.get('raw_rows', 0))} rows",
        "predictions": words.number(counters.get("predictions", 0)),
        "no_input": f"{words.number(counters.get('no_input', 0))} rows",
        "aside": f"{words.number(counters.get('set_aside', 0))} rows",
        "size": f"{words.number(found.database_bytes / MEGABYTE, 1)} MB",
        "clock": f"{words.moment(now, zone)}{' (replay)' if is_replay else ''}",
    }
    return {f"status-{key}": {"children": text} for key, text in said.items()}


PAGE = Page(key="status", path="/status", title="Status", layout=layout, reply=reply)
