"""Which rows a model in shadow and the champion meet on."""

from ml_app_wind_draft.core.states import LEARNED_FROM
from ml_app_wind_draft.registry.records import ModelVersion
from ml_app_wind_draft.storage.shadow import Duel

GAP = 86_400  # s after the training data: rows so near to them are no proof


def duel_of(shadow: ModelVersion, champion: ModelVersion) -> Duel:
    """The rows that models are judged on, after all that either has seen.

    A model has seen the rows of its fit, and those of its judging window: its band is made of them.
    """
    seen_until = max(_seen_until(shadow), _seen_until(champion))
    return Duel(shadow.version, champion.version, seen_until, LEARNED_FROM)


def _seen_until(version: ModelVersion) -> int:
    return max(version.training_end + GAP, version.window_end - 1)
