"""What training reads, as a Kedro dataset."""

from typing import Any

import pandas as pd

from ml_app_wind_draft.core.clock import now
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.ingestion.history import load_history
from ml_app_wind_draft.storage.data_manager import DataManager
from ml_app_wind_draft.storage.datasets import LoadOnlyDataset


class TrainingRowsDataset(LoadOnlyDataset[pd.DataFrame]):
    """All stored rows of the site; its recorded history is loaded first where there are none."""

    def load(self) -> pd.DataFrame:
        """Raw columns, by turbine and time, up to event time now."""
        site = load_site(self._settings.site, self._settings)
        manager = DataManager(self._settings.database_url)
        try:
            manager.init_raw_db_table()
            load_history(manager, site)
            return manager.raw_range(0, now(manager.replayed_until(site.name)), site.turbine_ids)
        finally:
            manager.close()

    def _describe(self) -> dict[str, Any]:
        return {"table": "raw_data", "site": self._settings.site}
