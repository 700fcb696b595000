"""A champion that stays gets a new band, and nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training import nodes, renewal
from ml_app_wind_draft.pipelines.training.material import Material
from ml_app_wind_draft.pipelines.training.parameters import Promotion
from ml_app_wind_draft.pipelines.training.walk_forward import as_champion
from ml_app_wind_draft.registry.records import LoadedModel, Verdict
from tests.turbine_data import START, turbine_data

DAY = 86_400
PARAMETERS = {"threads": 1, "least_rows": 1000, "search": {"folds": 2}}
KEPT = Verdict(promote=False, against=3, why="not better")


def material_of(rows: pd.DataFrame, site: Site) -> Material:
    return nodes.prepare(rows, build_features(rows, site), site, PARAMETERS)


@pytest.fixture(scope="module")
def months(site: Site) -> tuple[Material, Material]:
    """A training, and one 40 days later: by then every turbine makes a tenth less."""
    rows = turbine_data(site, 100 * 144)
    worn = rows["timestamp"] >= START + 60 * DAY
    rows = rows.assign(power=rows["power"].where(~worn, 0.9 * rows["power"]))
    early = rows[rows["timestamp"] < START + 60 * DAY].reset_index(drop=True)
    return material_of(early, site), material_of(rows, site)


@pytest.fixture(scope="module")
def champion(months: tuple[Material, Material]) -> LoadedModel:
    material = months[0]
    return as_champion(nodes.power_curve_bundle(material), 3, material.split.end)


def coverage(bundle, material) -> float:
    rows = material.window[material.window["normal"]]
    band = bundle.predict(rows)
    inside = (rows["power"] >= band["expected_power_p10"]) & (
        rows["power"] <= band["expected_power_p90"]
    )
    return float(inside.mean())


def test_an_old_band_is_renewed_from_how_the_champion_errs_now(months, champion):
    later = months[1]
    bundle = renewal.renewed(later, champion, KEPT)
    assert bundle is not None
    assert coverage(champion.bundle, later) < 0.7
    assert coverage(bundle, later) > 0.78
    rows = later.window
    np.testing.assert_array_equal(
        bundle.predict(rows)["expected_power"], champion.bundle.predict(rows)["expected_power"]
    )
    assert bundle.training_end == champion.bundle.training_end


def test_the_history_says_how_much_the_old_band_held(months, champion):
    held = coverage(champion.bundle, months[1])
    assert f"the old one held {held:.0%} of the rows" in renewal.why(months[1], champion)


def test_a_band_of_late_stays(months, champion):
    assert renewal.renewed(months[0], champion, KEPT) is None


def test_a_champion_that_is_replaced_gets_no_new_band(months, champion):
    better = Verdict(promote=True, against=3, why="better")
    assert renewal.renewed(months[1], champion, better) is None


def test_too_few_rows_that_the_champion_was_not_fitted_on_make_no_band(months, champion):
    later = months[1]
    seen = replace(champion.bundle, training_end=later.split.end - DAY)
    assert renewal.renewed(later, replace(champion, bundle=seen), KEPT) is None


def test_the_renewed_champion_is_handed_over_beside_the_challenger(months, champion):
    later = months[1]
    challenger = nodes.power_curve_bundle(later)
    (renewed,) = nodes.renew_band(later, champion, KEPT)
    assert renewed.verdict.promote
    assert renewed.verdict.against == 3
    assert renewed.record.parameters["renews_version"] == 3
    assert renewed.record.window_end == later.split.end
    assert set(renewed.record.plots)
    both = nodes.hand_over(challenger, renewed.record, KEPT, [renewed])
    assert [each.bundle for each in both] == [challenger, renewed.bundle]
    assert nodes.renew_band(later, None, KEPT) == []
    assert len(nodes.hand_over(challenger, renewed.record, KEPT, [])) == 1


def test_with_shadow_first_what_is_better_goes_into_shadow_and_the_champion_gets_its_band(
    months, champion
):
    _, later = months
    promotion = Promotion(shadow_first=True)
    careful = replace(
        later, parameters=later.parameters.model_copy(update={"promotion": promotion})
    )
    better = Verdict(promote=True, against=3, why="Better beyond noise.")
    assert nodes.decide(later, better) == better
    decided = nodes.decide(careful, better)
    assert decided.shadow
    assert not decided.promote
    assert decided.against == 3
    assert decided.why == "Into shadow of version 3, not promoted yet. Better beyond noise."
    (renewed,) = nodes.renew_band(careful, champion, decided)
    assert renewed.verdict.promote


def test_shadow_first_changes_nothing_for_a_first_champion_and_for_what_is_no_better(months):
    promotion = Promotion(shadow_first=True)
    parameters = months[0].parameters.model_copy(update={"promotion": promotion})
    careful = replace(months[0], parameters=parameters)
    for verdict in (KEPT, Verdict(promote=True, against=None, why="There was no champion.")):
        assert nodes.decide(careful, verdict) == verdict
