"""The newest forecast as a fan beyond now, and how past ones turned out."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from dash import html

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import tables, words
from ml_app_wind_draft.dashboard.reader import Reader, Storage
from ml_app_wind_draft.dashboard.replies import Props
from ml_app_wind_draft.dashboard.tables import Column
from ml_app_wind_draft.dashboard.words import DAY, HOUR, Zone
from ml_app_wind_draft.models.forecast.units import capacities, members
from ml_app_wind_draft.monitoring.forecast_scores import OLDEST, power_of_hours, scores_by_lead

LINES = ("q05", "q25", "q50", "q75", "q95")
OLD = 2 * HOUR  # of event time: such a forecast is not drawn any more
LONGEST_VIEW = 31 * DAY  # in longer ones two days are a hair
SCORED_DAYS = 30
SCORED_LEADS = tuple(HOUR * hours for hours in (1, 3, 6, 12, 24, 48))
WEATHERS = {
    "none": "from history alone",
    "forecast": "with weather forecasts",
    "perfect": "with a perfect weather forecast (reanalysis)",
}
SCORE_COLUMNS = (
    Column("Ahead", help="The hour that ends so long after the issue time."),
    Column("Hours", help="Forecast hours with a known outcome.", is_number=True),
    Column("MAE", "%", "Of the median, in percent of rated power.", is_number=True),
    Column(
        "Persistence",
        "%",
        "MAE, on the same hours, of the last hour's power known at the issue time carried on.",
        is_number=True,
    ),
    Column(
        "Skill",
        "%",
        "By how much the MAE is smaller than that of persistence; negative: larger, the forecast"
        " was worth nothing there.",
        is_number=True,
    ),
    Column("Pinball", "%", "Mean loss over 19 quantiles, in percent of rated.", is_number=True),
    Column("In P10\N{EN DASH}P90", "%", "80 % is right.", is_number=True),
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """A unit's newest hourly forecast: `hours` by `start` with `LINES` (kW); times in s."""

    issued_at: int
    version: int
    weather: str
    hours: pd.DataFrame


def newest(reader: Reader, unit: str, now: int) -> Forecast | None:
    """`None` without any. Raises `StorageError`."""
    issued_at = reader.remembered(
        ("newest forecast", unit, now), lambda storage: storage.newest_forecast(unit, HOUR)
    )
    if issued_at is None:
        return None
    return reader.of_the_day(  # an issued forecast stays as it is
        ("forecast", unit, issued_at), lambda storage: _issued(storage, unit, issued_at)
    )


def scores(reader: Reader, unit: str, site: Site, now: int) -> Props:
    """The table of how past forecasts turned out, made once a day. Raises `StorageError`."""
    hour = now // HOUR * HOUR
    return reader.of_the_day(
        ("forecast scores", unit, now // DAY),
        lambda storage: _scored(storage, unit, site, hour),
    )


def _scored(storage: Storage, unit: str, site: Site, hour: int) -> Props:
    first = hour - SCORED_DAYS * DAY
    past = storage.forecasts(unit, HOUR, first, hour, leads=SCORED_LEADS)
    turbines = members(site, unit)
    hours = storage.hourly_power(first - OLDEST, hour, turbines)
    return scores_table(past, power_of_hours(hours, turbines, site.step), unit, site)


def fan(forecast: Forecast | None, now: int) -> dict[str, Any] | None:
    """For the browser: `LINES` in whole kW, hour by hour from `start` (s) on; `None`: draw none."""
    if forecast is None or is_old(forecast, now):
        return None
    hours = forecast.hours
    return {
        "start": int(hours["start"].iloc[0]),
        "step": HOUR,
        **{line: hours[line].round().astype(int).tolist() for line in LINES},
    }


def is_old(forecast: Forecast, now: int) -> bool:
    """Whether it was issued too long ago to say what comes."""
    return now - forecast.issued_at > OLD


def note(forecast: Forecast | None, now: int, zone: Zone) -> str:
    """Where the fan comes from, or why there is none."""
    if forecast is None:
        return "No forecast yet: `wind train` makes the first, after the models."
    issued = words.day_time(forecast.issued_at, zone)
    if is_old(forecast, now):
        return f"The newest forecast, issued {issued}, is too old to be shown."
    weather = WEATHERS.get(forecast.weather, forecast.weather)
    return f"Forecast v{forecast.version}, issued {issued}, {weather}"


NO_FILE = {"href": "/export/forecast.csv", "className": "quiet-link hidden"}
NOTHING: dict[str, Any] = {
    "fan": {"fan": None},
    "props": {"forecast-note": {"children": ""}, "forecast-csv": NO_FILE},
}


def line() -> html.Div:
    """Below a chart: where its fan comes from, and the same as a file."""
    as_file = tables.csv_link(
        "forecast-csv",
        "Forecast shown",
        NO_FILE["href"],
        "The forecast shown: every hour, 19 quantiles in kW, in UTC",
        words="Forecast CSV",
        hidden=True,
    )
    note = html.P("\N{NO-BREAK SPACE}", id="forecast-note", className="note")
    return html.Div([note, as_file], className="forecast-line")


def ahead(reader: Reader, unit: str, now: int, span: int, zone: Zone) -> dict[str, Any]:
    """What the reply of a view of `span` s up to now holds of it. Raises `StorageError`."""
    return NOTHING if span > LONGEST_VIEW else part(newest(reader, unit, now), now, zone)


def part(forecast: Forecast | None, now: int, zone: Zone) -> dict[str, Any]:
    """The same of a forecast at hand, for a view that is not too long; it changes once an hour."""
    said = {"forecast-note": {"children": note(forecast, now, zone)}}
    return {
        "fan": {"fan": fan(forecast, now)},
        "props": {**said, "forecast-csv": _file(forecast, now)},
    }


def _file(forecast: Forecast | None, now: int) -> dict[str, str]:
    """Where the forecast that is shown can be had as CSV."""
    if forecast is None or is_old(forecast, now):
        return NO_FILE
    unit = str(forecast.hours["unit"].iloc[0])
    asked = urlencode({"unit": unit, "issued": clock.stamp(forecast.issued_at)}, safe=":")
    return {"href": f"/export/forecast.csv?{asked}", "className": "quiet-link"}


def scores_table(past: pd.DataFrame, power: pd.Series, unit: str, site: Site) -> Props:
    """How past forecasts turned out, by lead; `power` as `scores_by_lead` takes it."""
    found = scores_by_lead(past, capacities(site)[unit], power)
    rows = [
        (
            f"{each['lead'] // HOUR} h",
            words.number(each["rows"]),
            words.number(each["mae"], 1),
            words.number(each["persistence_mae"], 1),
            words.signed(each["skill"]),
            words.number(each["pinball"], 2),
            words.number(each["interval_coverage"]),
        )
        for each in found.rename_axis("lead").reset_index().to_dict("records")
    ]
    otherwise = "No forecast has an outcome yet."
    return tables.filled("forecast-scores", SCORE_COLUMNS, rows, otherwise=otherwise)


def _issued(storage: Storage, unit: str, issued_at: int) -> Forecast:
    hours = storage.forecasts(unit, HOUR, issued_at, issued_at + 1)
    first = hours.iloc[0]
    return Forecast(issued_at, int(first["model_version"]), str(first["weather"]), hours)
