"""The data quality figure: coverage, rows set aside and values set to missing over days."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import chart_style
from ml_app_wind_draft.dashboard.figures import TICKS
from ml_app_wind_draft.dashboard.reading_quality import Quality
from ml_app_wind_draft.dashboard.theme import HUES, PALETTES, Palette, Scheme, mixed
from ml_app_wind_draft.dashboard.words import DAY

CELL = 0.84  # of a day and of a turbine's line
SHADES = 10  # of a cell that lacks rows, by tens of percent; one more stands for a whole one
WHOLE = 99.6  # percent

# reason -> (name, what it means), in the words of docs/contract.md
SET_ASIDE = {
    "malformed_line": ("Malformed line", "Too many or too few fields, or a quote that never ends."),
    "unknown_turbine": ("Unknown turbine", "The site file does not know the turbine."),
    "bad_timestamp": ("Bad time stamp", "It cannot be read, or lies before 1980."),
    "nonexistent_local_time": ("No such local time", "The clocks went forward over that time."),
    "ambiguous_local_time": ("Ambiguous local time", "The clocks went back: it could be either."),
    "off_grid": ("Off the grid", "The interval does not start on a mark of the sampling."),
    "future": ("From the future", "The interval starts more than ten minutes after now."),
    "conflicting_duplicate": ("Conflicting rows", "One file says different things of one time."),
}
FLAGGED = {
    "out_of_range": ("Out of range", "The value is outside its plausible range."),
    "stuck": ("Stuck", "The sensor repeats one value for too long."),
    "impossible_combination": ("Impossible together", "Power without wind or without turning."),
    "not_a_number": ("Not a number", "Text stood where a number belongs."),
}


def frame(scheme: Scheme) -> dict[str, Any]:
    """The figure of one theme without data: three panels over one axis of days."""
    palette = PALETTES[scheme]
    return {"data": _traces(scheme), "layout": _layout(palette)}


def data(quality: Quality, site: Site, turbine_id: str | None) -> dict[str, Any]:
    """Traces and layout of what is shown; `turbine_id` leaves the others' rows out of the bars."""
    return {
        "data": [_cells(quality, site), *_bars(quality, turbine_id)],
        "layout": {
            "xaxis": {
                "range": [
                    _noon(quality.start) - DAY * 500,
                    _noon(int(quality.days[-1])) + DAY * 500,
                ]
            },
            "yaxis": {
                "tickvals": list(range(len(site.turbine_ids))),
                "ticktext": site.turbine_ids,
                "range": [len(site.turbine_ids) - 0.5, -0.5],
            },
        },
    }


def seen_reasons(quality: Quality, turbine_id: str | None) -> dict[str, list[str]]:
    """The reasons that the bars show: `rejected` and `flagged`, in the order of the colours."""
    found = {}
    for name, table, known in (
        ("rejected", quality.rejected, SET_ASIDE),
        ("flagged", quality.flagged, FLAGGED),
    ):
        own = table if turbine_id is None else table[table["turbine_id"] == turbine_id]
        dated = set(own.loc[own["day"] >= quality.start, "reason"])
        found[name] = [each for each in known if each in dated]
    return found


def shade(percent: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which of `shades` a cell with so many of its rows has."""
    lacking = np.minimum(percent // (100 / SHADES), SHADES - 1)
    return np.where(percent >= WHOLE, SHADES, lacking).astype(np.int64)


def shades(palette: Palette) -> list[str]:
    """The colours of cells: nothing there, by tens of percent, all there.

    The browser picks them by `shade`. Plotly could map percents by itself, but complains of each
    number that it meets where it looks for a colour.
    """
    steps = range(SHADES)
    lacking = [mixed(palette.watch, palette.cell_lacking, each / (SHADES - 1)) for each in steps]
    return [*lacking, palette.cell_whole]


def _noon(day: int) -> int:
    return (day + DAY // 2) * 1000


def _cells(quality: Quality, site: Site) -> dict[str, Any]:
    """One cell a turbine and day that should have rows; its shade says how many are there."""
    should = quality.expected > 0
    rows, turbines = np.nonzero(should)
    expected, accepted = quality.expected[should], quality.accepted[should]
    percent = np.floor(1000 * accepted / expected) / 10
    names = np.array(site.turbine_ids, dtype=object)[turbines]
    lacking = (expected - accepted).tolist()
    return {
        "uid": "coverage",
        "x": [_noon(int(each)) for each in quality.days[rows]],
        "base": (turbines - CELL / 2).tolist(),
        "y": [CELL] * len(rows),
        "shade": shade(percent).tolist(),
        "customdata": [list(each) for each in zip(names, percent.tolist(), lacking, strict=True)],
    }


def _bars(quality: Quality, turbine_id: str | None) -> list[dict[str, Any]]:
    bars = []
    for prefix, table, known in (
        ("rejected", quality.rejected, SET_ASIDE),
        ("flagged", quality.flagged, FLAGGED),
    ):
        own = table if turbine_id is None else table[table["turbine_id"] == turbine_id]
        own = own[own["day"] >= quality.start]
        sums = own.groupby(["reason", "day"], sort=True)["rows"].sum()
        for reason in known:
            days = sums[reason] if reason in sums.index.get_level_values(0) else sums.iloc[:0]
            stamps = days.index.to_list() if len(days) else []
            bars.append(
                {
                    "uid": f"{prefix}:{reason}",
                    "x": [_noon(int(each)) for each in stamps],
                    "y": [int(each) for each in days],
                }
            )
    return bars


def _traces(scheme: Scheme) -> list[dict[str, Any]]:
    cells = {
        "type": "bar",
        "uid": "coverage",
        "x": [],
        "y": [],
        "base": [],
        "width": CELL * DAY * 1000,
        "xaxis": "x",
        "yaxis": "y",
        "shades": shades(PALETTES[scheme]),
        "marker": {"line": {"width": 0}, "cornerradius": 2},
        "hovertemplate": (
            "%{customdata[0]} <b>%{customdata[1]} %</b> of the rows,"
            " %{customdata[2]:,} missing<extra></extra>"
        ),
    }
    bars = [
        _reason_bar(f"{prefix}:{reason}", name, HUES[scheme][i], axis, unit)
        for prefix, known, axis, unit in (
            ("rejected", SET_ASIDE, "y2", "rows"),
            ("flagged", FLAGGED, "y3", "values"),
        )
        for i, (reason, (name, _)) in enumerate(known.items())
    ]
    return [cells, *bars]


def _reason_bar(uid: str, name: str, colour: str, axis: str, unit: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "uid": uid,
        "x": [],
        "y": [],
        "width": CELL * DAY * 1000,
        "xaxis": "x",
        "yaxis": axis,
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": f"{name} <b>%{{y:,}}</b> {unit}<extra></extra>",
    }


def _layout(palette: Palette) -> dict[str, Any]:
    counts = chart_style.axis(palette, tickformat=",", rangemode="tozero", nticks=4, anchor="x")
    return {
        **chart_style.base(palette),
        "margin": {"l": 62, "r": 8, "t": 24, "b": 34},
        "barmode": "stack",
        "hovermode": "closest",
        "dragmode": "zoom",
        "uirevision": "kept",
        "xaxis": {
            **chart_style.axis(palette),
            "type": "date",
            "anchor": "y3",
            "ticklabelstandoff": 5,
            "tickformatstops": TICKS,
            "hoverformat": "%-d %b %Y (UTC)",
        },
        "yaxis": {
            **chart_style.axis(palette),
            "domain": [0.6, 1],
            "anchor": "x",
            "gridcolor": "rgba(0,0,0,0)",
            "fixedrange": True,
        },
        "yaxis2": {**counts, "domain": [0.32, 0.5], "fixedrange": True},
        "yaxis3": {**counts, "domain": [0, 0.2], "fixedrange": True},
        "annotations": [
            chart_style.panel_title("Rows there, % of those expected", 1, palette),
            chart_style.panel_title("Rows set aside, a day", 0.5, palette),
            chart_style.panel_title("Values set to missing, a day", 0.2, palette),
        ],
    }
