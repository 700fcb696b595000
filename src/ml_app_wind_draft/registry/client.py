"""`ModelRegistry`: who is champion, load a model, register a new one, promote."""

import json
import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import ClassVar, Self

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import NoChampionError, RegistryError, RegistryUnavailableError
from ml_app_wind_draft.registry.cache import ModelCache
from ml_app_wind_draft.registry.model_files import write_model
from ml_app_wind_draft.registry.outbox import Outbox
from ml_app_wind_draft.registry.records import (
    CHALLENGER,
    CHAMPION,
    SHADOW,
    Comparison,
    LoadedModel,
    ModelVersion,
    TrainedModel,
    Verdict,
)
from ml_app_wind_draft.registry.rest import Json, MlflowRest, NotThereError
from ml_app_wind_draft.registry.runs import log_entry
from ml_app_wind_draft.registry.shelves import EXPECTED_POWER, Shelf
from ml_app_wind_draft.storage.data_manager import ChampionChange, DataManager

log = logging.getLogger(__name__)

PAGE = 200
BY_TRAINING = "training"


class VersionRegistry:
    """The door to one of MLflow's registered models: its versions and aliases. One thread each.

    Whatever MLflow does, a call comes back within seconds: with an answer, with
    `RegistryUnavailableError` (it may pass) or with another `RegistryError` (it will not).
    `manager` writes `champion_history`; without it the database of `settings` is opened for that.
    """

    shelf: ClassVar[Shelf]

    def __init__(self, settings: Settings, manager: DataManager | None = None) -> None:
        self._settings = settings
        self._manager = manager
        self._rest = MlflowRest(settings.mlflow_tracking_uri, settings.mlflow_login)
        self._outbox = Outbox(settings.data_dir / "outbox", self.shelf.name)
        self._cache = ModelCache(settings.data_dir / self.shelf.copies)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._rest.close()

    # who is who

    def champion(self) -> ModelVersion | None:
        """The version with the alias `champion`, `None` if there is none. One call to MLflow."""
        return self._with_alias(CHAMPION)

    def challenger(self) -> ModelVersion | None:
        """The version with the alias `challenger`, `None` if there is none."""
        return self._with_alias(CHALLENGER)

    def shadow(self) -> ModelVersion | None:
        """The version with the alias `shadow`, which is scored and never used; `None` without."""
        return self._with_alias(SHADOW)

    def version(self, version: int) -> ModelVersion:
        """One version. Raises `RegistryError` if it does not exist."""
        found = self._rest.get("model-versions/get", name=self.shelf.name, version=version)
        return self._understood(found["model_version"])

    def versions(self, most: int | None = None) -> list[ModelVersion]:
        """All versions, or the newest `most`, newest first."""
        try:
            asked = self._rest.get("registered-models/get", name=self.shelf.name)
        except NotThereError:
            return []
        aliases: dict[str, list[str]] = {}
        for each in asked["registered_model"].get("aliases", []):
            aliases.setdefault(each["version"], []).append(each["alias"])
        found = [
            self._understood({**each, "aliases": aliases.get(each["version"], [])})
            for each in islice(self._all_versions(), most)
        ]
        return sorted(found, key=lambda each: each.version, reverse=True)

    # new models

    def waiting(self) -> int:
        """How many trained models wait to be logged."""
        return len(self._outbox.waiting())

    def flush(self) -> dict[str, int]:
        """Log and register what waits in the outbox: id -> version. Doing it twice does no harm.

        Each becomes champion, or goes into shadow, if its verdict says so and the champion is still
        the one it was judged against, else challenger. `RegistryUnavailableError` leaves the rest
        waiting.
        """
        versions = {}
        with self._outbox.locked():
            for entry in self._outbox.waiting():
                version = log_entry(self._rest, entry, self._settings.site, self.shelf)
                self._give_alias(version, entry.read().verdict)
                self._outbox.remove(entry)
                versions[entry.id] = version
        return versions

    def set_challenger(self, version: int) -> None:
        """Move the alias `challenger`."""
        self._set_alias(CHALLENGER, version)

    def start_shadow(self, version: int) -> ModelVersion:
        """Move the alias `shadow`: the version is scored beside the champion from now on.

        Raises `RegistryError` for a version that is not there, and for the champion.
        """
        found, champion = self.version(version), self.champion()
        if champion is not None and champion.version == version:
            message = f"Version {version} is the champion: it is scored, and used, already."
            raise RegistryError(message, remedy="Choose a version that is to be judged.")
        self._set_alias(SHADOW, version)
        log.info("Version %d (%s) is in shadow.", version, found.kind)
        return found

    def stop_shadow(self) -> int | None:
        """Take the alias `shadow` away; gives whose it was. What was scored is kept."""
        shadow = self.shadow()
        if shadow is None:
            return None
        self._rest.delete("registered-models/alias", name=self.shelf.name, alias=SHADOW)
        log.info("Version %d is no longer in shadow.", shadow.version)
        return shadow.version

    def promote(self, version: int, by: str, why: str) -> None:
        """Make a version champion; an older one, too: that is a roll back.

        The alias moves in one call; then `champion_history` says who did it and why. A version that
        was in shadow no longer is.
        """
        promoted = self.version(version)
        self._set_alias(CHAMPION, version)
        self.record(promoted, by, why)
        if SHADOW in promoted.aliases:
            self.stop_shadow()
        log.info("Version %d (%s) is champion, by %s: %s", version, promoted.kind, by, why)

    def record(self, champion: ModelVersion, by: str, why: str) -> bool:
        """Write a change of champion into `champion_history`, unless it says so already."""
        change = ChampionChange(self.shelf.name, champion.version, by, why, champion.training_end)
        with self._storage() as manager:
            return manager.record_champion(change)

    def _give_alias(self, version: int, verdict: Verdict) -> None:
        champion = self.champion()
        current = None if champion is None else champion.version
        if champion is not None and current == version:  # an earlier try was cut off here
            self.record(champion, BY_TRAINING, verdict.why)
        elif verdict.promote and current == verdict.against:
            self.promote(version, BY_TRAINING, verdict.why)
        else:
            self.set_challenger(version)
            log.info("Version %d is challenger of %s: %s", version, current, verdict.why)
            if verdict.shadow and current == verdict.against:
                self._shadow_if_free(version, current)

    def _shadow_if_free(self, version: int, champion: int | None) -> None:
        """Into shadow, unless another is there: what that has shown so far must not be lost."""
        shadow = self.shadow()
        if shadow is None or shadow.version in {version, champion}:
            self.start_shadow(version)
            return
        log.info(
            "Version %d stays challenger: version %d is in shadow and is judged first, by `wind "
            "models judge --promote`. `wind models shadow %d` puts version %d there instead.",
            version,
            shadow.version,
            version,
            version,
        )

    @contextmanager
    def _storage(self) -> Generator[DataManager]:
        if self._manager is not None:
            yield self._manager
            return
        with DataManager(self._settings.database_url) as manager:
            manager.init_raw_db_table()
            yield manager

    # MLflow's words

    def _fetch(self, version: ModelVersion) -> None:
        """Bring a version's files to disk, unless they are there."""
        if not self._cache.has(version):
            number = version.version
            self._cache.keep(
                version, lambda name: self._rest.download(self.shelf.name, number, name)
            )

    def _with_alias(self, alias: str) -> ModelVersion | None:
        try:
            found = self._rest.get("registered-models/alias", name=self.shelf.name, alias=alias)
        except NotThereError:
            return None
        return self._understood(found["model_version"])

    def _set_alias(self, alias: str, version: int) -> None:
        path = "registered-models/alias"
        self._rest.post(path, repeat=True, name=self.shelf.name, alias=alias, version=str(version))

    def _all_versions(self) -> Iterator[Json]:
        wanted: dict[str, str | int] = {
            "filter": f"name = '{self.shelf.name}'",
            "max_results": PAGE,
            "order_by": "version_number DESC",
        }
        while True:
            page = self._rest.get("model-versions/search", **wanted)
            yield from page.get("model_versions", [])
            if not page.get("next_page_token"):
                return
            wanted["page_token"] = page["next_page_token"]

    def _understood(self, found: Json) -> ModelVersion:
        tags = {each["key"]: each["value"] for each in found.get("tags", [])}
        version = found["version"]
        compared = json.loads(tags.get("comparison", "null"))
        address = self._settings.mlflow_ui_uri.rstrip("/")
        return ModelVersion(
            version=int(version),
            kind=tags.get("kind", "unknown"),
            aliases=tuple(sorted(found.get("aliases", []))),
            created_at=int(found["creation_timestamp"]) // 1000,
            training_start=int(tags.get("training_start", 0)),
            training_end=int(tags.get("training_end", 0)),
            metrics=json.loads(tags.get("metrics", "{}")),
            run_id=found.get("run_id", ""),
            url=f"{address}/#/models/{self.shelf.name}/versions/{version}",
            description=found.get("description", ""),
            verdict=tags.get("verdict", ""),
            data_digest=tags.get("data_digest", ""),
            configuration_digest=tags.get("configuration_digest", ""),
            features=tuple(json.loads(tags.get("features", "[]"))),
            importance=json.loads(tags.get("importance", "{}")),
            window_start=int(tags.get("window_start", 0)),
            window_end=int(tags.get("window_end", 0)),
            comparison=Comparison(**compared) if compared else None,
        )


class ModelRegistry(VersionRegistry):
    """The door to MLflow's registered model `wind_power_predictor`."""

    shelf = EXPECTED_POWER

    def put(self, trained: TrainedModel) -> str:
        """Write a trained model to the outbox, where it cannot be lost. Returns its id there."""

        def write(folder: Path) -> None:
            write_model(trained.bundle, trained.record, folder)

        return self._outbox.put(trained.record, trained.verdict, write).id

    def load(self, version: int | ModelVersion) -> LoadedModel:
        """The model of a version, from the copy on disk where there is one.

        Raises `ModelError` for a version that this app did not log, or whose files are damaged.
        """
        found = self.version(version) if isinstance(version, int) else version
        self._fetch(found)
        return self._cache.load(found)

    def load_champion(self) -> LoadedModel:
        """The champion, remembered on disk for the day MLflow is down - or, on that day, the copy.

        Raises `NoChampionError` where no version has the alias, and `RegistryUnavailableError`
        where MLflow is out of reach and there is no copy.
        """
        try:
            version = self.champion()
        except RegistryUnavailableError as error:
            copy = self.champion_on_disk()
            if copy is None:
                message = f"{error} And no copy of a champion is on disk."
                raise RegistryUnavailableError(message) from error
            log.warning("%s Going on with the copy of version %d.", error, copy.version.version)
            return copy
        if version is None:
            message = "No champion model yet."
            raise NoChampionError(message, remedy="`wind train` makes one.")
        return self.take(version)

    def take(self, champion: ModelVersion) -> LoadedModel:
        """Load a champion and remember it on disk."""
        loaded = self.load(champion)
        self._cache.point_to(champion)
        return loaded

    def champion_on_disk(self) -> LoadedModel | None:
        """The champion that this installation saw last, without asking MLflow."""
        version = self._cache.pointed_to()
        return None if version is None else self._cache.load(version)
