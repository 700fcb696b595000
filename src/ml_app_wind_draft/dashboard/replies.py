"""What one refresh sends to the page: a tail of the series and the words on the cards. Pure."""

from dataclasses import dataclass
from typing import Any, Literal

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import figures, words
from ml_app_wind_draft.dashboard.figures import Series
from ml_app_wind_draft.dashboard.models_watch import Models
from ml_app_wind_draft.dashboard.reader import Current, Farm, Reign, TurbineView
from ml_app_wind_draft.dashboard.states import state_of
from ml_app_wind_draft.dashboard.tails import Held, tail
from ml_app_wind_draft.dashboard.view import View
from ml_app_wind_draft.dashboard.words import UTC_ZONE, Zone
from ml_app_wind_draft.registry.records import ModelVersion

Props = dict[str, dict[str, Any]]
Metric = Literal["kw", "pct"]
RANGES = {
    name: days * words.DAY
    for name, days in {
        "24h": 1,
        "3d": 3,
        "7d": 7,
        "14d": 14,
        "30d": 30,
        "90d": 90,
        "1y": 366,
    }.items()
}
LONGEST = 4 * 366 * words.DAY
OPEN_POINTS = 36
KINDS = {
    "power_curve": "IEC 61400-12 power curve",
    "boosted": "CatBoost, boosted trees",
    "catboost": "CatBoost, boosted trees",
    "forest": "Random forest",
    "random_forest": "Random forest",
}
BAND = f"P10{words.MISSING}P90"


@dataclass(frozen=True, slots=True)
class Look:
    """What of a turbine is looked at: the last `span` s up to `end` (`None`: event time), s.

    `name` is the range's name, for a free range its two ends.
    """

    turbine_id: str
    name: str
    span: int
    end: int | None = None

    @property
    def key(self) -> str:
        """Names what is drawn; series of different keys do not mix."""
        return f"{self.turbine_id}|{self.name}"


def look_at(view: View, site: Site) -> Look:
    """What the address asks for; nonsense is passed over."""
    turbine_id = view.rest if view.rest in site.turbines else site.turbine_ids[0]
    start, end = view.instant("from"), view.instant("to")
    if start is not None and end is not None:
        if len(view.query["to"]) == len("2015-01-14"):
            end += words.DAY  # a day is meant with all its hours
        start, end = start // site.step * site.step, end // site.step * site.step
        if end > start >= 0:
            return Look(turbine_id, f"{start}..{end}", min(end - start, LONGEST), end)
    name = view.choice("range", RANGES, "7d")
    return Look(turbine_id, name, RANGES[name])


def series_reply(view: TurbineView, site: Site, look: Look, held: Held | None) -> dict[str, Any]:
    """The view's series, or only its tail where the browser's part before it is still true."""
    rated = site.turbines[view.turbine_id].rated_power
    bucket = figures.bucket_of(look.span, site.step)
    first = held.start if held and held.key == look.key else view.start
    columns = figures.rounded(
        figures.series(view.rows, start=first, now=view.now, step=site.step, bucket=bucket), rated
    )
    return {
        **tail(columns, look.key, view.start, held, still_open=open_points(columns)),
        "turbine": view.turbine_id,
        "range": look.name,
        "now": view.now,
        "past": view.is_past,
        "bucket": bucket,
        "rated": rated,
        "limits": {
            "below": 100 * site.alarms.under_performance.raise_above,
            "mae": 100 * site.alarms.model_doubt.raise_above,
        },
    }


def open_points(columns: Series) -> int:
    """How many of the last points may change: those that wait for outcomes, and always the last."""
    expected = columns["expected"][-OPEN_POINTS:]
    waiting = 1
    while waiting < len(expected) and expected[-waiting - 1] is None:
        waiting += 1
    return waiting


def card_props(
    view: TurbineView,
    farm: Farm,
    site: Site,
    look: Look,
    *,
    zone: Zone = UTC_ZONE,
    metric: Metric = "kw",
) -> Props:
    """The cards of the chosen turbine and the words over its chart."""
    current = farm.turbines[view.turbine_id]
    rated = site.turbines[view.turbine_id].rated_power
    return {
        **_power_card(current, rated, zone),
        **_expected_card(current, rated),
        **_error_card(view, rated, site, metric),
        **_wind_card(view, current),
        "chart-title": {"children": f"{view.turbine_id} \N{MIDDLE DOT} power, error and wind"},
        "chart-about": {"children": _about(view, site, look, zone)},
        "chart-note": _chart_note(view, farm, site, zone),
    }


def _power_card(current: Current, rated: float, zone: Zone) -> Props:
    decimals = words.decimals_of(rated)
    when = (
        ""
        if current.timestamp is None
        else f" \N{MIDDLE DOT} {words.clock_time(current.timestamp, zone)}"
    )
    note = f"{words.percent(current.power, rated)} of {words.number(rated)} kW rated{when}"
    return {
        "power-value": {"children": words.number(current.power, decimals)},
        "power-note": {"children": note},
    }


def _expected_card(current: Current, rated: float) -> Props:
    decimals = words.decimals_of(rated)
    low, high = (words.number(each, decimals) for each in (current.p10, current.p90))
    has_band = not words.is_missing(current.p10)
    note = f"{BAND} {low} {words.MISSING} {high} kW" if has_band else _why_not_expected(current)
    return {
        "expected-value": {"children": words.number(current.expected, decimals)},
        "expected-note": {"children": note},
    }


def _why_not_expected(current: Current) -> str:
    if current.status == "no_input":
        return f"not predictable: {current.reason or 'input missing'}"
    return "no prediction for the newest row yet"


def _error_card(view: TurbineView, rated: float, site: Site, metric: Metric) -> Props:
    rows = view.rows[(view.rows["timestamp"] < view.now) & view.rows["error"].notna()]
    in_percent = metric == "pct"
    unit = {"children": "% of rated" if in_percent else "kW"}
    if rows.empty:
        return {
            "error-value": {"children": words.MISSING},
            "error-unit": unit,
            "error-note": {"children": "needs predictions"},
        }
    decimals = 1 if in_percent else words.decimals_of(rated)
    scale = 100 / rated if in_percent else 1.0
    last = rows.iloc[-1]
    limit = 100 * site.alarms.model_doubt.raise_above
    if in_percent:
        mae, at_most = words.number(last["mae"], 1), f"{words.number(limit)} %"
    else:
        mae = words.number(last["mae"] * rated / 100, decimals)
        at_most = f"{words.number(limit * rated / 100, decimals)} kW"
    return {
        "error-value": {"children": words.signed(scale * last["error_mean"], decimals)},
        "error-unit": unit,
        "error-note": {"children": f"MAE 24 h {mae} \N{MIDDLE DOT} limit {at_most}"},
    }


def _wind_card(view: TurbineView, current: Current) -> Props:
    day = view.rows.loc[view.rows["timestamp"] >= view.now - words.DAY, "wind_speed"]
    mean = words.number(day.mean(), 1) if day.notna().any() else words.MISSING
    return {
        "wind-value": {"children": words.number(current.wind_speed, 1)},
        "wind-note": {"children": f"24 h mean {mean} m/s \N{MIDDLE DOT} at the nacelle"},
    }


def _about(view: TurbineView, site: Site, look: Look, zone: Zone) -> str:
    length = words.length_of(figures.bucket_of(look.span, site.step))
    coverage = words.percent(min(1.0, view.coverage), 1, 1)
    return (
        f"{length} means \N{MIDDLE DOT} times in {zone.label(view.now)}, start of the interval"
        f" \N{MIDDLE DOT} data coverage {coverage}"
    )


def _chart_note(view: TurbineView, farm: Farm, site: Site, zone: Zone) -> dict[str, Any]:
    if farm.arrived_at is None:
        return _note(
            "No data yet. `wind stream` feeds recorded or live rows;"
            f" `wind data import FILE --site {site.name}` loads a file of yours."
        )
    rows = view.rows[(view.rows["timestamp"] >= view.start) & (view.rows["timestamp"] < view.now)]
    if rows.empty:
        start, until = words.moment(view.start, zone), words.moment(view.now, zone)
        return _note(f"No rows of {view.turbine_id} between {start} and {until}.")
    return _note("")


def _note(text: str) -> dict[str, Any]:
    return {"children": text, "className": "chart-note shown" if text else "chart-note"}


def tile_props(farm: Farm, site: Site, chosen: str = "", *, has_champion: bool) -> Props:
    """A tile a turbine, in the site file's order."""
    props: Props = {}
    for index, turbine_id in enumerate(site.turbine_ids):
        current = farm.turbines[turbine_id]
        decimals = words.decimals_of(site.turbines[turbine_id].rated_power)
        state = state_of(current, site, farm.now, has_champion=has_champion)
        has_expected = not words.is_missing(current.expected)
        expected = f"of {words.number(current.expected, decimals)} kW expected"
        props |= {
            f"tile-{index}-power": {"children": words.number(current.power, decimals)},
            f"tile-{index}-expected": {"children": expected if has_expected else "no expectation"},
            f"tile-{index}-state": {
                "children": state.word,
                "className": f"pill {state.tone}",
                "title": state.help,
            },
            f"tile-{index}-box": {
                "className": "tile-box chosen" if turbine_id == chosen else "tile-box"
            },
        }
    return props


def tile_sparks(farm: Farm, site: Site) -> dict[str, list[int | None]]:
    """Each tile's last 24 h, in percent of rated power."""
    return {
        f"tile-{index}-spark": [
            None
            if words.is_missing(each)
            else round(100 * each / site.turbines[turbine].rated_power)
            for each in farm.turbines[turbine].spark
        ]
        for index, turbine in enumerate(site.turbine_ids)
    }


def farm_props(farm: Farm, site: Site) -> Props:
    """The whole farm in one line."""
    measured = [each for each in farm.turbines.values() if not words.is_missing(each.power)]
    total = sum(each.power for each in measured)
    some_missing = f" \N{MIDDLE DOT} {len(measured)} of {len(farm.turbines)} turbines measured"
    share = words.percent(total, site.rated_power)
    power = (
        f"{words.number(total)} kW \N{MIDDLE DOT} {share} of rated" if measured else "no data yet"
    )
    return {
        "farm-power": {
            "children": power + (some_missing if 0 < len(measured) < len(farm.turbines) else "")
        },
    }


def replay_props(farm: Farm) -> Props:
    """Whether this is a replay, and of when."""
    is_replay = farm.replayed_year is not None
    return {
        "replay": {
            "children": f"replay of {farm.replayed_year}" if is_replay else "",
            "className": "badge replay" if is_replay else "badge replay hidden",
        },
    }


def arrival(farm: Farm, wall_now: int, zone: Zone = UTC_ZONE) -> dict[str, Any]:
    """For the badge, where the browser counts on: `age` in s of wall time, `shown` event time."""
    newest = [each.timestamp for each in farm.turbines.values() if each.timestamp is not None]
    say = words.clock_time if farm.replayed_year is None else words.day_time
    shown = say(farm.now, zone)
    return {
        "age": None if farm.arrived_at is None else max(0, wall_now - farm.arrived_at),
        "every": farm.arrives_every,
        "ended": farm.feed_ended,
        "shown": shown if newest else "",
    }


def model_props(
    models: Models, reign: Reign | None, mlflow_ui_uri: str, zone: Zone = UTC_ZONE
) -> Props:
    """The champion's and the challenger's card. The database knows the reign, MLflow the model."""
    version = champion_version(models, reign)
    champion = models.champion
    details = champion if champion and champion.version == version else None
    challenger = models.challenger
    rival = challenger if challenger and challenger.version != version else None
    return {
        **_model_card("champion", version, details, mlflow_ui_uri),
        "champion-note": {"children": _champion_note(version, reign, models, zone)},
        **_model_card("challenger", rival.version if rival else None, rival, mlflow_ui_uri),
        "challenger-note": {"children": _challenger_note(rival, models)},
        **no_model_props(models, reign),
    }


def no_model_props(models: Models, reign: Reign | None) -> Props:
    """The banner that says so while there is no champion."""
    version = champion_version(models, reign)
    return {
        "no-model": {
            "children": "" if version else _no_model(models),
            "className": "banner hidden" if version else "banner",
        }
    }


def champion_version(models: Models, reign: Reign | None) -> int | None:
    """Who is champion: as MLflow says, and while it does not answer as the database does."""
    if models.champion and not models.trouble:
        return models.champion.version
    if reign:
        return reign.version
    return models.champion.version if models.champion else None


def _no_model(models: Models) -> str:
    if models.seen_at is None and not models.trouble:
        return "No champion model yet \N{MIDDLE DOT} asking MLflow."
    return (
        "No champion model yet. Training registers the first one, an IEC power curve, within"
        " seconds of its start; until then the page shows measured power."
    )


def _model_card(
    card: str, number: int | None, details: ModelVersion | None, mlflow_ui_uri: str
) -> Props:
    link = f"{mlflow_ui_uri.rstrip('/')}/#/models/wind_power_predictor"
    return {
        f"{card}-version": {"children": f"v{number}" if number else words.MISSING},
        f"{card}-kind": {"children": KINDS.get(details.kind, details.kind) if details else ""},
        f"{card}-facts": {"children": _facts(details) if details else ""},
        f"{card}-link": {
            "href": f"{link}/versions/{number}" if number else link,
            "className": "quiet-link" if number else "quiet-link hidden",
        },
    }


def _facts(model: ModelVersion) -> str:
    """One fact a line; the style sheet keeps the line breaks."""
    lines = []
    if "score" in model.metrics:
        lines.append(
            f"MAE {words.number(model.metrics['score'], 1)} kW, normal rows, judging window"
        )
    if "interval_coverage" in model.metrics:
        coverage = words.percent(model.metrics["interval_coverage"], 1, 1)
        lines.append(f"{coverage} of rows within {BAND} (80 % is right)")
    if model.training_end:
        start, end = words.day(model.training_start), words.day(model.training_end)
        lines.append(f"trained on {start} {words.MISSING} {end}")
    return "\n".join(lines)


def _champion_note(version: int | None, reign: Reign | None, models: Models, zone: Zone) -> str:
    lines = []
    if reign and reign.version == version:
        lines.append(f"in charge since {words.moment(reign.since, zone)}, by {reign.by}")
        lines.append(reign.why)
    if models.trouble and version:
        seen = (
            f"last seen {words.moment(models.seen_at, zone)}" if models.seen_at else "not seen yet"
        )
        lines.append(f"MLflow does not answer; {seen}")
    if not version:
        lines.append("none yet")
    return "\n".join(lines)


def _challenger_note(rival: ModelVersion | None, models: Models) -> str:
    if rival:
        return rival.verdict or "did not beat the champion by more than noise"
    if models.trouble and models.seen_at is None:
        return "unknown while MLflow does not answer"
    return "No challenger. The next training run that the champion survives will stand here."


def trouble(models: Models, reign: Reign | None, *, database_is_down: bool = False) -> str:
    """The toast's text: what does not answer now, empty when all is well."""
    sentences = []
    if database_is_down:
        sentences.append(
            "The database does not answer. You see the last good data; the page keeps trying."
        )
    if models.trouble:
        rest = "Predictions go on with the champion in charge." if reign or models.champion else ""
        sentences.append(f"MLflow does not answer. {rest}".strip())
    return "\n".join(sentences)
