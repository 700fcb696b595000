"""Training's third step: the forecasters of the same rows."""

import logging

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryUnavailableError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.site_weather import kind_of_weather
from ml_app_wind_draft.pipelines.forecast_training.parameters import (
    configuration_digest,
    read_parameters,
)
from ml_app_wind_draft.registry.forecasters import ForecasterRegistry
from ml_app_wind_draft.registry.records import ModelVersion
from ml_app_wind_draft.services import kedro_project
from ml_app_wind_draft.storage.data_manager import DataManager

log = logging.getLogger(__name__)


class ForecasterTraining:
    """Trains the forecasters, unless those of the same data and configuration are registered.

    Raises `ConfigurationError` at once for parameters that cannot be used; the methods raise
    `RegistryUnavailableError` while MLflow does not answer.
    """

    def __init__(self, settings: Settings, manager: DataManager, site: Site) -> None:
        self._settings = settings
        self._manager = manager
        self._site = site
        self._registry = ForecasterRegistry(settings, manager)
        self._parameters = read_parameters(kedro_project.read_parameters(settings)["forecast"])

    @property
    def is_wanted(self) -> bool:
        """Whether the configuration asks for forecasters."""
        return self._parameters.enabled

    def flush(self) -> None:
        """Log what an earlier training left waiting for MLflow."""
        if self._registry.waiting():
            self._registry.flush()

    def champion(self) -> ModelVersion | None:
        """The forecasters in force."""
        return self._registry.champion()

    def same(self, digest: str) -> ModelVersion | None:
        """The version that was trained on rows of this digest, with this configuration."""
        weather = kind_of_weather(self._manager, self._site)
        wanted = (digest, configuration_digest(self._parameters, self._site, weather))
        versions = self._registry.versions()
        same = (
            each for each in versions if (each.data_digest, each.configuration_digest) == wanted
        )
        return next(same, None)

    def run(self) -> None:
        """Train, judge and register; what MLflow does not take at once waits for `flush`."""
        try:
            kedro_project.run_pipeline(self._settings, "forecast_training")
        except RegistryUnavailableError as error:
            log.warning("%s", error)
