"""Two turbines' recorded months, and a forecaster of them that takes seconds to train."""

import functools
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings, load_settings
from ml_app_wind_draft.core.rows import TurbineRows
from ml_app_wind_draft.core.signals import SIGNAL_INDEX, SIGNALS
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.ingestion.site_weather import replayed_weather
from ml_app_wind_draft.models.forecast.farm import FarmForecaster, fit_farm, unit_histories
from ml_app_wind_draft.models.forecast.model import Boosting, Options
from ml_app_wind_draft.registry.forecasters import ForecasterRegistry, TrainedForecaster
from ml_app_wind_draft.registry.records import RunRecord, Verdict
from ml_app_wind_draft.storage.data_manager import DataManager

HOUR, DAY = 3600, 86_400
TURBINES = ("R80711", "R80721")
FARM = "farm:la_haute_borne"
START = 1_388_620_800  # 2014-01-02 UTC
NOW = START + 60 * DAY
RECORDED = PROJECT_ROOT / "recorded" / "la_haute_borne" / "scada_2014_2015.parquet"
COLUMNS = {"power": "P_avg", "wind_speed": "Ws_avg", "wind_direction": "Wa_avg"}
LITTLE: dict[str, Any] = {
    "iterations": 8,
    "depth": 3,
    "learning_rate": 0.3,
    "l2_leaf_reg": 3.0,
    "rsm": 0.5,
}


@functools.cache
def recorded() -> tuple[TurbineRows, ...]:
    """61 days of both turbines."""
    table = pd.read_parquet(RECORDED)
    instant = table["Date_time"].dt.as_unit("s").astype("int64")
    parts = []
    for name in TURBINES:
        own = (table["Wind_turbine_name"] == name) & (instant >= START) & (instant < NOW + DAY)
        values = np.full((int(own.sum()), len(SIGNALS)), np.nan)
        for signal, column in COLUMNS.items():
            values[:, SIGNAL_INDEX[signal]] = table.loc[own, column]
        parts.append(TurbineRows(name, instant[own].to_numpy(), values))
    return tuple(parts)


@functools.cache
def a_farm() -> FarmForecaster:
    """A forecaster of a few leads, trained on the days before `NOW` with perfect weather."""
    with tempfile.TemporaryDirectory() as folder:
        settings = two_turbines(load_settings({}), Path(folder) / "conf")
        site = load_site(settings.site, settings)
    frames = [
        pd.DataFrame(own.values, columns=list(SIGNAL_INDEX)).assign(
            turbine_id=own.turbine_id, timestamp=own.timestamp
        )
        for own in recorded()
    ]
    histories = unit_histories(pd.concat(frames), site, START, NOW)
    leads = {HOUR: tuple(HOUR * lead for lead in (1, 2, 6, 24)), 600: (600, HOUR)}
    boosting = Boosting(**LITTLE)
    options = Options(folds=2, blend_folds=2, weather_model=boosting, direct_model=boosting)
    return fit_farm(histories, replayed_weather(site), leads, options=options)


def two_turbines(settings: Settings, conf: Path) -> Settings:
    """A site of both turbines, and little boosting."""
    shutil.copytree(PROJECT_ROOT / "conf" / "base", conf / "base")
    (conf / "local").mkdir()
    path = conf / "base" / "sites" / "la_haute_borne.yml"
    content = yaml.safe_load(path.read_text("utf-8"))
    content["turbines"] = {name: content["turbines"][name] for name in TURBINES}
    path.write_text(yaml.safe_dump(content), "utf-8")
    judging = {"window_days": 8, "least_hours": 100}
    parameters = {"weather_model": LITTLE, "direct_model": LITTLE, "judging": judging}
    text = yaml.safe_dump({"forecast": parameters})
    (conf / "local" / "parameters_forecast.yml").write_text(text, "utf-8")
    return settings.model_copy(update={"conf_dir": conf})


def a_trained_forecaster(verdict: Verdict | None = None, **changes: Any) -> TrainedForecaster:
    """What a training hands to the registry; by default the first there is."""
    farm = a_farm()
    record = RunRecord(
        kind="perfect_weather",
        training_start=START,
        training_end=farm.training_end,
        score=4.5,
        features=(),
        data_start=START,
        data_end=NOW,
        data_rows=17_000,
        data_digest="d" * 64,
        configuration_digest="c" * 64,
    )
    verdict = verdict or Verdict(promote=True, against=None, why="There was no forecaster.")
    return TrainedForecaster(farm, replace(record, **changes), verdict)


def register(settings: Settings, verdict: Verdict | None = None, **changes: Any) -> int:
    """Register `a_trained_forecaster`; its version."""
    with ForecasterRegistry(settings) as registry:
        name = registry.put(a_trained_forecaster(verdict, **changes))
        return registry.flush()[name]


def fill(settings: Settings, first: int, last: int, turbines: Collection[str] = TURBINES) -> None:
    """Rows with first <= timestamp < last arrive, after the replay's clock has moved on."""
    site = load_site(settings.site, settings)
    manager = DataManager(settings.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    with manager.writing() as transaction:
        transaction.advance_replay(site.name, last)
    for own in recorded():
        known = own.turbine_id in turbines
        inside = (own.timestamp >= first) & (own.timestamp < last) & known
        part = TurbineRows(own.turbine_id, own.timestamp[inside], own.values[inside])
        ingest(manager, site, [part], source="test")
    manager.close()
