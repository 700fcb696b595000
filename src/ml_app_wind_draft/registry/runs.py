"""Log a waiting model: experiment, run, model, version.

A step that was done before - by a try that was killed or cut off - is found and not done again.
"""

import getpass
import json
import os
import subprocess
from dataclasses import asdict
from typing import Any

from ml_app_wind_draft import __version__
from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.config import PROJECT_ROOT
from ml_app_wind_draft.core.errors import RegistryError
from ml_app_wind_draft.registry.outbox import Entry, Waiting
from ml_app_wind_draft.registry.records import RunRecord
from ml_app_wind_draft.registry.rest import Json, MlflowRest, NotThereError
from ml_app_wind_draft.registry.shelves import EXPECTED_POWER, Shelf

OUTBOX_TAG = "outbox_id"
BATCH = 100
LONGEST_PARAMETER = 6000


def log_entry(rest: MlflowRest, entry: Entry, site: str, shelf: Shelf = EXPECTED_POWER) -> int:
    """Bring one entry of the outbox into MLflow and return its version number."""
    waiting = entry.read()
    record, put_at = waiting.record, waiting.put_at
    experiment = _experiment(rest, shelf.experiment)
    run = _run(rest, experiment, entry, put_at, _run_tags(record, site))
    run_id = run["info"]["run_id"]
    if (version := _version_of(rest, shelf.name, run_id)) is not None:
        return version
    model = _model(rest, experiment, run_id, entry)
    model_id = model["info"]["model_id"]
    rest.upload_folder(model["info"]["artifact_uri"], entry.model)
    rest.patch(f"logged-models/{model_id}", model_id=model_id, status="LOGGED_MODEL_READY")
    if not run.get("outputs", {}).get("model_outputs"):  # MLflow refuses to be told twice
        rest.post("runs/outputs", run_id=run_id, models=[{"model_id": model_id, "step": 0}])
    _log_content(rest, run_id, model_id, record, put_at)
    for name, content in record.plots.items():
        rest.upload(run["info"]["artifact_uri"], f"plots/{name}", content)
    rest.post("runs/update", repeat=True, run_id=run_id, status="FINISHED", end_time=put_at * 1000)
    return _register(rest, shelf, run_id, model_id, waiting)


def _experiment(rest: MlflowRest, name: str) -> str:
    try:
        found = rest.get("experiments/get-by-name", experiment_name=name)
    except NotThereError:
        return rest.post("experiments/create", name=name)["experiment_id"]
    if found["experiment"]["lifecycle_stage"] != "active":
        message = f"The experiment {name!r} was deleted in MLflow."
        raise RegistryError(message, remedy="Restore it there: mlflow experiments restore.")
    return found["experiment"]["experiment_id"]


def _run(
    rest: MlflowRest, experiment: str, entry: Entry, put_at: int, tags: dict[str, str]
) -> Json:
    wanted = f"tags.{OUTBOX_TAG} = '{entry.id}'"
    found = rest.post("runs/search", repeat=True, experiment_ids=[experiment], filter=wanted)
    if found.get("runs"):
        return found["runs"][0]
    return rest.post(
        "runs/create",
        experiment_id=experiment,
        run_name=f"{tags['kind']} {entry.id[:15]}",
        start_time=put_at * 1000,
        tags=_pairs({**tags, OUTBOX_TAG: entry.id}),
    )["run"]


def _version_of(rest: MlflowRest, name: str, run_id: str) -> int | None:
    wanted = f"name = '{name}' AND run_id = '{run_id}'"
    found = rest.get("model-versions/search", filter=wanted).get("model_versions", [])
    return int(found[0]["version"]) if found else None


def _model(rest: MlflowRest, experiment: str, run_id: str, entry: Entry) -> Json:
    wanted = f"tags.{OUTBOX_TAG} = '{entry.id}'"
    found = rest.post(
        "logged-models/search", repeat=True, experiment_ids=[experiment], filter=wanted
    )
    if found.get("models"):
        return found["models"][0]
    return rest.post(
        "logged-models",
        experiment_id=experiment,
        name="model",
        source_run_id=run_id,
        tags=_pairs({OUTBOX_TAG: entry.id}),
    )["model"]


def _log_content(
    rest: MlflowRest, run_id: str, model_id: str, record: RunRecord, put_at: int
) -> None:
    dataset = {
        "name": "raw_data",
        "digest": record.data_digest[:36],
        "source_type": "database",
        "source": json.dumps({"table": "raw_data"}),
        "profile": json.dumps(
            {
                "rows": record.data_rows,
                "from": say(record.data_start),
                "to": say(record.data_end),
                "digest": record.data_digest,
            }
        ),
    }
    tags = [{"key": "mlflow.data.context", "value": "training"}]
    rest.post(
        "runs/log-inputs", repeat=True, run_id=run_id, datasets=[{"dataset": dataset, "tags": tags}]
    )
    values = {**record.metrics, "score": record.score}
    metrics = [
        {"key": key, "value": value, "timestamp": put_at * 1000, "step": 0, "model_id": model_id}
        for key, value in values.items()
    ]
    parameters = _pairs(_parameters(record))
    for first in range(0, max(len(metrics), len(parameters)), BATCH):
        batch = slice(first, first + BATCH)
        rest.post(
            "runs/log-batch",
            repeat=True,
            run_id=run_id,
            metrics=metrics[batch],
            params=parameters[batch],
            tags=[],
        )


def _parameters(record: RunRecord) -> dict[str, str]:
    own = {
        "kind": record.kind,
        "features": ",".join(record.features),
        "training_start": say(record.training_start),
        "training_end": say(record.training_end),
        "data_start": say(record.data_start),
        "data_end": say(record.data_end),
        "data_rows": record.data_rows,
        "data_digest": record.data_digest,
        "configuration_digest": record.configuration_digest,
    }
    return {
        key: str(value)[:LONGEST_PARAMETER] for key, value in {**record.parameters, **own}.items()
    }


def _run_tags(record: RunRecord, site: str) -> dict[str, str]:
    tags = {
        "kind": record.kind,
        "site": site,
        "app_version": __version__,
        "mlflow.user": getpass.getuser(),
        "mlflow.source.name": "ml-app-wind-draft",
        "mlflow.note.content": record.description,
    }
    commit = git_commit()
    return {**tags, "mlflow.source.git.commit": commit} if commit else tags


def _register(rest: MlflowRest, shelf: Shelf, run_id: str, model_id: str, waiting: Waiting) -> int:
    record, verdict = waiting.record, waiting.verdict
    try:
        rest.get("registered-models/get", name=shelf.name)
    except NotThereError:
        rest.post("registered-models/create", name=shelf.name, description=shelf.about)
    tags = {
        "kind": record.kind,
        "training_start": record.training_start,
        "training_end": record.training_end,
        "score": record.score,
        "metrics": json.dumps({**record.metrics, "score": record.score}),
        "data_digest": record.data_digest,
        "configuration_digest": record.configuration_digest,
        "verdict": verdict.why,
        "features": json.dumps(record.features),
        "importance": json.dumps({name: round(x, 2) for name, x in record.importance.items()}),
        "window_start": record.window_start,
        "window_end": record.window_end,
        "comparison": json.dumps(verdict.comparison and asdict(verdict.comparison)),
    }
    created = rest.post(
        "model-versions/create",
        name=shelf.name,
        source=f"models:/{model_id}",
        run_id=run_id,
        model_id=model_id,
        tags=_pairs(tags),
        description=record.description,
    )
    return int(created["model_version"]["version"])


def _pairs(values: dict[str, Any]) -> list[dict[str, str]]:
    return [{"key": key, "value": str(value)} for key, value in values.items()]


def git_commit() -> str:
    """The commit this code is from: `GIT_COMMIT` (set in the image), else git's; "" if unknown."""
    if commit := os.environ.get("GIT_COMMIT"):
        return commit
    asked = ["git", "-C", str(PROJECT_ROOT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
