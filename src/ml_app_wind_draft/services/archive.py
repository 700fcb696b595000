"""Backups: what is in one, how it is written under load, and how it is checked.

manifest.json     the version that wrote it, when, and the SHA-256 of each file
app.db            the SQLite database, or app.dump from pg_dump
outbox/           trained models that MLflow does not have yet
mlflow/           mlflow.db and mlartifacts/
"""

import os
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ValidationError

from ml_app_wind_draft import __version__
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.digests import digest_of_file
from ml_app_wind_draft.core.errors import ConfigurationError, StorageError
from ml_app_wind_draft.registry.outbox import Outbox

MANIFEST = "manifest.json"
SQLITE_COPY = "app.db"
POSTGRESQL_COPY = "app.dump"
MLFLOW = "mlflow"
MLFLOW_DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"
OUTBOX = "outbox"
TAR_SUFFIXES = (".tar.gz", ".tgz")

Say = Callable[[str], None]


class Manifest(BaseModel):
    """What a backup says of itself. `files` maps a path in it to its SHA-256."""

    app_version: str
    created_at: str
    files: dict[str, str]


def write(settings: Settings, folder: Path, say: Say) -> Manifest:
    """Fill the empty `folder` with a backup. Nothing has to stop meanwhile.

    In the order that keeps the copies true to each other: what a later copy has beyond an earlier
    one does no harm, what it lacks would. So the database, which names model versions, comes before
    MLflow; so does the outbox, whose models may reach MLflow meanwhile; and MLflow's metadata come
    before the artifacts they point to.
    """
    say("the database")
    _copy_database(settings, folder)
    outbox = Outbox(settings.data_dir / OUTBOX)
    with outbox.locked():
        for entry in outbox.waiting():
            shutil.copytree(entry.folder, folder / OUTBOX / entry.id)
    if (settings.mlflow_dir / MLFLOW_DATABASE).exists():
        say("MLflow's metadata")
        (folder / MLFLOW).mkdir()
        copy_sqlite(settings.mlflow_dir / MLFLOW_DATABASE, folder / MLFLOW / MLFLOW_DATABASE)
    if (settings.mlflow_dir / ARTIFACTS).exists():
        say("models and plots")
        shutil.copytree(settings.mlflow_dir / ARTIFACTS, folder / MLFLOW / ARTIFACTS)
    say("checksums")
    manifest = Manifest(
        app_version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        files=_checksums(folder),
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    return manifest


def pack(folder: Path, target: Path) -> None:
    """Make one compressed file of a backup's folder."""
    with tarfile.open(target, "w:gz", compresslevel=3) as archive:
        archive.add(folder, arcname="")


def unpack(source: Path, folder: Path) -> None:
    """Bring a backup into the empty `folder`. Raises `ConfigurationError` for anything else."""
    if source.is_dir():
        shutil.copytree(source, folder, dirs_exist_ok=True)
        return
    try:
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        message = f"{source} cannot be read as a backup: {error}."
        raise ConfigurationError(message, remedy="Name what `wind data backup` made.") from error


def verify(folder: Path) -> Manifest:
    """Check a backup's files against its manifest, and its databases' own integrity.

    Raises `StorageError` that names the first file that is missing, damaged or too many.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        message = f"This is no backup: {MANIFEST} is missing or cannot be read."
        raise StorageError(message, remedy="Name what `wind data backup` made.") from error
    found = _checksums(folder)
    for name in sorted(manifest.files.keys() | found.keys()):
        if manifest.files.get(name) != found.get(name):
            fault = "missing" if name not in found else "damaged"
            message = f"The backup is not whole: {name} is {fault}."
            raise StorageError(message, remedy="Use another backup; nothing was changed.")
    for name in manifest.files:
        if name.endswith(".db"):
            check_integrity(folder / name)
    return manifest


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database by its online backup, as one consistent moment; writers go on."""
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without -wal beside it
    check_integrity(target)


def check_integrity(database: Path) -> None:
    """Raise `StorageError` where SQLite finds its file damaged."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            verdict = str(error)
    if verdict != "ok":
        message = f"{database.name} is damaged: {verdict}."
        raise StorageError(message)


def restore_postgresql(settings: Settings, dump: Path) -> None:
    """Replace the content of the PostgreSQL database by a dump's, in one transaction."""
    url, environment = _for_postgresql_tools(settings.database_url)
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction"]
    _run("pg_restore", [*options, f"--dbname={url}", str(dump)], environment)


def _copy_database(settings: Settings, folder: Path) -> None:
    if settings.sqlite_path is None:
        url, environment = _for_postgresql_tools(settings.database_url)
        target = folder / POSTGRESQL_COPY
        _run("pg_dump", ["--format=custom", f"--file={target}", f"--dbname={url}"], environment)
    elif settings.sqlite_path.exists():
        copy_sqlite(settings.sqlite_path, folder / SQLITE_COPY)


def _for_postgresql_tools(database_url: str) -> tuple[str, dict[str, str]]:
    """The URL as libpq reads it, and the environment with the password, which others could see."""
    parts = urlsplit(database_url)
    where = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    environment = dict(os.environ)
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
    return urlunsplit(("postgresql", user + where, parts.path, parts.query, "")), environment


def _run(program: str, arguments: list[str], environment: dict[str, str]) -> None:
    if shutil.which(program) is None:
        message = f"The database is PostgreSQL, and its {program} is not installed here."
        remedy = f"Install PostgreSQL's client programs, or run {program} where the server is."
        raise ConfigurationError(message, remedy=remedy)
    outcome = subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        message = f"{program} failed: {outcome.stderr.strip()}"
        raise StorageError(message)


def _checksums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): digest_of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
