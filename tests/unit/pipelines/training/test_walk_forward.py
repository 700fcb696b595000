"""Month after month: what was known predicts what came next."""

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.pipelines.training.walk_forward import (
    CHALLENGER,
    CHAMPION,
    CURVE,
    Month,
    months,
    predict,
    walk_forward,
)
from tests.turbine_data import START, turbine_data

DAY = 86_400
HYPERPARAMETERS = {"iterations": 20, "depth": 4, "learning_rate": 0.3, "random_seed": 1}
PARAMETERS = {"threads": 1, "least_rows": 1000, "search": {"folds": 2}}
SPANS = [(START + 40 * DAY, START + 46 * DAY), (START + 46 * DAY, START + 52 * DAY)]


@pytest.fixture(scope="module")
def rows(site: Site) -> pd.DataFrame:
    return turbine_data(site, 52 * 144)


@pytest.fixture(scope="module")
def walked(rows: pd.DataFrame, site: Site) -> list[Month]:
    return list(walk_forward(rows, site, PARAMETERS, HYPERPARAMETERS, SPANS))


def test_a_year_has_twelve_months_and_the_last_may_be_cut() -> None:
    spans = months(1_420_070_400, 1_451_606_400 - DAY)
    assert [say(start)[:10] for start, _ in spans] == [f"2015-{n:02}-01" for n in range(1, 13)]
    assert spans[-1][1] == 1_451_606_400 - DAY


def test_models_are_fitted_before_the_judging_window(walked: list[Month]) -> None:
    for month in walked:
        assert month.bundles[CHALLENGER].training_end < month.start - 8 * DAY
    assert walked[0].bundles[CURVE].kind == "power_curve"


def test_the_future_does_not_touch_the_models(
    rows: pd.DataFrame, site: Site, walked: list[Month]
) -> None:
    later = rows["timestamp"] >= SPANS[0][0]
    changed = rows.assign(power=rows["power"].mask(later, 0.0))
    (again,) = walk_forward(changed, site, PARAMETERS, HYPERPARAMETERS, SPANS[:1])
    pd.testing.assert_frame_equal(
        predict([again], rows, site, CHALLENGER), predict(walked[:1], rows, site, CHALLENGER)
    )


def test_each_row_is_predicted_by_its_months_model_only(
    rows: pd.DataFrame, site: Site, walked: list[Month]
) -> None:
    found = predict(walked, rows, site)["expected_power"].notna()
    np.testing.assert_array_equal(found, rows["timestamp"] >= SPANS[0][0])


@pytest.mark.parametrize("signal", ["power", "pitch_angle", "rotor_speed", "generator_speed"])
@pytest.mark.parametrize("model", [CHALLENGER, CHAMPION, CURVE])
def test_no_prediction_depends_on_power_or_its_effects(
    rows: pd.DataFrame, site: Site, walked: list[Month], signal: str, model: str
) -> None:
    changed = rows.assign(**{signal: rows["power"] * 0.5})
    pd.testing.assert_frame_equal(
        predict(walked, changed, site, model), predict(walked, rows, site, model), check_exact=True
    )
