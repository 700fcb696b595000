"""Pipeline `forecast_training`: history to forecasters.

Inputs: `history` (raw columns), `site`, `site_weather` (or `None`), `params:forecast`. Output:
`trained_forecaster`, which MLflow keeps as `wind_power_forecaster`.
"""

from kedro.pipeline import Pipeline, node

from ml_app_wind_draft.pipelines.forecast_training import nodes


def create_pipeline(**_options: object) -> Pipeline:
    """The pipeline that trains all forecasters of a site."""
    return Pipeline(
        [
            node(nodes.split_units, ["history", "site"], "unit_histories", name="split_units"),
            node(
                nodes.fit_forecasters,
                ["unit_histories", "site_weather", "site", "params:forecast"],
                "fitted_forecasters",
                name="fit_forecasters",
            ),
            node(nodes.measure, "fitted_forecasters", "trained_forecaster", name="measure"),
        ]
    )
