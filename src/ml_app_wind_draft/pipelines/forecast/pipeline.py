"""Pipeline `forecast`: issue forecasts for the last whole hour, and note what came.

Inputs: `data_manager`, `site`, `site_weather` (or `None`), `forecaster`. Outputs:
`issued_forecasts` and `forecast_outcomes`.
"""

from kedro.pipeline import Pipeline, node

from ml_app_wind_draft.pipelines.forecast import nodes


def create_pipeline(**_options: object) -> Pipeline:
    """The pipeline that forecasts a site's next 48 hours."""
    return Pipeline(
        [
            node(nodes.read_recent, ["data_manager", "site"], "recent", name="read_recent"),
            node(
                nodes.issue,
                ["recent", "forecaster", "site_weather", "site"],
                "issued_forecasts",
                name="issue",
            ),
            node(nodes.what_came, ["recent", "site"], "forecast_outcomes", name="what_came"),
        ]
    )
