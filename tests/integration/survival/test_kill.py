"""kill -9 at random moments, under load: afterwards nothing is lost and nothing is there twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration.conftest import NEW_YEAR, TrainedModel, recorded_rows

LONGEST_WAIT = 120
KILLS = [5, pytest.param(20, marks=pytest.mark.slow)]


@dataclass
class Services:
    """Real processes of the app, started and killed by name."""

    settings: Settings
    folder: Path
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self, name: str, *options: str) -> None:
        settings = self.settings
        environment = {
            "DATA_DIR": str(settings.data_dir),
            "CONF_DIR": str(settings.conf_dir),
            "DATABASE_URL": settings.database_url,
            "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri,
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "ml_app_wind_draft", name, *options],
                env=os.environ | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def end(self, name: str, number: signal.Signals) -> int:
        process = self.running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, number)
        return process.wait(LONGEST_WAIT)

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")


@pytest.fixture
def services(quick_training: Settings, tmp_path: Path) -> Iterator[Services]:
    started = Services(quick_training, tmp_path)
    yield started
    for name in list(started.running):
        started.end(name, signal.SIGKILL)


@pytest.fixture
def database(services: Services) -> Iterator[DataManager]:
    opened = DataManager(services.settings.database_url)
    opened.init_raw_db_table()
    yield opened
    opened.close()


def wait_until(condition, what: str, services: Services) -> None:
    give_up_at = time.monotonic() + LONGEST_WAIT
    while not condition():
        if time.monotonic() > give_up_at:
            logs = "\n".join(f"{n}:\n{services.log_of(n)[-1500:]}" for n in services.running)
            pytest.fail(f"{what} did not come true within {LONGEST_WAIT} s\n{logs}")
        time.sleep(0.1)


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("victim", ["stream", "infer"])
def test_a_killed_service_goes_on_where_it_was(
    services: Services, database: DataManager, trained_model: TrainedModel, victim, kills, site
):
    options = {"stream": ["--interval", "0.01"], "infer": ["--poll", "0.05"]}
    dice = random.Random(f"{victim} {kills}")  # noqa: S311 - moments, not secrets
    with ModelRegistry(services.settings, database) as registry:
        registry.put(trained_model)
        registry.flush()
    for name, given in options.items():
        services.start(name, *given)
    wait_until(lambda: database.counters().get("predictions", 0) > 0, "a prediction", services)
    for _ in range(kills):
        time.sleep(dice.uniform(0, 0.7))
        services.end(victim, signal.SIGKILL)
        before = database.counters()["revisions"], database.counters()["predictions"]
        services.start(victim, *options[victim])
        moved = {"stream": "revisions", "infer": "predictions"}[victim]
        was = before[0] if victim == "stream" else before[1]
        wait_until(lambda m=moved, w=was: database.counters()[m] > w + 8, "new work", services)
    assert services.end("stream", signal.SIGTERM) == 0
    wait_until(lambda: database.counters()["waiting"] == 0, "the last outcome", services)
    assert services.end("infer", signal.SIGTERM) == 0

    assert database.check() == []
    until = database.replayed_until(site.name)
    assert until is not None
    stored = database.raw_range(NEW_YEAR, 2**40)[["turbine_id", "timestamp"]]
    recorded = recorded_rows(days=(until - NEW_YEAR) / 86400)[["turbine_id", "timestamp"]]
    expected = recorded.astype({"turbine_id": object}).sort_values(["turbine_id", "timestamp"])
    pd.testing.assert_frame_equal(
        stored.reset_index(drop=True), expected.reset_index(drop=True), check_dtype=False
    )
    outcomes = database.predictions_range(NEW_YEAR, 2**40)
    assert len(outcomes) == len(stored), clock.say(until)


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_training_is_taken_up_and_registers_each_model_once(
    services: Services, database: DataManager, kills
):
    dice = random.Random(kills)  # noqa: S311 - moments, not secrets
    services.start("stream", "--interval", "0.05")
    services.start("infer", "--poll", "0.1")
    for _ in range(kills):
        services.start("train")
        time.sleep(dice.uniform(1, 9))
        services.end("train", signal.SIGKILL)
    services.start("train")
    code = services.running["train"].wait(LONGEST_WAIT)
    assert code == 0, services.log_of("train")[-2000:]

    with ModelRegistry(services.settings, database) as registry:
        assert registry.waiting() == 0
        versions = registry.versions()
        champion = registry.champion()
    trainings = [(each.kind, each.configuration_digest) for each in versions]
    assert sorted(kind for kind, _ in trainings) == ["catboost", "power_curve"], trainings
    assert champion is not None
    assert database.champion_at(clock.wall_now()) == champion.version
    assert services.end("stream", signal.SIGTERM) == 0
    wait_until(lambda: database.counters()["waiting"] == 0, "the last outcome", services)
    assert services.end("infer", signal.SIGTERM) == 0
    assert database.check() == []
