"""MLflow's registered model `wind_power_forecaster`: put, load.

A version is a folder of JSON and `.cbm` files with the SHA-256 of each in its `MLmodel`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ml_app_wind_draft import __version__
from ml_app_wind_draft.core.digests import digest_of_file
from ml_app_wind_draft.core.errors import NoChampionError, RegistryUnavailableError
from ml_app_wind_draft.registry.client import ModelRegistry, VersionRegistry
from ml_app_wind_draft.registry.model_files import FLAVOUR, MLMODEL, refuse_pickle
from ml_app_wind_draft.registry.records import ModelVersion, RunRecord, Verdict
from ml_app_wind_draft.registry.shelves import FORECASTS

if TYPE_CHECKING:
    from ml_app_wind_draft.models.forecast.farm import FarmForecaster

FARM = "farm"
# what `kind` says of a forecaster, by the weather that it was trained with
KINDS = {"none": "history", "forecast": "forecast_weather", "perfect": "perfect_weather"}


@dataclass(frozen=True, slots=True)
class TrainedForecaster:
    """Fitted forecasters with their record and their judgement: what a training ends in.

    The record's `score` is the mean pinball loss of the farm's hourly forecasts, % of rated power.
    """

    farm: "FarmForecaster"
    record: RunRecord
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class LoadedForecaster:
    """A registered version, ready to forecast."""

    version: ModelVersion
    farm: "FarmForecaster"


class ForecasterRegistry(VersionRegistry):
    """The door to `wind_power_forecaster`."""

    shelf = FORECASTS

    def put(self, trained: TrainedForecaster) -> str:
        """Write trained forecasters to the outbox. Returns their id there."""

        def write(folder: Path) -> None:
            _write(trained, folder)

        return self._outbox.put(trained.record, trained.verdict, write).id

    def load_champion(
        self, known: LoadedForecaster | None = None, *, lean: bool = False
    ) -> LoadedForecaster:
        """The version with the alias `champion`; the copy on disk while MLflow is down.

        `known`, which is at hand, comes back where it is still that version, or MLflow is down.
        `lean` as in `load_farm`. Raises `NoChampionError` where there is none, `ModelError` where
        its files are damaged, `RegistryUnavailableError` with MLflow down and no copy.
        """
        try:
            version = self.champion()
        except RegistryUnavailableError:
            if known is not None:
                return known
            version = self._cache.pointed_to()
            if version is None:
                raise
        if version is None:
            message = "No forecaster yet."
            raise NoChampionError(message, remedy="`wind train` makes one.")
        if known is not None and _identity(known.version) == _identity(version):
            return known
        loaded = self.load(version, lean=lean)
        self._cache.point_to(version)
        return loaded

    def load(self, version: ModelVersion, *, lean: bool = False) -> LoadedForecaster:
        """The forecasters of a version, from the copy on disk where there is one."""
        from ml_app_wind_draft.models.forecast.farm import load_farm  # noqa: PLC0415 - brings CatBoost

        self._fetch(version)
        return LoadedForecaster(version, load_farm(self._cache.place(version) / FARM, lean=lean))


REGISTRIES: dict[str, type[ModelRegistry] | type[ForecasterRegistry]] = {
    each.shelf.name: each for each in (ModelRegistry, ForecasterRegistry)
}


def _identity(version: ModelVersion) -> tuple[int, str]:
    return version.version, version.run_id


def _write(trained: TrainedForecaster, folder: Path) -> None:
    files = {}
    for name in trained.farm.save(folder / FARM):
        refuse_pickle(name)
        files[f"{FARM}/{name}"] = digest_of_file(folder / FARM / name)
    own = {"version": __version__, "kind": trained.record.kind, "files": files}
    text = yaml.safe_dump({"flavors": {FLAVOUR: own}}, sort_keys=False)
    (folder / MLMODEL).write_text(text, encoding="utf-8")
