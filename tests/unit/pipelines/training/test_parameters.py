import pytest
import yaml

from ml_app_wind_draft.core.config import PROJECT_ROOT
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.pipelines.training.parameters import Choices, read_parameters

SHIPPED = PROJECT_ROOT / "conf" / "base" / "parameters_training.yml"


def test_the_shipped_configuration_is_valid():
    parameters = read_parameters(yaml.safe_load(SHIPPED.read_text())["training"])
    assert parameters.search.trials == 25
    assert parameters.search.folds == 3
    assert parameters.promotion.shadow_first is False
    assert parameters.chosen.space["loss_function"] == Choices(choices=["RMSE", "MAE"])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"model": "oracle"}, "training.model = 'oracle'"),
        ({"windowdays": 3}, "training.windowdays"),
        ({"search": {"trials": 0}}, "training.search.trials = 0"),
        ({"promotion": {"shadow_first": "soon"}}, "training.promotion.shadow_first = 'soon'"),
        ({"promotion": {"shadowfirst": True}}, "training.promotion.shadowfirst"),
        ({"gap_days": 0.5}, "training.gap_days = 0.5"),
        ({"catboost": {"space": {"depth": {"low": 8, "high": 4}}}}, "must be below high"),
        ({"catboost": {"space": {"x": {"low": 0, "high": 1, "log": True}}}}, "above 0"),
        (
            {"catboost": {"fixed": {"depth": 4}, "space": {"depth": {"low": 1, "high": 4}}}},
            "both fixed and searched: depth",
        ),
    ],
)
def test_an_error_names_the_key_and_the_file(content, named):
    with pytest.raises(ConfigurationError, match=r"parameters_training\.yml") as caught:
        read_parameters(content)
    assert named in str(caught.value)
