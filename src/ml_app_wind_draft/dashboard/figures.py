"""The main figure, pure: from rows to series of plain lists, and the figure's frame without data.

Server and browser share the work so that a refresh stays small: the frame is sent once a theme, the
series once a view, and after that only their tail. Plain lists, since plotly would send arrays as
base64 that the browser's splice could not read.
"""

import math
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.dashboard import chart_style
from ml_app_wind_draft.dashboard.theme import PALETTES, Palette, Scheme
from ml_app_wind_draft.dashboard.words import decimals_of

MOST_POINTS = 1500
BUCKETS = (1, 2, 3, 6, 12, 18, 36, 72, 144, 432, 1008)

Series = dict[str, list[Any]]
# What the legend switches: a name, and the traces that go by it.
LEGEND = {
    "power": ("Measured", ["power"]),
    "expected": ("Expected", ["expected"]),
    "band": ("P10\N{EN DASH}P90", ["band", "p10", "p90"]),
    "forecast": ("Forecast", ["fan_90", "fan_50", "forecast"]),
    "error": ("Error", ["error"]),
    "error_mean": ("Error, 6 h mean", ["error_mean"]),
    "below": ("Below expectation, 24 h", ["below"]),
    "mae": ("MAE, 24 h", ["mae"]),
    "wind": ("Wind speed", ["wind"]),
}
COLUMNS = {
    "power": "power",
    "expected": "expected_power",
    "p10": "expected_power_p10",
    "p90": "expected_power_p90",
    "error": "error",
    "error_mean": "error_mean",
    "below": "below",
    "mae": "mae",
    "wind": "wind_speed",
}
DAY_MS = 86_400_000
TICKS = [  # dates as the page writes them
    {"dtickrange": [None, DAY_MS - 1], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [DAY_MS, "M1"], "value": "%-d %b\n%Y"},
    {"dtickrange": ["M1", None], "value": "%b\n%Y"},
]
panel_title = partial(chart_style.panel_title, shift=(-4, 3))
PERCENTS = ("below", "mae")


def bucket_of(span: int, step: int) -> int:
    """Seconds of one drawn point: `step`, or the mean of as many steps as keep the view light."""
    fitting = (step * many for many in BUCKETS if span / (step * many) <= MOST_POINTS)
    return next(fitting, step * BUCKETS[-1])


FARM_COLUMNS = {key: COLUMNS[key] for key in ("power", "expected", "p10", "p90")}


def series(
    rows: pd.DataFrame,
    *,
    start: int,
    now: int,
    step: int,
    bucket: int,
    columns: Mapping[str, str] = MappingProxyType(COLUMNS),
) -> Series:
    """`columns` (key -> name in `rows`) from `start` to before `now`, ready for the wire.

    `t` holds the starts of the drawn intervals, s; powers and errors are in kW, `wind` in m/s; a
    missing value is `None`. Where rows are missing, one point of `None` breaks the lines. `bucket`
    (s, a multiple of `step`) above `step` draws the mean of each bucket that has rows.
    """
    stamps = rows["timestamp"].to_numpy(np.int64)
    seen = slice(*np.searchsorted(stamps, [start, now]))
    stamps = stamps[seen]
    values = {key: rows[name].to_numpy(np.float64)[seen] for key, name in columns.items()}
    if bucket > step:
        stamps, values = _bucket_means(stamps, values, bucket)
    breaks = np.flatnonzero(np.diff(stamps) > max(bucket, step)) + 1
    times = np.insert(stamps, breaks, stamps[breaks - 1] + max(bucket, step))
    return {
        "t": times.tolist(),
        **{key: _listed(np.insert(each, breaks, np.nan)) for key, each in values.items()},
    }


def _bucket_means(
    stamps: NDArray[np.int64], columns: dict[str, NDArray[np.float64]], bucket: int
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Means over whole buckets of time; missing values do not count."""
    starts, place = np.unique(stamps // bucket * bucket, return_inverse=True)
    means = {}
    for key, values in columns.items():
        known = np.isfinite(values)
        count = np.bincount(place[known], minlength=len(starts))
        total = np.bincount(place[known], weights=values[known], minlength=len(starts))
        means[key] = np.divide(total, count, out=np.full(len(starts), np.nan), where=count > 0)
    return starts, means


def rounded(columns: Series, rated_power: float) -> Series:
    """`columns` with powers rounded to what a reader can see at this `rated_power`, kW."""
    decimals = decimals_of(rated_power)
    whole = decimals == 0

    def shorten(value: float | None) -> float | int | None:
        if value is None:
            return None
        return round(value) if whole else round(value, decimals)

    rounding = {"t": lambda value: value, "wind": lambda value: value} | dict.fromkeys(
        PERCENTS, lambda value: None if value is None else round(value, 1)
    )
    return {
        key: [rounding.get(key, shorten)(value) for value in values]
        for key, values in columns.items()
    }


def cut(columns: Series, *, since: int | None = None, before: int | None = None) -> Series:
    """The points of `columns` with `since` <= t < `before`."""
    times = columns["t"]
    first = 0 if since is None else int(np.searchsorted(times, since))
    last = len(times) if before is None else int(np.searchsorted(times, before))
    return {key: values[first:last] for key, values in columns.items()}


def _listed(values: NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(each) else each for each in values.round(2).tolist()]


def frame(scheme: Scheme) -> dict[str, Any]:
    """The figure of one theme without data: four stacked panels over one time axis.

    The browser fills `x` and `y` of each trace by its `uid`, a key of `COLUMNS`; it makes `band`
    from `p10` and `p90`.
    """
    palette = PALETTES[scheme]
    return {"data": _traces(palette), "layout": _layout(palette)}


def farm_frame(scheme: Scheme) -> dict[str, Any]:
    """The farm's power without data, one panel; filled as `frame` is."""
    palette = PALETTES[scheme]
    whole = _layout(palette)
    kept = ("yaxis2", "yaxis3", "yaxis4", "hoversubplots")
    title, *_, now = whole["annotations"]
    return {
        "data": [each for each in _traces(palette) if each["yaxis"] == "y"],
        "layout": {
            **{key: each for key, each in whole.items() if key not in kept},
            "margin": {"l": 52, "r": 8, "t": 24, "b": 36},
            "xaxis": {**whole["xaxis"], "anchor": "y"},
            "yaxis": {**whole["yaxis"], "domain": [0, 1], "nticks": 6},
            "annotations": [title, now],
        },
    }


def curve_frame(scheme: Scheme) -> dict[str, Any]:
    """The power curve without data: power (kW) over wind speed (m/s)."""
    palette = PALETTES[scheme]
    hover = "%{x:.1f} m/s: <b>%{y:,.0f} kW</b>"

    def dots(uid: str, name: str, colour: str, **marker: Any) -> dict[str, Any]:
        return {
            "type": "scatter",
            "mode": "markers",
            "uid": uid,
            "name": name,
            "x": [],
            "y": [],
            "marker": {"color": colour, "size": 4, **marker},
            "hovertemplate": f"{name} {hover}<extra></extra>",
        }

    def line(uid: str, name: str, colour: str, dash: str) -> dict[str, Any]:
        return {
            **dots(uid, name, colour),
            "mode": "lines",
            "line": {"color": colour, "width": 2, "dash": dash},
        }

    axis = chart_style.axis(palette)
    return {
        "data": [
            dots("rows", "Row", palette.accent, opacity=0.38),
            dots("alarm", "In alarm", palette.alarm, symbol="diamond", size=5, opacity=0.55),
            line("maker", "Manufacturer", palette.wind, "dash"),
            line("model", "Expected", palette.accent, "solid"),
            dots(
                "bins",
                "Bin",
                palette.card,
                size=7,
                line={"color": palette.measured, "width": 1.6},
            ),
        ],
        "layout": {
            **chart_style.base(palette),
            "margin": {"l": 46, "r": 6, "t": 24, "b": 38},
            "hovermode": "closest",
            "dragmode": False,
            "xaxis": {
                **axis,
                "range": [0, 20],
                "fixedrange": True,
                "title": {
                    "text": "Wind speed at 1.225 kg/m\N{SUPERSCRIPT THREE}, m/s",
                    "font": {"size": 11.5, "color": palette.dim},
                    "standoff": 6,
                },
            },
            "yaxis": {**axis, "tickformat": ",", "fixedrange": True, "nticks": 6},
            "annotations": [panel_title("Power, kW", 1, palette)],
        },
    }


def _traces(palette: Palette) -> list[dict[str, Any]]:
    # Plotly's fill between two lines runs across gaps, so the band is polygons, and p10 and p90 are
    # there for the pointer. The order is the pointer's, `zorder` the painter's.
    return [
        _line(
            "band", "Band", palette.band, 0, fill="toself", fillcolor=palette.band, hoverinfo="skip"
        ),
        *_fan(palette),
        _line("power", "Measured", palette.measured, 1.4, zorder=2),
        _line("expected", "Expected", palette.accent, 1.6, zorder=1),
        _line("p90", "P90", palette.band, 0),
        _line("p10", "P10", palette.band, 0),
        _line("error", "Error", palette.error_faint, 1, axis="y2"),
        _line("error_mean", "Error, 6 h mean", palette.error, 2, axis="y2"),
        _line("below", "Below expectation, 24 h", palette.rule, 1.6, axis="y4", unit="%"),
        _line("mae", "MAE, 24 h", palette.error, 1.4, axis="y4", unit="%"),
        _line("wind", "Wind speed", palette.wind, 1.4, axis="y3", unit="m/s"),
    ]


def _fan(palette: Palette) -> list[dict[str, Any]]:
    """Filled by the browser: nine and five of ten hours, and the median."""
    filled = {"fill": "toself", "fillcolor": palette.forecast, "hoverinfo": "skip"}
    said = "Forecast <b>%{y:,.0f} kW</b>, P5\N{EN DASH}P95 %{customdata}<extra></extra>"
    line = _line("forecast", "Forecast", palette.forecast, 1.8, hovertemplate=said)
    return [
        _line("fan_90", "P5\N{EN DASH}P95", palette.forecast, 0, opacity=0.16, **filled),
        _line("fan_50", "P25\N{EN DASH}P75", palette.forecast, 0, opacity=0.3, **filled),
        {**line, "line": {**line["line"], "dash": "dash"}},
    ]


def _line(
    uid: str,
    name: str,
    colour: str,
    width: float,
    *,
    axis: str = "y",
    unit: str = "kW",
    **more: Any,
) -> dict[str, Any]:
    decimals = 0 if unit == "kW" else 1
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "name": name,
        "x": [],
        "y": [],
        "xaxis": "x",
        "yaxis": axis,
        "line": {"color": colour, "width": width, "dash": "dot" if uid == "mae" else "solid"},
        "connectgaps": False,
        "hovertemplate": f"{name} <b>%{{y:,.{decimals}f}} {unit}</b><extra></extra>",
        **more,
    }


def _layout(palette: Palette) -> dict[str, Any]:
    y_axis = chart_style.axis(palette, tickformat=",", anchor="x", automargin=False)
    return {
        **chart_style.base(palette),
        "margin": {"l": 48, "r": 12, "t": 26, "b": 40},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "dragmode": "zoom",
        "xaxis": {
            **chart_style.axis(palette),
            "type": "date",
            "anchor": "y3",
            "ticklabelstandoff": 5,
            "tickformatstops": TICKS,
            "hoverformat": "%-d %b %Y, %H:%M UTC",
            "showspikes": True,
            "spikemode": "across",
            "spikethickness": -2,  # one pixel without plotly's contrasting border
            "spikedash": "solid",
            "spikecolor": palette.dim,
        },
        "yaxis": {**y_axis, "domain": [0.505, 1], "nticks": 7},
        "yaxis2": {
            **y_axis,
            "domain": [0.325, 0.45],
            "nticks": 4,
            "zeroline": True,
            "zerolinecolor": palette.dim,
            "zerolinewidth": 1,
        },
        "yaxis3": {**y_axis, "domain": [0, 0.105], "nticks": 4, "rangemode": "tozero"},
        "yaxis4": {**y_axis, "domain": [0.16, 0.27], "nticks": 4, "ticksuffix": " %"},
        "meta": {"alarm": palette.alarm, "dim": palette.dim},
        "annotations": [
            panel_title("Power, kW", 1, palette),
            {
                **panel_title("Error = measured \N{MINUS SIGN} expected, kW", 0.45, palette),
                "name": "error",
            },
            panel_title("Alarm rules over 24 h of normal rows, %", 0.27, palette),
            panel_title("Wind speed at the nacelle, m/s", 0.105, palette),
            {
                "name": "now",
                "text": "now",
                "xref": "x",
                "yref": "paper",
                "y": 1,
                "xanchor": "right",
                "yanchor": "top",
                "xshift": -2,
                "showarrow": False,
                "font": chart_style.quiet(palette),
            },
        ],
        "shapes": [
            {  # what lies beyond now; the browser moves both with the data
                "type": "rect",
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"width": 0},
                "fillcolor": palette.grid,
                "opacity": 0.6,
                "layer": "below",
            },
            {
                "type": "line",
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": palette.dim, "width": 1, "dash": "dot"},
            },
        ],
    }
