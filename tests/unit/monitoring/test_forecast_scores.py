import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES
from ml_app_wind_draft.monitoring.forecast_scores import (
    last_known,
    power_of_hours,
    scores_by_lead,
)

HOUR, STEP = 3600, 600
A_DAY = 24 * HOUR


def issued(start: int, measured: float, at: int = 0) -> dict[str, float]:
    """Quantiles that are 1,000 kW times their level, issued at `at`."""
    known = {"resolution": HOUR, "issued_at": at, "start": at + start, "measured": measured}
    return {**known, **dict(zip(QUANTILES, 1000 * LEVELS, strict=True))}


def by_hour(power: dict[int, float]) -> pd.Series:
    return pd.Series(power, dtype=float).rename_axis("start")


def hours(*known: tuple[str, int, int, float]) -> pd.DataFrame:
    return pd.DataFrame(known, columns=["turbine_id", "start", "measured", "power_sum"])


def test_errors_are_of_the_median_in_percent_of_capacity_by_lead():
    rows = pd.DataFrame(
        [issued(0, 600.0), issued(0, 400.0), issued(5 * HOUR, 950.0), issued(HOUR, np.nan)]
    )
    found = scores_by_lead(rows, 2000.0, by_hour({-HOUR: 500.0}))
    assert found.index.tolist() == [HOUR, 6 * HOUR]
    assert found["rows"].tolist() == [2, 1]
    assert found["mae"].tolist() == pytest.approx([5.0, 22.5])
    assert found["interval_coverage"].tolist() == [100.0, 0.0]
    short = 47.5 - 50 * LEVELS
    loss = np.maximum(LEVELS * short, (LEVELS - 1) * short).mean()
    assert found["pinball"][6 * HOUR] == pytest.approx(loss)


def test_persistence_is_the_last_power_known_at_issue_on_the_same_rows():
    rows = pd.DataFrame(
        [
            issued(0, 600.0),
            issued(HOUR, 700.0),
            issued(0, 900.0, at=10 * HOUR),
            issued(0, 100.0, at=10 * A_DAY),  # nothing was known then: neither is scored
        ]
    )
    found = scores_by_lead(rows, 1000.0, by_hour({-HOUR: 300.0, 0: 600.0, 9 * HOUR: 800.0}))
    assert found["rows"].tolist() == [2, 1]
    assert found["mae"].tolist() == pytest.approx([(10 + 40) / 2, 20])
    assert found["persistence_mae"].tolist() == pytest.approx([(30 + 10) / 2, 40])
    assert found["skill"].tolist() == pytest.approx([-25, 50])


def test_where_persistence_is_never_wrong_skill_cannot_be_said():
    found = scores_by_lead(pd.DataFrame([issued(0, 0.0)]), 1000.0, by_hour({-HOUR: 0.0}))
    assert found["persistence_mae"].tolist() == [0.0]
    assert found["skill"].isna().all()


def test_the_last_known_hour_has_ended_and_is_at_most_a_day_old():
    power = by_hour({0: 1.0, HOUR: 2.0, 5 * HOUR: 3.0})
    at = np.array([0, HOUR, 2 * HOUR - 1, 2 * HOUR, 6 * HOUR, 5 * HOUR + A_DAY, 6 * HOUR + A_DAY])
    known = last_known(power, at)
    assert known.tolist() == pytest.approx([np.nan, 1, 1, 2, 3, 3, np.nan], nan_ok=True)
    assert np.isnan(last_known(by_hour({}), at)).all()


def test_an_hour_counts_where_all_rows_of_all_turbines_have_power():
    table = hours(
        ("a", 0, 6, 600.0),
        ("b", 0, 6, 1200.0),
        ("a", HOUR, 6, 600.0),
        ("b", HOUR, 5, 1000.0),
        ("a", 2 * HOUR, 6, 60.0),
        ("c", 2 * HOUR, 6, 6.0),
    )
    assert power_of_hours(table, ["a", "b"], STEP).to_dict() == {0: 300.0}
    assert power_of_hours(table, ["a"], STEP).to_dict() == {0: 100.0, HOUR: 100.0, 2 * HOUR: 10.0}
    assert power_of_hours(hours(), ["a"], STEP).empty


def test_without_outcomes_there_is_nothing_to_score():
    rows = pd.DataFrame([issued(0, np.nan)])
    assert scores_by_lead(rows, 2000.0, by_hour({-HOUR: 1.0})).empty
