"""Scoring as the service does it, for tests that look at what comes of it."""

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.services.champion_watch import ChampionWatch
from ml_app_wind_draft.services.infer import Inference
from ml_app_wind_draft.services.shadow import Shadowing
from ml_app_wind_draft.services.shadow_watch import ShadowWatch
from ml_app_wind_draft.storage.data_manager import DataManager


def score_all(settings: Settings, manager: DataManager, site: Site) -> Inference:
    """What the service does until nothing waits; gives it for its message."""
    with ChampionWatch(settings) as watch:
        shadows = ShadowWatch(settings)
        shadows.check()
        inference = Inference(manager, site, watch, shadow=Shadowing(manager, site, shadows))
        while inference.tick().more:
            pass
    return inference
