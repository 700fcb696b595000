"""Hyper-parameters by Optuna on inner folds. The study lives in a file, so that it resumes."""

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from numpy.typing import NDArray
from optuna.trial import TrialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ml_app_wind_draft.core.errors import TrainingError
from ml_app_wind_draft.models.boosted import fit_regressor as fit_catboost
from ml_app_wind_draft.models.corrected import matrix
from ml_app_wind_draft.models.metrics import mae
from ml_app_wind_draft.pipelines.feature_eng.nodes import LEARNED
from ml_app_wind_draft.pipelines.training.fitting import (
    fit_curve,
    fraction_of,
    regressor_fit,
    without_some_neighbours,
)
from ml_app_wind_draft.pipelines.training.parameters import Choices, Range, TrainingParameters
from ml_app_wind_draft.pipelines.training.split import Blocks

log = logging.getLogger(__name__)

FILE = "searches.db"
TREES = "iterations"
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True, slots=True)
class Fold:
    """Inputs, and what the IEC curve misses (fractions of rated), to fit on and to score on."""

    data: NDArray[np.float32]
    target: NDArray[np.float64]
    held_out_data: NDArray[np.float32]
    held_out_target: NDArray[np.float64]
    held_out_rated_power: NDArray[np.float64]


def search_parameters(
    table: pd.DataFrame,
    blocks: Blocks,
    parameters: TrainingParameters,
    *,
    step: int,
    study_name: str,
    folder: Path,
) -> dict[str, Any]:
    """The full set of parameters of the best trial: searched, fixed, and the number of trees.

    `table` holds normal rows to fit on; only those in `blocks` that the search may see are read.
    Trials of an earlier, interrupted search of this name in `folder` count. Raises `TrainingError`
    when the study's file cannot be used.
    """
    folds = list(make_folds(table, blocks, parameters, step))
    with _study(folder, study_name, parameters.search.seed) as study, _progress() as progress:
        _run(study, _objective(folds, parameters), parameters.search.trials, progress)
        if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            message = "No trial of the search came to an end with a figure."
            raise TrainingError(message, remedy="Check the search space and the history.")
        best = study.best_trial
    log.info("search: best of %d trials is %.2f kW MAE", parameters.search.trials, best.value)
    return {**parameters.chosen.fixed, **best.params, **best.user_attrs.get("decided", {})}


def make_folds(
    table: pd.DataFrame, blocks: Blocks, parameters: TrainingParameters, step: int
) -> Iterator[Fold]:
    """The inner folds: whole blocks are held out, with a block between them and the fit."""
    seen = table[blocks.is_searched(table["timestamp"].to_numpy(np.int64))]
    seen = seen.iloc[:: -(-len(seen) // parameters.search.rows)]
    fold_of = blocks.fold(seen["timestamp"].to_numpy(np.int64), parameters.search.folds)
    for fold in range(parameters.search.folds):
        fitted = without_some_neighbours(seen[fold_of != fold])
        scored = seen[fold_of == fold]
        if fitted.empty or scored.empty:
            continue
        curve = fit_curve(fitted, step)
        yield Fold(
            data=matrix(fitted, list(LEARNED), curve.turbines),
            target=fraction_of(fitted) - curve.predict(fitted),
            held_out_data=matrix(scored, list(LEARNED), curve.turbines),
            held_out_target=fraction_of(scored) - curve.predict(scored),
            held_out_rated_power=scored["rated_power"].to_numpy(np.float64),
        )


def _objective(
    folds: list[Fold], parameters: TrainingParameters
) -> Callable[[optuna.Trial], float]:
    """MAE in kW over the folds; notes the number of trees that early stopping decided on."""

    def score(trial: optuna.Trial) -> float:
        suggested = {
            name: _suggest(trial, name, each) for name, each in parameters.chosen.space.items()
        }
        candidate = {**parameters.chosen.fixed, **suggested}
        errors, trees = [], []
        for number, fold in enumerate(folds):
            correction, count = _fit_fold(fold, candidate, parameters)
            rated = fold.held_out_rated_power
            errors.append(mae(correction * rated, fold.held_out_target * rated))
            trees.append(count)
            trial.report(float(np.mean(errors)), number)
            if trial.should_prune():
                raise optuna.TrialPruned
        if all(trees):
            trial.set_user_attr("decided", {TREES: round(float(np.mean(trees)))})
        return float(np.mean(errors))

    return score


def _fit_fold(
    fold: Fold, candidate: dict[str, Any], parameters: TrainingParameters
) -> tuple[NDArray[np.float64], int]:
    """The held-out correction, and the trees that early stopping kept (0: it does not apply)."""
    if parameters.model != "catboost":
        fit = regressor_fit(parameters.model)
        fitted = fit(fold.data, fold.target, candidate, threads=parameters.threads)
        return fitted.predict(fold.held_out_data), 0
    stopping = {"early_stopping_rounds": parameters.search.early_stopping_rounds}
    fitted = fit_catboost(
        fold.data,
        fold.target,
        {**candidate, **stopping, "eval_metric": "MAE"},
        threads=parameters.threads,
        held_out=(fold.held_out_data, fold.held_out_target),
    )
    return fitted.predict(fold.held_out_data), fitted.tree_count_


def _suggest(trial: optuna.Trial, name: str, space: Range | Choices) -> str | float | None:
    if isinstance(space, Choices):
        return trial.suggest_categorical(name, space.choices)
    if isinstance(space.low, int) and isinstance(space.high, int):
        return trial.suggest_int(name, space.low, space.high, log=space.log)
    return trial.suggest_float(name, space.low, space.high, log=space.log)


@contextmanager
def _study(folder: Path, name: str, seed: int) -> Generator[optuna.Study]:
    """The study of this name, with what an interrupted search left of it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    file.touch()  # SQLite would let its owner alone write, whatever the folder's rules say
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
    except Exception as error:
        message = f"The search's file {file} cannot be used: {error}."
        raise TrainingError(message, remedy="Make room and access for it, or delete it.") from error
    try:
        yield optuna.create_study(
            storage=storage,
            study_name=name,
            direction="minimize",
            sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
            load_if_exists=True,
        )
    except optuna.exceptions.StorageInternalError as error:
        message = f"The search's file {file} cannot be written: {error.__cause__ or error}."
        raise TrainingError(message, remedy="Make room and access for it, or delete it.") from error
    finally:
        storage.engine.dispose()


def _run(
    study: optuna.Study,
    objective: Callable[[optuna.Trial], float],
    trials: int,
    progress: Progress,
) -> None:
    """Bring the study to `trials` finished trials, showing each."""
    done = len(study.get_trials(deepcopy=False, states=_FINISHED))
    if done:
        log.info("search: goes on after %d of %d trials", done, trials)
    task = progress.add_task("search", total=trials, completed=min(done, trials))

    def show(_study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        progress.advance(task)
        said = "no figure" if trial.value is None else f"{trial.value:.2f} kW MAE"
        log.info("search: trial %d of %d, %s", trial.number + 1, trials, said)

    if done < trials:
        study.optimize(objective, n_trials=trials - done, callbacks=[show])


def _progress() -> Progress:
    """A bar where someone watches; elsewhere the log's lines say it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )
