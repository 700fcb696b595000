"""The database and the site file as Kedro datasets; `settings` are the process's by default."""

from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

from ml_app_wind_draft.core.config import Settings, load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.storage.data_manager import DataManager

Loaded = TypeVar("Loaded")
Saved = TypeVar("Saved")


class LoadOnlyDataset(AbstractDataset[Any, Loaded], Generic[Loaded]):
    """A dataset that a pipeline may read and not write."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or load_settings()

    def save(self, data: object) -> NoReturn:
        """Refused with a `DatasetError`."""
        message = f"{type(self).__name__} can only be loaded; a {type(data).__name__} was saved"
        raise DatasetError(message)


class DataManagerDataset(LoadOnlyDataset[DataManager]):
    """The door to the database, opened at the first load."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._manager: DataManager | None = None

    def load(self) -> DataManager:
        """The one `DataManager` of this catalog."""
        if self._manager is None:
            self._manager = DataManager(self._settings.database_url)
        return self._manager

    def _release(self) -> None:
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    def _describe(self) -> dict[str, Any]:
        return {"database": "DATABASE_URL"}


class SiteDataset(LoadOnlyDataset[Site]):
    """The site that `SITE` names."""

    def load(self) -> Site:
        """Read and check the site's YAML file."""
        return load_site(self._settings.site, self._settings)

    def _describe(self) -> dict[str, Any]:
        return {"site": self._settings.site}


class FolderDataset(LoadOnlyDataset[Path]):
    """A folder under `data/`, made where missing."""

    def __init__(self, name: str, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._name = name

    def load(self) -> Path:
        """Its absolute path."""
        folder = self._settings.data_dir / self._name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _describe(self) -> dict[str, Any]:
        return {"folder": self._name}


class SaveOnlyDataset(AbstractDataset[Saved, Any], Generic[Saved]):
    """A dataset that a pipeline may write and not read back."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or load_settings()

    def load(self) -> NoReturn:
        """Refused with a `DatasetError`."""
        message = f"{type(self).__name__} can only be saved"
        raise DatasetError(message)


class OutcomesDataset(AbstractDataset[pd.DataFrame, pd.DataFrame]):
    """Saves outcomes in one transaction with striking their rows off the work."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or load_settings()

    def load(self) -> pd.DataFrame:
        """The newest outcome of each turbine."""
        with DataManager(self._settings.database_url) as manager:
            return manager.predictions_last(1)

    def save(self, data: pd.DataFrame) -> None:
        """Store outcomes; columns as `DataManager.save_outcomes` wants them."""
        with DataManager(self._settings.database_url) as manager:
            manager.save_outcomes(data)

    def _describe(self) -> dict[str, Any]:
        return {"table": "predictions"}


class IssuedForecastsDataset(SaveOnlyDataset[pd.DataFrame]):
    """Where forecasts go: table `forecasts`."""

    def save(self, data: pd.DataFrame) -> None:
        """Columns as `DataManager.save_forecasts` takes them."""
        with DataManager(self._settings.database_url) as manager:
            manager.save_forecasts(data)

    def _describe(self) -> dict[str, Any]:
        return {"table": "forecasts"}


class ForecastOutcomesDataset(SaveOnlyDataset[pd.DataFrame]):
    """What came, written beside the forecasts of it."""

    def save(self, data: pd.DataFrame) -> None:
        """Columns as `DataManager.fill_forecasts` takes them."""
        with DataManager(self._settings.database_url) as manager:
            manager.fill_forecasts(data)

    def _describe(self) -> dict[str, Any]:
        return {"table": "forecasts"}
