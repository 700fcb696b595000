"""The kinds of models that MLflow keeps for this app, and what is said of each there."""

from dataclasses import dataclass

from ml_app_wind_draft.storage.data_manager import MODEL_NAME

FORECASTER_NAME = "wind_power_forecaster"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A registered model: its name, the experiment of its runs, its description."""

    name: str
    experiment: str
    about: str


EXPECTED_POWER = Shelf(
    MODEL_NAME, "expected_power", "Expected power of a wind turbine (kW) with its P10-P90 band."
)
FORECASTS = Shelf(
    FORECASTER_NAME, "forecast", "Quantiles of a wind farm's power in the next 48 hours, kW."
)
