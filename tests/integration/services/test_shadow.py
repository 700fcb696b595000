"""A model in shadow, against a real MLflow server and a real database."""

import io
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pandas as pd
import pytest
from rich.console import Console

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import Verdict
from ml_app_wind_draft.services import models, status
from ml_app_wind_draft.services.champion_watch import ChampionWatch
from ml_app_wind_draft.services.infer import Inference
from ml_app_wind_draft.services.shadow import Shadowing
from ml_app_wind_draft.services.shadow_watch import ShadowWatch
from ml_app_wind_draft.storage.data_manager import DataManager
from ml_app_wind_draft.storage.shadow import Duel
from tests.integration.conftest import (
    NEW_YEAR,
    MlflowServer,
    a_trained_model,
    recorded_rows,
    register,
)
from tests.integration.services.scoring import score_all

DAY = 86_400
ALL = (0, 2**40)
STATES = ("normal_operation", "calm")
QUIET = Console(quiet=True)


@pytest.fixture
def two_models(with_mlflow: Settings) -> Settings:
    """Version 1 is champion, version 2 challenger."""
    register(with_mlflow, a_trained_model())
    register(with_mlflow, a_trained_model(scale=0.9, verdict=Verdict(False, 1, "not better")))
    return with_mlflow


def fill(manager: DataManager, site: Site, days: float = 1) -> None:
    until = round(NEW_YEAR + days * DAY)
    ingest_frame(manager, site, recorded_rows(days), source="test", replayed_until=until)


@pytest.fixture
def house(two_models: Settings, site: Site) -> Iterator[DataManager]:
    """The database that the commands look at, with one day of 2015 waiting to be scored."""
    opened = DataManager(two_models.database_url)
    opened.init_raw_db_table()
    opened.register_site(site)
    fill(opened, site)
    yield opened
    opened.close()


def printed(settings: Settings) -> str:
    console = Console(file=io.StringIO(), width=220)
    status.show(settings, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def duel(shadow: int = 2, champion: int = 1, seen_until: int = NEW_YEAR - 600) -> Duel:
    return Duel(shadow, champion, seen_until, STATES)


def used(manager: DataManager) -> list[pd.DataFrame]:
    """Everything that a shadow must leave alone."""
    return [
        manager.predictions_range(*ALL, in_sample=True).drop(columns="issued_at"),
        manager.predictions_last(3).drop(columns="issued_at"),
        manager.hourly(*ALL),
        manager.daily(*ALL),
        manager.alarms(*ALL),
        pd.DataFrame([manager.counters()]),
    ]


def test_each_row_is_scored_by_both_and_kept_apart(
    two_models: Settings, manager: DataManager, site: Site
) -> None:
    fill(manager, site)
    models.start_shadow(two_models, 2, QUIET)
    score_all(two_models, manager, site)
    outcomes = manager.predictions_range(*ALL)
    assert set(outcomes["model_version"]) == {1}
    assert len(outcomes) == 4 * 144
    state = manager.shadow_state(2)
    assert state is not None
    assert (state.scored, state.newest, state.trouble) == (4 * 144, NEW_YEAR + DAY - 600, "")
    pairs = manager.shadow_pairs(duel())
    known = outcomes[outcomes["state"].isin(STATES) & (outcomes["status"] == "predicted")]
    assert len(pairs) == len(known)
    assert pairs["expected_power"].to_numpy() == pytest.approx(known["expected_power"].to_numpy())
    high = pairs["shadow_power"] > 100
    ratio = pairs["shadow_power"][high] / pairs["expected_power"][high]
    assert ratio.to_numpy() == pytest.approx(0.9, abs=0.02)
    assert manager.check() == []


def test_days_sum_up_the_pairs(two_models: Settings, manager: DataManager, site: Site) -> None:
    fill(manager, site, 2)
    models.start_shadow(two_models, 2, QUIET)
    score_all(two_models, manager, site)
    pairs, days = manager.shadow_pairs(duel()), manager.shadow_days(duel())
    assert days["day"].tolist() == [NEW_YEAR, NEW_YEAR + DAY]
    by_day = pairs.groupby(pairs["timestamp"] // DAY)
    error = (pairs["shadow_power"] - pairs["power"]).abs().groupby(pairs["timestamp"] // DAY).sum()
    inside = pairs["power"].between(pairs["expected_power_p10"], pairs["expected_power_p90"])
    assert days["rows"].tolist() == by_day.size().tolist()
    assert days["abs_error"].to_numpy() == pytest.approx(error.to_numpy())
    assert days["champion_inside"].sum() == inside.sum()


def test_outcomes_alarms_and_sums_are_the_same_with_and_without_a_shadow(
    two_models: Settings, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = []
    for version in (None, 2):
        manager = DataManager(f"sqlite:///{tmp_path_factory.mktemp('farm')}/app.db")
        manager.init_raw_db_table()
        manager.register_site(site)
        fill(manager, site, 8)
        if version:
            models.start_shadow(two_models, version, QUIET)
        score_all(two_models, manager, site)
        found.append(used(manager))
        state = manager.shadow_state(2)
        assert (state is not None) == (version is not None)
        manager.close()
    for without, beside in zip(*found, strict=True):
        pd.testing.assert_frame_equal(without, beside)
    assert not found[0][4].empty, "a week of winter with a made-up curve raises an alarm"


def test_only_rows_after_both_models_training_data_are_scored(
    with_mlflow: Settings, manager: DataManager, site: Site
) -> None:
    register(with_mlflow, a_trained_model())
    later = a_trained_model(
        training_end=NEW_YEAR + DAY // 2 - 600, verdict=Verdict(False, 1, "not better")
    )
    register(with_mlflow, later)
    fill(manager, site)
    models.start_shadow(with_mlflow, 2, QUIET)
    score_all(with_mlflow, manager, site)
    assert len(manager.predictions_range(*ALL)) == 4 * 144
    state = manager.shadow_state(2)
    assert state is not None
    assert state.scored == 4 * 72
    assert manager.shadow_pairs(duel())["timestamp"].min() == NEW_YEAR + DAY // 2


def test_a_shadow_with_a_damaged_file_stops_nothing_and_is_shown(
    two_models: Settings, house: DataManager, site: Site
) -> None:
    models.start_shadow(two_models, 2, QUIET)
    with ModelRegistry(two_models) as registry:
        registry.load(2)
    (broken,) = (two_models.data_dir / "models").glob("2-*/bundle/bundle.json")
    broken.write_text("{}", encoding="utf-8")
    inference = score_all(two_models, house, site)
    assert len(house.predictions_range(*ALL)) == 4 * 144
    assert "version 2, does not score" in inference.tick().message
    said = printed(two_models)
    assert "in shadow" in said
    assert "does not score" in said
    shutil.rmtree(broken.parent.parent)  # it is fetched again
    fill(house, site, 2)
    assert "In its shadow: version 2." in score_all(two_models, house, site).tick().message
    assert "does not score" not in printed(two_models)
    assert "576 rows scored" in printed(two_models)


def test_a_shadow_that_raises_stops_nothing(
    two_models: Settings, house: DataManager, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.start_shadow(two_models, 2, QUIET)

    def no_room(_outcomes: pd.DataFrame) -> int:
        message = "no room for a shadow"
        raise OSError(message)

    monkeypatch.setattr(house, "save_shadow_outcomes", no_room)
    score_all(two_models, house, site)
    assert len(house.predictions_range(*ALL)) == 4 * 144
    state = house.shadow_state(2)
    assert state is not None
    assert "no room for a shadow" in state.trouble


def test_while_mlflow_is_down_the_shadow_at_hand_goes_on(
    two_models: Settings, house: DataManager, site: Site, mlflow_server: MlflowServer
) -> None:
    models.start_shadow(two_models, 2, QUIET)
    with ChampionWatch(two_models) as watch:
        shadows = ShadowWatch(two_models)
        shadows.check()
        mlflow_server.stop()
        shadows.check()
        inference = Inference(house, site, watch, shadow=Shadowing(house, site, shadows))
        while inference.tick().more:
            pass
    mlflow_server.start()
    assert len(house.predictions_range(*ALL)) == 4 * 144
    state = house.shadow_state(2)
    assert state is not None
    assert state.scored == 4 * 144


def test_the_alias_of_mlflow_s_own_page_is_noticed(two_models: Settings) -> None:
    shadows = ShadowWatch(two_models)
    shadows.check()
    assert shadows.wanted is None
    with ModelRegistry(two_models) as registry:
        registry._set_alias("shadow", 2)
        shadows.check()
        assert shadows.current is not None
        assert shadows.current.version.version == 2
        assert registry.stop_shadow() == 2
        shadows.check()
        assert (shadows.wanted, shadows.current) == (None, None)
        assert registry.stop_shadow() is None


def test_the_champion_cannot_be_in_its_own_shadow(
    two_models: Settings, house: DataManager, site: Site
) -> None:
    with pytest.raises(RegistryError, match="is the champion"):
        models.start_shadow(two_models, 1, QUIET)
    with ModelRegistry(two_models) as registry:  # MLflow's page asks nobody
        registry._set_alias("shadow", 1)
    score_all(two_models, house, site)
    assert house.shadow_state(1) is None


def test_a_promoted_shadow_is_none_any_more(two_models: Settings) -> None:
    models.start_shadow(two_models, 2, QUIET)
    models.promote(two_models, 2, "better in shadow", QUIET)
    with ModelRegistry(two_models) as registry:
        assert registry.shadow() is None
        champion = registry.champion()
    assert champion is not None
    assert champion.version == 2


def test_a_wrong_count_of_a_shadows_rows_is_found_by_the_check(
    two_models: Settings, house: DataManager, site: Site
) -> None:
    models.start_shadow(two_models, 2, QUIET)
    score_all(two_models, house, site)
    assert house.check() == []
    assert two_models.sqlite_path
    with closing(sqlite3.connect(two_models.sqlite_path)) as database:
        database.execute("DELETE FROM shadow_predictions WHERE turbine_id = 'R80711'")
        database.commit()
    assert house.check() == ["1 models in shadow are counted wrongly"]


def test_what_a_shadow_said_twice_is_kept_once(
    two_models: Settings, manager: DataManager, site: Site
) -> None:
    fill(manager, site)
    models.start_shadow(two_models, 2, QUIET)
    score_all(two_models, manager, site)
    said = manager.predictions_range(*ALL).assign(model_version=2, expected_power=0.0)
    assert manager.save_shadow_outcomes(said) == 0
    assert manager.shadow_pairs(duel())["shadow_power"].max() > 0
    assert manager.check() == []
