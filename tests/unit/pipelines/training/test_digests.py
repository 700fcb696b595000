import pytest

from ml_app_wind_draft.pipelines.training.digests import configuration_digest, data_digest
from ml_app_wind_draft.pipelines.training.parameters import read_parameters
from tests.turbine_data import turbine_data


def test_the_same_rows_in_any_order_have_one_digest(site):
    rows = turbine_data(site, 20)
    shuffled = rows.sample(frac=1, random_state=1)
    assert data_digest(shuffled) == data_digest(rows)


@pytest.mark.parametrize("column", ["wind_speed", "power", "timestamp", "turbine_id"])
def test_any_changed_value_changes_the_digest(site, column):
    rows = turbine_data(site, 20)
    changed = rows.copy()
    changed.loc[3, column] = "R80790" if column == "turbine_id" else changed.loc[3, column] + 1
    assert data_digest(changed) != data_digest(rows)


def test_the_configuration_counts_and_what_does_not_change_the_model_does_not(site):
    digest = configuration_digest(read_parameters({}), site)
    assert configuration_digest(read_parameters({"threads": 7}), site) == digest
    shadow_first = read_parameters({"promotion": {"shadow_first": True}})
    assert configuration_digest(shadow_first, site) == digest
    assert configuration_digest(read_parameters({"margin": 0.02}), site) != digest
    other = site.model_copy(update={"sampling_minutes": 5})
    assert configuration_digest(read_parameters({}), other) != digest
