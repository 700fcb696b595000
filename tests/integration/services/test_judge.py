"""The model in shadow is judged on what both scored live, and promoted when it is better."""

import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import NoChampionError, RegistryError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import Verdict
from ml_app_wind_draft.services import judge, models
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration.conftest import NEW_YEAR, a_trained_model, recorded_rows, register
from tests.integration.services.scoring import score_all

DAY = 86_400
QUIET = Console(quiet=True)


@pytest.fixture
def stored(with_mlflow: Settings, database_url: str, tmp_path: Path) -> Settings:
    """A database of each kind. Version 1, which expects half, is champion, 2 waits.

    The made-up curve is off at 3 m/s: a wind bin may be worse here.
    """
    conf = tmp_path / "conf"
    shutil.copytree(with_mlflow.conf_dir, conf)
    (conf / "local").mkdir(exist_ok=True)
    (conf / "local" / "parameters_training.yml").write_text(
        "training: {gates: {part_margin: 2.0}}", encoding="utf-8"
    )
    changed = {"database_url": database_url, "conf_dir": conf}
    settings = with_mlflow.model_copy(update=changed)
    register(settings, a_trained_model(scale=0.5))
    register(settings, a_trained_model(verdict=Verdict(False, 1, "not judged")))
    return settings


def live(settings: Settings, site: Site, days: int, *, shadow: int | None = 2) -> None:
    """`days` of the stream, scored by the service."""
    manager = DataManager(settings.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    if shadow:
        models.start_shadow(settings, shadow, QUIET)
    rows, until = recorded_rows(days), NEW_YEAR + days * DAY
    ingest_frame(manager, site, rows, source="test", replayed_until=until)
    score_all(settings, manager, site)
    manager.close()


def said(settings: Settings, *, promote: bool = False, as_json: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200)
    judge.run(settings, promote=promote, as_json=as_json, by="ada", console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def history(settings: Settings) -> pd.DataFrame:
    manager = DataManager(settings.database_url)
    try:
        return manager.champion_history()
    finally:
        manager.close()


def champion(settings: Settings) -> int | None:
    with ModelRegistry(settings) as registry:
        found = registry.champion()
        return found.version if found else None


def test_a_better_shadow_becomes_champion_with_the_reason_and_leaves_the_shadow(
    stored: Settings, site: Site
) -> None:
    live(stored, site, 16)
    table = said(stored)
    for word in ("MAE", "within the band", "better beyond noise", "faults are found", "kept"):
        assert word in table
    assert "not tried" not in table, "eight days are enough to put faults into"
    assert champion(stored) == 1, "a judgement alone changes nothing"
    assert "Version 2 is champion" in said(stored, promote=True)
    assert champion(stored) == 2
    with ModelRegistry(stored) as registry:
        assert registry.shadow() is None
    reign = history(stored).iloc[-1]
    assert reign["by"] == "ada"
    assert reign["why"].startswith("Judged in shadow on ")
    assert "2015-01-02 00:00 UTC to 2015-01-16" in reign["why"], "a day's gap after the training"
    assert "Better beyond noise" in reign["why"]
    models.rollback(stored, 1, "one command goes back", QUIET)
    assert champion(stored) == 1


def test_a_worse_shadow_is_not_promoted(with_mlflow: Settings, site: Site) -> None:
    register(with_mlflow, a_trained_model())
    register(with_mlflow, a_trained_model(scale=0.5, verdict=Verdict(False, 1, "not judged")))
    live(with_mlflow, site, 16)
    found = json.loads(said(with_mlflow, promote=True, as_json=True))
    assert (found["promote"], found["promoted"]) == (False, False)
    assert found["mae"] > found["champion_mae"]
    assert found["gates"][0]["result"] == "refused"
    assert champion(with_mlflow) == 1
    with ModelRegistry(with_mlflow) as registry:
        shadow = registry.shadow()
    assert shadow is not None


def test_with_too_few_rows_it_says_how_many_are_missing_and_until_about_when(
    with_mlflow: Settings, site: Site
) -> None:
    register(with_mlflow, a_trained_model(scale=0.5))
    register(with_mlflow, a_trained_model(verdict=Verdict(False, 1, "not judged")))
    live(with_mlflow, site, 3)
    table = said(with_mlflow, promote=True)
    assert "Too early to judge" in table
    assert "12 more days" in table
    assert "2015-01-16 00:00 UTC of event time" in table
    assert champion(with_mlflow) == 1


def test_rows_of_an_earlier_champion_do_not_count(with_mlflow: Settings, site: Site) -> None:
    register(with_mlflow, a_trained_model(scale=0.5))
    register(with_mlflow, a_trained_model(verdict=Verdict(False, 1, "not judged")))
    live(with_mlflow, site, 3)
    register(with_mlflow, a_trained_model(scale=0.6, verdict=Verdict(False, 1, "not judged")))
    models.promote(with_mlflow, 3, "a new champion", QUIET)
    assert "14 more days" in said(with_mlflow)


def test_without_a_shadow_or_a_champion_there_is_nothing_to_judge(with_mlflow: Settings) -> None:
    with pytest.raises(NoChampionError):
        said(with_mlflow)
    register(with_mlflow, a_trained_model())
    with pytest.raises(RegistryError, match="No version is in shadow"):
        said(with_mlflow)
