"""A boosted champion for the benchmarks, and a running inference service that has it."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from benchmarks import farm
from ml_app_wind_draft.core.config import Settings, load_settings
from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.normal_operation import is_normal
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training.fitting import band_of, fit_model
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import (
    LoadedModel,
    ModelVersion,
    RunRecord,
    TrainedModel,
    Verdict,
)
from ml_app_wind_draft.services.processes import stop_groups
from ml_app_wind_draft.services.roster import answers, probe_url, select
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.postgresql import free_port

# in the middle of the shipped search space, as many trees as the search may choose
PARAMETERS: dict[str, Any] = {
    "iterations": 600,
    "depth": 6,
    "learning_rate": 0.08,
    "l2_leaf_reg": 5.0,
    "random_seed": 1,
}


def features_of(rows: pd.DataFrame, site: Site) -> pd.DataFrame:
    """Features of recorded rows, which lack the signals that this farm does not have."""
    absent = dict.fromkeys((name for name in SIGNAL_NAMES if name not in rows), np.nan)
    return build_features(rows.assign(revision=1, **absent), site)


@cache
def training_table() -> pd.DataFrame:
    """Features and power of the normal rows of the recorded history."""
    site = farm.site()
    rows = farm.history(site)
    known = rows[["power", "wind_speed"]].notna().all(axis=1).to_numpy()
    return features_of(rows, site).assign(power=rows["power"])[is_normal(rows, site) & known]


@cache
def bundle() -> Bundle:
    """A boosted model of the recorded history with its band."""
    site, table = farm.site(), training_table()
    model = fit_model("catboost", table, PARAMETERS, step=site.step, threads=2)
    band = band_of(model.predict(table), table, model.turbines)
    return Bundle(model, band, int(table["timestamp"].min()), int(table["timestamp"].max()))


@dataclass
class FixedChampion:
    """Stands where the inference loop has its watch on MLflow: always the same champion."""

    current: LoadedModel | None
    confirmed: bool = False
    trouble: str = ""


def fixed(training_end: int) -> FixedChampion:
    """The bundle as version 1, said to be trained up to `training_end`."""
    found = bundle()
    version = ModelVersion(1, found.kind, (), 0, 0, training_end, {}, "bench", "")
    return FixedChampion(LoadedModel(version, found))


def environment_in(folder: Path) -> dict[str, str]:
    """Variables that keep everything the app writes in `folder`, and free ports."""
    return {
        "DATA_DIR": f"{folder}/data",
        "MLFLOW_DIR": f"{folder}/mlflow",
        "MLFLOW_PORT": str(free_port()),
    }


@contextmanager
def running(environment: dict[str, str], *command: str) -> Generator[psutil.Process]:
    """`wind COMMAND` in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ml_app_wind_draft", *command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        stop_groups([process.pid], 3)
        process.wait()


@contextmanager
def mlflow_server(environment: dict[str, str]) -> Generator[None]:
    """MLflow, ready to answer."""
    (service,) = select(["mlflow"])
    url = probe_url(service, load_settings(environment))
    give_up_at = time.monotonic() + 120
    with running(environment, "mlflow"):
        while not answers(url):
            assert time.monotonic() < give_up_at, "MLflow does not answer"
            time.sleep(0.1)
        yield


@contextmanager
def inference_service(
    folder: Path, poll: float
) -> Generator[tuple[DataManager, Site, psutil.Process]]:
    """MLflow with the champion, a year of history, and `wind infer --poll` with nothing to do."""
    environment = environment_in(folder)
    settings, site = load_settings(environment), farm.site()
    manager = DataManager(settings.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    ingest_frame(manager, site, farm.history(site), source="bench")
    with mlflow_server(environment):
        _register(settings, manager)
        with running(environment, "infer", "--poll", str(poll)) as process:
            _wait_until_scored(manager)
            yield manager, site, process
    manager.close()


def _register(settings: Settings, manager: DataManager) -> None:
    found = bundle()
    record = RunRecord(
        kind=found.kind,
        training_start=found.training_start,
        training_end=found.training_end,
        score=0.0,
        features=tuple(found.features),
        data_start=found.training_start,
        data_end=found.training_end,
        data_rows=0,
        data_digest="bench",
        configuration_digest="bench",
    )
    with ModelRegistry(settings, manager) as registry:
        registry.put(
            TrainedModel(found, record, Verdict(promote=True, against=None, why="benchmark"))
        )
        registry.flush()


def _wait_until_scored(manager: DataManager) -> None:
    give_up_at = time.monotonic() + 120
    while manager.counters().get("waiting", 0):
        assert time.monotonic() < give_up_at, "the history is not dealt with"
        time.sleep(0.1)
