"""Series and the figure's frame."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.dashboard import figures
from ml_app_wind_draft.dashboard.theme import PALETTES
from ml_app_wind_draft.monitoring.residuals import with_errors

STEP = 600
START = 1_420_070_400
DAY = 86_400


def rows(count: int, *, without: tuple[int, ...] = ()) -> pd.DataFrame:
    kept = np.array([each for each in range(count) if each not in without])
    power = 1000.0 + kept
    raw = pd.DataFrame(
        {
            "timestamp": START + kept * STEP,
            "power": power,
            "wind_speed": 8.25,
            "expected_power": power + 30,
            "expected_power_p10": power - 50,
            "expected_power_p90": power + 110,
        }
    )
    return with_errors(raw.assign(below=1.0, mae=2.0), STEP)


def series(frame: pd.DataFrame, **changes: Any) -> figures.Series:
    given: dict[str, Any] = {"start": START, "now": START + 10 * DAY, "step": STEP, "bucket": STEP}
    return figures.series(frame, **{**given, **changes})


def test_a_gap_is_one_point_of_nothing_and_never_zero():
    drawn = series(rows(8, without=(3, 4)))
    assert drawn["t"] == [START + each * STEP for each in (0, 1, 2, 3, 5, 6, 7)]
    for key in figures.COLUMNS:
        assert drawn[key][3] is None
        assert 0 not in drawn[key]


def test_a_missing_value_is_none():
    frame = rows(4)
    frame.loc[1, "wind_speed"] = np.nan
    assert series(frame)["wind"] == [8.25, None, 8.25, 8.25]


def test_nothing_beyond_now_is_drawn():
    drawn = series(rows(20), now=START + 5 * STEP)
    assert max(drawn["t"]) == START + 4 * STEP


def test_rows_before_the_view_only_serve_the_mean():
    drawn = series(rows(60), start=START + 40 * STEP)
    assert drawn["t"][0] == START + 40 * STEP
    assert drawn["error_mean"][0] == -30


def test_the_error_is_measured_minus_expected_and_its_mean_needs_half_of_six_hours():
    drawn = series(rows(40))
    assert set(drawn["error"]) == {-30.0}
    assert drawn["error_mean"][:17] == [None] * 17
    assert set(drawn["error_mean"][17:]) == {-30.0}


def test_the_mean_is_by_time_and_not_by_row():
    frame = rows(100, without=tuple(range(30, 90)))
    assert series(frame)["error_mean"][-1] is None


def test_without_predictions_only_measurements_are_drawn():
    frame = rows(5).assign(
        expected_power=np.nan, expected_power_p10=np.nan, expected_power_p90=np.nan
    )
    drawn = series(with_errors(frame, STEP))
    assert drawn["expected"] == drawn["p10"] == drawn["error"] == [None] * 5
    assert drawn["power"] == [1000, 1001, 1002, 1003, 1004]


def test_the_wire_carries_plain_lists():
    text = json.dumps(series(rows(3)))
    assert "bdata" not in text
    assert json.loads(text)["power"] == [1000.0, 1001.0, 1002.0]


def test_large_views_are_drawn_in_means_of_whole_buckets():
    bucket = figures.bucket_of(14 * DAY, STEP)
    drawn = series(rows(7, without=(2, 3)), bucket=bucket)
    assert bucket == 2 * STEP
    assert drawn["t"] == [START, START + 2 * STEP, START + 4 * STEP, START + 6 * STEP]
    assert drawn["power"] == [1000.5, None, 1004.5, 1006.0]


@pytest.mark.parametrize("span", [DAY, 7 * DAY, 14 * DAY, 365 * DAY])
@pytest.mark.parametrize("step", [60, 600, 3600])
def test_no_view_has_more_than_1500_points(span, step):
    assert span / figures.bucket_of(span, step) <= figures.MOST_POINTS


def test_small_powers_keep_their_decimals():
    drawn = {"t": [START], "power": [3.456], "wind": [8.25], "expected": [None]}
    assert figures.rounded(drawn, 10)["power"] == [3.46]
    assert figures.rounded(drawn, 2050)["power"] == [3]
    assert figures.rounded(drawn, 2050)["wind"] == [8.25]


def test_a_cut_keeps_its_start_and_leaves_out_its_end():
    drawn = series(rows(6))
    part = figures.cut(drawn, since=START + STEP, before=START + 3 * STEP)
    assert part["t"] == [START + STEP, START + 2 * STEP]
    assert part["power"] == [1001.0, 1002.0]


@pytest.mark.parametrize("scheme", PALETTES)
def test_every_trace_has_a_unit_and_every_time_its_zone(scheme):
    frame = figures.frame(scheme)
    units = (" kW", " m/s", " %<")
    assert all(any(unit in each["hovertemplate"] for unit in units) for each in frame["data"])
    assert frame["layout"]["xaxis"]["hoverformat"].endswith("UTC")
    titles = [each["text"] for each in frame["layout"]["annotations"]]
    assert [each for each in titles if each != "now"] == [
        "Power, kW",
        "Error = measured \N{MINUS SIGN} expected, kW",
        "Alarm rules over 24 h of normal rows, %",
        "Wind speed at the nacelle, m/s",
    ]


def test_gaps_are_never_bridged_and_one_time_axis_serves_all_panels():
    traces = figures.frame("light")["data"]
    assert not any(each["connectgaps"] for each in traces)
    assert {each["xaxis"] for each in traces} == {"x"}
    assert {each["yaxis"] for each in traces} == {"y", "y2", "y3", "y4"}


def test_the_legend_switches_every_trace():
    switched = [trace for _, traces in figures.LEGEND.values() for trace in traces]
    assert sorted(switched) == sorted(each["uid"] for each in figures.frame("dark")["data"])
