"""Models kept on disk, so that a restart goes on while MLflow is down."""

import secrets
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.registry.model_files import (
    MLMODEL,
    check_file,
    listed_files,
    read_model,
)
from ml_app_wind_draft.registry.records import LoadedModel, ModelVersion

POINTER = "champion.json"
VERSION_JSON = TypeAdapter(ModelVersion)


class ModelCache:
    """The folder `data/models`, say: a folder for each version, a pointer to the last champion.

    A folder's name carries the run's id beside the version number, so that a registry set up anew
    is not confused with the old one. Folders and pointer appear complete or not at all.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, version: ModelVersion) -> bool:
        """Whether the version's files are here."""
        return self.place(version).is_dir()

    def keep(self, version: ModelVersion, download: Callable[[str], bytes]) -> None:
        """Fetch the version's files; `download` gives one file's content."""
        mlmodel = download(MLMODEL)
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._folder, prefix=".") as workshop:
            made = Path(workshop) / "model"
            for name, promised in listed_files(mlmodel).items():
                content = download(name)
                check_file(name, content, promised)
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_bytes(content)
            (made / MLMODEL).write_bytes(mlmodel)
            put_in_place(made, self.place(version))

    def load(self, version: ModelVersion) -> LoadedModel:
        """The model from its files. Raises `ModelError` where they are missing or damaged."""
        place = self.place(version)
        try:
            return LoadedModel(version, read_model(place))
        except FileNotFoundError as error:
            message = f"The copy of model version {version.version} in {place} is incomplete."
            raise ModelError(message, remedy="Delete that folder; it is fetched again.") from error

    def point_to(self, version: ModelVersion) -> None:
        """Remember which version is champion."""
        content = VERSION_JSON.dump_json(version, indent=1)
        pointer = self._folder / POINTER
        if pointer.exists() and pointer.read_bytes() == content:
            return
        temporary = pointer.with_name(f".{POINTER}.{secrets.token_hex(4)}")
        temporary.write_bytes(content)
        temporary.replace(pointer)

    def pointed_to(self) -> ModelVersion | None:
        """The champion as last remembered."""
        pointer = self._folder / POINTER
        return VERSION_JSON.validate_json(pointer.read_bytes()) if pointer.exists() else None

    def place(self, version: ModelVersion) -> Path:
        """Where the version's files are, once they are kept."""
        return self._folder / f"{version.version}-{version.run_id}"


def put_in_place(made: Path, place: Path) -> None:
    """Move a complete folder in one step; one that another process put there first may stay."""
    try:
        made.rename(place)
    except OSError:
        if not place.is_dir():
            raise
