import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.pipelines.training.parameters import DAY, read_parameters
from ml_app_wind_draft.pipelines.training.split import blocks_of, split_by_time

STEP = 600
PARAMETERS = read_parameters({})


def days(count, start=1_388_538_000):
    return np.arange(start, start + count * DAY, STEP, dtype=np.int64)


def test_the_window_is_the_last_60_days_and_the_fit_ends_a_day_before():
    timestamp = days(365)
    split = split_by_time(timestamp, STEP, PARAMETERS)
    assert split.end == timestamp[-1] + STEP
    assert split.end - split.window_start == 60 * DAY
    assert split.window_start - split.fit_end == DAY
    judged, fitted = split.is_judged(timestamp), split.is_fitted(timestamp)
    assert not (judged & fitted).any()
    assert timestamp[judged].min() - timestamp[fitted].max() > DAY


def test_a_short_history_is_judged_on_its_last_quarter():
    split = split_by_time(days(100), STEP, PARAMETERS)
    assert split.end - split.window_start == 25 * DAY


def test_no_history_and_too_little_of_it_are_said():
    with pytest.raises(TrainingError, match="no history"):
        split_by_time(days(0), STEP, PARAMETERS)
    with pytest.raises(TrainingError, match="too few"):
        split_by_time(days(1), STEP, PARAMETERS)
    with pytest.raises(TrainingError, match="Load at least 24 days"):
        blocks_of(split_by_time(days(20), STEP, PARAMETERS), PARAMETERS)


def test_blocks_are_months_and_the_band_takes_those_that_the_search_does_not_see():
    timestamp = days(365)
    blocks = blocks_of(split_by_time(timestamp, STEP, PARAMETERS), PARAMETERS)
    assert len(blocks) == 10
    searched = set(blocks.of(timestamp[blocks.is_searched(timestamp)]))
    assert searched == {0, 2, 4, 6, 8}
    assert blocks.held_out(3) == [[1, 7], [3, 9], [5]]


@settings(deadline=None, max_examples=60)
@given(st.integers(30, 900), st.integers(2, 5))
def test_folds_and_held_out_blocks_keep_their_distance(length, folds):
    parameters = read_parameters({"search": {"folds": folds}})
    timestamp = days(length)[::36]
    split = split_by_time(timestamp, STEP, parameters)
    try:
        blocks = blocks_of(split, parameters)
    except TrainingError:
        return
    for block in range(len(blocks)):
        inside = timestamp[split.is_fitted(timestamp) & (blocks.of(timestamp) == block)]
        apart = timestamp[split.is_fitted(timestamp) & blocks.is_apart(timestamp, block)]
        assert np.abs(inside[:, None] - apart[None, :]).min() >= parameters.gap
    seen = timestamp[split.is_fitted(timestamp) & blocks.is_searched(timestamp)]
    fold = blocks.fold(seen, folds)
    assert set(fold) == set(range(folds))
    for number in range(folds):
        distance = np.abs(seen[fold == number][:, None] - seen[fold != number][None, :])
        assert distance.min() > 2 * DAY
