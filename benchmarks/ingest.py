"""A year of the farm from a DataFrame through the contract to the commit."""

import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks import farm
from benchmarks.results import Result, at_least
from ml_app_wind_draft.core.signals import SIGNAL_NAMES
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.ingestion.import_file import import_file
from ml_app_wind_draft.ingestion.intake import ingest_frame
from ml_app_wind_draft.storage.data_manager import DataManager
from tests import postgresql

RUNS = 5


def run() -> list[Result]:
    """`ingest_rows_s`, against `executemany` of the same columns with no check at all."""
    site = farm.site()
    rows = farm.history(site)
    checked, bare = [], []
    for _ in range(RUNS):
        with farm.fresh_database(site) as (manager, _):
            began = time.perf_counter()
            report = ingest_frame(manager, site, rows, source="bench")
            checked.append(len(rows) / (time.perf_counter() - began))
            assert report.accepted == len(rows)
        bare.append(_bare_insert(rows))
    _report_apart(site, rows)
    return [at_least("ingest_rows_s", checked, "rows/s", 100_000, sorted(bare)[RUNS // 2])]


def _bare_insert(rows: pd.DataFrame) -> float:
    columns = ["turbine_id", "timestamp", *(name for name in SIGNAL_NAMES if name in rows)]
    statement = f"INSERT INTO raw VALUES ({', '.join('?' * len(columns))})"
    with farm.bare_table(columns) as connection:
        began = time.perf_counter()
        values = zip(*(rows[name].tolist() for name in columns), strict=True)
        connection.execute("BEGIN")
        connection.executemany(statement, values)
        connection.execute("COMMIT")
        return len(rows) / (time.perf_counter() - began)


def _report_apart(site: Site, rows: pd.DataFrame) -> None:
    """PostgreSQL by COPY, and the parsing of a CSV file: figures without a reach."""
    with postgresql.server() as server:
        manager = DataManager(postgresql.new_database(server, "bench"))
        manager.init_raw_db_table()
        manager.register_site(site)
        began = time.perf_counter()
        ingest_frame(manager, site, rows, source="bench")
        print(f"  PostgreSQL by COPY: {len(rows) / (time.perf_counter() - began):,.0f} rows/s")
        manager.close()
    with tempfile.TemporaryDirectory(prefix="wind-bench-") as folder:
        path = Path(folder) / "history.csv"
        pd.read_parquet(farm.recording(site))[: len(rows)].to_csv(path, index=False)
        with farm.fresh_database(site) as (manager, _):
            began = time.perf_counter()
            import_file(manager, site, path)
            print(
                f"  import of a CSV file: {len(rows) / (time.perf_counter() - began):,.0f} rows/s"
            )
