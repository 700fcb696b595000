import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.states import NORMAL, NOT_NORMAL
from ml_app_wind_draft.monitoring.coverage import coverage, daily_coverage
from ml_app_wind_draft.monitoring.losses import monthly, performance

HOUR, DAY, STEP = 3600, 86_400, 600
JANUARY, FEBRUARY = 1_420_070_400, 1_422_748_800  # 2015, UTC


def sums(*rows: tuple) -> pd.DataFrame:
    """(turbine_id, start, state, compared rows, kW each, expected kW each)."""
    names = ["turbine_id", "start", "state", "compared", "power", "expected"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(
        rows=frame["compared"] + 1,
        measured=frame["compared"] + 1,
        power_sum=frame["compared"] * frame["power"],
        compared_power_sum=frame["compared"] * frame["power"],
        expected_sum=frame["compared"] * frame["expected"],
        abs_error_sum=frame["compared"] * (frame["expected"] - frame["power"]).abs(),
    )


def test_six_rows_of_600_kw_are_600_kwh():
    (hour,) = performance(sums(("A", 0, NORMAL, 6, 600.0, 1000.0)), STEP).to_dict("records")
    assert hour["power"] == 600
    assert hour["expected_power"] == 1000
    assert hour["performance"] == pytest.approx(0.6)
    assert hour["mae"] == pytest.approx(400)
    assert hour["energy_below_expectation"] == pytest.approx(400)


def test_states_of_an_hour_are_added_up_and_what_nobody_knows_is_missing():
    frame = performance(
        sums(
            ("A", 0, NORMAL, 3, 900.0, 1000.0),
            ("A", 0, NOT_NORMAL, 3, 0.0, 1000.0),
            ("A", HOUR, "", 0, 0.0, 0.0),
        ),
        STEP,
    )
    assert frame["performance"].tolist()[0] == pytest.approx(0.45)
    assert frame.loc[1, ["power", "performance", "mae"]].isna().all()
    assert frame["energy_below_expectation"].tolist() == [pytest.approx(550), 0]


def test_months_are_utc_s_and_shares_of_states_add_up():
    frame = monthly(
        sums(
            ("A", JANUARY, NORMAL, 144, 900.0, 1000.0),
            ("A", FEBRUARY - DAY, NORMAL, 144, 900.0, 1000.0),
            ("A", FEBRUARY - DAY, NOT_NORMAL, 144, 0.0, 1000.0),
            ("A", FEBRUARY, NORMAL, 144, 1100.0, 1000.0),
            ("A", FEBRUARY, "", 0, 0.0, 0.0),
        ),
        STEP,
    )
    keys = frame[["month", "state"]].to_numpy().tolist()
    assert keys == [[JANUARY, NORMAL], [JANUARY, NOT_NORMAL], [FEBRUARY, NORMAL]]
    assert frame["expected_energy"].tolist() == pytest.approx([48, 24, 24])
    assert frame["energy_below_expectation"].tolist() == pytest.approx([4.8, 24, -2.4])
    assert frame["share_of_expected"].tolist() == pytest.approx([4.8 / 72, 24 / 72, -0.1])


def test_nothing_stored_is_nothing_lost():
    assert monthly(sums(), STEP).empty
    assert performance(sums(), STEP).empty


def test_coverage_is_of_the_intervals_that_the_span_has():
    frame = sums(("A", JANUARY, NORMAL, 71, 1.0, 1.0), ("B", JANUARY, "", 143, 1.0, 1.0))
    share = coverage(frame, JANUARY, JANUARY + 2 * DAY, STEP)
    assert share.to_dict() == {"A": 0.25, "B": 0.5}
    assert daily_coverage(frame, STEP)["coverage"].tolist() == [0.5, 1.0]
    assert np.isfinite(share).all()
