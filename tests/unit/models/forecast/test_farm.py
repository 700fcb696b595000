"""The farm as a unit of its own, and all forecasters in a folder."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.errors import ModelError, TrainingError
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.models.forecast.farm import (
    FARM_FILE,
    fit_farm,
    load_farm,
    resolutions,
    unit_histories,
)
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.models.forecast.units import capacities, farm_name
from tests.unit.models.forecast.farm import QUICK, made_up


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site("la_haute_borne", load_settings({}))


def rows(site: Site, **changes: dict[int, float]) -> pd.DataFrame:
    """Two steps of each turbine: 1000 kW, wind from north by a little east or west."""
    parts = []
    for number, name in enumerate(site.turbine_ids):
        own = {"timestamp": [0, 600], "power": 1000.0, "wind_speed": 8.0 + number}
        angle = {"wind_direction": 350.0 if number % 2 else 10.0, "ambient_temperature": 5.0}
        parts.append(pd.DataFrame({"turbine_id": name, **own, **angle}))
    table = pd.concat(parts, ignore_index=True)
    for column, values in changes.items():
        for row, value in values.items():
            table.loc[row, column] = value
    return table


def test_the_farms_power_is_known_where_every_turbines_is(site):
    histories = unit_histories(rows(site, power={1: np.nan}), site, 0, 1800)
    farm = histories[farm_name(site)]
    assert farm.power == pytest.approx([4000 / 8200, np.nan, np.nan], nan_ok=True)
    assert histories["R80721"].power == pytest.approx([1000 / 2050] * 2 + [np.nan], nan_ok=True)


def test_the_farms_wind_is_the_mean_and_directions_are_averaged_around_north(site):
    changed = rows(site, wind_speed={0: np.nan})
    farm = unit_histories(changed, site, 0, 1200)[farm_name(site)]
    assert farm.measured["wind_speed"] == pytest.approx([10.0, 9.5])
    north = np.cos(np.deg2rad(farm.measured["wind_direction"]))
    assert north == pytest.approx([1.0, 1.0])


def test_hours_to_two_days_and_steps_to_six_hours(site):
    leads = resolutions(site)
    assert leads[HOUR][-1] == 48 * HOUR
    assert leads[600][:2] == (600, 1200)
    assert leads[600][-1] == 6 * HOUR
    hourly = resolutions(site.model_copy(update={"sampling_minutes": 60}))
    assert set(hourly) == {HOUR}


def test_all_forecasters_are_saved_and_a_unit_without_power_gets_no_forecast(site, tmp_path):
    history, weather = made_up(60)
    units = {"R80711": history, farm_name(site): history}
    farm = fit_farm(units, weather, {HOUR: QUICK.leads}, options=QUICK)
    names = farm.save(tmp_path)
    assert all((tmp_path / name).is_file() for name in names)
    again = load_farm(tmp_path)
    assert again.weather == "perfect"
    dead = replace(history, power=np.full_like(history.power, np.nan))
    issued = again.issue({**units, "R80711": dead}, weather, capacities(site), history.end)
    assert set(issued["unit"]) == {farm_name(site)}
    assert issued["q95"].max() <= 8200 * 1.001
    assert issued["start"].tolist() == [history.end + lead - HOUR for lead in QUICK.leads]
    assert again.issue({"R80711": dead}, weather, capacities(site), history.end).empty


def test_a_unit_with_too_little_power_is_left_out_and_the_others_are_forecast(site, caplog):
    history, _ = made_up(60)
    long_out = np.where(np.arange(len(history.power)) < 24 * 30, np.nan, history.power)
    units = {"R80711": history, "R80721": replace(history, power=long_out)}
    with caplog.at_level("WARNING"):
        farm = fit_farm(units, None, {HOUR: (HOUR,)}, options=QUICK)
    assert set(farm.forecasters) == {("R80711", HOUR)}
    assert "R80721: 30 days" in caplog.text
    with pytest.raises(TrainingError, match="42 days"):
        fit_farm({"R80721": units["R80721"]}, None, {HOUR: (HOUR,)}, options=QUICK)


def test_a_folder_without_forecasters_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no readable forecasters"):
        load_farm(tmp_path)
    (tmp_path / FARM_FILE).write_text(json.dumps({"forecasters": [{"unit": "a"}]}))
    with pytest.raises(ModelError, match="no readable forecasters"):
        load_farm(tmp_path)
