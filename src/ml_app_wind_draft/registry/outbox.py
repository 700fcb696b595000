"""Trained models wait here, on disk, until MLflow has them."""

import fcntl
import math
import secrets
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from ml_app_wind_draft.registry.records import RunRecord, Verdict
from ml_app_wind_draft.storage.data_manager import MODEL_NAME

RECORD = "record.json"
MODEL = "model"
PLOTS = "plots"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What `record.json` says; the plots lie beside it as files."""

    record: RunRecord
    verdict: Verdict
    put_at: int
    model_name: str = MODEL_NAME


WAITING_JSON = TypeAdapter(Waiting)


@dataclass(frozen=True, slots=True)
class Entry:
    """One waiting model: its folder holds `record.json`, `model/` and `plots/`."""

    folder: Path

    @property
    def id(self) -> str:
        """Unique; MLflow's run carries it as a tag, so that a second try finds the first."""
        return self.folder.name

    @property
    def model(self) -> Path:
        """The folder that becomes MLflow's model."""
        return self.folder / MODEL

    def read(self) -> Waiting:
        """The record with its plots, the verdict and when the model was put here (wall time)."""
        waiting = WAITING_JSON.validate_json((self.folder / RECORD).read_bytes())
        plots = {path.name: path.read_bytes() for path in sorted((self.folder / PLOTS).iterdir())}
        return replace(waiting, record=replace(waiting.record, plots=plots))


class Outbox:
    """The folder `data/outbox`. An entry appears complete or not at all.

    With `model_name` only that registered model's entries are seen.
    """

    def __init__(self, folder: Path, model_name: str = "") -> None:
        self._folder = folder
        self._model_name = model_name

    def put(
        self, record: RunRecord, verdict: Verdict, write_model: Callable[[Path], None]
    ) -> Entry:
        """Write a trained model to disk, where it survives this process and MLflow's absence.

        `write_model` fills the folder, which does not exist yet, that becomes MLflow's model.
        """
        put_at, fraction = divmod(time.time_ns(), 1_000_000_000)
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(put_at))
        name = f"{moment}.{fraction:09d}-{secrets.token_hex(4)}"  # sorts by age
        temporary = self._folder / f".{name}"
        temporary.mkdir(parents=True)
        write_model(temporary / MODEL)
        (temporary / PLOTS).mkdir()
        for plot, content in record.plots.items():
            (temporary / PLOTS / plot).write_bytes(content)
        metrics = {name: x for name, x in record.metrics.items() if math.isfinite(x)}
        record = replace(record, metrics=metrics)  # JSON and MLflow know no NaN
        waiting = Waiting(record, verdict, put_at, self._model_name or MODEL_NAME)
        content = WAITING_JSON.dump_json(waiting, indent=1, exclude={"record": {"plots"}})
        (temporary / RECORD).write_bytes(content)
        temporary.rename(self._folder / name)
        return Entry(self._folder / name)

    def waiting(self) -> list[Entry]:
        """Oldest first."""
        found = [Entry(path.parent) for path in sorted(self._folder.glob(f"[!.]*/{RECORD}"))]
        if not self._model_name:
            return found
        return [each for each in found if each.read().model_name == self._model_name]

    def remove(self, entry: Entry) -> None:
        """Forget an entry that MLflow has."""
        gone = entry.folder.with_name(f".{entry.id}.gone")
        entry.folder.rename(gone)
        shutil.rmtree(gone)

    @contextmanager
    def locked(self) -> Generator[None]:
        """One process at a time; the lock ends with the process that holds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove what a killed process left half written, a day later, or half removed."""
        for path in self._folder.glob(".*"):
            left = path.suffix == ".gone" or time.time() - path.stat().st_mtime > 86_400  # noqa: PLR2004 - a day
            if path.is_dir() and left:
                shutil.rmtree(path)
