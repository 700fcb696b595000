"""What the alarms of 2015 are, by models that have seen 2014: `python -m benchmarks.alarms_2015`.

The rules run over all normal rows of 2015 as the inference service runs them. Each alarm of under-
performance is put beside the mean power that was expected in it and the energy that it is about.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks import champion, farm
from ml_app_wind_draft.core.alarms import MODEL_DOUBT, UNDER_PERFORMANCE
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.normal_operation import is_normal
from ml_app_wind_draft.models.power_curve import fit_power_curve
from ml_app_wind_draft.monitoring.alarms import all_alarms
from ml_app_wind_draft.pipelines.training.fitting import fraction_of

RESULT = Path(__file__).parent / "alarms_2015.json"
CALM = 0.1  # of rated power, mean over the alarm's normal rows
SMALL = 500  # kWh: a quarter of an hour at rated power
LEAST_EXPECTED = (0.0, 0.02, 0.05, 0.1)


def scored(site: Site) -> dict[str, pd.DataFrame]:
    """Each model's normal rows of 2015: `turbine_id`, `timestamp`, `power`, `expected_power`."""
    table = champion.training_table()
    rows = farm.recorded(site)
    known = rows[["power", "wind_speed"]].notna().all(axis=1).to_numpy()
    is_new = (rows["timestamp"] >= farm.replay_start(site)).to_numpy()
    wanted = is_new & known & np.asarray(is_normal(rows, site))
    features = champion.features_of(rows, site)[wanted]
    models = {
        "IEC curve": fit_power_curve(table, fraction_of(table), site.step),
        "boosted": champion.bundle().model,
    }
    kept = rows.loc[wanted, ["turbine_id", "timestamp", "power"]]
    rated = kept["turbine_id"].map({k: each.rated_power for k, each in site.turbines.items()})
    return {
        name: kept.assign(expected_power=model.predict(features) * rated).dropna()
        for name, model in models.items()
    }


def found(rows: pd.DataFrame, site: Site) -> pd.DataFrame:
    """Every alarm with the mean expected power (fraction of rated) and normal rows in it."""
    alarms = []
    for turbine_id in site.turbine_ids:
        own = rows[rows["turbine_id"] == turbine_id].sort_values("timestamp")
        rated = site.turbines[turbine_id].rated_power
        for each in all_alarms(own, turbine_id, site):
            end = each.end or int(own["timestamp"].iloc[-1]) + site.step
            during = own[own["timestamp"].between(each.start, end - 1)]
            alarms.append(
                {
                    "turbine_id": turbine_id,
                    "rule": each.rule,
                    "start": each.start,
                    "hours": (end - each.start) / 3600,
                    "peak": each.peak,
                    "energy": each.energy,
                    "expected": float(during["expected_power"].mean()) / rated,
                }
            )
    return pd.DataFrame(alarms)


def summary(rows: pd.DataFrame, site: Site) -> dict[str, Any]:
    """Counts, kinds and energies of the alarms of one model."""
    alarms = found(rows, site)
    under = alarms[alarms["rule"] == UNDER_PERFORMANCE]
    calm = under["expected"] < CALM
    silenced = {}
    for least in LEAST_EXPECTED:
        limits = site.alarms.model_copy(update={"least_expected": least})
        other = found(rows, site.model_copy(update={"alarms": limits}))
        silenced[str(least)] = int((other["rule"] == UNDER_PERFORMANCE).sum())
    lost = rows["expected_power"] - rows["power"]
    hours = site.step / 3600
    return {
        "model_doubt": int((alarms["rule"] == MODEL_DOUBT).sum()),
        "under_performance": len(under),
        "by_turbine": under.groupby("turbine_id").size().to_dict(),
        "in_calm": int(calm.sum()),
        "below_500_kwh": int((under["energy"] < SMALL).sum()),
        "median_hours": round(float(under["hours"].median()), 1),
        "median_kwh": round(float(under["energy"].median())),
        "mwh_in_alarms": round(float(under["energy"].sum()) / 1000, 1),
        "mwh_in_calm_alarms": round(float(under.loc[calm, "energy"].sum()) / 1000, 1),
        "alarms_by_least_expected": silenced,
        "below_expectation_pct": {
            half: {
                turbine_id: round(100 * float(part.sum() / expected.sum()), 1)
                for turbine_id, part, expected in _parts(rows, lost, chosen)
            }
            for half, chosen in _halves(rows).items()
        },
        "mwh_expected": round(float(rows["expected_power"].sum()) * hours / 1000),
    }


def _halves(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    month = pd.to_datetime(rows["timestamp"], unit="s").dt.month.to_numpy()
    return {"January to June": month <= 6, "July to December": month > 6}


def _parts(rows: pd.DataFrame, lost: pd.Series, chosen: np.ndarray) -> list[tuple]:
    groups = rows[chosen].groupby("turbine_id")
    return [(key, lost.loc[own.index], own["expected_power"]) for key, own in groups]


def main() -> None:
    site = farm.site()
    result = {name: summary(rows, site) for name, rows in scored(site).items()}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    table = Table("", *result)
    for key in next(iter(result.values())):
        table.add_row(key, *(json.dumps(each[key], indent=1) for each in result.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
