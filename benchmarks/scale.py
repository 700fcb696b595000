"""The app's queries over 10 million rows a table, against the same queries over 100,000."""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np
import pandas as pd
import sqlalchemy as sa

from benchmarks import farm
from benchmarks.results import Result, at_most
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.storage.data_manager import DataManager

SMALL, LARGE = 100_000, 10_000_000
FIRST = 325_000_200  # 1980-04-19: 2.5 million ten-minute steps later it is 2027
REPEATS = 40


def run() -> list[Result]:
    """`scale_ratio`: the largest ratio of the medians over all queries."""
    site = farm.site()
    small, large = _measure(site, SMALL), _measure(site, LARGE)
    ratios = {name: median(large[name]) / median(small[name]) for name in small}
    for name, ratio in ratios.items():
        before, after = median(small[name]), median(large[name])
        print(f"  {name:<30} {before:8.3f} ms -> {after:8.3f} ms  x{ratio:.2f}")
    spread = max(ratios.values()) - min(ratios.values())
    worst = at_most("scale_ratio", [max(ratios.values())], "x", 1.5, 1.0)
    return [replace(worst, spread=round(spread, 3))]


def _measure(site: Site, rows: int) -> dict[str, list[float]]:
    with farm.fresh_database(site) as (manager, path):
        newest = _fill(path, site.turbine_ids, rows // len(site.turbine_ids))
        queries = _queries(manager, site, newest)
        for query in queries.values():
            query()
        return {
            name: [_milliseconds(query) for _ in range(REPEATS)] for name, query in queries.items()
        }


def _queries(manager: DataManager, site: Site, newest: int) -> dict[str, Callable[[], object]]:
    turbine = site.turbine_ids[:1]
    week, step = 7 * 86_400, site.step
    clock = iter(range(newest + step, newest + 100_000 * step, step))

    def tick() -> None:
        when = next(clock)
        new = pd.DataFrame({"turbine_id": site.turbine_ids, "timestamp": when, "power": 500.0})
        new["wind_speed"] = 8 + np.random.default_rng().random()
        report = ingest_frame(manager, site, new, source="bench", replayed_until=when + step)
        assert report.accepted == len(new)
        keys = manager.raw_range(when, when + 1)[["turbine_id", "timestamp", "revision"]]
        assert manager.save_outcomes(_outcomes(keys)) == len(new)

    return {
        "raw, a week of a turbine": lambda: manager.raw_range(newest - week, newest, turbine),
        "raw, last 144 of each": lambda: manager.raw_last(144),
        "predictions, a week": lambda: manager.predictions_range(newest - week, newest, turbine),
        "predictions, last 144 of each": lambda: manager.predictions_last(144),
        "oldest 100 waiting": lambda: manager.open_work(100),
        "newest row of each": manager.newest_rows,
        "counters": manager.counters,
        "new rows in, outcomes out": tick,
    }


def _outcomes(keys: pd.DataFrame) -> pd.DataFrame:
    return keys.assign(
        model_version=1,
        status="predicted",
        reason=None,
        expected_power=500.0,
        expected_power_p10=450.0,
        expected_power_p90=550.0,
        state=None,
        in_sample=False,
    )


def _fill(path: object, turbine_ids: list[str], steps: int) -> int:
    """The same rows in every big table; gives the newest timestamp."""
    engine = sa.create_engine(f"sqlite:///{path}")
    series = f"""WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s
        WHERE i + 1 < {steps}) """
    when = f"{FIRST} + i * 600"
    with engine.begin() as connection:
        for turbine_id in turbine_ids:
            for table in ("raw_data", "raw_data_history"):
                connection.exec_driver_sql(
                    f"INSERT INTO {table} (turbine_id, timestamp, revision, ingested_at, power,"
                    f" wind_speed, flags) {series} SELECT '{turbine_id}', {when}, 1, 0,"
                    " 400 + i % 700, 6.5 + (i % 97) / 30.0, 0 FROM s"
                )
            connection.exec_driver_sql(
                "INSERT INTO predictions (turbine_id, timestamp, revision, model_version,"
                " issued_at, status, expected_power, expected_power_p10, expected_power_p90,"
                f" in_sample, backfilled) {series} SELECT '{turbine_id}', {when}, 1, 1, 0,"
                " 'predicted', 500, 450, 550, 0, 0 FROM s"
            )
            connection.exec_driver_sql(
                f"INSERT INTO to_score (timestamp, turbine_id, revision) {series}"
                f" SELECT {when}, '{turbine_id}', 1 FROM s"
            )
        total = steps * len(turbine_ids)
        connection.exec_driver_sql(
            "INSERT INTO counters (name, value) VALUES"
            f" ('raw_rows', {total}), ('revisions', {2 * total}), ('waiting', {total})"
        )
    engine.dispose()
    return FIRST + (steps - 1) * 600


def _milliseconds(query: Callable[[], object]) -> float:
    began = time.perf_counter()
    query()
    return 1000 * (time.perf_counter() - began)
