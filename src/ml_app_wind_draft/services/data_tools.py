"""`wind data`: import a file, back up, restore, reset."""

import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError, StorageError
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.ingestion import import_file as importing
from ml_app_wind_draft.ingestion.import_file import progress_bar
from ml_app_wind_draft.services import archive
from ml_app_wind_draft.services.status import running_services
from ml_app_wind_draft.storage.data_manager import DataManager

REBUILT = ("models", "viz", "studies")  # folders in data/ that the app makes again by itself


def import_file(
    settings: Settings,
    file: Path,
    site_name: str,
    turbine_id: str | None,
    console: Console | None = None,
) -> None:
    """Import a CSV or Parquet file as its site file says, and print what became of its rows.

    Raises `SiteError`, `ImportFileError` with file, column, example and remedy, and `StorageError`.
    """
    console = console or Console()
    site = load_site(site_name, settings)
    with DataManager(settings.database_url) as manager:
        manager.init_raw_db_table()
        with progress_bar() as progress:
            report = importing.import_file(
                manager, site, file, turbine_id=turbine_id, progress=progress
            )
    console.print(f"{report.rows_in:,} rows read from {file.name}")
    counts = {
        "accepted": report.accepted,
        "updated (corrections)": report.updated,
        "unchanged": report.unchanged,
        **{f"set aside: {reason}": count for reason, count in sorted(report.set_aside.items())},
    }
    for what, count in counts.items():
        console.print(f"{count:>12,}  {what}")


def backup(settings: Settings, target: Path, console: Console | None = None) -> None:
    """Write a backup to the folder or `.tar.gz` file `target`, which must not exist yet.

    Works while the services run. It appears whole or not at all. Raises `ConfigurationError`
    for an unusable target and `StorageError` where copying fails.
    """
    console = console or Console()
    target = target.expanduser().absolute()
    if target.exists():
        message = f"{target} exists already."
        raise ConfigurationError(message, remedy="Name a folder or .tar.gz file that does not.")
    with _told(f"The backup to {target} failed"):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as workshop:
            folder = Path(workshop) / "content"
            folder.mkdir()
            manifest = archive.write(
                settings, folder, lambda what: console.print(f"copying {what}")
            )
            if target.name.endswith(archive.TAR_SUFFIXES):
                archive.pack(folder, Path(workshop) / "packed")
                (Path(workshop) / "packed").rename(target)
            else:
                folder.rename(target)
    console.print(f"[green]✓[/] {len(manifest.files)} files in {target}", soft_wrap=True)


def restore(
    settings: Settings, source: Path, *, overwrite: bool, console: Console | None = None
) -> None:
    """Put a backup's content in the place of what is here, once it has proved whole.

    Raises `ConfigurationError` while services run, or where there are data and not `overwrite`,
    and `StorageError` where the backup is damaged; then nothing was changed.
    """
    console = console or Console()
    source = source.expanduser().absolute()
    if not source.exists():
        message = f"There is no {source}."
        raise ConfigurationError(message, remedy="Name what `wind data backup` made.")
    _refuse_while_running(settings, console)
    present = _present(settings)
    if present and not overwrite:
        message = f"There are data here already: {', '.join(map(str, present))}."
        remedy = "`wind data backup` keeps them; `wind data restore --yes` replaces them."
        raise ConfigurationError(message, remedy=remedy)
    with _told(f"The restore from {source} failed"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as workshop:
            folder = Path(workshop)
            archive.unpack(source, folder)
            manifest = archive.verify(folder)
            _put_in_place(settings, folder)
    console.print(
        f"[green]✓[/] Restored the backup of {manifest.created_at}, {len(manifest.files)} files."
    )


def reset(settings: Settings, *, really: bool, console: Console | None = None) -> None:
    """Delete the database, the models and MLflow's data; without `really` only say what would go.

    Raises `ConfigurationError` while services run, and for a PostgreSQL database.
    """
    console = console or Console()
    if settings.sqlite_path is None:
        message = "The database is PostgreSQL, which this command leaves alone."
        raise ConfigurationError(message, remedy="Drop and create it with dropdb and createdb.")
    _refuse_while_running(settings, console)
    present = _present(settings) + _rebuilt(settings)
    if not present:
        console.print("There is nothing to delete.")
        return
    for path in present:
        console.print(f"{'deleting' if really else 'would delete'} {path}", soft_wrap=True)
    if not really:
        message = "Nothing was deleted."
        remedy = "This cannot be undone: `wind data backup` first, then add --yes."
        raise ConfigurationError(message, remedy=remedy)
    with _told("Not everything could be deleted"):
        _delete(present)
    console.print("[green]✓[/] Everything is as after the installation.")


def _put_in_place(settings: Settings, folder: Path) -> None:
    dump = folder / archive.POSTGRESQL_COPY
    database = folder / archive.SQLITE_COPY
    if settings.sqlite_path is None and database.exists():
        message = "The backup is of a SQLite database, and DATABASE_URL names PostgreSQL."
        raise ConfigurationError(message, remedy="Unset DATABASE_URL, or restore a backup of it.")
    if settings.sqlite_path is not None and dump.exists():
        message = "The backup is of a PostgreSQL database, and DATABASE_URL names SQLite."
        raise ConfigurationError(message, remedy="Set DATABASE_URL to a PostgreSQL database.")
    if database.exists():
        _refuse_newer_schema(database)
    _delete(_present(settings) + _rebuilt(settings))
    if dump.exists():
        archive.restore_postgresql(settings, dump)
    if database.exists() and settings.sqlite_path is not None:
        settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(database, settings.sqlite_path)
    if (folder / archive.OUTBOX).exists():
        shutil.move(folder / archive.OUTBOX, settings.data_dir / archive.OUTBOX)
    settings.mlflow_dir.mkdir(parents=True, exist_ok=True)
    for name in (archive.MLFLOW_DATABASE, archive.ARTIFACTS):
        if (folder / archive.MLFLOW / name).exists():
            shutil.move(folder / archive.MLFLOW / name, settings.mlflow_dir / name)


def _refuse_newer_schema(database: Path) -> None:
    """Open the copy as the app would; raises `SchemaTooNewError` before anything is replaced."""
    with DataManager(f"sqlite:///{database}") as manager:
        manager.init_raw_db_table()


def _refuse_while_running(settings: Settings, console: Console) -> None:
    try:
        running = running_services(settings)
    except StorageError as error:
        console.print(f"[yellow]Whether services run is unknown:[/] {error}")
        return
    if running:
        message = f"These services run: {', '.join(running)}."
        remedy = "Stop them first (Ctrl-C in `wind up`); a killed one counts for 15 s more."
        raise ConfigurationError(message, remedy=remedy)


def _present(settings: Settings) -> list[Path]:
    """What only a backup could bring back."""
    databases = [settings.mlflow_dir / archive.MLFLOW_DATABASE]
    if settings.sqlite_path is not None:
        databases.insert(0, settings.sqlite_path)
    files = [
        path.with_name(path.name + suffix)
        for path in databases
        for suffix in ("", "-wal", "-shm", "-journal")
    ]
    outbox = settings.data_dir / archive.OUTBOX
    folders = [settings.mlflow_dir / archive.ARTIFACTS]
    if any(outbox.glob("[!.]*")):
        folders.append(outbox)
    return [path for path in (*files, *folders) if path.exists()]


def _rebuilt(settings: Settings) -> list[Path]:
    return [path for name in REBUILT if (path := settings.data_dir / name).exists()]


def _delete(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def _told(what: str) -> Generator[None]:
    """Turn what the disk or SQLite raises into a `StorageError` that says what failed."""
    try:
        yield
    except (OSError, sqlite3.Error, shutil.Error) as error:
        message = f"{what}: {error}."
        raise StorageError(message) from error
