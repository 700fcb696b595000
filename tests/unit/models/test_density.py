import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.density import air_density, normalised_wind_speed


def rows_with(turbine_id, temperature, pressure):
    return pd.DataFrame(
        {
            "turbine_id": [turbine_id],
            "ambient_temperature": [temperature],
            "air_pressure": [pressure],
        }
    )


def sea_level(site: Site) -> Site:
    foot = {
        name: each.model_copy(update={"elevation": 0.0, "hub_height": 1e-9})
        for name, each in site.turbines.items()
    }
    return site.model_copy(update={"turbines": foot})


def test_density_is_1_225_in_the_standard_atmosphere_at_sea_level(site):
    rows = rows_with("R80711", np.nan, np.nan)
    assert air_density(rows, sea_level(site))[0] == pytest.approx(1.225, abs=1e-3)


def test_measured_pressure_goes_before_the_standard_atmosphere(site):
    rows = rows_with("R80711", 20.0, 980.0)
    assert air_density(rows, site)[0] == pytest.approx(98_000 / (287.05 * 293.15))


def test_missing_pressure_is_that_of_elevation_plus_hub_height(site):
    rows = rows_with("R80711", 15.0, np.nan)
    assert air_density(rows, site)[0] == pytest.approx(95_565 / (287.05 * 288.15), rel=1e-3)


def test_an_unknown_turbine_is_an_error_that_names_it(site):
    with pytest.raises(ModelError, match="T99"):
        air_density(rows_with("T99", 15.0, np.nan), site)


def test_thin_air_counts_as_less_wind():
    assert normalised_wind_speed(np.array([10.0]), np.array([1.225]))[0] == pytest.approx(10)
    thin = normalised_wind_speed(np.array([10.0]), np.array([1.225 / 8]))
    assert thin[0] == pytest.approx(5)
