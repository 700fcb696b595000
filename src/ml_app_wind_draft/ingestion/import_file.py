"""Importing a data file in two passes: look at all of it, then store it chunk by chunk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.chunks import CHUNK_ROWS
from ml_app_wind_draft.ingestion.intake import IngestReport, ingest
from ml_app_wind_draft.ingestion.repeated_keys import RepeatedKeys
from ml_app_wind_draft.ingestion.row_reader import FileRows, RowReader, TableFile, read_all
from ml_app_wind_draft.ingestion.survey import Survey
from ml_app_wind_draft.storage.data_manager import DataManager


def import_file(
    manager: DataManager,
    site: Site,
    path: Path,
    *,
    turbine_id: str | None = None,
    progress: Progress | None = None,
    chunk_rows: int = CHUNK_ROWS,
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
    passes = _Passes(reader, file, chunk_rows, progress)
    keys = _look(passes)
    return _store(manager, passes, keys)


def progress_bar() -> Progress:
    """A bar that shows how many of the file's bytes each pass has read."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    )


@dataclass(frozen=True, slots=True)
class _Passes:
    """A file that is read more than once, each time with a bar of its own."""

    reader: RowReader
    file: TableFile
    chunk_rows: int
    progress: Progress | None

    def rows(self, doing: str) -> Iterator[FileRows]:
        """All of its rows, chunk by chunk."""
        bar = self.progress
        task = bar.add_task(f"{doing} {self.file.path.name}", total=self.file.size) if bar else None
        for rows in read_all(self.reader, self.file, self.chunk_rows):
            yield rows
            if bar and task is not None:
                bar.update(task, completed=rows.chunk.position)


def _look(passes: _Passes) -> RepeatedKeys:
    """First pass: nothing is stored, and a file that cannot be right is refused."""
    survey = Survey.of(passes.reader.site)
    for rows in passes.rows("Checking"):
        survey.add(rows, passes.reader)
    survey.check(passes.file)
    return survey.keys


def _store(manager: DataManager, passes: _Passes, keys: RepeatedKeys) -> IngestReport:
    """Second pass: each chunk is one transaction."""
    report = IngestReport()
    for rows in passes.rows("Importing"):
        ready = passes.reader.ready(rows, keys.conflicting(rows.turbine, rows.first))
        report += ingest(
            manager,
            passes.reader.site,
            ready.rows,
            source=passes.file.path.name,
            rejected=ready.rejected,
        )
    return report
