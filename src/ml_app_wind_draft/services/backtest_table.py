"""Tables of strangers as histories and weather: CSV or Parquet, any names, scale and time zone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.errors import ConfigurationError, ImportFileError
from ml_app_wind_draft.models.forecast.series import (
    HOUR,
    History,
    Weather,
    on_grid,
    perfect_weather,
    weather_runs,
)

TOTAL = "all units"
ONE_UNIT = "unit"
WRITTEN = ("ISO8601", "%Y%m%d %H:%M", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column is what, and how times and power are written.

    `capacity` is in the unit of power: one number for each unit, or unit -> number. `zone` holds
    for times without an offset. `stamp` says which end of its interval a time is.
    """

    time: str
    power: str
    capacity: dict[str, float] | float
    unit: str | None = None
    measured: tuple[str, ...] = ()
    weather: tuple[str, ...] = ()
    zone: str = "UTC"
    time_format: str | None = None
    stamp: str = "start"
    weather_time: str | None = None
    weather_issued: str | None = None
    weather_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.stamp not in ("start", "end"):
            message = f"--stamp is start or end, not {self.stamp!r}."
            raise ConfigurationError(message)
        for zone in (self.zone, self.weather_zone):
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                message = f"{zone!r} is no time zone."
                raise ConfigurationError(message, remedy="Write Europe/Paris, say.") from error


@dataclass(frozen=True, slots=True)
class Units:
    """What a table holds. `capacity` is in the table's unit of power, `total` included."""

    histories: dict[str, History]
    capacity: dict[str, float]
    weather: dict[str, Weather] = field(default_factory=dict)


def split_names(text: str) -> tuple[str, ...]:
    """Column names out of `a,b`."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def read_units(path: Path, layout: Layout, weather_path: Path | None, *, total: bool) -> Units:
    """Read the table, and the weather from it or from `weather_path`.

    With `total` and more than one unit, `TOTAL` is their sum where all of them are there. Raises
    `ImportFileError` that names file, column and value.
    """
    columns = [layout.time, layout.power, *layout.measured]
    columns += [layout.unit] if layout.unit else []
    columns += layout.weather if weather_path is None else []
    table = read_table(path, columns)
    table["_unit"] = table[layout.unit].astype(str) if layout.unit else ONE_UNIT
    table["_time"] = instants(
        path, table, layout.time, layout.zone, by="_unit", pattern=layout.time_format
    )
    for name in (layout.power, *layout.measured):
        table[name] = numbers(path, table, name)
    step = _step(path, layout.time, table)
    if layout.stamp == "end":
        table["_time"] -= step
    _refuse_repeated(path, layout.time, table)
    capacity = _capacities(layout, sorted(table["_unit"].unique()))
    histories = _histories(table, layout, capacity, step)
    if total and len(histories) > 1:
        capacity[TOTAL] = sum(capacity.values())
        histories[TOTAL] = _total(histories, capacity)
    if weather_path is not None:
        weather = _weather_file(weather_path, layout)
        return Units(histories, capacity, dict.fromkeys(histories, weather))
    return Units(histories, capacity, _weather_columns(path, table, layout, list(histories)))


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """A CSV file (any usual delimiter) or a Parquet file, which must hold `columns`."""
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pd.read_parquet(path)
        else:
            table = _read_csv(path)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise ImportFileError(
            str(path),
            f"cannot be read: {str(error).rstrip('.')}",
            remedy="Give a CSV file in UTF-8 with a header line, or a Parquet file.",
        ) from error
    for name in columns:
        if name not in table:
            raise ImportFileError(
                str(path),
                "is not there",
                column=name,
                remedy=f"Columns of the file: {', '.join(map(str, table.columns))}.",
            )
    return table


def _read_csv(path: Path) -> pd.DataFrame:
    """The delimiter is the commonest in the header; commas in numbers where it is no comma."""
    with path.open(encoding="utf-8-sig") as file:
        header, row = file.readline(), file.readline()
    delimiter = max(",;\t|", key=header.count)
    decimal = "," if delimiter != "," and re.search(r"\d,\d", row) else "."
    return pd.read_csv(path, sep=delimiter, decimal=decimal, encoding="utf-8-sig")


def instants(
    path: Path,
    table: pd.DataFrame,
    column: str,
    zone: str,
    *,
    by: str | None = None,
    pattern: str | None = None,
) -> pd.Series:
    """Seconds since the epoch, UTC. In autumn the first reading of an hour is the earlier one."""
    written = table[column]
    try:
        if not isinstance(written.dtype, pd.DatetimeTZDtype):
            written = _parsed(written, pattern)
        if written.dt.tz is None:
            again = table.assign(_read=written).duplicated([*([by] if by else []), "_read"])
            written = written.dt.tz_localize(zone, ambiguous=~again.to_numpy(), nonexistent="NaT")
    except (ValueError, TypeError) as error:
        raise ImportFileError(
            str(path),
            f"holds times that cannot be read: {str(error).rstrip('.')}",
            column=column,
            example=str(table[column].iloc[0]),
            remedy="--time-format says how they are written: '%d/%m/%Y %H:%M', say.",
        ) from error
    bad = written.isna()
    if bad.any():
        raise ImportFileError(
            str(path),
            f"{int(bad.sum())} times are missing, or do not exist in {zone}",
            column=column,
            example=str(table[column][bad].iloc[0]),
            remedy="The clock that skips an hour in spring: is --time-zone right?",
        )
    return written.dt.as_unit("s").dt.tz_convert("UTC").astype("int64")


def _parsed(written: pd.Series, pattern: str | None) -> pd.Series:
    """Texts as times. Raises `ValueError` where no way of writing fits all of them."""
    if pd.api.types.is_datetime64_any_dtype(written):
        return written
    texts = written.astype(str).where(written.notna())
    utc = bool(texts.str.contains(r"(?:Z|\d[+-]\d\d:?\d\d)$").any())
    for known in (pattern,) if pattern else WRITTEN:
        try:
            return pd.to_datetime(texts, format=known, utc=utc)
        except ValueError:
            continue
    message = f"no known way of writing fits{f' ({pattern})' if pattern else ''}"
    raise ValueError(message)


def numbers(path: Path, table: pd.DataFrame, column: str) -> pd.Series:
    """The column as numbers; what is no number is an error, what is empty is missing."""
    values = pd.to_numeric(table[column], errors="coerce").astype(np.float64)
    bad = values.isna() & table[column].notna()
    if bad.any():
        raise ImportFileError(
            str(path),
            f"{int(bad.sum())} values are no numbers",
            column=column,
            example=str(table[column][bad].iloc[0]),
            remedy="Leave missing values empty and write numbers with a point.",
        )
    return values


def _step(path: Path, column: str, table: pd.DataFrame) -> int:
    gaps = table.sort_values(["_unit", "_time"]).groupby("_unit")["_time"].diff()
    gaps = gaps[gaps > 0]
    step = int(gaps.mode().iloc[0]) if len(gaps) else 0
    if step == 0 or HOUR % step or (table["_time"] % step).any():
        raise ImportFileError(
            str(path),
            f"rows are {step} s apart, or not on whole steps of that" if step else "has one row",
            column=column,
            example=str(table[column].iloc[0]),
            remedy="Rows must lie on a grid that divides the hour: 5, 10, 15, 30, 60 minutes.",
        )
    return step


def _refuse_repeated(path: Path, column: str, table: pd.DataFrame) -> None:
    again = table.duplicated(["_unit", "_time"])
    if again.any():
        raise ImportFileError(
            str(path),
            f"{int(again.sum())} rows repeat the time of another row of the same unit",
            column=column,
            example=str(table[column][again].iloc[0]),
            remedy="Name the column of units with --unit, or remove the repeated rows.",
        )


def _capacities(layout: Layout, units: list[str]) -> dict[str, float]:
    if not isinstance(layout.capacity, dict):
        return dict.fromkeys(units, layout.capacity)
    missing = [unit for unit in units if unit not in layout.capacity]
    if missing:
        message = f"--capacity names no capacity of {', '.join(missing)}."
        raise ConfigurationError(message, remedy="Write --capacity 'A=2050,B=3000'.")
    return {unit: layout.capacity[unit] for unit in units}


def _histories(
    table: pd.DataFrame, layout: Layout, capacity: dict[str, float], step: int
) -> dict[str, History]:
    start = int(table["_time"].min())
    count = int(table["_time"].max() - start) // step + 1
    names = list(layout.measured)
    histories = {}
    for unit, rows in table.groupby("_unit"):
        values = rows[[layout.power, *names]].to_numpy(np.float64)
        grid = on_grid(rows["_time"].to_numpy(), values, step, start, count)
        measured = {name: grid[:, number] for number, name in enumerate(names, 1)}
        angles = frozenset(name for name in names if "dir" in name.lower())
        power = grid[:, 0] / capacity[str(unit)]
        histories[str(unit)] = History(start, step, power, measured, angles)
    return histories


def _total(histories: dict[str, History], capacity: dict[str, float]) -> History:
    """The units as one: power where all are there, the mean of what they measure."""
    each = list(histories.values())
    power = sum(capacity[name] * own.power for name, own in histories.items())
    measured = {}
    for name in each[0].measured:
        values = np.stack([own.measured[name] for own in each])
        if name in each[0].angles:
            angle = np.deg2rad(values)
            values = np.rad2deg(np.arctan2(_mean(np.sin(angle)), _mean(np.cos(angle)))) % 360
            measured[name] = values
        else:
            measured[name] = _mean(values)
    first = each[0]
    share = np.asarray(power) / capacity[TOTAL]
    return History(first.start, first.step, share, measured, first.angles)


def _mean(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _weather_file(path: Path, layout: Layout) -> Weather:
    time, pattern = layout.weather_time or layout.time, layout.time_format
    needed = [time, *([layout.weather_issued] if layout.weather_issued else [])]
    table = read_table(path, [*needed, *layout.weather])
    names = layout.weather or tuple(
        name for name in table if name not in needed and pd.api.types.is_numeric_dtype(table[name])
    )
    if not names:
        raise ImportFileError(str(path), "has no column of numbers besides the time")
    values = np.column_stack([numbers(path, table, name) for name in names])
    valid = instants(path, table, time, layout.weather_zone, pattern=pattern).to_numpy()
    if layout.weather_issued is None:
        return _perfect(path, time, tuple(names), valid, values)
    issued = instants(
        path, table, layout.weather_issued, layout.weather_zone, pattern=pattern
    ).to_numpy()
    return weather_runs(tuple(names), issued, valid, values, _even(path, time, np.unique(valid)))


def _weather_columns(
    path: Path, table: pd.DataFrame, layout: Layout, units: list[str]
) -> dict[str, Weather]:
    """Weather in the table itself: of each unit's rows, and their mean for the total."""
    if not layout.weather:
        return {}
    names = list(layout.weather)
    for name in names:
        table[name] = numbers(path, table, name)
    mean = table.groupby("_time")[names].mean().reset_index()
    found = {}
    for unit in units:
        rows = mean if unit == TOTAL else table[table["_unit"] == unit].sort_values("_time")
        valid = rows["_time"].to_numpy(np.int64)
        found[unit] = _perfect(path, layout.time, tuple(names), valid, rows[names].to_numpy())
    return found


def _perfect(path: Path, column: str, names: tuple[str, ...], valid: Any, values: Any) -> Weather:
    if len(np.unique(valid)) < len(valid):
        raise ImportFileError(
            str(path),
            "several rows are for the same time",
            column=column,
            remedy="Say when each was issued with --weather-issued.",
        )
    return perfect_weather(names, valid, values, _even(path, column, valid))


def _even(path: Path, column: str, valid: Any) -> int:
    step = int(np.median(np.diff(np.sort(valid)))) if len(valid) > 1 else 0
    if step <= 0:
        raise ImportFileError(str(path), "one time makes no weather", column=column)
    return step
