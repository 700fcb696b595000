"""The walk-forward: month after month, models fitted on what was known predict what came next.

Each month is trained for exactly as `wind train --watch` trains: on the history up to the month,
with the judging window at its end kept from the fit, and the champion changes, or gets a new band,
by the same verdict.
Hyper-parameters are chosen once, on the history before the first month: a search each month would
cost most of the time and change little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.bundle import PREDICTION_COLUMNS, Bundle
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training import nodes, renewal
from ml_app_wind_draft.registry.records import LoadedModel, ModelVersion

CURVE, CHALLENGER, CHAMPION = "iec_curve", "challenger", "champion"


@dataclass(frozen=True, slots=True)
class Month:
    """[start, end), s UTC, and the models that were there at its start.

    `bundles`: the IEC curve and the boosted challenger of that training, and the champion, which is
    an earlier one where the challenger did not earn its place.
    """

    start: int
    end: int
    bundles: dict[str, Bundle]
    why: str


def months(start: int, end: int) -> list[tuple[int, int]]:
    """The calendar months (UTC) that lie in [start, end), s; the last one may be cut."""
    edges = [start]
    moment = datetime.fromtimestamp(start, UTC)
    while edges[-1] < end:
        months_on = moment.month % 12 + 1
        moment = datetime(moment.year + moment.month // 12, months_on, 1, tzinfo=UTC)
        edges.append(min(int(moment.timestamp()), end))
    return list(pairwise(edges))


def walk_forward(
    rows: pd.DataFrame,
    site: Site,
    parameters: dict[str, Any],
    hyperparameters: dict[str, Any],
    spans: Sequence[tuple[int, int]],
) -> Iterator[Month]:
    """Train for each of `spans` (s UTC, by time) in turn on the rows of `rows` before it.

    `rows`: raw columns, all turbines; what lies in a span or behind it does not touch its models.
    """
    features = build_features(rows, site)
    timestamp = rows["timestamp"].to_numpy(np.int64)
    champion: LoadedModel | None = None
    for number, (start, end) in enumerate(spans, start=1):
        known = timestamp < start
        material = nodes.prepare(
            rows[known].reset_index(drop=True),
            features[known].reset_index(drop=True),
            site,
            parameters,
        )
        curve = nodes.power_curve_bundle(material)
        if champion is None:
            champion = as_champion(curve, 0, material.split.end)
        challenger = nodes.calibrate(
            material, nodes.fit(material, hyperparameters), hyperparameters
        )
        evidence = nodes.gather_evidence(material, challenger)
        verdict = nodes.judge_challenger(material, challenger, champion, evidence)
        why = verdict.why
        if verdict.promote:
            champion = as_champion(challenger, number, material.split.end)
        elif (kept := renewal.renewed(material, champion, verdict)) is not None:
            why += f" {renewal.why(material, champion)}"
            champion = as_champion(kept, champion.version.version, material.split.end)
        bundles = {CURVE: curve, CHALLENGER: challenger, CHAMPION: champion.bundle}
        yield Month(start, end, bundles, why)


def predict(
    walked: Sequence[Month], rows: pd.DataFrame, site: Site, model: str = CHAMPION
) -> pd.DataFrame:
    """Each row of `rows` predicted by the `model` of its month; NaN outside the months.

    `rows`: raw columns with the history that features look at; they may differ from those that the
    models were fitted on, by a fault put in, say. Columns: `PREDICTION_COLUMNS`, index of `rows`.
    """
    features = build_features(rows, site)
    timestamp = rows["timestamp"].to_numpy(np.int64)
    values = np.full((len(rows), len(PREDICTION_COLUMNS)), np.nan)
    for month in walked:
        inside = _between(timestamp, month.start, month.end)
        values[inside] = month.bundles[model].predict(features[inside]).to_numpy(np.float64)
    return pd.DataFrame(values, columns=list(PREDICTION_COLUMNS), index=rows.index)


def as_champion(bundle: Bundle, number: int, window_end: int) -> LoadedModel:
    """A bundle as the judge wants its champion: with a version, judged up to `window_end` (s)."""
    version = ModelVersion(
        version=number,
        kind=bundle.kind,
        aliases=(),
        created_at=0,
        training_start=bundle.training_start,
        training_end=bundle.training_end,
        metrics={},
        run_id="",
        url="",
        window_end=window_end,
    )
    return LoadedModel(version, bundle)


def _between(timestamp: NDArray[np.int64], start: int, end: int) -> NDArray[np.bool_]:
    return (timestamp >= start) & (timestamp < end)
