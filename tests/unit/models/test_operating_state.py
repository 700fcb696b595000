"""The state of a turbine by the rules over its own signals."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.normal_operation import is_normal
from ml_app_wind_draft.models.operating_state import is_learned_from, states_of


def row(power: float, wind: float, pitch: float = 0.0, temperature: float = 10.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "turbine_id": ["R80711"],
            "power": [power],
            "wind_speed": [wind],
            "pitch_angle": [pitch],
            "ambient_temperature": [temperature],
        }
    )


@pytest.mark.parametrize(
    ("signals", "state"),
    [
        ((800.0, 8.0), "normal_operation"),
        ((800.0, 8.0, np.nan, np.nan), "normal_operation"),
        ((1950.0, 14.0, 12.0), "normal_operation"),  # pitched because rated power is reached
        ((1000.0, 12.0, 6.0), "partial_performance"),
        ((0.0, 4.6), "stopped"),
        ((-3.0, 12.0, 85.0), "stopped"),
        ((-2.0, 3.0, 45.0), "calm"),
        ((600.0, 0.2, 0.0, -1.0), "iced"),
        ((600.0, 0.2, 0.0, 15.0), "normal_operation"),  # a broken sensor, but no ice
        ((np.nan, 8.0), "information_unavailable"),
        ((800.0, np.nan), "information_unavailable"),
    ],
)
def test_the_rules_name_the_state(site: Site, signals: tuple[float, ...], state: str) -> None:
    assert states_of(row(*signals), site).tolist() == [state]


def test_models_learn_from_the_filters_rows_but_those_of_frozen_sensors(site: Site) -> None:
    random = np.random.default_rng(2)
    rows = pd.concat(
        [
            row(*each)
            for each in zip(
                random.uniform(-50, 2050, 500),
                random.uniform(0, 16, 500),
                random.uniform(-2, 20, 500),
                random.uniform(-9, 9, 500),
                strict=True,
            )
        ],
        ignore_index=True,
    )
    iced = states_of(rows, site) == "iced"
    assert 0 < iced.sum() < 50
    np.testing.assert_array_equal(is_learned_from(rows, site), is_normal(rows, site) & ~iced)


def test_a_turbine_that_the_site_does_not_have_is_named(site: Site) -> None:
    with pytest.raises(ModelError, match="T99"):
        states_of(row(1.0, 1.0).assign(turbine_id="T99"), site)
