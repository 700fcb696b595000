"""The kinds of models that MLflow keeps for this app, and what is said of each there."""

from dataclasses import dataclass

from ml_app_wind_draft.storage.data_manager import MODEL_NAME

FORECASTER_NAME = "wind_power_forecaster"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A registered model: its name, the experiment of its runs, its description.

    `copies` is the folder under `data/` that keeps the versions in use.
    """

    name: str
    experiment: str
    about: str
    copies: str


EXPECTED_POWER = Shelf(
    name=MODEL_NAME,
    experiment="expected_power",
    about="Expected power of a wind turbine (kW) with its P10-P90 band.",
    copies="models",
)
FORECASTS = Shelf(
    name=FORECASTER_NAME,
    experiment="forecast",
    about="Quantiles of a wind farm's power in the next 48 hours, kW.",
    copies="forecasters",
)
