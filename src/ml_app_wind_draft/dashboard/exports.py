"""Tables as CSV: times in UTC, units in the head, model versions in the rows."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain

import pandas as pd
from flask import Flask, Response, request

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.errors import StorageError
from ml_app_wind_draft.core.signals import SIGNALS
from ml_app_wind_draft.dashboard import reading_farm
from ml_app_wind_draft.dashboard.page import House
from ml_app_wind_draft.dashboard.reader import Storage
from ml_app_wind_draft.dashboard.view import View
from ml_app_wind_draft.dashboard.words import DAY, HOUR
from ml_app_wind_draft.models.forecast.units import capacities
from ml_app_wind_draft.monitoring.forecast_table import table_lines

MONTH = 31 * DAY
LINES_A_PART = 1000
OUTCOME_HEADS = {
    "expected_power": "expected_power [kW]",
    "expected_power_p10": "expected_power_p10 [kW]",
    "expected_power_p90": "expected_power_p90 [kW]",
    "status": "status",
    "reason": "reason",
    "state": "state",
    "model_version": "model_version",
}
LOSS_HEADS = {
    "turbine_id": "turbine_id",
    "month": "month (UTC)",
    "state": "inferred_state",
    "rows": "rows",
    "energy": "energy [MWh]",
    "expected_energy": "expected_energy [MWh]",
    "energy_below_expectation": "energy_below_expectation [MWh]",
    "share_of_expected": "share_of_expected_in_month [%]",
    "model_versions": "model_versions",
}


def offer(server: Flask, house: House) -> None:
    """Answer the addresses under `/export` that docs/dashboard.md names."""

    @server.get("/export/turbine.csv")
    def turbine() -> Response:
        asked = View("export", query=dict(request.args))
        turbine_id = asked.query.get("turbine", "")
        start, end = asked.instant("from"), asked.instant("to")
        if turbine_id not in house.site.turbines or start is None or end is None or end <= start:
            return Response("turbine, from and to are needed.\n", 400, mimetype="text/plain")
        name = f"{turbine_id}_{_compact(start)}_{_compact(end)}.csv"
        return _sent(name, _rows(house, turbine_id, start, end))

    @server.get("/export/forecast.csv")
    def forecast() -> Response:
        asked = View("export", query=dict(request.args))
        unit, issued_at = asked.query.get("unit", ""), asked.instant("issued")
        if unit not in capacities(house.site) or issued_at is None:
            return Response("unit and issued are needed.\n", 400, mimetype="text/plain")
        hours = house.reader.read(
            lambda storage: storage.forecasts(unit, HOUR, issued_at, issued_at + 1)
        )
        if hours.empty:
            return Response("No forecast was issued then.\n", 404, mimetype="text/plain")
        name = f"forecast_{unit.replace(':', '_')}_{_compact(issued_at)}.csv"
        return _sent(name, (map(_value, line) for line in table_lines(hours)))

    @server.get("/export/losses.csv")
    def losses() -> Response:
        now = house.reader.farm().now
        return _sent(f"energy_below_expectation_{house.site.name}.csv", _losses(house, now))

    @server.errorhandler(StorageError)
    def unavailable(error: StorageError) -> Response:
        return Response(f"{error}\n", 503, mimetype="text/plain")


def _sent(name: str, lines: Iterable[Iterable[object]]) -> Response:
    """A download; a `StorageError` before its first lines is raised, so that it is answered."""
    parts = _written(lines)
    first = next(parts)
    response = Response(chain([first], parts), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _written(lines: Iterable[Iterable[object]]) -> Iterator[str]:
    """The file in parts.

    A `StorageError` on the way breaks the connection off, so that the download fails; whoever keeps
    what has come so far finds in its last line that it is not all.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    sent = 0
    try:
        for number, line in enumerate(lines, 1):
            writer.writerow(line)
            if number % LINES_A_PART == 0:
                yield _taken(buffer)
                sent = number
    except StorageError as error:
        if sent:
            yield f"{_taken(buffer)}INCOMPLETE: {error}\n"
        raise
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _rows(house: House, turbine_id: str, start: int, end: int) -> Iterator[Sequence[object]]:
    """Every row with its outcome, a month at a time so that a long span costs no more memory."""
    yield (
        ["turbine_id", "timestamp (UTC, start of interval)", "revision"]
        + [f"{each.name} [{each.unit}]" for each in SIGNALS]
        + list(OUTCOME_HEADS.values())
    )
    for first in range(start, end, MONTH):
        last = min(end, first + MONTH)
        rows = house.reader.read(partial(_joined, turbine_id=turbine_id, start=first, end=last))
        for row in rows.to_dict("records"):
            yield [
                turbine_id,
                _moment(row["timestamp"]),
                row["revision"],
                *(_value(row[each.name]) for each in SIGNALS),
                *(_value(row[name]) for name in OUTCOME_HEADS),
            ]


def _joined(storage: Storage, *, turbine_id: str, start: int, end: int) -> pd.DataFrame:
    raw = storage.raw_range(start, end, [turbine_id])
    outcomes = storage.predictions_range(start, end, [turbine_id])
    return raw.merge(outcomes[["timestamp", *OUTCOME_HEADS]], on="timestamp", how="left")


def _losses(house: House, now: int) -> Iterator[Sequence[object]]:
    monthly = reading_farm.monthly(house.reader, house.site, now // DAY * DAY)
    versions = house.reader.read(lambda storage: storage.champion_history())
    said = " ".join(str(each) for each in sorted(set(versions["version"].astype(int))))
    yield list(LOSS_HEADS.values())
    for row in monthly.to_dict("records"):
        row |= {
            "month": datetime.fromtimestamp(row["month"], UTC).strftime("%Y-%m"),
            "share_of_expected": 100 * row["share_of_expected"],
            "model_versions": said,
        }
        yield [_value(row[name]) for name in LOSS_HEADS]


def _value(value: object) -> object:
    """Nothing for what is missing, never zero."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 4)
    return value


def _moment(instant: int) -> str:
    return clock.stamp(instant)


def _compact(instant: int) -> str:
    return clock.stamp(instant).replace(":", "").replace("-", "")
