"""Where the search keeps its studies, as a Kedro dataset."""

from pathlib import Path
from typing import Any

from ml_app_wind_draft.storage.datasets import LoadOnlyDataset


class StudyFolderDataset(LoadOnlyDataset[Path]):
    """The folder `studies` beside the database."""

    def load(self) -> Path:
        """Its path; the search makes it where it is missing."""
        return self._settings.data_dir / "studies"

    def _describe(self) -> dict[str, Any]:
        return {"folder": "data/studies"}
