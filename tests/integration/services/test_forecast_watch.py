"""Forecasts issued by the inference service, with a real MLflow and a real database."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.models.forecast.farm import load_farm
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import Verdict
from ml_app_wind_draft.services import forecast_watch, infer
from ml_app_wind_draft.services.champion_watch import ChampionWatch
from ml_app_wind_draft.services.forecast_watch import ForecastWatch
from ml_app_wind_draft.services.infer import Inference
from ml_app_wind_draft.services.loop import Stop, run_loop
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration.conftest import a_trained_model, out_of_reach
from tests.integration.forecasting import (
    COLUMNS,
    DAY,
    FARM,
    HOUR,
    NOW,
    START,
    a_farm,
    fill,
    register,
    two_turbines,
)
from tests.integration.services.house import until

ALL = (0, 2**40)


@pytest.fixture
def house(with_mlflow: Settings, tmp_path: Path) -> Settings:
    """60 days of two turbines, and version 1 of their forecaster is champion."""
    settings = two_turbines(with_mlflow, tmp_path / "conf")
    fill(settings, START, NOW)
    register(settings)
    return settings


@pytest.fixture
def manager(house: Settings) -> Iterator[DataManager]:
    manager = DataManager(house.database_url)
    yield manager
    manager.close()


def watch(settings: Settings, manager: DataManager) -> ForecastWatch:
    return ForecastWatch(settings, manager, load_site(settings.site, settings))


def issued(manager: DataManager, unit: str = FARM) -> list[int]:
    return sorted(set(manager.forecasts(unit, HOUR, *ALL)["issued_at"]))


def test_each_hour_gets_one_forecast_and_what_came_stands_beside_it(house, manager):
    forecasts = watch(house, manager)
    assert forecasts.turn()
    assert not forecasts.turn()
    fill(house, NOW, NOW + HOUR - 600)
    assert not forecasts.turn()
    fill(house, NOW + HOUR - 600, NOW + HOUR)
    assert forecasts.turn()
    assert issued(manager) == [NOW, NOW + HOUR]
    first = manager.forecasts("R80711", HOUR, NOW, NOW + 1)
    rows = manager.raw_range(NOW, NOW + HOUR, ["R80711"])
    assert first["measured"][0] == pytest.approx(rows["power"].mean())
    assert first["measured"][1:].isna().all()
    assert forecasts.trouble == ""


def test_after_a_leap_only_the_newest_hour_is_forecast_and_the_old_one_gets_its_outcomes(
    house, manager
):
    watch(house, manager).turn()
    fill(house, NOW, NOW + 20 * HOUR)
    again = watch(house, manager)  # a restart
    assert again.turn()
    assert not again.turn()
    assert issued(manager) == [NOW, NOW + 20 * HOUR]
    assert manager.forecasts(FARM, HOUR, NOW, NOW + 1)["measured"].notna().tolist() == [
        True,
        True,
        True,
        False,
    ]


def test_a_correction_reaches_the_forecasts_of_its_hour_by_the_next_day(house, manager):
    forecasts = watch(house, manager)
    forecasts.turn()
    fill(house, NOW, NOW + HOUR)
    forecasts.turn()
    rows = manager.raw_range(NOW, NOW + HOUR, ["R80711"])
    corrected = rows[["turbine_id", "timestamp", *COLUMNS]].assign(power=123.0)
    site = load_site(house.site, house)
    ingest_frame(manager, site, corrected, source="meter")
    fill(house, NOW + HOUR, NOW + DAY)
    assert forecasts.turn()
    found = manager.forecasts("R80711", HOUR, NOW, NOW + 1)["measured"]
    assert found[0] == pytest.approx(123.0)


def test_the_last_rows_of_an_hour_are_waited_for_but_not_for_ever(house, manager):
    forecasts = watch(house, manager)
    forecasts.turn()
    with manager.writing() as transaction:
        transaction.advance_replay("la_haute_borne", NOW + HOUR)
    assert not forecasts.turn()
    with manager.writing() as transaction:
        transaction.advance_replay("la_haute_borne", NOW + HOUR + 600)
    assert forecasts.turn()
    assert issued(manager) == [NOW, NOW + HOUR]


def test_a_new_champion_is_taken_up_and_its_damaged_files_leave_the_old_one(
    house, manager, monkeypatch
):
    forecasts = watch(house, manager)
    forecasts.turn()
    register(house, Verdict(promote=True, against=1, why="better"))
    fill(house, NOW, NOW + HOUR)
    forecasts.turn()
    register(house, Verdict(promote=True, against=2, why="better"))

    def damaged(*_: object, **__: object) -> None:
        message = "damaged"
        raise ModelError(message)

    monkeypatch.setattr("ml_app_wind_draft.models.forecast.farm.load_farm", damaged)
    fill(house, NOW + HOUR, NOW + 2 * HOUR)
    assert forecasts.turn()
    versions = manager.forecasts(FARM, HOUR, *ALL).groupby("issued_at")["model_version"].first()
    assert versions.tolist() == [1, 2, 2]


def test_with_mlflow_down_the_copy_on_disk_serves_after_a_restart_too(house, manager):
    watch(house, manager).turn()
    fill(house, NOW, NOW + HOUR)
    assert watch(out_of_reach(house), manager).turn()
    assert issued(manager) == [NOW, NOW + HOUR]


def test_without_a_forecaster_it_is_silent_and_finds_the_first_one(
    house, manager, monkeypatch, caplog
):
    nobody = watch(out_of_reach(house), manager)
    assert not nobody.turn()
    assert nobody.trouble == ""
    assert not caplog.records
    monkeypatch.setattr(forecast_watch, "PAUSE", 0.0)
    assert watch(house, manager).turn()


def test_trouble_is_said_once_and_goes_when_it_is_over(house, manager, monkeypatch, caplog):
    monkeypatch.setattr(forecast_watch, "PAUSE", 0.0)
    forecasts = watch(house, manager)
    monkeypatch.setattr(forecast_watch, "replayed_weather", lambda _: None)
    for _ in range(3):
        assert not forecasts.turn()
    assert "needs weather" in forecasts.trouble
    assert len([each for each in caplog.records if "needs weather" in each.message]) == 1
    monkeypatch.undo()
    forecasts._not_before = 0.0
    assert forecasts.turn()
    assert forecasts.trouble == ""


def test_an_error_that_nobody_knows_is_logged_and_scoring_goes_on(
    house, manager, monkeypatch, caplog
):
    def broken(*_: object) -> None:
        message = "out of the blue"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(forecast_watch, "issue", broken)
    forecasts = watch(house, manager)
    assert not forecasts.turn()
    assert "out of the blue" in forecasts.trouble
    assert any(each.exc_info for each in caplog.records)


def test_a_farm_without_power_gets_no_forecast_and_the_reason_is_said(house, manager):
    with manager.writing() as transaction:
        transaction.advance_replay("la_haute_borne", NOW + 30 * DAY + 600)
    forecasts = watch(house, manager)
    assert not forecasts.turn()
    assert "has power in the days before" in forecasts.trouble


def test_the_service_scores_all_rows_and_then_forecasts(house, manager):
    trained_model = a_trained_model(training_end=START + 50 * DAY)
    with ModelRegistry(house) as registry:
        registry.put(trained_model)
        registry.flush()
    site = load_site(house.site, house)
    stop = Stop()
    with ChampionWatch(house) as champions, ForecastWatch(house, manager, site) as forecasts:
        inference = Inference(manager, site, champions, forecasts)
        loop = threading.Thread(
            target=run_loop,
            args=(infer.SERVICE, manager, inference.tick),
            kwargs={"interval": 0.05, "stop": stop},
        )
        loop.start()
        try:
            until(lambda: issued(manager), 60, "a forecast", [])
            assert manager.counters()["waiting"] == 0
        finally:
            stop.request()
            loop.join()


def test_the_lean_forecaster_says_the_same(tmp_path):
    a_farm().save(tmp_path)
    whole, lean = load_farm(tmp_path), load_farm(tmp_path, lean=True)
    center = np.linspace(0, 1, 50)
    levels = np.arange(1, 20) / 20
    for key, own in whole.forecasters.items():
        leads = np.full(50, own.options.leads[-1])
        expected = own.distribution.quantiles(center, leads, levels)
        found = lean.forecasters[key].distribution.quantiles(center, leads, levels)
        assert np.array_equal(found, expected)
