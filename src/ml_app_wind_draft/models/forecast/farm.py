"""All forecasters of a site: each turbine and the farm, hourly to 48 h and 10-minutely to 6 h.

The farm is a unit of its own, forecast from its summed power: quantiles of a sum are not sums of
quantiles. farm.json lists the units; each forecaster has a folder.
"""

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.errors import ModelError, TrainingError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.forecast import files
from ml_app_wind_draft.models.forecast.model import Forecaster, Options
from ml_app_wind_draft.models.forecast.series import HOUR, NO_WEATHER, History, Values, Weather
from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES, farm_name

log = logging.getLogger(__name__)

FARM_FILE = "farm.json"
MEASURED = ("wind_speed", "wind_direction", "ambient_temperature")
ANGLES = frozenset({"wind_direction"})
SHORT_LEADS = 6 * HOUR
SHORT_STEP = 600
MEMORY = 11 * 24 * HOUR  # how far back a forecast looks, s


def unit_histories(rows: pd.DataFrame, site: Site, start: int, end: int) -> dict[str, History]:
    """Histories of each turbine and the farm from raw rows (kW), on the site's grid [start, end).

    The farm's power is known where every turbine's is; its other signals are means.
    """
    grid = np.arange(start, end, site.step)
    signals = ["power", *MEASURED]
    tables = {}
    for name, turbine in site.turbines.items():
        own = rows[rows["turbine_id"] == name].set_index("timestamp")[signals].reindex(grid)
        values = own.to_numpy(np.float64, copy=True)
        values[:, 0] /= turbine.rated_power
        tables[name] = values
    tables[farm_name(site)] = _together(tables, site)
    return {
        name: History(
            start,
            site.step,
            values[:, 0],
            {signal: values[:, place] for place, signal in enumerate(MEASURED, 1)},
            ANGLES,
        )
        for name, values in tables.items()
    }


def _together(tables: dict[str, Values], site: Site) -> Values:
    each = np.stack(list(tables.values()))
    rated = np.array([site.turbines[name].rated_power for name in tables])
    known = np.isfinite(each)
    mean = np.where(known, each, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    mean[~known.any(axis=0)] = np.nan
    place = 1 + MEASURED.index("wind_direction")
    angle = np.deg2rad(each[:, :, place])
    sine, cosine = (np.where(np.isfinite(angle), f(angle), 0).sum(axis=0) for f in (np.sin, np.cos))
    direction = np.rad2deg(np.arctan2(sine, cosine)) % 360
    mean[:, place] = np.where(known[:, :, place].any(axis=0), direction, np.nan)
    mean[:, 0] = rated @ each[:, :, 0] / rated.sum()
    return mean


def resolutions(site: Site) -> dict[int, tuple[int, ...]]:
    """Length of the interval -> leads, s: hours to 48 h, and the site's steps to 6 h."""
    leads = {HOUR: tuple(HOUR * hour for hour in range(1, 49))}
    step = max(SHORT_STEP, site.step)
    if step < HOUR and step % site.step == 0:
        leads[step] = tuple(range(step, SHORT_LEADS + 1, step))
    return leads


@dataclass(frozen=True, slots=True)
class FarmForecaster:
    """(unit, resolution in s) -> forecaster. `weather`: none, forecast or perfect."""

    forecasters: dict[tuple[str, int], Forecaster]
    weather: str

    @property
    def training_end(self) -> int:
        """The end of the rows that it was fitted on, s UTC."""
        return max(own.training_end for own in self.forecasters.values())

    def issue(
        self,
        histories: dict[str, History],
        weather: Weather | None,
        capacity: dict[str, float],
        issued_at: int,
    ) -> pd.DataFrame:
        """Forecasts at `issued_at`, kW: `unit`, `resolution`, `issued_at`, `start`, q05 ... q95.

        Of the units that have power in their history; without any the result is empty.
        """
        parts = [pd.DataFrame(columns=["unit", "resolution", "issued_at", "start", *QUANTILES])]
        for (unit, resolution), own in self.forecasters.items():
            if unit not in histories or not np.isfinite(histories[unit].power).any():
                continue
            used = weather if own.weather_model is not None else None
            found = own.predict(histories[unit], used, np.array([issued_at]), LEVELS)[0]
            table = pd.DataFrame(capacity[unit] * found, columns=list(QUANTILES))
            start = issued_at + np.asarray(own.options.leads) - resolution
            known = {"unit": unit, "resolution": resolution, "issued_at": issued_at, "start": start}
            parts.append(pd.DataFrame(known).join(table))
        return pd.concat(parts[1:], ignore_index=True) if parts[1:] else parts[0]

    def save(self, folder: Path) -> list[str]:
        """Write all into `folder` (made where missing); the names of the files, by folder."""
        names = [FARM_FILE]
        listed = []
        for number, ((unit, resolution), own) in enumerate(self.forecasters.items()):
            place = f"{number:03d}"
            listed.append({"unit": unit, "resolution": resolution, "folder": place})
            names += [f"{place}/{name}" for name in files.save(own, folder / place)]
        content = {"format": files.FORMAT, "weather": self.weather, "forecasters": listed}
        (folder / FARM_FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")
        return names


def load_farm(folder: Path, *, lean: bool = False) -> FarmForecaster:
    """Read what `FarmForecaster.save` wrote. Raises `ModelError` for anything else.

    `lean`: good for forecasts alone, in a fraction of the memory.
    """
    try:
        content = json.loads((folder / FARM_FILE).read_text(encoding="utf-8"))
        listed = [
            ((own["unit"], int(own["resolution"])), folder / Path(own["folder"]).name)
            for own in content["forecasters"]
        ]
        weather = content["weather"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{folder} holds no readable forecasters: {error!r}."
        raise ModelError(message) from error
    each = ((key, files.load(place)) for key, place in listed)
    return FarmForecaster({key: own.lean() if lean else own for key, own in each}, weather)


def fit_farm(
    histories: dict[str, History],
    weather: Weather | None,
    leads: dict[int, tuple[int, ...]],
    *,
    options: Options | None = None,
) -> FarmForecaster:
    """Fit every unit at every resolution; one with too little power to learn from is left out.

    Raises `TrainingError` where all have too little.
    """
    # brings SciPy, 25 MB that a process that only forecasts does without
    from ml_app_wind_draft.models.forecast.training import (  # noqa: PLC0415
        LEAST_DAYS,
        days_of_power,
        fit,
        learn_weather,
    )

    base = options or Options()
    days = {unit: days_of_power(history) for unit, history in histories.items()}
    learnable = [unit for unit in histories if days[unit] >= LEAST_DAYS]
    for unit in histories.keys() - set(learnable):
        log.warning(
            "no forecasts of %s: %.0f days of power, %d needed", unit, days[unit], LEAST_DAYS
        )
    if not learnable:
        message = f"No unit has the {LEAST_DAYS} days of power that forecasts are learnt from."
        raise TrainingError(message, remedy="Load more history.")
    fitted = {}
    for number, unit in enumerate(learnable, start=1):
        history = histories[unit]
        learnt = None if weather is None else learn_weather(history, weather, base)
        for resolution, own in leads.items():
            asked = replace(base, resolution=resolution, leads=own, issue_every=HOUR)
            fitted[unit, resolution] = fit(history, weather, asked, learnt=learnt)
        log.info("fitted forecasters of %s, %d of %d", unit, number, len(learnable))
    return FarmForecaster(fitted, NO_WEATHER if weather is None else weather.kind)
