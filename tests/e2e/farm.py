"""A database that looks like the running farm's: recorded rows, and outcomes of an IEC curve.

No test needs `python -m tests.e2e.farm`: with DATA_DIR set it fills that folder's database and
keeps replaying, to look at the page while working on it.
"""

import time
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.core.states import NORMAL, NOT_NORMAL
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.models.normal_operation import is_normal
from ml_app_wind_draft.models.power_curve import PowerCurve, fit_power_curve
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.services.alarm_watch import AlarmWatch
from ml_app_wind_draft.storage.data_manager import ChampionChange, DataManager

DAY = 86400
NEW_YEAR = 1420070400  # 2015-01-01 00:00 UTC
HISTORY_DAYS = 45
RATED = 2050  # kW, each


def recorded(site: Site, start: int, end: int) -> pd.DataFrame:
    """Recorded rows of the site with the app's column names."""
    assert site.replay
    names = {each.column: signal for signal, each in site.columns.signals.items()}
    raw = pd.read_parquet(site.replay.path)
    stamps = pd.to_datetime(raw[site.columns.timestamp.column], utc=True)
    rows = raw.rename(columns={**names, site.columns.turbine_id: "turbine_id"}).assign(
        timestamp=stamps.astype("datetime64[s, UTC]").astype("int64")
    )
    rows = rows[(rows["timestamp"] >= start) & (rows["timestamp"] < end)]
    return rows[["turbine_id", "timestamp", *names.values()]]


@dataclass
class Farm:
    """Replays recorded rows into a database and scores them when told to."""

    manager: DataManager
    site: Site
    version: int = 1
    until: int = NEW_YEAR
    _rows: pd.DataFrame = field(init=False)
    _curve: PowerCurve = field(init=False)
    _spread: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.manager.init_raw_db_table()
        self.manager.register_site(self.site)
        start = NEW_YEAR - HISTORY_DAYS * DAY
        self._rows = recorded(self.site, start, NEW_YEAR + 60 * DAY)
        measured = self._rows["power"].notna() & self._rows["wind_speed"].notna()
        history = self._rows[measured & (self._rows["timestamp"] < NEW_YEAR)]
        features = build_features(self._stored(history), self.site)
        assert (features["rated_power"] == RATED).all()
        fraction = history["power"].to_numpy() / RATED
        normal = is_normal(history, self.site)
        self._curve = fit_power_curve(features[normal], fraction[normal], self.site.step)
        expected = self._curve.predict(features[normal])
        bins = np.clip((expected * 10).astype(int), 0, 9)
        error = fraction[normal] - expected
        self._spread = np.array(
            [np.quantile(error[bins == each], [0.1, 0.9]) for each in range(10)]
        )

    def load_history(self, days: float = 2) -> None:
        """Rows before the replay; they are never scored."""
        rows = self._rows[self._rows["timestamp"].between(NEW_YEAR - days * DAY, NEW_YEAR - 1)]
        ingest_frame(self.manager, self.site, rows, source="test")
        self.manager.drop_work_up_to(NEW_YEAR - 1)

    def weaken(self, turbine: str, start: int, end: int, factor: float) -> None:
        """Let a turbine make less than was recorded, from a second to another."""
        weak = self._rows["timestamp"].between(start, end - 1) & (
            self._rows["turbine_id"] == turbine
        )
        self._rows.loc[weak, "power"] *= factor

    def replay(self, seconds: int, *, without: list[tuple[str, int, int]] | None = None) -> None:
        """The next rows, without those of a turbine from a second to another."""
        rows = self._rows[self._rows["timestamp"].between(self.until, self.until + seconds - 1)]
        for turbine, start, end in without or []:
            rows = rows[
                ~((rows["turbine_id"] == turbine) & rows["timestamp"].between(start, end - 1))
            ]
        self.until += seconds
        ingest_frame(self.manager, self.site, rows, source="test", replayed_until=self.until)

    def add(self, turbine: str, start: int, end: int) -> None:
        """Rows of the past that arrive late."""
        late = self._rows["timestamp"].between(start, end - 1) & (
            self._rows["turbine_id"] == turbine
        )
        ingest_frame(self.manager, self.site, self._rows[late], source="test")

    def score(self) -> None:
        """An outcome for each waiting row."""
        work = self.manager.open_work(100_000)
        if work.empty:
            return
        features = build_features(self._stored(work), self.site)
        fraction = self._curve.predict(features)
        fraction[np.isnan(work["wind_speed"])] = np.nan
        low, high = self._spread[np.clip(np.nan_to_num(fraction * 10).astype(int), 0, 9)].T
        missing = np.isnan(fraction)
        outcomes = pd.DataFrame(
            {
                **{each: work[each] for each in ("turbine_id", "timestamp", "revision")},
                "model_version": self.version,
                "status": np.where(missing, "no_input", "predicted"),
                "reason": np.where(missing, "wind speed missing", ""),
                "expected_power": fraction * RATED,
                "expected_power_p10": np.clip(fraction + low, -0.02, 1.05) * RATED,
                "expected_power_p90": np.clip(fraction + high, -0.02, 1.05) * RATED,
                "state": np.where(is_normal(work, self.site), NORMAL, NOT_NORMAL),
                "in_sample": False,
            }
        )
        self.manager.save_outcomes(outcomes)
        self.judge()

    def judge(self) -> None:
        """What the inference service does after scoring: the alarm rules, to the end."""
        watch = AlarmWatch(self.manager, self.site)
        while watch.turn():
            pass

    def crown(self) -> None:
        """Version 1 becomes champion."""
        self.manager.record_champion(
            ChampionChange(
                "wind_power_predictor", self.version, "training", "the first", NEW_YEAR - 1
            )
        )

    def _stored(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(air_pressure=np.nan) if "air_pressure" not in rows else rows


def main() -> None:
    settings = load_settings()
    farm = Farm(DataManager(settings.database_url), load_site(settings.site, settings))
    farm.load_history()
    farm.crown()
    farm.weaken("R80736", NEW_YEAR + 49 * DAY, NEW_YEAR + 52 * DAY, 0.86)
    farm.weaken("R80711", NEW_YEAR + 52 * DAY, NEW_YEAR + 56 * DAY, 0.9)
    farm.replay(53 * DAY)
    farm.score()
    while True:
        time.sleep(5)
        farm.replay(farm.site.step)
        farm.score()


if __name__ == "__main__":
    main()
