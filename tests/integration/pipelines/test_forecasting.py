"""Forecasters trained, registered, loaded and used by the two pipelines, with a real MLflow."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
import yaml
from rich.console import Console

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings
from ml_app_wind_draft.core.errors import ModelError, NoChampionError
from ml_app_wind_draft.core.rows import TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNALS
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.models.forecast.farm import QUANTILES
from ml_app_wind_draft.registry.forecasters import (
    FORECASTER_NAME,
    ForecasterRegistry,
    LoadedForecaster,
)
from ml_app_wind_draft.services import forecast
from ml_app_wind_draft.services.kedro_project import run_pipeline
from ml_app_wind_draft.storage.data_manager import DataManager

HOUR, DAY = 3600, 86_400
TURBINES = ("R80711", "R80721")
FARM = "farm:la_haute_borne"
START = 1_388_620_800  # 2014-01-02 UTC
NOW = START + 60 * DAY
RECORDED = PROJECT_ROOT / "recorded" / "la_haute_borne" / "scada_2014_2015.parquet"
COLUMNS = {"power": "P_avg", "wind_speed": "Ws_avg", "wind_direction": "Wa_avg"}


@pytest.fixture(scope="module")
def recorded() -> list[TurbineRows]:
    table = pd.read_parquet(RECORDED)
    instant = table["Date_time"].dt.as_unit("s").astype("int64")
    parts = []
    for name in TURBINES:
        own = (table["Wind_turbine_name"] == name) & (instant >= START) & (instant < NOW + DAY)
        values = np.full((int(own.sum()), len(SIGNALS)), np.nan)
        for signal, column in COLUMNS.items():
            values[:, SIGNAL_INDEX[signal]] = table.loc[own, column]
        parts.append(TurbineRows(name, instant[own].to_numpy(), values))
    return parts


@pytest.fixture
def quick(with_mlflow: Settings, tmp_path: Path) -> Settings:
    """Two turbines, little boosting, no forecaster in MLflow."""
    address = f"{with_mlflow.mlflow_tracking_uri}/api/2.0/mlflow/registered-models/delete"
    requests.delete(address, json={"name": FORECASTER_NAME}, timeout=10)
    conf = tmp_path / "conf"
    shutil.copytree(PROJECT_ROOT / "conf" / "base", conf / "base")
    (conf / "local").mkdir()
    path = conf / "base" / "sites" / "la_haute_borne.yml"
    content = yaml.safe_load(path.read_text("utf-8"))
    content["turbines"] = {name: content["turbines"][name] for name in TURBINES}
    path.write_text(yaml.safe_dump(content), "utf-8")
    little = {"iterations": 8, "depth": 3, "learning_rate": 0.3, "l2_leaf_reg": 3.0, "rsm": 0.5}
    parameters = {"threads": 2, "seed": 1, "weather_model": little, "direct_model": little}
    text = yaml.safe_dump({"forecast": parameters})
    (conf / "base" / "parameters_forecast.yml").write_text(text, "utf-8")
    return with_mlflow.model_copy(update={"conf_dir": conf})


def fill(settings: Settings, rows: list[TurbineRows], first: int, last: int) -> None:
    """Rows with first <= timestamp < last arrive, after the replay's clock has moved on."""
    site = load_site(settings.site, settings)
    manager = DataManager(settings.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    with manager.writing() as transaction:
        transaction.advance_replay(site.name, last)
    for own in rows:
        inside = (own.timestamp >= first) & (own.timestamp < last)
        part = TurbineRows(own.turbine_id, own.timestamp[inside], own.values[inside])
        ingest(manager, site, [part], source="test")
    manager.close()


def test_from_rows_to_forecasts_and_to_what_came_of_them(quick, recorded):
    with pytest.raises(NoChampionError, match="forecast_training"):
        run_pipeline(quick, "forecast")
    fill(quick, recorded, START, NOW)
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

    fill(quick, recorded, NOW, NOW + 5 * HOUR)
    run_pipeline(quick, "forecast")
    issued = manager.forecasts("R80711", HOUR, NOW, NOW + 1)
    truth = next(own for own in recorded if own.turbine_id == "R80711")
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
    forecast.run(quick, scores=True, console=console)
    said = console.export_text()
    assert all(unit in said for unit in (*TURBINES, FARM))
    assert "1 h" in said
    check_registry(quick)


def test_without_forecasts_there_are_no_scores(settings):
    console = Console(record=True, width=160)
    forecast.run(settings, scores=True, console=console)
    assert "No forecast has an outcome yet" in console.export_text()


def check_registry(quick: Settings) -> None:
    """A newer version takes over; the copy on disk serves while MLflow is out of reach."""
    first = load(quick)
    registry = ForecasterRegistry(quick)
    second = registry.register(first.farm, {"mae": 1.0})
    registry.close()
    assert (first.version, second) == (1, 2)
    assert load(quick).version == 2
    gone = quick.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})
    assert load(gone).version == 2
    files = [path for path in (quick.data_dir / "forecasters").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".cbm", ""}
    for path in files:
        if path.name == "weather.cbm":
            path.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="not the one that was saved"):
        load(gone)


def load(settings: Settings) -> LoadedForecaster:
    registry = ForecasterRegistry(settings)
    try:
        return registry.load_champion()
    finally:
        registry.close()
