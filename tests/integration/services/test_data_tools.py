import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.digests import digest_of_file
from ml_app_wind_draft.core.errors import ConfigurationError, SchemaTooNewError, StorageError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.services import archive
from ml_app_wind_draft.services.data_tools import backup, reset, restore
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.integration.services.rows import BATCH, put_batch


@pytest.fixture
def quiet() -> Console:
    return Console(quiet=True)


@pytest.fixture
def stored(settings: Settings, site: Site) -> Iterator[DataManager]:
    """A database with one batch of rows, and an MLflow folder with metadata and an artifact."""
    manager = DataManager(settings.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    put_batch(manager, site, 0)
    (settings.mlflow_dir / "mlartifacts" / "1").mkdir(parents=True)
    (settings.mlflow_dir / "mlartifacts" / "1" / "model.cbm").write_bytes(b"trees")
    with closing(sqlite3.connect(settings.mlflow_dir / "mlflow.db")) as mlflow, mlflow:
        mlflow.execute("CREATE TABLE runs (id)")
    yield manager
    manager.close()


def rows_in(settings: Settings) -> int:
    manager = DataManager(settings.database_url)
    try:
        assert manager.check() == []
        return manager.counters()["raw_rows"]
    finally:
        manager.close()


@pytest.mark.parametrize("name", ["kept", "kept.tar.gz"])
def test_a_restored_backup_holds_what_was_there(
    settings: Settings, stored: DataManager, site: Site, quiet: Console, tmp_path: Path, name: str
) -> None:
    backup(settings, tmp_path / name, quiet)
    put_batch(stored, site, 1)
    stored.close()
    (settings.mlflow_dir / "mlartifacts" / "1" / "model.cbm").unlink()

    restore(settings, tmp_path / name, overwrite=True, console=quiet)

    assert rows_in(settings) == BATCH
    assert (settings.mlflow_dir / "mlartifacts/1/model.cbm").read_bytes() == b"trees"
    archive.check_integrity(settings.mlflow_dir / "mlflow.db")


def test_a_backup_under_load_is_consistent_and_holds_up_no_writer(
    settings: Settings, stored: DataManager, site: Site, quiet: Console, tmp_path: Path
) -> None:
    writing, done = threading.Event(), threading.Event()
    written = []

    def write() -> None:
        number = 1
        while not done.is_set():
            put_batch(stored, site, number)
            written.append(number)
            number += 1
            writing.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            writing.clear()
            assert writing.wait(timeout=30), "the writer is held up"
            backup(settings, tmp_path / f"kept-{number}", quiet)
    finally:
        done.set()
        writer.join()
    stored.close()

    for number in range(3):
        restore(settings, tmp_path / f"kept-{number}", overwrite=True, console=quiet)
        rows = rows_in(settings)
        assert rows % BATCH == 0
        assert BATCH <= rows <= (len(written) + 1) * BATCH


def test_a_backup_appears_whole_or_not_at_all(
    settings: Settings, stored: DataManager, quiet: Console, tmp_path: Path
) -> None:
    (settings.mlflow_dir / "mlflow.db").write_bytes(b"no database at all, and longer than 16 bytes")
    with pytest.raises(StorageError):
        backup(settings, tmp_path / "kept", quiet)
    assert list(tmp_path.glob("*kept*")) == list(tmp_path.glob(".backup-*")) == []


def test_a_backup_overwrites_nothing(
    settings: Settings, stored: DataManager, quiet: Console, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(ConfigurationError, match="exists already"):
        backup(settings, tmp_path / "kept", quiet)


def test_data_are_replaced_only_on_request(
    settings: Settings, stored: DataManager, quiet: Console, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "kept", quiet)
    with pytest.raises(ConfigurationError, match="--yes"):
        restore(settings, tmp_path / "kept", overwrite=False, console=quiet)
    assert rows_in(settings) == BATCH


def test_an_empty_installation_is_filled_without_asking(
    settings: Settings, stored: DataManager, quiet: Console, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "kept", quiet)
    stored.close()
    reset(settings, really=True, console=quiet)
    restore(settings, tmp_path / "kept", overwrite=False, console=quiet)
    assert rows_in(settings) == BATCH


@pytest.mark.parametrize("fault", ["changed", "missing", "too many", "no manifest", "newer"])
def test_a_damaged_backup_changes_nothing(
    settings: Settings, stored: DataManager, quiet: Console, tmp_path: Path, fault: str
) -> None:
    kept = tmp_path / "kept"
    backup(settings, kept, quiet)
    if fault == "changed":
        (kept / "mlflow/mlartifacts/1/model.cbm").write_bytes(b"roots")
    elif fault == "missing":
        (kept / "mlflow/mlartifacts/1/model.cbm").unlink()
    elif fault == "too many":
        (kept / "extra").touch()
    elif fault == "no manifest":
        (kept / "manifest.json").unlink()
    else:
        with closing(sqlite3.connect(kept / "app.db")) as database, database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        manifest = archive.Manifest.model_validate_json((kept / "manifest.json").read_text())
        manifest.files["app.db"] = digest_of_file(kept / "app.db")
        (kept / "manifest.json").write_text(manifest.model_dump_json())
    with pytest.raises(SchemaTooNewError if fault == "newer" else StorageError):
        restore(settings, kept, overwrite=True, console=quiet)
    assert rows_in(settings) == BATCH
    assert (settings.mlflow_dir / "mlartifacts/1/model.cbm").read_bytes() == b"trees"


def test_restore_and_reset_are_refused_while_a_service_runs(
    settings: Settings, stored: DataManager, quiet: Console, tmp_path: Path
) -> None:
    backup(settings, tmp_path / "kept", quiet)
    stored.beat("app-stream-data", status="idle")
    with pytest.raises(ConfigurationError, match="app-stream-data"):
        restore(settings, tmp_path / "kept", overwrite=True, console=quiet)
    with pytest.raises(ConfigurationError, match="app-stream-data"):
        reset(settings, really=True, console=quiet)
    stored.beat("app-stream-data", status="stopped")
    reset(settings, really=True, console=quiet)


def test_reset_without_yes_deletes_nothing_and_says_what_would_go(
    settings: Settings, stored: DataManager, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match="--yes"):
        reset(settings, really=False)
    assert "app.db" in capsys.readouterr().out
    assert rows_in(settings) == BATCH


def test_reset_leaves_the_folders_as_after_the_installation(
    settings: Settings, stored: DataManager, quiet: Console
) -> None:
    stored.close()
    (settings.data_dir / "own.csv").touch()
    reset(settings, really=True, console=quiet)
    left = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    assert left == [settings.data_dir / "own.csv"]
    assert not list(settings.mlflow_dir.rglob("*"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_postgresql_database_is_kept_and_restored(
    settings: Settings,
    site: Site,
    manager: DataManager,
    database_url: str,
    quiet: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    on_server = settings.model_copy(update={"database_url": database_url})
    put_batch(manager, site, 0)
    backup(on_server, tmp_path / "kept", quiet)
    put_batch(manager, site, 1)
    manager.close()
    restore(on_server, tmp_path / "kept", overwrite=True, console=quiet)
    assert rows_in(on_server) == BATCH
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        restore(settings, tmp_path / "kept", overwrite=True, console=quiet)


def test_without_pg_dump_the_remedy_is_said(
    settings: Settings, quiet: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    on_server = settings.model_copy(update={"database_url": "postgresql+psycopg://wind@farm/wind"})
    with pytest.raises(ConfigurationError, match="pg_dump"):
        backup(on_server, tmp_path / "kept", quiet)
    assert not (tmp_path / "kept").exists()
