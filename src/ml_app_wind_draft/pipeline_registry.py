"""The pipelines that `kedro run --pipeline NAME` and Kedro Viz know."""

from kedro.pipeline import Pipeline, pipeline

from ml_app_wind_draft.pipelines.forecast.pipeline import create_pipeline as create_forecast
from ml_app_wind_draft.pipelines.forecast_training.pipeline import (
    create_pipeline as create_forecast_training,
)
from ml_app_wind_draft.pipelines.inference.pipeline import create_pipeline as create_inference
from ml_app_wind_draft.pipelines.training.pipeline import create_pipeline as create_training


def register_pipelines() -> dict[str, Pipeline]:
    """By name; the default is the way from the rows to a model and on to the predictions."""
    # Training begins without a champion, inference cannot: see the two entries of the catalog.
    training = pipeline(create_training(), inputs={"champion": "current_champion"})
    inference = create_inference()
    return {
        "training": training,
        "inference": inference,
        "forecast_training": create_forecast_training(),
        "forecast": create_forecast(),
        "__default__": training + inference,
    }
