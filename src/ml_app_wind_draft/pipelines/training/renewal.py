"""A champion that keeps its place gets a band of how it errs now.

Its weights stay. The band it came with is of the weeks before it was trained, and holds less and
less as seasons and sensors change.
"""

from dataclasses import replace

import numpy as np

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.calibration import fit_band
from ml_app_wind_draft.models.metrics import interval_coverage
from ml_app_wind_draft.pipelines.training.fitting import fraction_of
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
    predicted = champion.bundle.model.predict(rows)
    band = fit_band(predicted, fraction_of(rows) - predicted, rows, champion.bundle.turbines)
    return replace(champion.bundle, band=band)


def why(material: Material, champion: LoadedModel) -> str:
    """What the champion's history says of the change."""
    rows = material.window[material.window["normal"]]
    band = champion.bundle.predict(rows)
    low, high = (band[f"expected_power_{end}"].to_numpy(np.float64) for end in ("p10", "p90"))
    held = interval_coverage(low, high, rows["power"].to_numpy(np.float64))
    return (
        f"Version {champion.version.version} keeps its place, with a new band: the old one held "
        f"{held:.0%} of the rows from {say(material.split.window_start)} on."
    )
