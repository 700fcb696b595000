"""A farm that shares nothing with the shipped one goes the whole way, by its site file alone."""

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.dashboard.models_watch import ModelsWatch
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration.ingestion.conftest import SITE_FILE, FarmFiles, german

DAYS = 150
QUARTER = timedelta(minutes=15)


@pytest.fixture
def kaelteholm(quick_training: Settings) -> Settings:
    (quick_training.conf_dir / "local" / "sites").mkdir(exist_ok=True)
    shutil.copy(SITE_FILE, quick_training.conf_dir / "local" / "sites" / SITE_FILE.name)
    return quick_training.model_copy(update={"site": SITE_FILE.stem})


def wind(settings: Settings, *command: str) -> subprocess.Popen[str]:
    environment = {
        "SITE": settings.site,
        "DATA_DIR": str(settings.data_dir),
        "CONF_DIR": str(settings.conf_dir),
        "DATABASE_URL": settings.database_url,
        "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "ml_app_wind_draft", *command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def export(folder: Path) -> Path:
    """Five months of three machines with some scatter, up to yesterday."""
    files = FarmFiles(folder)
    chance = np.random.default_rng(7)
    first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first -= timedelta(days=DAYS)
    speeds = np.abs(8 + np.cumsum(chance.normal(0, 0.3, DAYS * 96)) % 9)
    lines = []
    for name, rated in FarmFiles.rated_mw.items():
        own = np.clip(speeds + chance.normal(0, 0.4, len(speeds)), 0, 25)
        power = rated * np.clip((own / 12) ** 3, 0, 1) + chance.normal(0, 0.01 * rated, len(own))
        lines += [
            files.line(
                name, first + i * QUARTER, i, wind=german(own[i] * 3.6), power=german(power[i])
            )
            for i in range(len(own))
        ]
    return files.write(lines)


def test_another_farm_is_imported_trained_on_scored_and_shown(
    kaelteholm: Settings, tmp_path: Path
) -> None:
    imported = wind(kaelteholm, "data", "import", str(export(tmp_path)), "--site", "kaelteholm")
    said, _ = imported.communicate(timeout=120)
    assert imported.returncode == 0, said

    trained = wind(kaelteholm, "train")
    said, _ = trained.communicate(timeout=200)
    assert trained.returncode == 0, said

    database = DataManager(kaelteholm.database_url)
    inference = wind(kaelteholm, "infer", "--poll", "0.1")
    give_up_at = time.monotonic() + 60
    while database.counters()["waiting"] and time.monotonic() < give_up_at:
        time.sleep(0.2)
    inference.terminate()
    said, _ = inference.communicate(timeout=10)
    assert inference.returncode == 0, said
    assert database.counters()["waiting"] == 0, said
    assert database.check() == []

    farm = load_site("kaelteholm", kaelteholm)
    outcomes = database.predictions_last(96)
    assert sorted(set(outcomes["turbine_id"])) == sorted(farm.turbine_ids)
    assert set(outcomes["status"]) == {"predicted"}
    measured = database.raw_last(96)
    for turbine_id, turbine in farm.turbines.items():
        own = outcomes["turbine_id"] == turbine_id
        error = (measured["power"] - outcomes["expected_power"])[own].abs().mean()
        assert error < 0.05 * turbine.rated_power, turbine_id
    watch = ModelsWatch(lambda: ModelRegistry(kaelteholm), seconds=60)
    shown = Reader(farm, database, watch).farm()
    assert list(shown.turbines) == farm.turbine_ids
    assert all(each.scored for each in shown.turbines.values())
    database.close()
