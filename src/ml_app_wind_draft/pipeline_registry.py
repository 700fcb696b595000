"""The pipelines that `kedro run --pipeline NAME` and Kedro Viz know."""

from kedro.pipeline import Pipeline

from ml_app_wind_draft.pipelines.inference import pipeline as inference
from ml_app_wind_draft.pipelines.training import pipeline as training


def register_pipelines() -> dict[str, Pipeline]:
    """By name; the default is the way from the rows to a model and on to the predictions."""
    pipelines = {"training": training.create_pipeline(), "inference": inference.create_pipeline()}
    return {**pipelines, "__default__": sum(pipelines.values(), Pipeline([]))}
