"""The registry as Kedro datasets; `settings` are the process's by default."""

import logging
from collections.abc import Sequence
from typing import Any

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import NoChampionError, RegistryUnavailableError
from ml_app_wind_draft.registry.client import ModelRegistry, VersionRegistry
from ml_app_wind_draft.registry.forecasters import (
    REGISTRIES,
    ForecasterRegistry,
    LoadedForecaster,
    TrainedForecaster,
)
from ml_app_wind_draft.registry.records import CHAMPION, LoadedModel, TrainedModel
from ml_app_wind_draft.registry.shelves import FORECASTER_NAME
from ml_app_wind_draft.storage.datasets import LoadOnlyDataset, SaveOnlyDataset

log = logging.getLogger(__name__)


class ChampionDataset(LoadOnlyDataset[LoadedModel]):
    """The model in force; the copy on disk while MLflow is down."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._loaded: LoadedModel | None = None

    def load(self) -> LoadedModel:
        """The same model for all nodes of a run, whatever happens to the alias meanwhile.

        Raises `NoChampionError`, or `RegistryUnavailableError` where there is no copy either.
        """
        if self._loaded is None:
            with ModelRegistry(self._settings) as registry:
                self._loaded = registry.load_champion()
        return self._loaded

    def _release(self) -> None:
        self._loaded = None

    def _describe(self) -> dict[str, Any]:
        return {"alias": CHAMPION, "registry": self._settings.mlflow_tracking_uri}


class CurrentDataset(LoadOnlyDataset[LoadedModel | LoadedForecaster | None]):
    """What is in force of a registered `model`, or `None`: training has to begin without one."""

    def __init__(self, model: str, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._model = model

    def load(self) -> LoadedModel | LoadedForecaster | None:
        """`None` where no version has the alias, or MLflow is down and no copy is on disk."""
        try:
            with REGISTRIES[self._model](self._settings) as registry:
                return registry.load_champion()
        except NoChampionError:
            return None
        except RegistryUnavailableError as error:
            log.warning("Judging without a champion: %s", error)
            return None

    def _describe(self) -> dict[str, Any]:
        return {"model": self._model, "registry": self._settings.mlflow_tracking_uri}


class TrainedModelsDataset(SaveOnlyDataset[list[TrainedModel]]):
    """Where a training run ends, to be loaded as `champion`: outbox, MLflow, alias."""

    def save(self, data: list[TrainedModel]) -> None:
        """Keep the models on disk, then log, register and judge them.

        Raises `RegistryUnavailableError` where MLflow is down; the models are safe in
        `data/outbox`, and the next training run logs them.
        """
        with ModelRegistry(self._settings) as registry:
            _log_now(registry, [registry.put(each) for each in data])

    def _describe(self) -> dict[str, Any]:
        return {"registry": self._settings.mlflow_tracking_uri}


class ForecasterDataset(LoadOnlyDataset[LoadedForecaster]):
    """The forecasters in force; the copy on disk while MLflow is down."""

    def load(self) -> LoadedForecaster:
        """Raises `NoChampionError` where none was trained yet."""
        with ForecasterRegistry(self._settings) as registry:
            return registry.load_champion()

    def _describe(self) -> dict[str, Any]:
        return {"model": FORECASTER_NAME, "registry": self._settings.mlflow_tracking_uri}


class TrainedForecasterDataset(SaveOnlyDataset[TrainedForecaster]):
    """Where a training of forecasters ends, to be loaded as `forecaster`: outbox, MLflow, alias."""

    def save(self, data: TrainedForecaster) -> None:
        """Keep the forecasters on disk, then log, register and judge them.

        Raises `RegistryUnavailableError` as `TrainedModelsDataset.save` does.
        """
        with ForecasterRegistry(self._settings) as registry:
            _log_now(registry, [registry.put(data)])

    def _describe(self) -> dict[str, Any]:
        return {"model": FORECASTER_NAME, "registry": self._settings.mlflow_tracking_uri}


def _log_now(registry: VersionRegistry, names: Sequence[str]) -> None:
    """Log what waits, among it the entries `names`; with MLflow down it goes on waiting."""
    try:
        registry.flush()
    except RegistryUnavailableError as error:
        message = f"{error} What was trained waits in data/outbox: {', '.join(names)}."
        remedy = "`wind train` logs it once MLflow is up; nothing is trained again."
        raise RegistryUnavailableError(message, remedy=remedy) from error
