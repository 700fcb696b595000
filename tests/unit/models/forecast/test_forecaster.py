import json
from dataclasses import replace

import numpy as np
import pytest

from ml_app_wind_draft.core.errors import ModelError, TrainingError
from ml_app_wind_draft.models.forecast import files, scores
from ml_app_wind_draft.models.forecast.baselines import climatology, persistence
from ml_app_wind_draft.models.forecast.folds import time_folds
from ml_app_wind_draft.models.forecast.rolling import rolling_quantiles
from ml_app_wind_draft.models.forecast.series import HOUR, History, Weather
from ml_app_wind_draft.models.forecast.training import fit
from tests.unit.models.forecast.farm import QUICK, START, made_up

LEVELS = np.arange(1, 20) / 20
CUT = START + 90 * 86_400


@pytest.fixture(scope="module")
def history() -> History:
    return made_up()[0]


@pytest.fixture(scope="module")
def weather() -> Weather:
    return made_up()[1]


@pytest.fixture(scope="module")
def with_weather(history, weather):
    return fit(history.until(CUT), weather, QUICK)


@pytest.fixture(scope="module")
def without(history):
    return fit(history.until(CUT), None, QUICK)


def issue_times(history: History) -> np.ndarray:
    return np.arange(CUT, history.end - 24 * HOUR, HOUR)


def loss_at(quantiles, history, lead) -> float:
    measured = history.mean_power(issue_times(history) + lead - HOUR, HOUR)
    return float(scores.pinball(quantiles, measured, LEVELS).mean())


def test_weather_makes_a_day_ahead_better_and_both_beat_the_floors(
    history, weather, with_weather, without
):
    issue, day = issue_times(history), 24 * HOUR
    blind = without.predict(history, None, issue, LEVELS)[:, -1]
    seeing = with_weather.predict(history, weather, issue, LEVELS)[:, -1]
    kept = persistence(history, CUT, issue, day, LEVELS, HOUR)
    assert loss_at(seeing, history, day) < 0.5 * loss_at(blind, history, day)
    assert loss_at(blind, history, day) < loss_at(kept, history, day)
    usual = climatology(history, CUT, issue, day, LEVELS, HOUR)
    assert loss_at(seeing, history, day) < loss_at(usual, history, day)


def test_quantiles_ascend_at_all_leads_for_ninety_nine_levels(history, weather, with_weather):
    quantiles = with_weather.predict(
        history, weather, issue_times(history), np.arange(1, 100) / 100
    )
    assert (np.diff(quantiles, axis=2) >= 0).all()
    assert np.isfinite(quantiles).all()


def test_what_comes_after_the_issue_time_changes_nothing(history, weather, with_weather):
    issue = np.array([CUT + 100 * HOUR])
    later = np.arange(len(history.power)) >= (issue[0] - START) // HOUR
    changed = replace(
        history,
        power=np.where(later, 0.123, history.power),
        measured={"nacelle_wind": np.where(later, 99.0, history.measured["nacelle_wind"])},
    )
    before = with_weather.predict(history, weather, issue, LEVELS)
    assert with_weather.predict(changed, weather, issue, LEVELS) == pytest.approx(before)


def test_one_issue_time_gives_what_many_at_once_give(history, weather, with_weather):
    issue = issue_times(history)[:50]
    together = with_weather.predict(history, weather, issue, LEVELS)
    alone = with_weather.predict(history, weather, issue[30:31], LEVELS)
    assert together[30] == pytest.approx(alone[0])


def test_gaps_in_history_and_weather_still_give_a_forecast(history, weather, with_weather):
    power = history.power.copy()
    power[-48:] = np.nan
    blank = replace(weather, values=np.full_like(weather.values, np.nan))
    issue = np.array([history.end])
    quantiles = with_weather.predict(replace(history, power=power), blank, issue, LEVELS)
    assert np.isfinite(quantiles).all()


def test_a_saved_forecaster_says_the_same(history, weather, with_weather, tmp_path):
    names = files.save(with_weather, tmp_path)
    assert {name.rsplit(".", 1)[1] for name in names} == {"json", "cbm"}
    issue = issue_times(history)[:20]
    again = files.load(tmp_path).predict(history, weather, issue, LEVELS)
    assert again == pytest.approx(with_weather.predict(history, weather, issue, LEVELS), abs=3e-4)


def test_a_changed_file_is_refused(without, tmp_path):
    names = files.save(without, tmp_path)
    (tmp_path / names[1]).write_bytes(b"something else")
    with pytest.raises(ModelError, match="not the one that was saved"):
        files.load(tmp_path)


def test_a_later_format_and_an_empty_folder_are_refused(without, tmp_path):
    with pytest.raises(ModelError, match="no readable forecaster"):
        files.load(tmp_path)
    files.save(without, tmp_path)
    manifest = json.loads((tmp_path / files.MANIFEST).read_text())
    (tmp_path / files.MANIFEST).write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(ModelError, match="format 99"):
        files.load(tmp_path)


def test_too_little_history_is_refused_with_the_number_of_days(history):
    with pytest.raises(TrainingError, match="20 days"):
        fit(history.until(START + 20 * 86_400), None, QUICK)


def test_ten_minute_steps_and_ten_minute_targets(history):
    fine = History(START, 600, np.repeat(history.power, 6)[: 60 * 144])
    options = replace(QUICK, resolution=600, leads=(600, 3600, 21_600), issue_every=HOUR)
    forecaster = fit(fine, None, options)
    quantiles = forecaster.predict(fine, None, np.array([fine.end]), LEVELS)
    assert quantiles.shape == (1, 3, 19)
    assert np.ptp(quantiles[0, 0]) < np.ptp(quantiles[0, 2])


@pytest.mark.parametrize("extra_steps", [1, 4, 6])
def test_rows_may_begin_and_end_within_an_hour(history, weather, extra_steps):
    power = np.repeat(history.power, 6)[2 : 60 * 144 + extra_steps]
    fine = History(START + 2 * 600, 600, power)
    options = replace(QUICK, resolution=600, leads=(600, 12_600, 21_600), issue_every=HOUR)
    forecaster = fit(fine, weather, options)
    issue = np.array([fine.end // HOUR * HOUR])
    assert np.isfinite(forecaster.predict(fine, weather, issue, LEVELS)).all()


def test_rolling_renewal_reads_no_outcome_before_it_is_known(history, without):
    issue = issue_times(history)
    leads = list(QUICK.leads)
    center = without.center(history, None, issue, leads)
    whole = rolling_quantiles(without, history, issue, center, leads, LEVELS)
    middle = int(issue[len(issue) // 2])
    cut_short = rolling_quantiles(without, history.until(middle), issue, center, leads, LEVELS)
    known = issue <= middle
    assert whole[known] == pytest.approx(cut_short[known])
    assert not np.allclose(whole, without.around(center, leads, LEVELS))


def test_each_row_is_held_out_once_and_never_near_what_is_fitted_on():
    instant = START + HOUR * np.arange(24 * 60)
    held = np.zeros(len(instant), int)
    for fitted, out in time_folds(instant, 3):
        held += out
        distance = np.abs(instant[fitted][:, None] - instant[out][None, ::24]).min(axis=1)
        assert distance.min() >= 86_400
    assert (held == 1).all()
