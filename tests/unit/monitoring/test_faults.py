"""Faults put into rows, and the alarms that find them."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.alarms import Alarm
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.monitoring import faults
from ml_app_wind_draft.monitoring.alarms import MODEL_DOUBT, UNDER_PERFORMANCE
from ml_app_wind_draft.monitoring.faults import (
    FAULTS,
    Fault,
    Trial,
    derating,
    first_new,
    icing,
    wind_bias,
    yaw_offset,
)

STEP, HOUR, DAY = 600, 3600, 86_400
START = 1_420_070_400
ONSET = START + 4 * DAY
FAILING, SOUND = "R80711", "R80721"
BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture
def rows() -> pd.DataFrame:
    """Fourteen days of two turbines that make exactly what the wind says."""
    stamps = START + STEP * np.arange(14 * 144)
    wind = 8 + 2 * np.sin(np.arange(len(stamps)) / 40)
    one = pd.DataFrame(
        {
            "timestamp": stamps,
            "wind_speed": wind,
            "power": curve(wind),
            "pitch_angle": 0.0,
            "ambient_temperature": 10.0,
        }
    )
    return pd.concat([one.assign(turbine_id=name) for name in (FAILING, SOUND)], ignore_index=True)


def curve(wind: np.ndarray | pd.Series) -> np.ndarray:
    return np.asarray(wind, dtype=float) ** 3 * 1.5


def try_out(fault: Fault, rows: pd.DataFrame, expected, site: Site, trials) -> list[Trial]:
    return list(faults.try_out([fault], rows, expected, site, trials, look_back=3 * DAY))


def by_the_wind(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(curve(rows["wind_speed"]), index=rows.index)


def by_its_own_power(rows: pd.DataFrame) -> pd.Series:
    return rows["power"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_only_the_failing_turbine_changes_and_only_from_the_onset_on(
    fault: Fault, rows: pd.DataFrame
):
    faulty = fault.inject(rows, [FAILING], ONSET)
    same = (rows["turbine_id"] != FAILING) | (rows["timestamp"] < ONSET)
    pd.testing.assert_frame_equal(faulty[same], rows[same])
    pd.testing.assert_frame_equal(
        faulty.drop(columns=fault.signal), rows.drop(columns=fault.signal)
    )
    assert (faulty[fault.signal] != rows[fault.signal])[~same].mean() > 0.9


def test_a_fault_takes_the_share_that_its_name_says(rows: pd.DataFrame):
    power = np.array([1000.0, 0.0, -5.0, np.nan])
    days = np.array([0.0, 5.0, 10.0, 20.0])
    assert derating(0.9).change(power, days)[:3].tolist() == [900, 0, -5]
    assert yaw_offset(10).change(power, days)[0] == pytest.approx(955.1, abs=0.1)
    assert icing().change(np.full(4, 1000.0), days).tolist() == [1000, 900, 800, 800]
    assert wind_bias(-0.3).change(np.array([5.0, 0.2, 0.0]), days[:3]).tolist() == [4.7, 0, 0]
    stuck = BY_NAME["stuck wind sensor"].inject(rows, [FAILING], ONSET)
    hit = (stuck["turbine_id"] == FAILING) & (stuck["timestamp"] >= ONSET)
    assert len(set(stuck["wind_speed"][hit])) == 1


def test_a_loss_above_the_limit_is_found_and_one_below_it_is_not(rows: pd.DataFrame, site: Site):
    found = {
        fault.name: try_out(fault, rows, by_the_wind, site, [([FAILING], ONSET)])[0].hours
        for fault in FAULTS
    }
    # 5 % of 24 h are 10 % of 12 h, and the measure must then stay above for 6 h
    assert 17 <= found["derating to 90%"][0] <= 20
    assert np.isnan(found["derating to 98%"][0])
    assert found["icing"][0] > found["derating to 90%"][0]


def test_a_model_that_follows_the_failing_turbine_finds_nothing(rows: pd.DataFrame, site: Site):
    trial = try_out(derating(0.5), rows, by_its_own_power, site, [([FAILING, SOUND], ONSET)])[0]
    assert trial.turbine_ids == (FAILING, SOUND)
    assert np.isnan(trial.hours).all()


def test_an_alarm_that_untouched_rows_have_too_is_no_finding(rows: pd.DataFrame, site: Site):
    ill_already = derating(0.8).inject(rows, [FAILING], START)
    trial = try_out(derating(0.9), ill_already, by_the_wind, site, [([FAILING], ONSET)])[0]
    assert np.isnan(trial.hours).all()


def alarm(start: int, end: int | None, rule: str = UNDER_PERFORMANCE) -> Alarm:
    return Alarm(rule, start, end, 0.1, 1.0)


@pytest.mark.parametrize(
    ("faulty", "untouched", "first"),
    [
        ([], [], np.inf),
        ([alarm(50, 200)], [], 100),
        ([alarm(150, 200)], [], 150),
        ([alarm(150, None)], [alarm(120, 180)], 180),
        ([alarm(150, 170)], [alarm(120, 180)], np.inf),
        ([alarm(150, 200)], [alarm(120, 160), alarm(160, 190)], 190),
        ([alarm(150, 200)], [alarm(120, None)], np.inf),
        ([alarm(150, 200)], [alarm(100, 300, MODEL_DOUBT)], 150),
        ([alarm(150, 200), alarm(130, 200, MODEL_DOUBT)], [], 130),
        ([alarm(10, 90)], [], np.inf),
    ],
)
def test_the_first_new_alarm_is_the_first_moment_that_only_the_fault_explains(
    faulty: list[Alarm], untouched: list[Alarm], first: float
):
    assert first_new(faulty, untouched, 100) == first
