"""The nodes of `training` and the quick first champion. Pure, but for the search and its file.

Optuna, Matplotlib and SciPy are imported where they are used: every Kedro process loads this
module, and the first champion must not wait for them.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.bundle import Bundle, Model
from ml_app_wind_draft.models.calibration import Band
from ml_app_wind_draft.models.metrics import interval_coverage, mae, rmse, scores, skill
from ml_app_wind_draft.models.operating_state import is_learned_from
from ml_app_wind_draft.models.persistence import persistence
from ml_app_wind_draft.pipelines.feature_eng.nodes import build_features
from ml_app_wind_draft.pipelines.training import renewal
from ml_app_wind_draft.pipelines.training.digests import configuration_digest, data_digest
from ml_app_wind_draft.pipelines.training.fitting import (
    band_of,
    fit_model,
    fraction_of,
    out_of_fold,
)
from ml_app_wind_draft.pipelines.training.gates import Evidence
from ml_app_wind_draft.pipelines.training.judging import into_shadow, judge
from ml_app_wind_draft.pipelines.training.material import Material
from ml_app_wind_draft.pipelines.training.parameters import TrainingParameters, read_parameters
from ml_app_wind_draft.pipelines.training.sensitivity import not_probed, sensitivity
from ml_app_wind_draft.pipelines.training.split import split_by_time
from ml_app_wind_draft.registry.records import LoadedModel, RunRecord, TrainedModel, Verdict

log = logging.getLogger(__name__)

CURVE = "power_curve"
LEAST_TO_COUNT = 300  # normal rows: of fewer, the share that a band holds says little


def take(history: pd.DataFrame) -> pd.DataFrame:
    """The rows of this training, read once: what arrives meanwhile belongs to the next."""
    return history


def prepare(
    history: pd.DataFrame, features: pd.DataFrame, site: Site, parameters: dict[str, Any]
) -> Material:
    """The whole history (raw columns) with its features, split by time.

    Raises `ConfigurationError` for parameters that cannot be used and `TrainingError` for a history
    without enough rows of normal operation.
    """
    checked = read_parameters(parameters)
    table = features.assign(
        power=history["power"],
        normal=is_learned_from(history, site),
        persistence=persistence(history, site.step),
    )
    split = split_by_time(table["timestamp"].to_numpy(np.int64), site.step, checked)
    material = Material(
        history=history,
        table=table,
        site=site,
        split=split,
        parameters=checked,
        data_digest=data_digest(history),
        configuration_digest=configuration_digest(checked, site),
    )
    if material.fitting.empty:
        message = f"No row of normal operation before {say(split.fit_end)}."
        raise TrainingError(message, remedy="Load more history, or check the site's columns.")
    log.info(
        "training on %s rows of normal operation, %s to %s; judged on %s to %s",
        f"{len(material.fitting):,}",
        say(split.start),
        say(material.training_end),
        say(split.window_start),
        say(split.end),
    )
    return material


def search(material: Material, study_folder: Path) -> dict[str, Any]:
    """All hyper-parameters of the configured kind, chosen on inner folds before the window."""
    from ml_app_wind_draft.pipelines.training.search import (  # noqa: PLC0415 - see above
        search_parameters,
    )

    return search_parameters(
        material.fitting,
        material.blocks,
        material.parameters,
        step=material.step,
        study_name=f"{material.data_digest[:16]}-{material.configuration_digest[:16]}",
        folder=Path(study_folder),
    )


def fit(material: Material, hyperparameters: dict[str, Any]) -> Model:
    """The configured kind on all rows to fit on, with all hyper-parameters."""
    parameters = material.parameters
    log.info("final fit: %s", hyperparameters)
    return fit_model(
        parameters.model,
        material.fitting,
        hyperparameters,
        step=material.step,
        threads=parameters.threads,
    )


def calibrate(material: Material, model: Model, hyperparameters: dict[str, Any]) -> Bundle:
    """The model with its band, from the residuals of the judging window."""
    band = _band(
        material, model, hyperparameters, material.blocks.held_out(material.parameters.search.folds)
    )
    return _bundle(material, model, band)


def draw(material: Material, bundle: Bundle, evidence: Evidence) -> dict[str, bytes]:
    """Pictures of the judging window and of the faults put into it, PNG bytes by file name."""
    from ml_app_wind_draft.pipelines.training import plots  # noqa: PLC0415 - see above

    return plots.draw(bundle, material.window, evidence.sensitivity)


def compare(material: Material, bundle: Bundle) -> dict[str, float]:
    """Figures on the judging window (kW), with the skill over each baseline on the same rows."""
    from ml_app_wind_draft.models.logistic import logistic_curve  # noqa: PLC0415 - see above

    window, fitting = material.window, material.fitting
    rated = window["rated_power"].to_numpy(np.float64)
    curve = fit_model(CURVE, fitting, {}, step=material.step, threads=1)
    logistic = logistic_curve(fitting, fraction_of(fitting), window)
    return figures(
        bundle,
        window,
        baselines={
            "persistence": window["persistence"].to_numpy(np.float64),
            "iec_curve": curve.predict(window) * rated,
            "logistic": logistic * rated,
        },
    )


def gather_evidence(material: Material, bundle: Bundle, *, faults: bool = True) -> Evidence:
    """Whether the band holds, and how soon faults in the window would be found with the model.

    Trying `faults` takes nearly all of the time.
    """
    tried = not_probed()
    if faults:
        tried = sensitivity(bundle, material.history, material.site, material.split)
    return Evidence(coverage_ahead(material, bundle), tried)


def coverage_ahead(material: Material, bundle: Bundle) -> float:
    """The share of the window's second half in a band made on its first, a gap apart.

    The bundle's own band is made on the whole window, and says nothing there. NaN where a half
    has too few normal rows.
    """
    window = material.window[material.window["normal"].to_numpy(bool)]
    timestamp = window["timestamp"].to_numpy(np.int64)
    middle = (material.split.window_start + material.split.end) // 2
    first = window[timestamp < middle]
    second = window[timestamp >= middle + material.parameters.gap]
    if min(len(first), len(second)) < LEAST_TO_COUNT:
        return float("nan")
    band = band_of(bundle.model.predict(first), first, bundle.turbines)
    _, low, high = band.around(bundle.model.predict(second), second)
    return interval_coverage(low, high, fraction_of(second))


def record(
    material: Material,
    bundle: Bundle,
    hyperparameters: dict[str, Any],
    metrics: dict[str, float],
    evidence: Evidence,
    pictures: dict[str, bytes],
) -> RunRecord:
    """What the registry is told: parameters, figures, pictures, origins."""
    split = material.split
    return RunRecord(
        kind=bundle.kind,
        training_start=bundle.training_start,
        training_end=bundle.training_end,
        score=metrics.get("mae", float("nan")),
        features=tuple(bundle.features),
        data_start=split.start,
        data_end=split.end,
        data_rows=len(material.table),
        data_digest=material.data_digest,
        configuration_digest=material.configuration_digest,
        parameters={**hyperparameters, **_settings(material.parameters)},
        metrics={**metrics, **evidence.metrics()},
        plots=pictures,
        description=(
            f"{bundle.kind}, fitted on {say(bundle.training_start)} to {say(bundle.training_end)}, "
            f"judged on {say(split.window_start)} to {say(split.end)}"
        ),
        importance=bundle.importance(),
        window_start=split.window_start,
        window_end=split.end,
    )


def judge_challenger(
    material: Material, bundle: Bundle, champion: LoadedModel | None, evidence: Evidence
) -> Verdict:
    """Promote it over the champion, or keep the champion, with the reason."""
    tried = not evidence.sensitivity.trials.empty

    def known_of(model: Bundle) -> Evidence:
        return evidence if model is bundle else gather_evidence(material, model, faults=tried)

    verdict = judge(bundle, champion, material.window, material.parameters, known_of)
    log.info("%s", verdict.why)
    return verdict


def decide(material: Material, judgement: Verdict) -> Verdict:
    """What follows from the judgement: with `shadow_first` a better challenger goes into shadow."""
    if not material.parameters.promotion.shadow_first:
        return judgement
    verdict = into_shadow(judgement)
    if verdict.shadow:
        log.info("It is not promoted (promotion.shadow_first): it goes into shadow.")
    return verdict


def renew_band(
    material: Material, champion: LoadedModel | None, verdict: Verdict
) -> list[TrainedModel]:
    """The champion with a new band, if it keeps its place and its band has become old."""
    if champion is None or (bundle := renewal.renewed(material, champion, verdict)) is None:
        return []
    version, why = champion.version.version, renewal.why(material, champion)
    log.info("%s", why)
    evidence = gather_evidence(material, bundle)
    pictures = draw(material, bundle, evidence)
    metrics = compare(material, bundle)
    figured = record(material, bundle, {"renews_version": version}, metrics, evidence, pictures)
    return [TrainedModel(bundle, figured, Verdict(promote=True, against=version, why=why))]


def hand_over(
    bundle: Bundle, record: RunRecord, verdict: Verdict, renewed: list[TrainedModel]
) -> list[TrainedModel]:
    """Everything the registry needs: the challenger, and the champion if its band is renewed."""
    return [TrainedModel(bundle=bundle, record=record, verdict=verdict), *renewed]


def first_champion(history: pd.DataFrame, site: Site, parameters: dict[str, Any]) -> TrainedModel:
    """The IEC curve with its band, within seconds, so that predictions can flow.

    Fitted on rows before the judging window, as any challenger will be. It has no pictures,
    and faults are not looked for.
    """
    material = prepare(history, build_features(history, site), site, parameters)
    bundle = power_curve_bundle(material)
    window = material.window
    metrics = figures(
        bundle, window, baselines={"persistence": window["persistence"].to_numpy(np.float64)}
    )
    evidence = gather_evidence(material, bundle, faults=False)
    return TrainedModel(
        bundle,
        record(material, bundle, {}, metrics, evidence, {}),
        judge_challenger(material, bundle, None, evidence),
    )


def power_curve_bundle(material: Material) -> Bundle:
    """The IEC curve with its band, which is made as any model's is."""
    curve = fit_model(CURVE, material.fitting, {}, step=material.step, threads=1)
    return _bundle(material, curve, _band(material, curve, {}, material.blocks.each()))


def figures(
    bundle: Bundle, window: pd.DataFrame, baselines: dict[str, NDArray[np.float64]]
) -> dict[str, float]:
    """Scores of `bundle` and `baselines` (kW, [n]) on the rows of `window`.

    Normal rows, by the site's filter on power and pitch, have plain names; `all_` is every row that
    has wind speed and power.
    """
    predictions = bundle.predict(window)
    power = window["power"].to_numpy(np.float64)
    rated = window["rated_power"].to_numpy(np.float64)
    normal = window["normal"].to_numpy(bool)
    own = scores(predictions[normal], power[normal], rated[normal])
    every = scores(predictions, power, rated)
    result = {**own, **{f"all_{name}": value for name, value in every.items()}}
    expected = predictions["expected_power"].to_numpy(np.float64)
    for name, baseline in baselines.items():
        known = normal & np.isfinite(baseline)
        if not known.any():
            continue
        result[f"{name}_mae"] = mae(baseline[known], power[known])
        result[f"{name}_rmse"] = rmse(baseline[known], power[known])
        result[f"skill_vs_{name}"] = skill(
            mae(expected[known], power[known]), result[f"{name}_mae"]
        )
    return {**result, "rows": float(normal.sum()), "all_rows": float(len(window))}


def _band(
    material: Material, model: Model, hyperparameters: dict[str, Any], folds: list[list[int]]
) -> Band:
    """The conformal band from the newest residuals: those of the judging window.

    They tell how the model errs now, weeks behind its fit, as it will when it is used. Where the
    window holds too few normal rows, the residuals of each fold's blocks are used, too.
    """
    table, parameters = material.fitting, material.parameters
    window = material.window
    window = window[window["normal"].to_numpy(bool)]
    predicted = model.predict(window) if len(window) else np.empty(0)
    if len(window) < parameters.least_rows:
        unseen = out_of_fold(
            model.kind,
            table,
            hyperparameters,
            material.blocks,
            folds,
            step=material.step,
            threads=parameters.threads,
        )
        window = pd.concat([window, table], ignore_index=True)
        predicted = np.concatenate([predicted, unseen])
    return band_of(predicted, window, model.turbines)


def _bundle(material: Material, model: Model, band: Band) -> Bundle:
    return Bundle(
        model=model,
        band=band,
        training_start=material.split.start,
        training_end=material.training_end,
        metadata={
            "data_digest": material.data_digest,
            "configuration_digest": material.configuration_digest,
            "training_rows": len(material.fitting),
        },
    )


def _settings(parameters: TrainingParameters) -> dict[str, Any]:
    """The settings besides the hyper-parameters, flat."""
    plain = parameters.model_dump(
        exclude={"search", "gates", "shadow", "promotion", "catboost", "random_forest"}
    )
    sections = {"search": parameters.search, "gate": parameters.gates}
    nested = {
        f"{name}_{key}": value for name, section in sections.items() for key, value in section
    }
    return {**plain, **nested}
