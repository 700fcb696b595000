"""Which rows show the turbine in normal operation. The filter uses power and pitch."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.turbines import per_turbine


def is_normal(rows: pd.DataFrame, site: Site) -> NDArray[np.bool_]:
    """Rows with wind speed and power that are neither stopped nor pitched away, bool [n].

    The limits are the site's (`normal_operation`). A missing pitch angle cannot exclude a row; a
    row without power or wind speed is never normal.
    """
    limits = site.normal_operation
    power = rows["power"].to_numpy(np.float64)
    wind = rows["wind_speed"].to_numpy(np.float64)
    pitch = rows["pitch_angle"].to_numpy(np.float64)
    rated = per_turbine(rows["turbine_id"], site, lambda each: each.rated_power)

    measured = np.isfinite(power) & np.isfinite(wind)
    stopped = (power <= 0) & (wind > limits.cut_in_wind_speed)
    pitched_away = (
        (pitch > limits.pitch_limit)
        & (power < limits.pitched_power_fraction * rated)
        & (wind > limits.pitched_wind_speed)
    )
    return measured & ~stopped & ~pitched_away
