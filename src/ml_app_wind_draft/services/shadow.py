"""A model in shadow: scored on the live stream, stored apart, never used, never in the way."""

import logging

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.pipelines.inference.nodes import Batch, score
from ml_app_wind_draft.registry.records import LoadedModel
from ml_app_wind_draft.services.shadow_watch import Shadows
from ml_app_wind_draft.storage.data_manager import DataManager

log = logging.getLogger(__name__)


class Shadowing:
    """Scores with the shadow what the champion has scored just now.

    It comes after the champion's outcomes are stored. Whatever goes wrong here is said, once, and
    goes no further. `said` is a sentence for the service's heartbeat, "" without a shadow.
    """

    def __init__(self, manager: DataManager, site: Site, watch: Shadows) -> None:
        self._manager = manager
        self._site = site
        self._watch = watch
        self._trouble: tuple[int, str] | None = None

    @property
    def said(self) -> str:
        """How the shadow fares."""
        wanted = self._watch.wanted
        if wanted is None:
            return ""
        version, trouble = self._trouble or (wanted, "")
        trouble = self._watch.trouble or (trouble if version == wanted else "")
        if trouble:
            return f"The shadow, version {wanted}, does not score: {trouble}"
        return f"In its shadow: version {wanted}."

    def follow(self, batch: Batch, champion: LoadedModel) -> None:
        """Score the waiting rows of `batch` that neither model was trained on."""
        wanted, shadow = self._watch.wanted, self._watch.current
        if wanted is None or wanted == champion.version.version:
            return
        try:
            if shadow is not None:
                self._score(batch, champion, shadow)
                self._trouble = None
            elif self._watch.trouble:
                self._complain(wanted, self._watch.trouble)
        except Exception as error:  # noqa: BLE001 - a shadow never stops what is used
            self._complain(wanted, str(error) or type(error).__name__)

    def _score(self, batch: Batch, champion: LoadedModel, shadow: LoadedModel) -> None:
        seen_until = max(champion.version.training_end, shadow.version.training_end)
        outcomes = score(batch, shadow, self._site)
        unseen = outcomes[outcomes["timestamp"] > seen_until]
        if not unseen.empty:
            self._manager.save_shadow_outcomes(unseen)

    def _complain(self, version: int, trouble: str) -> None:
        if self._trouble == (version, trouble):
            return
        self._trouble = (version, trouble)
        log.warning("The model in shadow, version %d, does not score: %s", version, trouble)
        try:
            self._manager.note_shadow_trouble(version, trouble)
        except Exception as error:  # noqa: BLE001 - it is in the log, and in the heartbeat
            log.warning("That could not be written down: %s", error)
