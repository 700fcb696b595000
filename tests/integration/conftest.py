"""A real MLflow server, and a small model to put into it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
import yaml

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings, load_settings
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.calibration import fit_band
from ml_app_wind_draft.models.power_curve import fit_power_curve
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import RunRecord, TrainedModel, Verdict
from ml_app_wind_draft.registry.shelves import FORECASTER_NAME
from ml_app_wind_draft.services.mlflow_server import command, environment, prepare
from ml_app_wind_draft.storage.data_manager import MODEL_NAME
from tests.conftest import free_port

NEW_YEAR = 1_420_070_400  # 2015-01-01 00:00 UTC
LONGEST_START = 90


@dataclass
class MlflowServer:
    """`mlflow server` in a folder of its own, which can be stopped, started and frozen."""

    settings: Settings
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return self.settings.mlflow_tracking_uri

    def start(self) -> None:
        prepare(self.settings)
        with (self.settings.mlflow_dir / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command(self.settings),
                env={**os.environ, **environment(self.settings)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until_up()

    def wait_until_up(self) -> None:
        give_up_at = time.monotonic() + LONGEST_START
        while time.monotonic() < give_up_at:
            try:
                requests.get(f"{self.url}/health", timeout=1).raise_for_status()
            except requests.RequestException:
                time.sleep(0.2)
            else:
                return
        log = (self.settings.mlflow_dir / "server.log").read_text(encoding="utf-8")
        pytest.fail(f"MLflow did not start within {LONGEST_START} s:\n{log[-2000:]}")

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Connections are accepted, and nothing is answered."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process
        os.killpg(self.process.pid, signal.SIGCONT)


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """One server for all tests of a process; its whole process group is killed at the end."""
    folder = tmp_path_factory.mktemp("mlflow")
    settings = load_settings({"MLFLOW_DIR": str(folder), "MLFLOW_PORT": str(free_port())})
    server = MlflowServer(settings)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def with_mlflow(settings: Settings, mlflow_server: MlflowServer) -> Settings:
    """Settings of this test, with the server and no registered model in it."""
    if mlflow_server.process is None:
        mlflow_server.start()
    path = "/api/2.0/mlflow/registered-models/delete"
    for name in (MODEL_NAME, FORECASTER_NAME):
        answer = requests.delete(mlflow_server.url + path, json={"name": name}, timeout=10)
        assert answer.status_code in {200, 404}, answer.text
    return settings.model_copy(
        update={"mlflow_tracking_uri": mlflow_server.url, "mlflow_ui_uri": mlflow_server.url}
    )


def a_curve(training_end: int = NEW_YEAR - 600, *, scale: float = 1.0) -> Bundle:
    """An IEC curve of the four turbines from made-up rows."""
    random = np.random.default_rng(1)
    wind = random.uniform(0, 25, 20_000)
    turbine_id = pd.Series(random.choice(["R80711", "R80721", "R80736", "R80790"], len(wind)))
    features = pd.DataFrame(
        {
            "turbine_id": turbine_id,
            "timestamp": training_end - 600 * np.arange(len(wind)),
            "wind_speed": wind,
            "wind_speed_normalised": wind,
        }
    )
    fraction = np.clip((wind / 12) ** 3, 0, 1) * scale
    model = fit_power_curve(features, fraction, 600)
    noise = random.normal(0, 0.03, len(wind))
    band = fit_band(model.predict(features), noise, features, model.turbines)
    start = training_end - 300 * 86400
    return Bundle(model=model, band=band, training_start=start, training_end=training_end)


def a_trained_model(
    *, training_end: int = NEW_YEAR - 600, scale: float = 1.0, verdict: Verdict | None = None
) -> TrainedModel:
    """What a training run hands to the registry."""
    bundle = a_curve(training_end, scale=scale)
    record = RunRecord(
        kind=bundle.kind,
        training_start=bundle.training_start,
        training_end=training_end,
        score=33.3,
        features=tuple(bundle.features),
        data_start=bundle.training_start,
        data_end=NEW_YEAR,
        data_rows=20_000,
        data_digest="d" * 64,
        configuration_digest="c" * 64,
        parameters={"bin_width": 0.5},
        metrics={"mae": 33.3, "rmse": 55.5, "not_a_number": float("nan")},
        plots={"curve.png": b"\x89PNG\r\n\x1a\n"},
        description="A curve for tests.",
    )
    return TrainedModel(bundle, record, verdict or Verdict(True, None, "the first model"))


def register(settings: Settings, model: TrainedModel) -> int:
    """Bring a model into MLflow as a training does; gives its version."""
    with ModelRegistry(settings) as registry:
        name = registry.put(model)
        return registry.flush()[name]


def out_of_reach(settings: Settings) -> Settings:
    """The same with an MLflow that nobody answers for."""
    return settings.model_copy(update={"mlflow_tracking_uri": f"http://127.0.0.1:{free_port()}"})


@pytest.fixture
def trained_model() -> TrainedModel:
    """A first model, to be promoted where there is no champion."""
    return a_trained_model()


def recorded_rows(days: float, start: int = NEW_YEAR) -> pd.DataFrame:
    """Recorded rows of La Haute Borne from `start` on, with the app's column names."""
    columns = {
        "Wind_turbine_name": "turbine_id",
        "P_avg": "power",
        "Ws_avg": "wind_speed",
        "Ba_avg": "pitch_angle",
        "Ot_avg": "ambient_temperature",
        "Wa_avg": "wind_direction",
        "Va_avg": "wind_direction_relative",
    }
    path = Path(PROJECT_ROOT) / "recorded/la_haute_borne/scada_2014_2015.parquet"
    raw = pd.read_parquet(path)
    stamps = pd.to_datetime(raw["Date_time"], utc=True).astype("datetime64[s, UTC]")
    rows = raw.rename(columns=columns).assign(timestamp=stamps.astype("int64"))
    inside = (rows["timestamp"] >= start) & (rows["timestamp"] < start + days * 86400)
    return rows.loc[inside, ["timestamp", *columns.values()]].reset_index(drop=True)


@pytest.fixture
def quick_training(with_mlflow: Settings, tmp_path: Path) -> Settings:
    """As shipped, but for a configuration that makes training short."""
    conf = tmp_path / "conf"
    shutil.copytree(with_mlflow.conf_dir, conf)
    search = {"trials": 2, "folds": 2, "rows": 2000}
    quick = {"training": {"search": search, "catboost": {"fixed": {"iterations": 20}}}}
    (conf / "local").mkdir(exist_ok=True)
    (conf / "local" / "parameters_training.yml").write_text(yaml.safe_dump(quick))
    without = {"forecast": {"enabled": False}}
    (conf / "local" / "parameters_forecast.yml").write_text(yaml.safe_dump(without))
    return with_mlflow.model_copy(update={"conf_dir": conf})
