"""How good the models are on 2015 when they have seen 2014 only: `python -m benchmarks.evaluate`.

Rows go through the contract into a database of their own, as they do in the app. Two fits of each
model are shown: the one that is registered (fitted to 60 + 1 days before the end of 2014, because
what is judged is what is registered) and one on the whole of 2014 with the same hyper-parameters.
"""

import argparse
import json
import logging
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from rich.console import Console
from rich.table import Table

from ml_app_wind_draft.core.clock import say, to_epoch
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.ingestion.import_file import import_file
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.metrics import scores
from ml_app_wind_draft.models.normal_operation import is_normal
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training import nodes
from ml_app_wind_draft.pipelines.training.split import Split
from ml_app_wind_draft.storage.data_manager import DataManager

RESULT = Path(__file__).parent / "evaluation_2015.json"
FILTER = "normal operation: the site's filter by power and pitch"


def read_rows(site: Site) -> pd.DataFrame:
    """All recorded rows, raw columns, as the contract lets them through."""
    assert site.replay is not None
    with tempfile.TemporaryDirectory() as folder:
        manager = DataManager(f"sqlite:///{folder}/app.db")
        try:
            manager.init_raw_db_table()
            import_file(manager, site, site.replay.path)
            return manager.raw_range(0, 2**40, site.turbine_ids)
        finally:
            manager.close()


def fit_bundles(
    history: pd.DataFrame, site: Site, parameters: dict[str, Any], studies: Path
) -> tuple[dict[str, Bundle], dict[str, Any]]:
    """The models by name, and the hyper-parameters of the boosted one."""
    material = nodes.prepare(history, build_features(history, site), site, parameters)
    hyperparameters = nodes.search(material, studies)
    end = material.split.end
    whole = replace(material, split=Split(material.split.start, end, end, end))
    bundles = {}
    for name, each in {"as registered": material, "whole of 2014": whole}.items():
        bundles[f"IEC curve, {name}"] = nodes.power_curve_bundle(each)
        model = nodes.fit(each, hyperparameters)
        bundles[f"boosted, {name}"] = nodes.calibrate(each, model, hyperparameters)
    return bundles, hyperparameters


def evaluate(bundle: Bundle, rows: pd.DataFrame, site: Site, start: int) -> dict[str, Any]:
    """Figures in kW on the rows from `start` on, and the band's coverage by wind speed."""
    tested = (rows["timestamp"] >= start).to_numpy()
    features = build_features(rows, site)[tested]
    rows = rows[tested]
    predictions = bundle.predict(features)
    power = rows["power"].to_numpy(np.float64)
    rated = features["rated_power"].to_numpy(np.float64)
    normal = is_normal(rows, site)
    inside = (power >= predictions["expected_power_p10"]) & (
        power <= predictions["expected_power_p90"]
    )
    wind_bin = np.floor(rows["wind_speed"] + 0.5)[normal].astype(int)
    turbine = rows["turbine_id"].to_numpy(str)
    return {
        "fitted_to": say(bundle.training_end),
        "rows_normal": int(normal.sum()),
        "rows_all": int(np.isfinite(power).sum()),
        "normal": scores(predictions[normal], power[normal], rated[normal]),
        "all": scores(predictions, power, rated),
        "normal_by_turbine": {
            name: scores(
                *(each[normal & (turbine == name)] for each in (predictions, power, rated))
            )
            for name in site.turbine_ids
        },
        "coverage_by_wind_speed": {
            str(speed): {"rows": len(own), "interval_coverage": float(own.mean())}
            for speed, own in inside[normal].groupby(wind_bin)
        },
    }


def show(results: dict[str, dict[str, Any]]) -> None:
    """The tables, for a person."""
    console = Console()
    table = Table("model", "rows", "MAE kW", "RMSE kW", "bias kW", "P10-P90 coverage", title="2015")
    for name, result in results.items():
        for kind in ("normal", "all"):
            each = result[kind]
            numbers = [f"{each[key]:.1f}" for key in ("mae", "rmse", "bias")]
            rows = f"{result[f'rows_{kind}']:,} {kind}"
            table.add_row(name, rows, *numbers, f"{each['interval_coverage']:.1%}")
    console.print(table, f"{FILTER}.")
    table = Table("m/s", "rows", *results, title="P10-P90 coverage by wind speed")
    for speed, each in next(iter(results.values()))["coverage_by_wind_speed"].items():
        shares = (
            result["coverage_by_wind_speed"][speed]["interval_coverage"]
            for result in results.values()
        )
        table.add_row(speed, f"{each['rows']:,}", *(f"{share:.0%}" for share in shares))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, help="of the search; default: the shipped number")
    asked = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("ml_app_wind_draft").setLevel(logging.INFO)
    settings = load_settings()
    site = load_site("la_haute_borne", settings)
    assert site.replay is not None
    shipped = (settings.conf_dir / "base" / "parameters_training.yml").read_text(encoding="utf-8")
    parameters = yaml.safe_load(shipped)["training"]
    parameters["search"]["trials"] = asked.trials or parameters["search"]["trials"]

    rows, start = read_rows(site), to_epoch(site.replay.start)
    history = rows[rows["timestamp"] < start].reset_index(drop=True)
    bundles, hyperparameters = fit_bundles(history, site, parameters, settings.data_dir / "studies")
    results = {name: evaluate(each, rows, site, start) for name, each in bundles.items()}
    show(results)
    content = {"filter": FILTER, "hyperparameters": hyperparameters, "models": results}
    RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
