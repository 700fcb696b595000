"""Importing a data file in two passes: look at all of it, then store it chunk by chunk."""

from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import IngestReport, ingest
from ml_app_wind_draft.ingestion.repeated_keys import RepeatedKeys
from ml_app_wind_draft.ingestion.row_reader import RowReader, TableFile, read_all
from ml_app_wind_draft.ingestion.survey import Survey
from ml_app_wind_draft.storage.data_manager import DataManager


def import_file(
    manager: DataManager,
    site: Site,
    path: Path,
    *,
    turbine_id: str | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Import a CSV or Parquet file as the site file describes it.

    `turbine_id` says whose rows they are where the file does not. Memory holds one chunk and
    8 bytes a row. Each chunk is one transaction: an import that was cut short is completed by
    running it again. Raises `ImportFileError` before anything is stored, `SiteError`, and
    `StorageError`.
    """
    reader = RowReader(site, turbine_id)
    file = reader.open(path)
    manager.register_site(site)
    keys = _look(reader, file, progress)
    return _store(manager, reader, file, keys, progress)


def progress_bar() -> Progress:
    """A bar that shows how many of the file's bytes each pass has read."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    )


def _look(reader: RowReader, file: TableFile, progress: Progress | None) -> RepeatedKeys:
    bar = _Bar(progress, f"Checking {file.path.name}", file.size)
    survey = Survey.of(reader.site)
    for rows in read_all(reader, file):
        survey.add(rows, reader)
        bar.at(rows.chunk.position)
    survey.check(file)
    return survey.keys


def _store(
    manager: DataManager,
    reader: RowReader,
    file: TableFile,
    keys: RepeatedKeys,
    progress: Progress | None,
) -> IngestReport:
    bar = _Bar(progress, f"Importing {file.path.name}", file.size)
    report = IngestReport()
    for rows in read_all(reader, file):
        ready = reader.ready(rows, keys.conflicting(rows.turbine, rows.first))
        report += ingest(
            manager, reader.site, ready.rows, source=file.path.name, rejected=ready.rejected
        )
        bar.at(rows.chunk.position)
    return report


class _Bar:
    """One pass's bar; without a progress display it shows nothing."""

    def __init__(self, progress: Progress | None, title: str, size: int) -> None:
        self._progress = progress
        self._task = None if progress is None else progress.add_task(title, total=size)

    def at(self, position: int) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=position)
