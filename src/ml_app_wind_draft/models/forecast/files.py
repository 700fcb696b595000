"""A forecaster as a folder: `forecaster.json` and one `.cbm` for each boosted model; no pickle."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml_app_wind_draft.core.digests import digest_of_file
from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.models.boosted import load_regressor
from ml_app_wind_draft.models.forecast.distribution import ErrorDistribution
from ml_app_wind_draft.models.forecast.features import WeatherColumns
from ml_app_wind_draft.models.forecast.inputs import WeatherModel
from ml_app_wind_draft.models.forecast.linear import Ridge
from ml_app_wind_draft.models.forecast.model import Boosting, Forecaster, Group, Options

FORMAT = 1
MANIFEST = "forecaster.json"
WEATHER = "weather.cbm"


def save(forecaster: Forecaster, folder: Path) -> list[str]:
    """Write the forecaster into `folder` (made where missing); the names of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    if forecaster.weather_model is not None:
        forecaster.weather_model.regressor.save_model(str(folder / WEATHER), format="cbm")
        names.append(WEATHER)
    for number, group in enumerate(forecaster.groups):
        group.model.save_model(str(folder / _name(number)), format="cbm")
        names.append(_name(number))
    manifest = {
        "format": FORMAT,
        "options": asdict(forecaster.options),
        "training_start": forecaster.training_start,
        "training_end": forecaster.training_end,
        "weather": None
        if forecaster.weather_model is None
        else asdict(forecaster.weather_model.kinds),
        "ridges": {str(lead): ridge.as_json() for lead, ridge in forecaster.ridges.items()},
        "groups": [
            {"first": group.first, "last": group.last, "shares": group.shares}
            for group in forecaster.groups
        ],
        "distribution": forecaster.distribution.as_json(),
        "files": {name: digest_of_file(folder / name) for name in names},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return [MANIFEST, *names]


def load(folder: Path) -> Forecaster:
    """Read what `save` wrote. Raises `ModelError` for a folder that holds none or was changed."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{folder} holds no readable forecaster: {error}."
        raise ModelError(message) from error
    if manifest.get("format") != FORMAT:
        message = f"The forecaster in {folder} has format {manifest.get('format')!r}."
        raise ModelError(message, remedy=f"This version of the app reads format {FORMAT}.")
    for name, digest in manifest["files"].items():
        if not (folder / name).is_file() or digest_of_file(folder / name) != digest:
            message = f"The model file {folder / name} is not the one that was saved."
            raise ModelError(message, remedy="Fetch the model again.")
    options = _options(manifest["options"])
    groups = tuple(
        Group(
            own["first"], own["last"], tuple(own["shares"]), load_regressor(folder / _name(number))
        )
        for number, own in enumerate(manifest["groups"])
    )
    weather = None
    if manifest["weather"] is not None:
        kinds = WeatherColumns(**{key: _tuples(own) for key, own in manifest["weather"].items()})
        weather = WeatherModel(kinds, load_regressor(folder / WEATHER), options.threads)
    return Forecaster(
        options,
        weather,
        {int(lead): Ridge.from_json(own) for lead, own in manifest["ridges"].items()},
        groups,
        ErrorDistribution.from_json(manifest["distribution"]),
        manifest["training_start"],
        manifest["training_end"],
    )


def _options(content: dict[str, Any]) -> Options:
    known = dict(content)
    for name in ("weather_model", "direct_model"):
        known[name] = Boosting(**content[name])
    known["leads"] = tuple(content["leads"])
    return Options(**known)


def _tuples(content: list[Any]) -> tuple[Any, ...]:
    return tuple(tuple(each) if isinstance(each, list) else each for each in content)


def _name(number: int) -> str:
    return f"direct_{number}.cbm"
