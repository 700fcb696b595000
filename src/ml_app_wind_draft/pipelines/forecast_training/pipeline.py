"""Pipeline `forecast_training`: history to forecasters, and their judgement.

Inputs: `history` (raw columns), `site`, `site_weather` (or `None`), `current_forecaster` (or
`None`), `params:forecast`. Output: `trained_forecaster`, which MLflow keeps as
`wind_power_forecaster`.
"""

from kedro.pipeline import Pipeline, node

from ml_app_wind_draft.pipelines.forecast_training import nodes


def create_pipeline(**_options: object) -> Pipeline:
    """The pipeline that trains and judges all forecasters of a site."""
    return Pipeline(
        [
            node(
                nodes.prepare,
                ["history", "site_weather", "site", "params:forecast"],
                "forecast_lessons",
                name="prepare_lessons",
            ),
            node(
                nodes.fit_forecasters,
                ["forecast_lessons", "site"],
                "fitted_forecasters",
                name="fit_forecasters",
            ),
            node(
                nodes.try_out,
                ["fitted_forecasters", "forecast_lessons"],
                "forecast_trial",
                name="try_out",
            ),
            node(
                nodes.try_persistence,
                ["forecast_trial", "forecast_lessons", "site"],
                "persistence_trial",
                name="try_persistence",
            ),
            node(
                nodes.judge_forecasters,
                ["forecast_trial", "current_forecaster", "forecast_lessons"],
                "forecast_verdict",
                name="judge_forecasters",
            ),
            node(
                nodes.figures,
                ["fitted_forecasters", "forecast_trial", "persistence_trial", "site"],
                "forecast_figures",
                name="forecast_figures",
            ),
            node(
                nodes.draw_plots,
                ["forecast_trial", "persistence_trial", "site"],
                "forecast_plots",
                name="draw_forecast_plots",
            ),
            node(
                nodes.record,
                [
                    "fitted_forecasters",
                    "forecast_lessons",
                    "forecast_figures",
                    "forecast_plots",
                    "forecast_verdict",
                ],
                "trained_forecaster",
                name="record_forecasters",
            ),
        ]
    )
