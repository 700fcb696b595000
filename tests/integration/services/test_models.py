import io

import pandas as pd
import pytest
from rich.console import Console

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryError, RegistryUnavailableError
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.forecasters import ForecasterRegistry
from ml_app_wind_draft.registry.records import Verdict
from ml_app_wind_draft.registry.shelves import FORECASTER_NAME
from ml_app_wind_draft.services.models import promote, rollback, show, show_champion_at
from ml_app_wind_draft.storage.data_manager import MODEL_NAME, DataManager
from tests.integration import forecasting
from tests.integration.conftest import a_trained_model, register


def printed(settings: Settings, model: str = MODEL_NAME) -> str:
    console = Console(file=io.StringIO(), width=200)
    show(settings, console, model)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def two_models(with_mlflow: Settings) -> Settings:
    """Version 1 is champion, version 2 challenger."""
    register(with_mlflow, a_trained_model())
    register(with_mlflow, a_trained_model(scale=0.9, verdict=Verdict(False, 1, "not better")))
    return with_mlflow


def test_before_the_first_training_there_is_nothing_to_list(with_mlflow: Settings) -> None:
    assert "wind train" in printed(with_mlflow)


def test_a_promotion_and_a_roll_back_are_listed_with_who_and_why(two_models: Settings) -> None:
    quiet = Console(quiet=True)
    promote(two_models, 2, "better in icing", quiet)
    said = printed(two_models)
    assert "better in icing" in said
    rollback(two_models, 1, "off in summer", quiet)
    with ModelRegistry(two_models) as registry:
        champion = registry.champion()
    assert champion is not None
    assert champion.version == 1
    assert "off in summer" in printed(two_models)


def test_only_a_former_champion_can_be_rolled_back_to(two_models: Settings) -> None:
    with pytest.raises(RegistryError, match="never champion"):
        rollback(two_models, 2, "why not", Console(quiet=True))


def test_forecasters_are_listed_promoted_and_rolled_back_by_the_same_commands(
    with_mlflow: Settings,
) -> None:
    first = forecasting.register(with_mlflow)
    second = forecasting.register(with_mlflow, Verdict(False, first, "no better"))
    quiet = Console(quiet=True)
    promote(with_mlflow, second, "newer", quiet, FORECASTER_NAME)
    with ForecasterRegistry(with_mlflow) as registry:
        champion = registry.champion()
        assert champion is not None
        assert champion.version == second
    rollback(with_mlflow, first, "off in summer", quiet, FORECASTER_NAME)
    said = printed(with_mlflow, FORECASTER_NAME)
    assert "pinball loss" in said
    assert "off in summer" in said
    assert "wind train" in printed(with_mlflow)
    with pytest.raises(RegistryError, match="never champion"):
        rollback(with_mlflow, 99, "why", quiet, FORECASTER_NAME)


def test_without_mlflow_the_list_is_refused_with_the_address(settings: Settings) -> None:
    with pytest.raises(RegistryUnavailableError, match=str(settings.mlflow_port)):
        printed(settings)


def test_who_was_champion_at_any_time_is_a_question_of_one_command(
    two_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said_at(instant: int) -> str:
        console = Console(file=io.StringIO(), width=200)
        show_champion_at(two_models, instant, console)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    manager = DataManager(two_models.database_url)
    first = int(manager.champion_history()["from_time"].iloc[0])
    monkeypatch.setattr("ml_app_wind_draft.core.clock.wall_now", lambda: first + 100)
    promote(two_models, 2, "better in icing", Console(quiet=True))
    monkeypatch.setattr("ml_app_wind_draft.core.clock.wall_now", lambda: first + 200)
    rollback(two_models, 1, "off in summer", Console(quiet=True))
    assert "no champion" in said_at(first - 1)
    assert "version 1 was champion" in said_at(first + 99)
    assert "the first model" in said_at(first + 99)
    assert "version 2 was champion" in said_at(first + 100)
    assert "better in icing" in said_at(first + 199)
    assert "off in summer" in said_at(first + 10_000)
    reigns = manager.champion_history()
    manager.close()
    assert reigns["version"].tolist() == [1, 2, 1]
    assert pd.isna(reigns["to_time"].iloc[-1])
