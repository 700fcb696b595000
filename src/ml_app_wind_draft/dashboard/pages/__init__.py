"""The dashboard's pages, in the order of the navigation."""

from ml_app_wind_draft.dashboard.page import Page
from ml_app_wind_draft.dashboard.pages import farm, models, pipelines, quality, status, turbine

PAGES: list[Page] = [
    farm.PAGE,
    turbine.PAGE,
    models.PAGE,
    quality.PAGE,
    pipelines.PAGE,
    status.PAGE,
]
