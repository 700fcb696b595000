"""How good expected power is at La Haute Borne: `make evaluate`.

Rows go through the contract into a database of their own, as they do in the app. Everything is
judged on the normal operation of the data's README (the site's filter by power and pitch) and on
all rows, against the IEC curve on the same rows; intervals are block bootstraps by day, paired.

    frozen         fitted on 2014, tested on 2015; weights and state of the wind sensors stay
    corrected      the same weights; the state of the wind sensors follows, from the days before
    first_80       fitted on the first 80 % of the time, tested on the last 20 %
    walk_forward   each month of 2015 with the champion that the app's monthly training would have
"""

import argparse
import logging
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from rich.console import Console

from benchmarks import evaluation_tables as tables
from benchmarks import faults, neighbours
from benchmarks.results import save
from ml_app_wind_draft.core.clock import to_epoch
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.ingestion.import_file import import_file
from ml_app_wind_draft.models import wind_sensor
from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.normal_operation import is_normal
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training import nodes, walk_forward
from ml_app_wind_draft.pipelines.training.fitting import fit_model
from ml_app_wind_draft.pipelines.training.material import Material
from ml_app_wind_draft.pipelines.training.split import Split
from ml_app_wind_draft.storage.data_manager import DataManager

RESULT = Path(__file__).parent / "evaluation.json"
SITE = "la_haute_borne"


@dataclass(frozen=True)
class Study:
    """The rows, and what every split needs of them."""

    site: Site
    rows: pd.DataFrame
    features: pd.DataFrame
    parameters: dict[str, Any]
    hyperparameters: dict[str, Any]

    def split(self, name: str, reach: tables.Reach, end: int) -> tables.Tested:
        """Both models fitted on all rows before `end`, tested on those from there on."""
        bundles = self.fitted_up_to(end)
        return self._tested(name, reach, bundles, self.features, end)

    def frozen(self, bundles: dict[str, Bundle], end: int, reach: tables.Reach) -> tables.Tested:
        """As fitted on the rows before `end`, the sensors' state as it was known at `end`."""
        still = self.features.copy()
        columns = list(wind_sensor.COLUMNS)
        known = self.features["timestamp"] < end
        last = self.features[known].groupby("turbine_id")[columns].last()
        for column in columns:
            still[column] = still["turbine_id"].map(last[column])
        still["wind_speed_corrected"] = wind_sensor.corrected(
            still["wind_speed_normalised"].to_numpy(np.float64),
            still["yaw_error"].to_numpy(np.float64),
            still[columns[0]].to_numpy(np.float64),
        )
        return self._tested("frozen", reach, bundles, still, end)

    def corrected(self, bundles: dict[str, Bundle], end: int, reach: tables.Reach) -> tables.Tested:
        """The same weights, the sensors' state measured up to the day before each row."""
        return self._tested("corrected", reach, bundles, self.features, end)

    def fitted_up_to(self, end: int) -> dict[str, Bundle]:
        """The IEC curve and the boosted model, fitted on every row before `end`."""
        known = (self.rows["timestamp"] < end).to_numpy()
        material = nodes.prepare(
            self.rows[known].reset_index(drop=True),
            self.features[known].reset_index(drop=True),
            self.site,
            self.parameters,
        )
        stop = material.split.end
        whole = replace(material, split=Split(material.split.start, stop, stop, stop))
        return {
            walk_forward.CURVE: self._refitted(material, whole, "power_curve", {}),
            walk_forward.CHALLENGER: self._refitted(
                material, whole, self.parameters["model"], self.hyperparameters
            ),
        }

    def _refitted(
        self, registered: Material, whole: Material, kind: str, hyperparameters: dict[str, Any]
    ) -> Bundle:
        """Fitted on all rows, with the band of the fit that kept the last 60 days for it."""
        fits = [
            fit_model(
                kind, each.fitting, hyperparameters, step=each.step, threads=each.parameters.threads
            )
            for each in (registered, whole)
        ]
        bundle = nodes.calibrate(registered, fits[0], hyperparameters)
        return replace(bundle, model=fits[1], training_end=whole.training_end)

    def _tested(
        self,
        name: str,
        reach: tables.Reach,
        bundles: dict[str, Bundle],
        features: pd.DataFrame,
        start: int,
    ) -> tables.Tested:
        inside = (self.rows["timestamp"] >= start).to_numpy()
        curve, boosted = (
            bundles[each].predict(features[inside])
            for each in (walk_forward.CURVE, walk_forward.CHALLENGER)
        )
        return self.tested(name, reach, inside, curve, boosted)

    def tested(
        self,
        name: str,
        reach: tables.Reach,
        inside: np.ndarray,
        curve: pd.DataFrame,
        boosted: pd.DataFrame,
    ) -> tables.Tested:
        """Predictions of both models for the rows that are `inside`, with what was measured."""
        rows = self.rows[inside]
        return tables.Tested(name, reach, rows, is_normal(rows, self.site), curve, boosted)

    def walk(self, start: int, end: int) -> Iterator[walk_forward.Month]:
        """The months of [start, end), as the app would have trained."""
        spans = walk_forward.months(start, end)
        return walk_forward.walk_forward(
            self.rows, self.site, self.parameters, self.hyperparameters, spans
        )


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


def study_of(site: Site, parameters: dict[str, Any], studies: Path, start: int) -> Study:
    """Rows, features, and hyper-parameters chosen on the history before `start`."""
    rows = read_rows(site)
    features = build_features(rows, site)
    known = (rows["timestamp"] < start).to_numpy()
    material = nodes.prepare(
        rows[known].reset_index(drop=True),
        features[known].reset_index(drop=True),
        site,
        parameters,
    )
    return Study(site, rows, features, parameters, nodes.search(material, studies))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, help="of the search; default: the shipped number")
    asked = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("ml_app_wind_draft").setLevel(logging.INFO)
    console = Console()
    began = time.monotonic()
    settings = load_settings()
    site = load_site(SITE, settings)
    assert site.replay is not None
    shipped = (settings.conf_dir / "base" / "parameters_training.yml").read_text(encoding="utf-8")
    parameters = yaml.safe_load(shipped)["training"]
    parameters["search"]["trials"] = asked.trials or parameters["search"]["trials"]

    start = to_epoch(site.replay.start)
    study = study_of(site, parameters, settings.data_dir / "studies", start)
    first, end = int(study.rows["timestamp"].min()), int(study.rows["timestamp"].max()) + site.step
    bundles = study.fitted_up_to(start)
    keep(study.frozen(bundles, start, tables.Reach(30.5)), site, console)
    keep(study.corrected(bundles, start, tables.Reach(29.0)), site, console)
    cut = int(first + 0.8 * (end - first))
    keep(study.split("first_80", tables.Reach(24.0), cut), site, console)
    tables.show_steps(study.rows, site, console)
    walked = []
    for month in study.walk(start, end):
        console.print(f"{tables.month_of(month.start)}: {month.why}")
        walked.append(month)
    inside = (study.rows["timestamp"] >= start).to_numpy()
    curve, challenger, champion = (
        walk_forward.predict(walked, study.rows, site, each)[inside]
        for each in (walk_forward.CURVE, walk_forward.CHALLENGER, walk_forward.CHAMPION)
    )
    reach = tables.Reach(None, share=0.85, coverage=True)
    keep(study.tested("walk_forward", reach, inside, curve, champion), site, console)
    keep(study.tested("walk_forward_challengers", reach, inside, curve, challenger), site, console)
    save(neighbours.run(study.rows, site, walked, console), RESULT)
    save(faults.run(study.rows, site, walked, console), RESULT)
    console.print(f"{(time.monotonic() - began) / 60:.1f} min")


def keep(tested: tables.Tested, site: Site, console: Console) -> None:
    """Print a split's tables and save its figures, as soon as they are there."""
    tables.show(tested, site, console)
    save(tables.results(tested, site), RESULT)


if __name__ == "__main__":
    main()
