"""Pipeline `training`: from the history to a judged challenger.

Features, search, fit, band, figures, faults, verdict; a new band for a champion that stays.

Inputs: `history` (raw columns), `site`, `params:training`, `champion` (`LoadedModel`,
or `None`) and `study_folder`, where the search keeps its file. Output: `trained_models`.
"""

from types import FunctionType

from kedro.pipeline import Node, Pipeline, node

from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training import nodes

STEPS: tuple[tuple[FunctionType, list[str], str], ...] = (
    (nodes.take, ["history"], "rows"),
    (build_features, ["rows", "site"], "features"),
    (nodes.prepare, ["rows", "features", "site", "params:training"], "material"),
    (nodes.search, ["material", "study_folder"], "hyperparameters"),
    (nodes.fit, ["material", "hyperparameters"], "fitted_model"),
    (nodes.calibrate, ["material", "fitted_model", "hyperparameters"], "challenger"),
    (nodes.compare, ["material", "challenger"], "metrics"),
    (nodes.gather_evidence, ["material", "challenger"], "evidence"),
    (nodes.draw, ["material", "challenger", "evidence"], "pictures"),
    (
        nodes.record,
        ["material", "challenger", "hyperparameters", "metrics", "evidence", "pictures"],
        "run_record",
    ),
    (nodes.judge_challenger, ["material", "challenger", "champion", "evidence"], "judgement"),
    (nodes.decide, ["material", "judgement"], "verdict"),
    (nodes.renew_band, ["material", "champion", "verdict"], "renewed_champion"),
    (
        nodes.hand_over,
        ["challenger", "run_record", "verdict", "renewed_champion"],
        "trained_models",
    ),
)


def create_pipeline(**_options: object) -> Pipeline:
    """The pipeline that trains and judges a challenger."""
    return Pipeline([_named(*step) for step in STEPS])


def _named(function: FunctionType, inputs: list[str], output: str) -> Node:
    return node(function, inputs, output, name=function.__name__)
