"""Made-up rows for tests that only need some."""

import numpy as np

from ml_app_wind_draft.core.rows import TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.storage.data_manager import DataManager

START = 1_420_070_400  # 2015-01-01 UTC
BATCH = 50


def put_batch(manager: DataManager, site: Site, number: int) -> None:
    """A batch of rows that differ from one another, in one transaction."""
    count = np.arange(BATCH)
    values = np.full((BATCH, len(SIGNAL_NAMES)), np.nan)
    values[:, SIGNAL_NAMES.index("power")] = 500 + count
    values[:, SIGNAL_NAMES.index("wind_speed")] = 7 + count / 100
    stamps = START + (number * BATCH + count) * site.step
    rows = TurbineRows(site.turbine_ids[0], stamps, values)
    ingest(manager, site, [rows], source="test", replayed_until=int(stamps[-1]) + site.step)
