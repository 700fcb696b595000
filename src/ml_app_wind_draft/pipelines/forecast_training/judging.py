"""New forecasters against those in force, on the same hours: no worse, and at no price?"""

import numpy as np
from numpy.typing import NDArray

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.models.metrics import PairedDifference, paired_difference
from ml_app_wind_draft.pipelines.forecast_training.parameters import Judging
from ml_app_wind_draft.pipelines.forecast_training.trial import Key, Trial, mean_of, mean_of_leads
from ml_app_wind_draft.registry.records import Verdict

Values = NDArray[np.float64]
BLOCK = 5 * 86_400  # weather lasts for days, and forecasts of two days overlap
SPANS = ((0, 1), (1, 6), (6, 24), (24, 48))  # hours of lead: beyond the first, up to the second


def judge(own: Trial, reference: Trial, version: int, limits: Judging) -> Verdict:
    """Promote over `version`, or keep it, with the reason in words.

    Both trials are of the same hours, which neither model was fitted on. What counts at an hour is
    the pinball loss in % of rated power, mean over leads, units and resolutions.
    """
    keys = _with_a_say(own, reference)
    loss, reference_loss = _losses(own, keys), _losses(reference, keys)
    known = np.isfinite(loss) & np.isfinite(reference_loss)
    if known.sum() < limits.least_hours:
        why = (
            f"Kept version {version}: only {known.sum():,} hours of forecasts that neither was "
            f"fitted on; at least {limits.least_hours:,} are needed."
        )
        return Verdict(promote=False, against=version, why=why)
    issue = own.issue[known]
    difference = paired_difference(loss[known], reference_loss[known], issue, block=BLOCK)
    figures = _figures(difference, version, issue)
    high = difference.high / float(np.mean(reference_loss[known]))
    if high > limits.margin:
        why = f"Kept version {version}, which may be better by more than {limits.margin:.0%}"
        return Verdict(promote=False, against=version, why=f"{why}: {figures}.")
    reason = _worse_part(own, reference, keys, limits) or _coverage_off(
        own.coverage(keys), reference.coverage(keys), limits
    )
    if reason:
        why = f"Kept version {version}: {reason}. {figures}."
        return Verdict(promote=False, against=version, why=why)
    return Verdict(promote=True, against=version, why=f"No worse, and newer: {figures}.")


def _with_a_say(own: Trial, reference: Trial) -> list[Key]:
    """What both forecast, but for units that were out for most of the time: an hour needs all."""
    both = own.forecasts.keys() & reference.forecasts.keys()
    hours = {key: own.forecasts[key].hours for key in both}
    return sorted(key for key in both if 2 * hours[key] >= max(hours.values()))


def _losses(trial: Trial, keys: list[Key]) -> Values:
    """[hours], NaN where the outcome of any of the `keys` is missing at every lead."""
    if not keys:
        return np.full(len(trial.issue), np.nan)
    return np.mean([mean_of_leads(trial.forecasts[key].loss) for key in keys], axis=0)


def _figures(difference: PairedDifference, version: int, issue: NDArray[np.int64]) -> str:
    return (
        f"pinball loss {difference.mean:+.3f} % of rated against version {version} "
        f"({difference.relative:+.1%}; 95 % of resamples by five days: {difference.low:+.3f} to "
        f"{difference.high:+.3f}) at {difference.rows:,} hours, {say(int(issue.min()))} to "
        f"{say(int(issue.max()))}"
    )


def _worse_part(own: Trial, reference: Trial, keys: list[Key], limits: Judging) -> str:
    """No unit and no span of leads pays for the rest."""
    for name, part in _parts(own, keys):
        loss, reference_loss = (
            mean_of([float(np.nanmean(each.forecasts[key].loss[:, leads])) for key, leads in part])
            for each in (own, reference)
        )
        worse = loss / reference_loss - 1
        if worse > limits.part_margin:
            allowed = f"{limits.part_margin:.0%} are allowed"
            return f"its pinball loss is {worse:.0%} worse {name} ({allowed})"
    return ""


def _parts(trial: Trial, keys: list[Key]) -> list[tuple[str, list[tuple[Key, list[int]]]]]:
    parts = []
    for unit in sorted({key[0] for key in keys}):
        own = [(key, _leads(trial, key, 0, 48)) for key in keys if key[0] == unit]
        parts.append((f"for {unit}", own))
    for low, high in SPANS:
        span = [(key, _leads(trial, key, low, high)) for key in keys]
        own = [(key, leads) for key, leads in span if leads]
        if own:
            parts.append((f"from {low} to {high} h ahead", own))
    return parts


def _leads(trial: Trial, key: Key, low: int, high: int) -> list[int]:
    leads = trial.forecasts[key].leads
    return [place for place, lead in enumerate(leads) if low * HOUR < lead <= high * HOUR]


def _coverage_off(own: float, reference: float, limits: Judging) -> str:
    low, high = limits.coverage_low, limits.coverage_high
    off, reference_off = (max(low - each, each - high, 0.0) for each in (own, reference))
    if off == 0 or off <= reference_off:
        return ""
    return (
        f"its P10-P90 holds {own:.0%} of what came, not {low:.0%} to {high:.0%} "
        f"(the champion's {reference:.0%})"
    )
