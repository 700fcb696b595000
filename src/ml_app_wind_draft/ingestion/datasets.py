"""What training reads, as a Kedro dataset."""

from typing import Any

import pandas as pd

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.ingestion.history import load_history
from ml_app_wind_draft.storage.data_manager import DataManager
from ml_app_wind_draft.storage.datasets import LoadOnlyDataset

LEAST_HISTORY = 30 * 86_400


class HistoryDataset(LoadOnlyDataset[pd.DataFrame]):
    """The site's rows to train on: see `training_history`."""

    def load(self) -> pd.DataFrame:
        """Raw columns, by turbine and time."""
        site = load_site(self._settings.site, self._settings)
        with DataManager(self._settings.database_url) as manager:
            manager.init_raw_db_table()
            return training_history(manager, site)

    def _describe(self) -> dict[str, Any]:
        return {"table": "raw_data", "site": self._settings.site}


def training_history(manager: DataManager, site: Site) -> pd.DataFrame:
    """The site's rows before `training_end`; its recorded history is loaded first."""
    load_history(manager, site)
    return manager.raw_range(0, training_end(manager, site), site.turbine_ids)


def training_end(manager: DataManager, site: Site) -> int:
    """The end of the rows to train on: the start of the month of event time, or now.

    Whole months, so that training starts from the same rows all month long; everything where that
    would be less than 30 days.
    """
    now = clock.now(manager.replayed_until(site.name))
    oldest = manager.oldest_row(site.turbine_ids)
    month = start_of_month(now)
    return now if oldest is None or oldest > month - LEAST_HISTORY else month


def start_of_month(instant: int) -> int:
    """The first second of the instant's month, UTC."""
    moment = clock.from_epoch(instant)
    return clock.to_epoch(moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
