"""The answer of a wind sensor to the direction of the flow."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models import wind_sensor
from ml_app_wind_draft.models.wind_sensor import DAY, WINDOW_DAYS, day_sums, responses, steps
from tests.turbine_data import START, STEP

DAYS = 70
CHANGE = 35  # the day on which the first turbine's sensor changes
OWN = 0
RELATIVE = "wind_direction_relative"


@pytest.fixture(scope="module")
def rows(site: Site) -> pd.DataFrame:
    """A farm in one wind; the first turbine's sensor answers with +2, then with -3."""
    random = np.random.default_rng(4)
    steps_in_all = DAYS * DAY // STEP
    seconds = START + STEP * np.arange(steps_in_all)
    farm = 8 + random.normal(0, 1, steps_in_all).cumsum() * 0.01
    frames = []
    for number, turbine_id in enumerate(site.turbine_ids):
        yaw = random.normal(0, 6, steps_in_all)
        answer = np.where(seconds < START + CHANGE * DAY, 2, -3) if number == OWN else 0
        noise = random.normal(0, 0.05, steps_in_all)
        frames.append(
            pd.DataFrame(
                {
                    "turbine_id": turbine_id,
                    "timestamp": seconds,
                    "wind_speed": farm * np.exp(answer * yaw / 1000 + noise),
                    RELATIVE: yaw,
                    "power": random.uniform(0, 2000, steps_in_all),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def state(rows: pd.DataFrame, site: Site, days_on: int) -> np.ndarray:
    day = START // DAY + days_on
    return responses(day_sums(rows, site), [day])[day]


def test_the_answer_of_each_turbine_is_measured(rows: pd.DataFrame, site: Site) -> None:
    assert state(rows, site, 34) == pytest.approx([2, 0, 0, 0], abs=0.3)
    assert state(rows, site, DAYS) == pytest.approx([-3, 0, 0, 0], abs=0.3)


def test_a_row_sees_whole_days_before_its_own_only(rows: pd.DataFrame, site: Site) -> None:
    known = rows[rows["timestamp"] < START + 40 * DAY]
    np.testing.assert_array_equal(state(known, site, 40), state(rows, site, 40))


def test_power_has_no_influence(rows: pd.DataFrame, site: Site) -> None:
    changed = rows.assign(power=-1.0)
    np.testing.assert_array_equal(state(changed, site, 60), state(rows, site, 60))


def test_one_broken_neighbour_has_little_influence(rows: pd.DataFrame, site: Site) -> None:
    other = rows["turbine_id"] == site.turbine_ids[1]
    broken = rows.assign(wind_speed=rows["wind_speed"].mask(other, 25.0))
    assert state(broken, site, 34)[OWN] == pytest.approx(2, abs=0.4)


def test_days_may_come_one_by_one(rows: pd.DataFrame, site: Site) -> None:
    whole = day_sums(rows, site)
    day = rows["timestamp"] // DAY
    for each in (START // DAY, START // DAY + 17):
        np.testing.assert_array_equal(day_sums(rows[day == each], site)[each], whole[each])


def test_too_few_rows_say_nothing(rows: pd.DataFrame, site: Site) -> None:
    assert np.isnan(state(rows, site, 2)).all()
    assert START // DAY not in responses(day_sums(rows, site), [START // DAY])


def test_a_single_turbine_has_no_answer(rows: pd.DataFrame, site: Site) -> None:
    first = site.turbine_ids[0]
    small = site.model_copy(update={"turbines": {first: site.turbines[first]}})
    own = rows[rows["turbine_id"] == first]
    assert np.isnan(state(own, small, 34)).all()
    columns = list(wind_sensor.COLUMNS)
    with_state = wind_sensor.with_responses(own, small, day_sums(own, small))
    assert with_state[columns].isna().all(axis=None)


def test_rows_get_their_own_state_and_the_sites(rows: pd.DataFrame, site: Site) -> None:
    some = rows[rows["timestamp"] == START + 34 * DAY]
    own, farm = wind_sensor.COLUMNS
    found = wind_sensor.with_responses(some, site, day_sums(rows, site))
    assert found[own].to_numpy() == pytest.approx(state(rows, site, 34))
    assert found[farm].tolist() == pytest.approx([state(rows, site, 34).mean()] * 4)


def test_the_change_is_found_once_and_at_the_right_turbine(rows: pd.DataFrame, site: Site) -> None:
    (step,) = steps(day_sums(rows, site), site)
    assert step.turbine_id == site.turbine_ids[OWN]
    assert CHANGE < step.day - START // DAY <= CHANGE + WINDOW_DAYS
    assert (step.before, step.after) == pytest.approx((2, -3), abs=0.5)


def test_correction_gives_what_a_straight_flow_would_have_read() -> None:
    true, yaw = np.full(5, 8.0), np.array([-10.0, 0.0, 10.0, np.nan, 5.0])
    response = np.array([2.0, 2.0, 2.0, 2.0, np.nan])
    measured = true * np.exp(np.nan_to_num(yaw * response) / 1000)
    assert wind_sensor.corrected(measured, yaw, response) == pytest.approx(true)
