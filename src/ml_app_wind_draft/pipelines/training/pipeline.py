"""Pipeline `training`: history -> features -> search -> fit -> band -> figures -> verdict.

Inputs: `training_rows` (raw columns), `site`, `params:training`, `current_champion` (`LoadedModel`,
or `None`) and `study_folder`, where the search keeps its file. Output: `trained_model`.
"""

from kedro.pipeline import Pipeline, node, pipeline

from ml_app_wind_draft.pipelines.training import nodes


def create_pipeline(**_options: object) -> Pipeline:
    """The pipeline that trains and judges a challenger."""
    return pipeline(
        [
            node(nodes.prepare, ["training_rows", "site", "params:training"], "material"),
            node(nodes.search, ["material", "study_folder"], "hyperparameters"),
            node(nodes.fit, ["material", "hyperparameters"], "fitted_model"),
            node(
                nodes.calibrate,
                ["material", "fitted_model", "hyperparameters"],
                "challenger_bundle",
            ),
            node(nodes.compare, ["material", "challenger_bundle"], "metrics"),
            node(nodes.draw, ["material", "challenger_bundle"], "pictures"),
            node(
                nodes.record,
                ["material", "challenger_bundle", "hyperparameters", "metrics", "pictures"],
                "run_record",
            ),
            node(
                nodes.judge_challenger,
                ["material", "challenger_bundle", "current_champion"],
                "verdict",
            ),
            node(nodes.hand_over, ["challenger_bundle", "run_record", "verdict"], "trained_model"),
        ]
    )
