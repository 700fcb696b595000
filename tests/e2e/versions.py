"""Registered model versions to look at: a curve, a better challenger, two that were kept out."""

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.registry.records import Comparison, RunRecord, TrainedModel, Verdict
from ml_app_wind_draft.storage.data_manager import DataManager
from tests.e2e.farm import DAY, NEW_YEAR
from tests.integration.conftest import a_curve

IMPORTANCE = {
    "wind_speed_normalised": 31.2,
    "wind_speed": 22.8,
    "wind_direction": 12.4,
    "wind_speed_mean_50min": 9.9,
    "turbine": 8.1,
    "ambient_temperature": 6.3,
}
ROWS = 34_037


def register(settings: Settings, manager: DataManager) -> None:
    """Version 1 was champion, 2 is, 3 was judged against 2 on the rows of a month later."""
    first = Verdict(promote=True, against=None, why="There was no champion.")
    second = Verdict(True, 1, "Better beyond noise.", Comparison(1, ROWS, 29.41, 31.67))
    third = Verdict(False, 2, "Kept version 2, the difference may be noise.")
    with ModelRegistry(settings, manager) as registry:
        for trained in (
            _trained(first, score=31.67, coverage=0.706),
            _trained(second, score=29.41, coverage=0.686, reference=31.67),
            _trained(third, score=30.1, coverage=0.752, reference=33.4, later=30 * DAY),
        ):
            registry.put(trained)
            registry.flush()


def _trained(
    verdict: Verdict,
    *,
    score: float,
    coverage: float,
    reference: float | None = None,
    later: int = 0,
) -> TrainedModel:
    window_start, window_end = NEW_YEAR - 60 * DAY + later, NEW_YEAR - 600 + later
    bundle = a_curve(window_start - DAY)
    record = RunRecord(
        kind="power_curve" if reference is None else "catboost",
        training_start=bundle.training_start,
        training_end=bundle.training_end,
        score=score,
        features=tuple(bundle.features),
        data_start=bundle.training_start,
        data_end=window_end,
        data_rows=210_216,
        data_digest=f"{later:064d}",
        configuration_digest="c" * 64,
        metrics={
            "mae": score,
            "rmse": 1.66 * score,
            "interval_coverage": coverage,
            "rows": ROWS,
            **({} if reference is None else {"iec_curve_mae": reference}),
        },
        importance={} if reference is None else IMPORTANCE,
        window_start=window_start,
        window_end=window_end,
    )
    return TrainedModel(bundle, record, verdict)
