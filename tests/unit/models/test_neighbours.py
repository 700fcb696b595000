"""The other turbines at the same instant."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.neighbours import REFERENCES, median_of, places_of_others, references


def test_the_nearest_come_first(site: Site) -> None:
    assert references(site)["R80711"] == ["R80790", "R80721", "R80736"]


def test_a_large_farm_has_no_more_references_than_needed(site: Site) -> None:
    one = site.turbines["R80711"]
    turbines = {f"T{n:02}": one.model_copy(update={"latitude": 48.0 + n / 100}) for n in range(30)}
    found = references(site.model_copy(update={"turbines": turbines}))
    assert found["T10"] == ["T09", "T11", "T08", "T12", "T07", "T13"][:REFERENCES]


def test_without_positions_the_sites_order_decides(site: Site) -> None:
    nowhere = {
        name: each.model_copy(update={"latitude": None}) for name, each in site.turbines.items()
    }
    found = references(site.model_copy(update={"turbines": nowhere}))
    assert found["R80736"] == ["R80711", "R80721", "R80790"]


def test_others_are_found_at_the_same_instant_in_their_newest_revision(site: Site) -> None:
    rows = pd.DataFrame(
        [
            ("R80711", 0, 1),
            ("R80721", 0, 1),
            ("R80721", 0, 2),
            ("R80790", 600, 1),
            ("stranger", 0, 1),
        ],
        columns=["turbine_id", "timestamp", "revision"],
    )
    places = places_of_others(rows, site)
    assert sorted(places[:, 0].tolist()) == [-1, -1, 2]
    assert (places[:, 3:] == -1).all()


@pytest.mark.parametrize(
    ("values", "median"),
    [
        ([3.0, 1.0, 2.0], 2.0),
        ([3.0, 1.0, np.nan], 2.0),
        ([np.nan, 1.0, np.nan], 1.0),
        ([np.nan, np.nan, np.nan], np.nan),
        ([1.0, 2.0, 1000.0], 2.0),
    ],
)
def test_the_median_is_over_what_is_known(values: list[float], median: float) -> None:
    found = median_of(np.array(values), np.array([[0], [1], [2]]))
    np.testing.assert_equal(found, [median])


def test_a_turbine_without_others_has_no_median() -> None:
    assert np.isnan(median_of(np.array([1.0, 2.0]), np.empty((0, 2), np.int64))).all()
