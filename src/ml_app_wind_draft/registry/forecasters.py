"""MLflow's registered model `wind_power_forecaster`: log, register, make champion, load.

A version is a folder of JSON and `.cbm` files with the SHA-256 of each in its `MLmodel`.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from ml_app_wind_draft import __version__
from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import NoChampionError, RegistryUnavailableError
from ml_app_wind_draft.registry.cache import put_in_place
from ml_app_wind_draft.registry.model_files import (
    FLAVOUR,
    MLMODEL,
    check_file,
    listed_files,
    refuse_pickle,
)
from ml_app_wind_draft.registry.records import CHAMPION
from ml_app_wind_draft.registry.rest import Json, MlflowRest, NotThereError

if TYPE_CHECKING:
    from ml_app_wind_draft.models.forecast.farm import FarmForecaster

FORECASTER_NAME = "wind_power_forecaster"
EXPERIMENT = "forecast"
FARM = "farm"
POINTER = "champion.json"


@dataclass(frozen=True, slots=True)
class LoadedForecaster:
    """A registered version, ready to forecast. `run_id` is MLflow's."""

    version: int
    farm: "FarmForecaster"
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class ForecasterVersion:
    """A registered version. `weather`: none, forecast or perfect; `training_end` in s UTC."""

    version: int
    created_at: int
    training_end: int
    weather: str


class ForecasterRegistry:
    """The door to `wind_power_forecaster`. Raises as `MlflowRest` does."""

    def __init__(self, settings: Settings) -> None:
        self._rest = MlflowRest(settings.mlflow_tracking_uri, settings.mlflow_login)
        self._folder = settings.data_dir / "forecasters"
        self._site = settings.site

    def close(self) -> None:
        """Give the connections back."""
        self._rest.close()

    def champion(self) -> ForecasterVersion | None:
        """The version with the alias `champion`, `None` if there is none. One call to MLflow."""
        try:
            asked = self._rest.get("registered-models/alias", name=FORECASTER_NAME, alias=CHAMPION)
        except NotThereError:
            return None
        return _understood(asked["model_version"])

    def register(self, farm: "FarmForecaster", metrics: dict[str, float]) -> int:
        """Log the forecasters as a new version and make it champion; its number."""
        with TemporaryDirectory() as folder:
            made = Path(folder) / "model"
            _write(farm, made)
            return self._log(made, farm, metrics)

    def load_champion(
        self, known: LoadedForecaster | None = None, *, lean: bool = False
    ) -> LoadedForecaster:
        """The version with the alias `champion`; the copy on disk while MLflow is down.

        `known`, which is at hand, comes back where it is still that version, or MLflow is down.
        `lean` as in `load_farm`. Raises `NoChampionError` where there is none, `ModelError` where
        its files are damaged.
        """
        try:
            asked = self._rest.get("registered-models/alias", name=FORECASTER_NAME, alias=CHAMPION)
            found = asked["model_version"]
        except NotThereError as error:
            message = "No forecaster yet."
            remedy = "`wind forecast --train` makes one."
            raise NoChampionError(message, remedy=remedy) from error
        except RegistryUnavailableError:
            if known is not None:
                return known
            if not self._pointer.exists():
                raise
            found = json.loads(self._pointer.read_text(encoding="utf-8"))
        version, run_id = int(found["version"]), found["run_id"]
        if known is not None and (known.version, known.run_id) == (version, run_id):
            return known
        place = self._folder / f"{version}-{run_id}"
        if not place.is_dir():
            self._fetch(version, place)
        from ml_app_wind_draft.models.forecast.farm import load_farm  # noqa: PLC0415 - brings CatBoost

        loaded = LoadedForecaster(version, load_farm(place / FARM, lean=lean), run_id)
        pointer = {"version": version, "run_id": run_id}
        self._pointer.write_text(json.dumps(pointer), encoding="utf-8")
        return loaded

    @property
    def _pointer(self) -> Path:
        return self._folder / POINTER

    def _fetch(self, version: int, place: Path) -> None:
        mlmodel = self._rest.download(FORECASTER_NAME, version, MLMODEL)
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._folder, prefix=".") as workshop:
            made = Path(workshop) / "model"
            for name, promised in listed_files(mlmodel).items():
                content = self._rest.download(FORECASTER_NAME, version, name)
                check_file(name, content, promised)
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_bytes(content)
            put_in_place(made, place)

    def _log(self, made: Path, farm: "FarmForecaster", metrics: dict[str, float]) -> int:
        rest, now = self._rest, round(time.time() * 1000)
        experiment = self._experiment()
        end = say(farm.training_end)
        tags = {"site": self._site, "weather": farm.weather, "app_version": __version__}
        run = rest.post(
            "runs/create",
            experiment_id=experiment,
            run_name=f"forecasters to {end[:10]}",
            start_time=now,
            tags=_pairs(tags),
        )["run"]
        run_id = run["info"]["run_id"]
        model = rest.post(
            "logged-models", experiment_id=experiment, name="model", source_run_id=run_id
        )["model"]["info"]
        rest.upload_folder(model["artifact_uri"], made)
        model_id = model["model_id"]
        rest.patch(f"logged-models/{model_id}", model_id=model_id, status="LOGGED_MODEL_READY")
        rest.post("runs/outputs", run_id=run_id, models=[{"model_id": model_id, "step": 0}])
        values = [
            {"key": key, "value": value, "timestamp": now, "step": 0, "model_id": model_id}
            for key, value in metrics.items()
        ]
        known = {"training_end": end, "units": len(farm.forecasters)}
        rest.post(
            "runs/log-batch",
            repeat=True,
            run_id=run_id,
            metrics=values,
            params=_pairs(known),
            tags=[],
        )
        rest.post("runs/update", repeat=True, run_id=run_id, status="FINISHED", end_time=now)
        return self._register(run_id, model_id, {**tags, "training_end": farm.training_end})

    def _register(self, run_id: str, model_id: str, tags: dict[str, object]) -> int:
        try:
            self._rest.get("registered-models/get", name=FORECASTER_NAME)
        except NotThereError:
            about = "Quantiles of a wind farm's power in the next 48 hours, kW."
            self._rest.post("registered-models/create", name=FORECASTER_NAME, description=about)
        created = self._rest.post(
            "model-versions/create",
            name=FORECASTER_NAME,
            source=f"models:/{model_id}",
            run_id=run_id,
            model_id=model_id,
            tags=_pairs(tags),
        )
        version = int(created["model_version"]["version"])
        self._rest.post(
            "registered-models/alias",
            repeat=True,
            name=FORECASTER_NAME,
            alias=CHAMPION,
            version=str(version),
        )
        return version

    def _experiment(self) -> str:
        try:
            found = self._rest.get("experiments/get-by-name", experiment_name=EXPERIMENT)
        except NotThereError:
            return self._rest.post("experiments/create", name=EXPERIMENT)["experiment_id"]
        return found["experiment"]["experiment_id"]


def _write(farm: "FarmForecaster", made: Path) -> None:
    files = {}
    for name in farm.save(made / FARM):
        refuse_pickle(name)
        content = (made / FARM / name).read_bytes()
        files[f"{FARM}/{name}"] = hashlib.sha256(content).hexdigest()
    content = {"flavors": {FLAVOUR: {"version": __version__, "kind": "forecaster", "files": files}}}
    (made / MLMODEL).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _understood(found: Json) -> ForecasterVersion:
    tags = {each["key"]: each["value"] for each in found.get("tags", [])}
    return ForecasterVersion(
        version=int(found["version"]),
        created_at=int(found["creation_timestamp"]) // 1000,
        training_end=int(tags.get("training_end", 0)),
        weather=tags.get("weather", "unknown"),
    )


def _pairs(values: Mapping[str, object]) -> list[dict[str, str]]:
    return [{"key": key, "value": str(value)} for key, value in values.items()]
