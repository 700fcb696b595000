"""Alarms as the inference service keeps them and `wind alarms` shows them."""

from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.services import alarm_choice
from ml_app_wind_draft.services.alarm_watch import wrong_alarms
from ml_app_wind_draft.services.alarms import show
from ml_app_wind_draft.services.champion_watch import ChampionWatch
from ml_app_wind_draft.services.infer import Inference, backfill
from ml_app_wind_draft.services.status import check
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration.conftest import NEW_YEAR, a_trained_model, recorded_rows, register

DAY = 86_400
DAYS = 5
ALL = (0, 2**40)


@pytest.fixture
def farm(with_mlflow: Settings, site: Site) -> Iterator[DataManager]:
    """Five recorded days, but for the turbine that makes half of that."""
    manager = DataManager(with_mlflow.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    rows = recorded_rows(DAYS)
    rows.loc[rows["turbine_id"] == "R80711", "power"] *= 0.5
    ingest_frame(manager, site, rows, source="test", replayed_until=NEW_YEAR + DAYS * DAY)
    yield manager
    manager.close()


def said(settings: Settings, **options) -> str:
    page = Console(file=StringIO(), width=200, color_system=None)
    show(settings, console=page, **options)
    assert isinstance(page.file, StringIO)
    return page.file.getvalue()


def test_the_service_judges_what_it_scores_and_what_is_corrected_later(
    with_mlflow: Settings, farm: DataManager, site: Site
) -> None:
    register(with_mlflow, a_trained_model())
    with ChampionWatch(with_mlflow) as watch:
        inference = Inference(farm, site, watch)
        inference.tick()
        ailing = farm.alarms(*ALL, ["R80711"])
        assert "under_performance" in set(ailing["rule"])
        assert wrong_alarms(farm, site) == []
        # the meter was wrong, and all is well
        ingest_frame(farm, site, recorded_rows(DAYS), source="test")
        inference.tick()
    assert not farm.alarms(*ALL, ["R80711"]).equals(ailing)
    assert farm.judging_work(site.turbine_ids) == []
    assert wrong_alarms(farm, site) == []
    assert check(with_mlflow, Console(file=StringIO()))


def test_a_backfill_is_judged_at_the_next_turn(
    with_mlflow: Settings, farm: DataManager, site: Site
) -> None:
    register(with_mlflow, a_trained_model())
    farm.drop_work_up_to(NEW_YEAR + DAYS * DAY)  # as if another model had been trained on them
    assert backfill(with_mlflow, NEW_YEAR, NEW_YEAR + DAYS * DAY) == 4 * 144 * DAYS
    assert farm.alarms(*ALL).empty
    with ChampionWatch(with_mlflow) as watch:
        tick = Inference(farm, site, watch).tick()
    assert (tick.done, tick.more) == (0, False)
    assert not farm.alarms(*ALL).empty
    assert wrong_alarms(farm, site) == []


def test_the_command_tells_of_each_alarm(
    with_mlflow: Settings, farm: DataManager, site: Site
) -> None:
    assert said(with_mlflow) == "No alarms.\n"
    register(with_mlflow, a_trained_model())
    with ChampionWatch(with_mlflow) as watch:
        Inference(farm, site, watch).tick()
    page = said(with_mlflow)
    alarm = farm.alarms(*ALL, ["R80711"]).query("rule == 'under_performance'").iloc[0]
    (line,) = (each for each in page.splitlines() if "R80711" in each and "under" in each)
    assert clock.say(int(alarm["start"])).removesuffix(" UTC") in line
    assert "still on" in line
    assert "% of expected" in line
    assert f"{alarm['energy_below_expectation']:,.0f}" in line
    before = said(with_mlflow, end=clock.from_epoch(NEW_YEAR))
    assert before == "No alarms.\n"
    only = said(with_mlflow, turbine_id="R80721")
    assert "R80711" not in only


def test_rows_that_wait_to_be_judged_are_mentioned(
    with_mlflow: Settings, farm: DataManager, site: Site
) -> None:
    register(with_mlflow, a_trained_model())
    farm.drop_work_up_to(NEW_YEAR + DAYS * DAY)
    backfill(with_mlflow, NEW_YEAR, NEW_YEAR + DAY)
    assert "still to be judged" in said(with_mlflow)


def test_the_command_needs_no_database(settings: Settings) -> None:
    assert said(settings).startswith("No data yet")
    assert settings.sqlite_path
    assert not settings.sqlite_path.exists()


def test_other_settings_are_weighed_on_stored_predictions(
    with_mlflow: Settings, site: Site
) -> None:
    manager = DataManager(with_mlflow.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    ingest_frame(manager, site, recorded_rows(70), source="test")
    register(with_mlflow, a_trained_model())
    with pytest.raises(ConfigurationError, match="0 days of predictions"):
        alarm_choice.show(with_mlflow, console=Console(file=StringIO()))
    with ChampionWatch(with_mlflow) as watch:
        inference = Inference(manager, site, watch)
        while inference.tick().more:
            pass
    manager.close()
    page = Console(file=StringIO(), width=200, color_system=None)
    alarm_choice.show(with_mlflow, console=page)
    assert isinstance(page.file, StringIO)
    text = page.file.getvalue()
    assert "120 h" in text
    assert "loss of 5% found" in text
    assert "alarms: {window_hours:" in text or "All speak more than 2 times" in text
