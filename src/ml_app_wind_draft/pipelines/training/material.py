"""What every step of a training works on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.pipelines.training.parameters import TrainingParameters
from ml_app_wind_draft.pipelines.training.split import Blocks, Split, blocks_of


@dataclass(frozen=True, slots=True)
class Material:
    """The rows, how they are split, and where they come from.

    `history` is those rows as they came; `table` holds the features, `power` (kW), `normal` (bool)
    and `persistence` (kW) of every row.
    """

    history: pd.DataFrame
    table: pd.DataFrame
    site: Site
    split: Split
    parameters: TrainingParameters
    data_digest: str
    configuration_digest: str

    @property
    def step(self) -> int:
        """The site's sampling interval, s."""
        return self.site.step

    @property
    def fitting(self) -> pd.DataFrame:
        """The normal rows that models are fitted on."""
        fitted = self.split.is_fitted(self.table["timestamp"].to_numpy(np.int64))
        return self.table[fitted & self.table["normal"].to_numpy(bool)]

    @property
    def window(self) -> pd.DataFrame:
        """All rows of the judging window."""
        return self.table[self.split.is_judged(self.table["timestamp"].to_numpy(np.int64))]

    @property
    def blocks(self) -> Blocks:
        """The blocks that the search and the band take their folds from."""
        return blocks_of(self.split, self.parameters)

    @property
    def training_end(self) -> int:
        """The last interval start before the gap: nothing up to here counts as unseen."""
        timestamp = self.table["timestamp"].to_numpy(np.int64)
        return int(timestamp[timestamp < self.split.fit_end].max())
