import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.models.neighbours import OTHERS
from ml_app_wind_draft.pipelines.feature_eng.nodes import (
    CARRIED,
    FEATURES,
    LAGS,
    build_features,
    history_seconds,
    missing_input,
)
from tests.turbine_data import STEP, turbine_data

EFFECTS_OF_POWER = ("power", "pitch_angle", "rotor_speed", "generator_speed", "nacelle_direction")


@pytest.fixture(scope="module")
def rows(site):
    return turbine_data(site, 200)


def row_of(site, timestamp, **signals):
    turbine_id = signals.pop("turbine_id", site.turbine_ids[0])
    values = {**dict.fromkeys(SIGNAL_NAMES, np.nan), **signals}
    return {"turbine_id": turbine_id, "timestamp": timestamp, "revision": 1, **values}


def test_columns_are_those_promised_and_rows_keep_order_and_index(site, rows):
    some = rows.sample(100, random_state=3)
    features = build_features(some, site)
    assert tuple(features.columns) == (*CARRIED, *FEATURES)
    assert features.index.equals(some.index)
    assert features["wind_speed"].equals(some["wind_speed"])


def test_features_at_t_do_not_change_when_later_rows_are_added(site, rows):
    known = rows[rows["timestamp"] <= rows["timestamp"].median()]
    before = build_features(known, site)
    after = build_features(rows, site).loc[known.index]
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_the_order_of_rows_is_irrelevant(site, rows):
    shuffled = rows.sample(frac=1, random_state=5)
    expected = build_features(rows, site)
    found = build_features(shuffled, site).loc[rows.index]
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_as_much_history_as_promised_is_enough(site, rows):
    last = rows["timestamp"].max()
    recent = rows[rows["timestamp"] >= last - history_seconds(site)]
    newest = rows.index[rows["timestamp"] == last]
    pd.testing.assert_frame_equal(
        build_features(recent, site).loc[newest],
        build_features(rows, site).loc[newest],
        check_exact=True,
    )


def test_effects_of_power_have_no_influence(site, rows):
    changed = rows.assign(**dict.fromkeys(EFFECTS_OF_POWER, 123.0))
    pd.testing.assert_frame_equal(build_features(changed, site), build_features(rows, site))


def test_lags_go_by_time_and_not_by_row(site):
    start = 1_400_025_600
    rows = pd.DataFrame(
        [
            row_of(site, start, wind_speed=5.0),
            row_of(site, start + 2 * STEP, wind_speed=7.0),  # the row between is missing
            row_of(site, start + 3 * STEP, wind_speed=9.0),
        ]
    )
    features = build_features(rows, site)
    np.testing.assert_array_equal(features["wind_speed_lag_1"], [np.nan, np.nan, 7.0])
    np.testing.assert_array_equal(features["wind_speed_mean"], [5.0, 6.0, 7.0])
    assert features["wind_speed_std"].tolist() == pytest.approx([0, 1, np.sqrt(8 / 3)])


def test_of_the_other_turbines_a_row_sees_their_median_wind_at_its_instant(site):
    first, *others = site.turbine_ids
    rows = pd.DataFrame(
        [row_of(site, STEP, wind_speed=9.0, turbine_id=first)]
        + [
            row_of(site, STEP, wind_speed=speed, turbine_id=other)
            for other, speed in zip(others, (5.0, 6.0, 30.0), strict=True)
        ]
        + [row_of(site, 2 * STEP, wind_speed=8.0, turbine_id=first)]
    )
    features = build_features(rows, site)
    alone = build_features(rows[rows["turbine_id"] == others[1]], site)
    assert features[OTHERS].iloc[0] == alone["wind_speed_normalised"].iloc[0]
    assert np.isnan(features[OTHERS].iloc[-1])


def test_a_turbine_without_the_others_differs_in_nothing_but_what_needs_them(site, rows):
    first = site.turbine_ids[0]
    alone = rows[rows["turbine_id"] == first]
    found, expected = build_features(alone, site), build_features(rows, site).loc[alone.index]
    assert found[OTHERS].isna().all()
    assert expected[OTHERS].notna().all()
    pd.testing.assert_frame_equal(
        found.drop(columns=OTHERS), expected.drop(columns=OTHERS), check_exact=True
    )


def test_a_site_of_one_turbine_has_features_too(site, rows):
    first = site.turbine_ids[0]
    small = site.model_copy(update={"turbines": {first: site.turbines[first]}})
    features = build_features(rows[rows["turbine_id"] == first], small)
    assert features["wind_speed"].notna().all()
    assert features[OTHERS].isna().all()


def test_each_revision_keeps_its_values_and_the_newest_serves_as_history(site):
    start = 1_400_025_600
    rows = pd.DataFrame(
        [
            row_of(site, start, wind_speed=6.0) | {"revision": 2},
            row_of(site, start, wind_speed=5.0),
            row_of(site, start + STEP, wind_speed=7.0),
        ]
    )
    features = build_features(rows, site)
    assert features["wind_speed"].tolist() == [6.0, 5.0, 7.0]
    assert features["wind_speed_lag_1"].iloc[2] == 6.0
    assert features["wind_speed_mean"].tolist() == [6.0, 5.0, 6.5]


def test_missing_wind_speed_is_said(site):
    rows = pd.DataFrame([row_of(site, 0, wind_speed=5.0), row_of(site, STEP)])
    assert missing_input(build_features(rows, site)).tolist() == ["", "wind_speed is missing"]


def test_the_yaw_error_comes_with_its_sign_and_without(site):
    rows = pd.DataFrame([row_of(site, 0, wind_speed=5.0, wind_direction_relative=-7.0)])
    features = build_features(rows, site)
    assert features["yaw_misalignment"].tolist() == [7.0]
    assert features["yaw_error"].tolist() == [-7.0]


def test_the_spread_of_the_wind_direction_is_that_of_the_last_hour(site):
    directions = (350.0, 10.0, 350.0, 10.0, 350.0, 10.0)
    rows = pd.DataFrame(
        [row_of(site, n * STEP, wind_speed=5.0, wind_direction=d) for n, d in enumerate(directions)]
    )
    spread = build_features(rows, site)["wind_direction_spread"]
    assert spread.iloc[0] == pytest.approx(0, abs=1e-7)
    assert spread.iloc[-1] == pytest.approx(np.sqrt(1 - np.cos(np.deg2rad(10))))


def test_no_rows_give_no_features(site, rows):
    assert build_features(rows.iloc[:0], site).empty


def test_a_turbine_that_the_site_does_not_have_is_named(site, rows):
    with pytest.raises(ModelError, match="T99"):
        build_features(rows.iloc[:5].assign(turbine_id="T99"), site)


def test_a_site_that_samples_less_often_has_longer_lags(site):
    hourly = site.model_copy(update={"sampling_minutes": 60})
    assert history_seconds(hourly) == LAGS * 3600
    rows = pd.DataFrame([row_of(site, 0, wind_speed=5.0), row_of(site, 3600, wind_speed=6.0)])
    assert build_features(rows, hourly)["wind_speed_lag_1"].iloc[1] == 5.0


def test_a_site_that_samples_more_often_keeps_ten_minute_lags(site):
    minutely = site.model_copy(update={"sampling_minutes": 1})
    rows = pd.DataFrame([row_of(site, 60 * n, wind_speed=float(n)) for n in range(12)])
    assert build_features(rows, minutely)["wind_speed_lag_1"].iloc[11] == 1.0


wind = st.floats(0, 50) | st.just(np.nan)
moments = st.integers(-10, 30).map(lambda step: 1_400_025_600 + step * STEP)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_feature_of_any_rows_is_what_a_plain_look_up_finds(site, data):
    keys = data.draw(
        st.lists(
            st.tuples(st.sampled_from(site.turbine_ids), moments),
            min_size=1,
            max_size=25,
            unique=True,
        )
    )
    rows = pd.DataFrame(
        [
            row_of(site, timestamp, turbine_id=turbine_id, wind_speed=data.draw(wind))
            for turbine_id, timestamp in keys
        ]
    )
    features = build_features(rows, site)
    speed = {
        (turbine_id, timestamp): value
        for turbine_id, timestamp, value in zip(
            rows["turbine_id"], rows["timestamp"], rows["wind_speed"], strict=True
        )
    }
    for turbine_id, timestamp, lag, mean in zip(
        features["turbine_id"],
        features["timestamp"],
        features["wind_speed_lag_1"],
        features["wind_speed_mean"],
        strict=True,
    ):
        trail = [speed.get((turbine_id, timestamp - n * STEP), np.nan) for n in range(LAGS + 1)]
        np.testing.assert_equal(lag, trail[1])
        known = [each for each in trail if np.isfinite(each)]
        assert mean == pytest.approx(np.mean(known) if known else np.nan, nan_ok=True)
