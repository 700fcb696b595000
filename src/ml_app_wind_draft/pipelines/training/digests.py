"""Fingerprints: the same rows and the same configuration train the same model."""

import hashlib
import json

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.digests import digest_of_json
from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.pipelines.feature_eng.nodes import FEATURES
from ml_app_wind_draft.pipelines.training.parameters import TrainingParameters


def data_digest(history: pd.DataFrame) -> str:
    """SHA-256 of turbines, times and signals, whatever the rows' order."""
    ordered = history.sort_values(["turbine_id", "timestamp"], ignore_index=True)
    digest = hashlib.sha256()
    codes, names = pd.factorize(ordered["turbine_id"])
    digest.update(json.dumps([str(name) for name in names]).encode())
    digest.update(codes.astype("<i8").tobytes())
    digest.update(ordered["timestamp"].to_numpy("<i8").tobytes())
    for name in SIGNAL_NAMES:
        # one bit pattern for every NaN and zero
        values = ordered[name].to_numpy(np.float64) + 0.0
        digest.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
    return digest.hexdigest()


def configuration_digest(parameters: TrainingParameters, site: Site) -> str:
    """SHA-256 of everything besides the rows that decides what is trained."""
    content = {
        "parameters": parameters.model_dump(
            mode="json", exclude={"threads", "shadow", "promotion"}
        ),
        "turbines": {name: each.model_dump() for name, each in site.turbines.items()},
        "sampling_minutes": site.sampling_minutes,
        "normal_operation": site.normal_operation.model_dump(),
        "features": FEATURES,
    }
    return digest_of_json(content)
