"""A made-up unit whose power follows wind that lasts, with weather that knows it but for noise."""

import numpy as np

from ml_app_wind_draft.models.forecast.model import Boosting, Options
from ml_app_wind_draft.models.forecast.series import HOUR, History, Weather, perfect_weather

START = 1_420_070_400  # 2015-01-01 UTC
QUICK = Options(
    leads=tuple(HOUR * lead for lead in (1, 3, 6, 24)),
    folds=3,
    blend_folds=3,
    pairs=3000,
    weather_model=Boosting(40, depth=4),
    direct_model=Boosting(40, depth=4),
)


def wind(days: int, seed: int = 0) -> np.ndarray:
    """Hourly wind, m/s: a first-order process around 8."""
    noise = np.random.default_rng(seed).normal(size=24 * days)
    state = np.zeros(24 * days)
    for hour in range(1, len(state)):
        state[hour] = 0.95 * state[hour - 1] + noise[hour]
    return np.clip(8 + state, 0, 30)


def power_of(speed: np.ndarray) -> np.ndarray:
    return np.clip((speed / 12) ** 3, 0, 1)


def made_up(days: int = 120, seed: int = 0) -> tuple[History, Weather]:
    speed = wind(days, seed)
    random = np.random.default_rng(seed + 1)
    power = np.clip(power_of(speed) + random.normal(0, 0.03, len(speed)), 0, 1)
    foreseen = speed + random.normal(0, 0.3, len(speed))
    angle = random.uniform(0, 2 * np.pi, len(speed))
    table = np.column_stack([foreseen * np.sin(angle), foreseen * np.cos(angle)])
    instants = START + HOUR * np.arange(len(speed))
    history = History(START, HOUR, power, {"nacelle_wind": speed})
    return history, perfect_weather(("u_100", "v_100"), instants, table, HOUR)
