"""The farm's own band: the turbines' bands added up, and scaled to what the farm's errors say.

Bands must not simply be added: that is right only where all turbines err the same way at once. How
far their errors cancel out, or share a drift, is measured and not assumed. On rows of the last
weeks the farm's residual is divided by the added-up half-width on its side; the 90 % quantile of
that ratio, on each side, is what the half-width is multiplied by from then on. That is conformal
prediction with the added-up band as scale (normalised nonconformity: Papadopoulos et al. 2008).
Rows of a day hang together, so that days count as groups and the quantile's level is raised by one
day's share (pooled groups: Dunn, Wasserman and Ramdas 2023).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

BEYOND = 0.1  # of the rows may lie beyond either end
LEAST_DAYS, MOST_DAYS = 14, 60
MOST_SCALE = 2.0
MOST_ROWS = 6_000  # of all turbines together
HOURS = (1, 5, 7, 11, 13, 17, 19, 23)  # none goes into a day: samples walk through its hours
HOUR, DAY = 3600, 86_400
BAND = ["expected_power", "expected_power_p10", "expected_power_p90"]


@dataclass(frozen=True, slots=True)
class Scale:
    """What the added-up half-widths are multiplied by; 1 where nothing is known."""

    below: float = 1.0
    above: float = 1.0


def sampled_every(turbines: int) -> int:
    """Which rows of the last 60 days are looked at: those at multiples of so many seconds."""
    fitting = (each for each in HOURS if turbines * MOST_DAYS * DAY / (each * HOUR) <= MOST_ROWS)
    return next(fitting, HOURS[-1]) * HOUR


def scale_of(sums: pd.DataFrame) -> Scale:
    """The scale by what is known up to now.

    `sums`: `timestamp` (s), `power` and `BAND` (kW), farm sums of rows in normal operation. With
    fewer than 14 days nothing is known yet.
    """
    known = sums[["timestamp", "power", *BAND]].dropna()
    days = (known["timestamp"] // DAY).nunique()
    if days < LEAST_DAYS:
        return Scale()
    power, expected, p10, p90 = known[["power", *BAND]].to_numpy(np.float64).T
    level = min(1.0, (1 - BEYOND) * (1 + 1 / days))
    return Scale(
        below=_factor(expected - power, expected - p10, level),
        above=_factor(power - expected, p90 - expected, level),
    )


def scaled(sums: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """`sums` with the farm's own band, within [-0.02, 1.05] x `rated` (kW, a column) as all are."""
    expected, rated = sums["expected_power"], sums["rated"]
    low = expected - scale.below * (expected - sums["expected_power_p10"])
    high = expected + scale.above * (sums["expected_power_p90"] - expected)
    return sums.assign(
        expected_power_p10=low.clip(-0.02 * rated, 1.05 * rated),
        expected_power_p90=high.clip(-0.02 * rated, 1.05 * rated),
    )


def _factor(beyond: np.ndarray, width: np.ndarray, level: float) -> float:
    """The share of the width that rows stay within on this side, at this level."""
    wide = width > 0
    if not wide.any():
        return 1.0
    ratio = np.quantile(beyond[wide] / width[wide], level, method="higher")
    return float(np.clip(ratio, 0, MOST_SCALE))
