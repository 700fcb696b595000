"""Forecasters trained, registered, loaded and used by the two pipelines, with a real MLflow."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError, NoChampionError
from ml_app_wind_draft.core.signals import SIGNAL_INDEX
from ml_app_wind_draft.models.forecast.units import QUANTILES
from ml_app_wind_draft.services import forecast
from ml_app_wind_draft.services.kedro_project import run_pipeline
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration.forecasting import (
    DAY,
    FARM,
    HOUR,
    NOW,
    START,
    TURBINES,
    fill,
    recorded,
    two_turbines,
)


@pytest.fixture
def quick(with_mlflow: Settings, tmp_path: Path) -> Settings:
    """Two turbines, little boosting, no forecaster in MLflow."""
    return two_turbines(with_mlflow, tmp_path / "conf")


def test_from_rows_to_forecasts_and_to_what_came_of_them(quick):
    with pytest.raises(NoChampionError, match="wind train"):
        run_pipeline(quick, "forecast")
    fill(quick, START, NOW)
    run_pipeline(quick, "forecast_training")
    run_pipeline(quick, "forecast")
    manager = DataManager(quick.database_url)

    assert manager.newest_forecast(FARM, HOUR) == NOW
    issued = manager.forecasts(FARM, HOUR, NOW, NOW + 1)
    assert issued["start"].tolist() == [NOW + HOUR * hour for hour in range(48)]
    assert set(issued["weather"]) == {"perfect"}
    assert set(issued["model_version"]) == {1}
    assert issued["measured"].isna().all()
    quantiles = issued[list(QUANTILES)].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert quantiles.max() > 2050  # the farm is more than a turbine
    assert quantiles.max() <= 2 * 2050 * 1.06
    short = manager.forecasts("R80721", 600, NOW, NOW + 1)
    assert short["start"].tolist() == [NOW + 600 * step for step in range(36)]

    fill(quick, NOW, NOW + 5 * HOUR)
    run_pipeline(quick, "forecast")
    issued = manager.forecasts("R80711", HOUR, NOW, NOW + 1)
    truth = next(own for own in recorded() if own.turbine_id == "R80711")
    power = pd.Series(truth.values[:, SIGNAL_INDEX["power"]], index=truth.timestamp)
    expected = [
        power.loc[NOW + HOUR * hour : NOW + HOUR * hour + HOUR - 1].mean() for hour in range(5)
    ]
    assert issued["measured"][:5].tolist() == pytest.approx(expected, rel=1e-3, abs=0.5)
    assert issued["measured"][5:].isna().all()
    assert manager.newest_forecast("R80711", HOUR) == NOW + 5 * HOUR

    run_pipeline(quick, "forecast")  # the same hour again changes nothing
    assert len(manager.forecasts(FARM, HOUR, 0, 2**40)) == 2 * 48
    manager.close()

    console = Console(record=True, width=160)
    forecast.run(quick, console=console)
    assert "weather: perfect" in console.export_text(clear=False)
    forecast.run(quick, table=quick.data_dir / "forecast.csv", console=console)
    written = pd.read_csv(quick.data_dir / "forecast.csv")
    assert written.groupby("unit").size().to_dict() == dict.fromkeys((*TURBINES, FARM), 48)
    assert written["lead [h]"].tolist() == [*range(1, 49)] * 3
    assert written[written["unit"] == FARM]["q95 [kW]"].max() > 2050
    with pytest.raises(ConfigurationError, match="cannot be written"):
        forecast.run(quick, table=quick.data_dir / "nowhere" / "forecast.csv", console=console)
    forecast.run(quick, scores=True, console=console)
    said = console.export_text()
    assert all(unit in said for unit in (*TURBINES, FARM))
    assert "1 h" in said
    assert "persistence" in said
    assert re.search(r"1 h .* [+-]\d+\.\d ", said), said


def test_a_turbine_that_was_out_for_months_keeps_nobody_else_from_being_forecast(quick):
    fill(quick, START, NOW - 5 * DAY, ["R80711"])
    fill(quick, NOW - 5 * DAY, NOW)
    run_pipeline(quick, "forecast_training")
    run_pipeline(quick, "forecast")
    manager = DataManager(quick.database_url)
    assert manager.newest_forecast("R80711", HOUR) == NOW
    assert manager.newest_forecast("R80721", HOUR) is None
    assert manager.newest_forecast(FARM, HOUR) is None
    manager.close()


def test_without_forecasts_there_are_no_scores(settings):
    console = Console(record=True, width=160)
    forecast.run(settings, scores=True, console=console)
    assert "No forecast has an outcome yet" in console.export_text()
