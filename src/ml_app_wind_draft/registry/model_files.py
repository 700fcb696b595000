"""A model as a folder that MLflow understands: an `MLmodel` file, and the bundle beside it.

The format is MLflow's (https://mlflow.org/docs/latest/ml/model/): the `python_function` flavour
names this module as its loader, so that `mlflow.pyfunc.load_model` works wherever this package is
installed, without pickle; our own flavour lists each file with its SHA-256.
"""

import json
import platform
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import yaml

from ml_app_wind_draft import __version__
from ml_app_wind_draft.core.digests import digest_of, digest_of_file
from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.models.bundle import CARRIED, PREDICTION_COLUMNS, Bundle, load_bundle
from ml_app_wind_draft.registry.records import RunRecord

FLAVOUR = "ml_app_wind_draft"
MLMODEL = "MLmodel"
BUNDLE = "bundle"
TEXT_COLUMNS = frozenset({"turbine_id"})
PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".cloudpickle", ".npy", ".pt"})


def write_model(bundle: Bundle, record: RunRecord, folder: Path) -> None:
    """Write `MLmodel` and `bundle/` into the new `folder`."""
    (folder / BUNDLE).mkdir(parents=True)
    bundle.save(folder / BUNDLE)
    files = {
        path.relative_to(folder).as_posix(): digest_of_file(path)
        for path in sorted((folder / BUNDLE).rglob("*"))
        if path.is_file()
    }
    for name in files:
        refuse_pickle(name)
    content = {
        "flavors": {
            "python_function": {
                "loader_module": __name__,
                "data": BUNDLE,
                "python_version": platform.python_version(),
            },
            FLAVOUR: {"version": __version__, "kind": record.kind, "files": files},
        },
        "signature": _signature([*CARRIED, *bundle.features]),
        "model_size_bytes": sum((folder / name).stat().st_size for name in files),
        "utc_time_created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / MLMODEL).write_text(text, encoding="utf-8")


def listed_files(mlmodel: bytes) -> dict[str, str]:
    """File name -> SHA-256 that an `MLmodel` file promises.

    Raises `ModelError` for a model that this app did not write, or that asks for a pickle.
    """
    content: Any = yaml.safe_load(mlmodel)
    try:
        files = dict(content["flavors"][FLAVOUR]["files"])
    except (KeyError, TypeError) as error:
        message = "The registered model was not written by this app."
        raise ModelError(message, remedy="Give the alias to a version that was.") from error
    for name in files:
        refuse_pickle(name)
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            message = f"The registered model asks for the file {name!r} outside its folder."
            raise ModelError(message)
    return files


def check_file(name: str, content: bytes, promised: str) -> None:
    """Raise `ModelError` unless `content` has the promised SHA-256."""
    if digest_of(content) != promised:
        message = f"The model file {name} is damaged: its SHA-256 is not the one that was logged."
        raise ModelError(message)


def refuse_pickle(name: str) -> None:
    """Raise `ModelError` for a file whose kind can run code when it is read."""
    if PurePosixPath(name).suffix in PICKLES:
        message = f"The model file {name} may run code when it is read and is refused."
        raise ModelError(message)


def read_model(folder: Path) -> Bundle:
    """The bundle in a folder that `write_model` wrote. Raises `ModelError` where it was damaged."""
    listed_files((folder / MLMODEL).read_bytes())
    return load_bundle(folder / BUNDLE)


def _signature(columns: list[str]) -> dict[str, str]:
    """MLflow's model signature: column names and types in and out."""
    inputs = [
        {
            "type": "string" if name in TEXT_COLUMNS else "double",
            "name": name,
            "required": name in CARRIED,
        }
        for name in columns
    ]
    outputs = [{"type": "double", "name": name, "required": True} for name in PREDICTION_COLUMNS]
    return {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs)}


class _PyFunc:
    """What MLflow's `python_function` flavour wants: an object with `predict`."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def predict(self, features: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's signature
        """Expected power and band in kW, one row for each row of `features`."""
        return self._bundle.predict(features)


def _load_pyfunc(path: str) -> _PyFunc:
    """The entry point that MLflow calls with the path of `bundle/`."""
    return _PyFunc(load_bundle(Path(path)))
