"""The pipelines that `kedro run --pipeline NAME` and Kedro Viz know."""

from kedro.pipeline import Pipeline, pipeline

from ml_app_wind_draft.pipelines.inference.pipeline import create_pipeline as create_inference
from ml_app_wind_draft.pipelines.training.pipeline import create_pipeline as create_training


def register_pipelines() -> dict[str, Pipeline]:
    """By name; the default is the way from the rows to a model and on to the predictions."""
    # Training begins without a champion, inference cannot: see the two entries of the catalog.
    training = pipeline(create_training(), inputs={"champion": "current_champion"})
    inference = create_inference()
    return {"training": training, "inference": inference, "__default__": training + inference}
