"""A disk that is really full: a small file system mounted for the test."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ml_app_wind_draft.core.errors import StorageFullError
from ml_app_wind_draft.core.rows import TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNALS
from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.storage.data_manager import DataManager

START = 1_420_070_400
MANY = 50_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def rows(count: int, first: int) -> TurbineRows:
    values = np.full((count, len(SIGNALS)), np.nan)
    values[:, SIGNAL_INDEX["power"]] = 500.0
    values[:, SIGNAL_INDEX["wind_speed"]] = 5 + np.arange(count) % 97 / 10
    return TurbineRows("R80711", first + 600 * np.arange(count), values)


def test_a_full_disk_is_said_clearly_and_loses_nothing(small_disk, site):
    manager = DataManager(f"sqlite:///{small_disk}/app.db")
    manager.init_raw_db_table()
    manager.register_site(site)
    kept = ingest(manager, site, [rows(100, START)], source="test")
    # what fills the disk is not the database, so that freeing it brings the room back
    (small_disk / "ballast").write_bytes(b"x" * 1_500_000)
    later = rows(MANY, START + 100 * 600)
    with pytest.raises(StorageFullError, match=r"disk is full.*nothing was written.*Free some"):
        ingest(manager, site, [later], source="test", replayed_until=2**31)
    assert manager.counters()["raw_rows"] == kept.accepted
    assert manager.check() == []
    (small_disk / "ballast").unlink()
    again = ingest(manager, site, [rows(1000, START + 100 * 600)], source="test")
    assert again.accepted == 1000
    assert manager.check() == []
    manager.close()
