"""A site's recorded history: the rows before its replay begins, loaded once."""

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import IngestReport, ingest
from ml_app_wind_draft.ingestion.recording import Recording
from ml_app_wind_draft.ingestion.row_reader import EVER
from ml_app_wind_draft.storage.data_manager import DataManager


def load_history(manager: DataManager, site: Site) -> IngestReport:
    """Load the recorded rows before `replay.start`, if the site has a recording and no row yet.

    One transaction: it is there or it is not, and whoever comes second finds nothing to change.
    Raises `ImportFileError` if the recording cannot be read, `SiteError` and `StorageError`.
    """
    manager.register_site(site)
    if site.replay is None or has_rows(manager, site):
        return IngestReport()
    start = clock.to_epoch(site.replay.start)
    ready = Recording(site).rows_between(EVER[0], start)
    source = site.replay.path.name
    return ingest(manager, site, ready.rows, source=source, rejected=ready.rejected)


def has_rows(manager: DataManager, site: Site) -> bool:
    """Whether `raw_data` holds any row of the site."""
    newest = manager.newest_rows()
    return any(turbine_id in newest for turbine_id in site.turbine_ids)
