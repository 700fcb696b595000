"""Where the sun stands."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.clock import to_epoch
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.sun import sine_of_elevation

NOON = 11 * 3600 + 38 * 60  # UTC, when the sun stands highest at 5.6 deg east


def at(site: Site, day: str, seconds: int) -> float:
    rows = pd.DataFrame(
        {
            "turbine_id": ["R80711"],
            "timestamp": [to_epoch(datetime.fromisoformat(f"{day}T00:00+00:00")) + seconds],
        }
    )
    return float(np.rad2deg(np.arcsin(sine_of_elevation(rows, site, 0)[0])))


@pytest.mark.parametrize(
    ("day", "highest"), [("2014-06-21", 65.0), ("2014-12-21", 18.1), ("2014-03-20", 41.5)]
)
def test_the_sun_at_noon_stands_as_high_as_almanacs_say(
    site: Site, day: str, highest: float
) -> None:
    assert at(site, day, NOON) == pytest.approx(highest, abs=1)


def test_at_midnight_it_is_below_the_horizon(site: Site) -> None:
    assert at(site, "2014-06-21", 0) < 0


def test_without_a_position_nobody_knows(site: Site) -> None:
    turbine = site.turbines["R80711"].model_copy(update={"latitude": None})
    lost = site.model_copy(update={"turbines": {"R80711": turbine}})
    assert np.isnan(at(lost, "2014-06-21", NOON))
