"""A fitted model with its band and all it needs to predict, and how it is kept in a folder.

bundle.json     kind, features, turbines, training range, band, digests of the other files
model files     JSON (IEC curve), .cbm (CatBoost), .skops (random forest); never a pickle
"""

import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.digests import digest_of_file, digest_of_json
from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.models.calibration import Band

SCHEMA_VERSION = 2  # 1: bands by predicted power alone; still read
MANIFEST = "bundle.json"
PREDICTION_COLUMNS = ("expected_power", "expected_power_p10", "expected_power_p90")
CARRIED = ("turbine_id", "rated_power")

# kind -> the module that fits and loads it, imported only when such a model is met
KINDS = {
    "power_curve": "ml_app_wind_draft.models.power_curve",
    "catboost": "ml_app_wind_draft.models.boosted",
    "random_forest": "ml_app_wind_draft.models.forest",
}


class Model(Protocol):
    """What a bundle asks of a model."""

    kind: ClassVar[str]

    @property
    def features(self) -> list[str]:
        """The feature columns that `predict` reads."""
        ...

    @property
    def turbines(self) -> list[str]:
        """The turbines that the model was fitted on."""
        ...

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Expected power as a fraction of rated, float64 [n]; anything without wind speed."""
        ...

    def save(self, folder: Path) -> list[str]:
        """Write the model's files into `folder`; their names."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """A model that knows how much it uses each input."""

    def importance(self) -> dict[str, float]:
        """Input -> percent."""
        ...


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model ready to use. Training bounds are interval starts, seconds since the epoch."""

    model: Model
    band: Band
    training_start: int
    training_end: int
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`power_curve`, `catboost` or `random_forest`."""
        return self.model.kind

    @property
    def features(self) -> list[str]:
        """The feature columns that `predict` reads, besides `turbine_id` and `rated_power`."""
        return list(dict.fromkeys(["wind_speed", *self.model.features]))

    @property
    def turbines(self) -> list[str]:
        """The turbines that the model was fitted on."""
        return self.model.turbines

    def importance(self) -> dict[str, float]:
        """How much the model uses each input, in percent; empty for a curve of wind speed alone."""
        return self.model.importance() if isinstance(self.model, Weighing) else {}

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Expected power with its P10-P90 band (kW), rows as in `features`.

        NaN where the wind speed is missing. Raises `ModelError` that names missing columns.
        """
        missing = [name for name in (*CARRIED, *self.features) if name not in features]
        if missing:
            message = f"The model needs columns that are not there: {', '.join(missing)}."
            raise ModelError(message)
        if features.empty:
            return pd.DataFrame(columns=list(PREDICTION_COLUMNS), index=features.index, dtype=float)
        rated = features["rated_power"].to_numpy(np.float64)
        unknown = np.isnan(features["wind_speed"].to_numpy(np.float64))
        fraction = np.where(unknown, np.nan, self.model.predict(features))
        expected, low, high = self.band.around(fraction, features)
        values = np.stack([expected, low, high]) * rated
        columns = dict(zip(PREDICTION_COLUMNS, values, strict=True))
        return pd.DataFrame(columns, index=features.index)

    def save(self, folder: Path) -> str:
        """Write the bundle into `folder` (made where missing); its digest."""
        folder.mkdir(parents=True, exist_ok=True)
        files = self.model.save(folder)
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "kind": self.kind,
            "features": self.model.features,
            "turbines": self.turbines,
            "training_start": self.training_start,
            "training_end": self.training_end,
            "band": self.band.as_json(),
            "metadata": self.metadata,
            "files": {name: digest_of_file(folder / name) for name in files},
        }
        manifest["digest"] = _manifest_digest(manifest)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        return manifest["digest"]


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle that `Bundle.save` wrote.

    Raises `ModelError` for a folder that holds none, was written by a newer version of the app,
    or was changed.
    """
    manifest = _read_manifest(folder)
    for name, digest in manifest["files"].items():
        if Path(name).name != name or not (folder / name).is_file():
            message = f"The model folder {folder} lacks the file {name!r}."
            raise ModelError(message)
        if digest_of_file(folder / name) != digest:
            message = f"The model file {folder / name} is not the one that was saved."
            raise ModelError(message, remedy="Fetch the model again.")
    loader = importlib.import_module(KINDS[manifest["kind"]])
    return Bundle(
        model=loader.load(folder, manifest["features"], manifest["turbines"]),
        band=Band.from_json(manifest["band"]),
        training_start=manifest["training_start"],
        training_end=manifest["training_end"],
        metadata=manifest["metadata"],
    )


def _read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, checked to be one that this version can read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{folder} holds no readable model: {error}."
        raise ModelError(message) from error
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        message = (
            f"The model in {folder} has format {version!r}; this version reads {SCHEMA_VERSION}."
        )
        raise ModelError(message, remedy="Update the app, or choose another model version.")
    if manifest.get("digest") != _manifest_digest(manifest):
        message = f"The description {folder / MANIFEST} is not the one that was saved."
        raise ModelError(message, remedy="Fetch the model again.")
    if manifest["kind"] not in KINDS:
        message = f"The model in {folder} is of the unknown kind {manifest['kind']!r}."
        raise ModelError(message, remedy=f"Known kinds: {', '.join(KINDS)}.")
    return manifest


def _manifest_digest(manifest: dict[str, Any]) -> str:
    content = {key: value for key, value in manifest.items() if key != "digest"}
    return digest_of_json(content)
