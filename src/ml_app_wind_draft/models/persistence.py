"""The power just before, a baseline for orientation."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def persistence(rows: pd.DataFrame, step: int) -> NDArray[np.float64]:
    """The same turbine's power one `step` (s) earlier, kW [n], NaN where there is no such row.

    It sees the measured power just before, which an expected-power model must not.
    """
    key = pd.MultiIndex.from_arrays([rows["turbine_id"], rows["timestamp"]])
    earlier = pd.MultiIndex.from_arrays([rows["turbine_id"], rows["timestamp"] - step])
    place = key.get_indexer(earlier)
    power = rows["power"].to_numpy(np.float64)
    return np.where(place >= 0, power[place], np.nan)
