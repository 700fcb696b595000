"""Which state a turbine is in, by rules over a row's own signals.

`normal_operation` and `calm` are what models learn from; errors count and alarms judge in
`normal_operation` only. What needs a model to be seen - a slow loss by ice on the blades, a
derating of a few percent - is no state: it must show as energy below expectation.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import (
    CALM,
    ICED,
    LEARNED_FROM,
    NORMAL,
    PARTIAL,
    STOPPED,
    UNAVAILABLE,
)
from ml_app_wind_draft.models.turbines import per_turbine

_FREEZING = 2.0  # °C at the nacelle
_FROZEN_WIND = 1.0  # m/s: a cup that hardly turns
_PRODUCING = 0.05  # of rated power, which no turbine makes at that wind


def states_of(rows: pd.DataFrame, site: Site) -> NDArray[np.object_]:
    """The state of each row of the site's turbines, [n].

    The limits are the site's (`normal_operation`). A missing pitch angle or temperature excludes
    nothing. Raises `ModelError` when a row's turbine is not in the site file.
    """
    limits = site.normal_operation
    power, wind, pitch, temperature = (
        rows[name].to_numpy(np.float64)
        for name in ("power", "wind_speed", "pitch_angle", "ambient_temperature")
    )
    rated = per_turbine(rows["turbine_id"], site, lambda each: each.rated_power)
    idle = power <= 0
    held_back = (
        (pitch > limits.pitch_limit)
        & (power < limits.pitched_power_fraction * rated)
        & (wind > limits.pitched_wind_speed)
    )
    frozen = (temperature < _FREEZING) & (wind < _FROZEN_WIND) & (power > _PRODUCING * rated)
    rules = [
        (np.isnan(power) | np.isnan(wind), UNAVAILABLE),
        (idle & (wind > limits.cut_in_wind_speed), STOPPED),
        (idle, CALM),
        (held_back, PARTIAL),
        (frozen, ICED),
    ]
    states = np.full(len(rows), NORMAL, dtype=object)
    for applies, state in reversed(rules):
        states[applies] = state
    return states


def is_learned_from(rows: pd.DataFrame, site: Site) -> NDArray[np.bool_]:
    """Rows that models learn from and are judged on, bool [n]: full performance, and calm.

    It is the filter of `models.normal_operation` without the rows of frozen anemometers.
    """
    return np.isin(states_of(rows, site).astype(str), LEARNED_FROM)
