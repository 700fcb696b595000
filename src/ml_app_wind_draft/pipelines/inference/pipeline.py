"""`inference`: waiting rows -> features -> expected power -> outcomes."""

from kedro.pipeline import Pipeline, node

from ml_app_wind_draft.pipelines.inference.nodes import (
    conclude,
    fetch_work,
    predict,
    select_features,
)


def create_pipeline() -> Pipeline:
    """Scores with the champion what waits in `data_manager`; saving `outcomes` stores them."""
    return Pipeline(
        [
            node(
                fetch_work,
                inputs=["data_manager", "champion", "site", "params:inference"],
                outputs="scoring_rows",
                name="fetch_work",
            ),
            node(
                select_features,
                inputs=["scoring_rows", "site"],
                outputs="scoring_features",
                name="build_scoring_features",
            ),
            node(
                predict,
                inputs=["scoring_features", "champion"],
                outputs="estimates",
                name="predict",
            ),
            node(
                conclude,
                inputs=["scoring_rows", "scoring_features", "estimates", "champion", "site"],
                outputs="outcomes",
                name="conclude",
            ),
        ],
        tags="inference",
    )
