"""Forecasts by issue time, on both databases."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.models.forecast.units import QUANTILES
from ml_app_wind_draft.storage.tables import FORECAST_QUANTILES
from tests.integration.storage.test_data_manager import START, STEP, rows

HOUR = 3600


def issued(at: int, value: float, unit: str = "R80711") -> pd.DataFrame:
    start = at + HOUR * np.arange(3)
    known = {"unit": unit, "resolution": HOUR, "issued_at": at, "start": start}
    more = {"model_version": 1, "weather": "none", **dict.fromkeys(FORECAST_QUANTILES, value)}
    return pd.DataFrame({**known, **more})


def came(*known: tuple[int, float]) -> pd.DataFrame:
    table = pd.DataFrame(known, columns=["start", "power"])
    return table.assign(unit="R80711", resolution=HOUR)


def test_the_table_has_the_quantiles_that_are_issued():
    assert QUANTILES == FORECAST_QUANTILES


def test_a_forecast_stays_as_it_was_issued(manager):
    manager.save_forecasts(issued(0, 5.0))
    manager.save_forecasts(issued(0, 9.0))
    manager.save_forecasts(issued(HOUR, 6.0))
    assert manager.newest_forecast("R80711", HOUR) == HOUR
    assert manager.newest_forecast("R80711", 600) is None
    first = manager.forecasts("R80711", HOUR, 0, HOUR)
    assert first["q50"].tolist() == [5.0] * 3
    assert first["start"].tolist() == [0, HOUR, 2 * HOUR]
    assert first["measured"].isna().all()


def test_what_came_stands_beside_every_forecast_of_it(manager):
    for at in (0, HOUR):
        manager.save_forecasts(issued(at, 5.0))
    manager.save_forecasts(issued(0, 5.0, "other"))
    manager.fill_forecasts(came((HOUR, 100.0), (9 * HOUR, 1.0)))
    found = manager.forecasts("R80711", HOUR, 0, 2 * HOUR).set_index(["issued_at", "start"])
    assert found["measured"].dropna().to_dict() == {(0, HOUR): 100.0, (HOUR, HOUR): 100.0}
    assert manager.forecasts("other", HOUR, 0, 1)["measured"].isna().all()


def test_a_correction_replaces_what_came(manager):
    manager.save_forecasts(issued(0, 5.0))
    for power in (100.0, 90.0):
        manager.fill_forecasts(came((HOUR, power)))
    found = manager.forecasts("R80711", HOUR, 0, 1)["measured"].tolist()
    assert found == pytest.approx([np.nan, 90.0, np.nan], nan_ok=True)


def test_only_the_leads_that_are_asked_for_are_read(manager):
    for at in (0, HOUR):
        manager.save_forecasts(issued(at, 5.0))
    found = manager.forecasts("R80711", HOUR, 0, 2 * HOUR, leads=[HOUR, 3 * HOUR])
    lead = found["start"] + HOUR - found["issued_at"]
    assert lead.tolist() == [HOUR, 3 * HOUR] * 2


def test_power_by_hour_counts_rows_with_power_whether_scored_or_not(manager, site):
    gap = rows(first=START + HOUR)
    gap.values[2, :] = np.nan
    ingest(manager, site, [rows(), gap, rows("R80721", power=100.0)], source="test")
    found = manager.hourly_power(START, START + 2 * HOUR, ["R80711"])
    assert found.to_dict("list") == {
        "turbine_id": ["R80711"] * 2,
        "start": [START, START + HOUR],
        "measured": [6, 5],
        "power_sum": [6 * 500.0 + 15, 5 * 500.0 + 13],
    }
    both = manager.hourly_power(START, START + HOUR, ["R80711", "R80721"])
    assert both["power_sum"].tolist() == [6 * 500.0 + 15, 6 * 100.0 + 15]
    cut = manager.hourly_power(START + STEP, START + HOUR, ["R80711"])
    assert cut["measured"].tolist() == [5]
    assert manager.hourly_power(0, HOUR).empty
