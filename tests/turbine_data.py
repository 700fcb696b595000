"""Invented rows of a farm whose power follows its wind, for tests of models and training."""

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site

STEP = 600
START = 1_400_025_600  # 2014-05-14 00:00 UTC


def turbine_data(site: Site, steps: int, *, start: int = START, seed: int = 0) -> pd.DataFrame:
    """`steps` rows for each turbine, raw columns, ordered by turbine and time."""
    random = np.random.default_rng(seed)
    frames = []
    for turbine_id, turbine in site.turbines.items():
        swing = 8 + 5 * np.sin(np.arange(steps) / 40 + random.uniform(0, 6))
        wind = np.maximum(swing + random.normal(0, 1, steps), 0)
        fraction = 1 / (1 + np.exp(-(wind - 8.5)))
        frame = pd.DataFrame(np.nan, index=range(steps), columns=list(SIGNAL_NAMES))
        frame.insert(0, "turbine_id", turbine_id)
        frame.insert(1, "timestamp", start + STEP * np.arange(steps, dtype=np.int64))
        frame["power"] = turbine.rated_power * (fraction + random.normal(0, 0.02, steps))
        frame["wind_speed"] = wind
        frame["wind_direction"] = random.uniform(0, 360, steps)
        frame["wind_direction_relative"] = random.normal(0, 5, steps)
        frame["pitch_angle"] = 0.0
        frame["ambient_temperature"] = random.normal(10, 5, steps)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
