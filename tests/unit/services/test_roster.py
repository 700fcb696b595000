import pytest

from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.services.roster import SERVICE_NAMES, address, probe_url, select


def test_the_six_services_have_the_names_of_the_specification() -> None:
    assert set(SERVICE_NAMES) == {
        "mlflow",
        "app-ml-train",
        "app-ml-inference",
        "app-stream-data",
        "app-ui",
        "kedro-viz",
    }


def test_a_selection_starts_in_the_order_of_starting() -> None:
    assert [service.name for service in select(["app-ui", "mlflow"])] == ["mlflow", "app-ui"]
    assert [service.name for service in select([])] == list(SERVICE_NAMES)


def test_an_unknown_service_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"app-web.*mlflow"):
        select(["app-web"])


def test_addresses_are_for_the_reader_and_probes_for_this_machine() -> None:
    settings = load_settings(
        {"MLFLOW_UI_URI": "http://farm:5001", "UI_PORT": "8051", "BIND_ADDRESS": "::"}
    )
    mlflow, ui = select(["mlflow", "app-ui"])
    assert address(mlflow, settings) == "http://farm:5001"
    assert address(ui, settings) == "http://localhost:8051"
    assert probe_url(ui, settings) == "http://127.0.0.1:8051/"
    assert "/api/" in probe_url(mlflow, settings)
