"""A champion that keeps its place gets a band of how it errs now.

Its weights stay. The band it came with is of the weeks before it was trained, and holds less and
less as seasons and sensors change.
"""

from dataclasses import replace

import numpy as np

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.metrics import scores
from ml_app_wind_draft.pipelines.training.fitting import band_of
from ml_app_wind_draft.pipelines.training.material import Material
from ml_app_wind_draft.pipelines.training.parameters import DAY
from ml_app_wind_draft.registry.records import LoadedModel, Verdict

OLD = 20 * DAY  # a band whose window ended that long ago is renewed; trainings are monthly


def renewed(material: Material, champion: LoadedModel, verdict: Verdict) -> Bundle | None:
    """The champion with a band from the judging window's residuals.

    `None` where the challenger takes its place, its band is of late, or the window has too few
    normal rows that it was not fitted on.
    """
    if verdict.promote or material.split.end - champion.version.window_end < OLD:
        return None
    window = material.window
    unseen = window["timestamp"] > champion.bundle.training_end + material.parameters.gap
    rows = window[window["normal"] & unseen]
    if len(rows) < material.parameters.least_rows:
        return None
    bundle = champion.bundle
    return replace(bundle, band=band_of(bundle.model.predict(rows), rows, bundle.turbines))


def why(material: Material, champion: LoadedModel) -> str:
    """What the champion's history says of the change."""
    rows = material.window[material.window["normal"]]
    power, rated = (rows[name].to_numpy(np.float64) for name in ("power", "rated_power"))
    held = scores(champion.bundle.predict(rows), power, rated)["interval_coverage"]
    return (
        f"Version {champion.version.version} keeps its place, with a new band: the old one held "
        f"{held:.0%} of the rows from {say(material.split.window_start)} on."
    )
