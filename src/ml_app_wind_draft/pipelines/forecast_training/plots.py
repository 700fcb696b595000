"""The pictures of a training of forecasters: hourly forecasts of the farm in the judging window."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ml_app_wind_draft.core.clock import say
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.models.forecast.units import LEVELS
from ml_app_wind_draft.pipelines.forecast_training.trial import HIGH, LOW, MEDIAN, Forecasts
from ml_app_wind_draft.pipelines.pictures import picture

BANDS = ((0, 18), (3, 15), (6, 12))  # places in LEVELS: P5-P95, P20-P80, P35-P65
SHOWN = (0.1, 0.2, 0.4)


@dataclass(frozen=True, slots=True)
class Shown:
    """Forecasts of the farm beside persistence at the same hours `issue` (s UTC)."""

    issue: NDArray[np.int64]
    own: Forecasts
    persistence: Forecasts

    @property
    def hours(self) -> NDArray[np.float64]:
        """The leads, h."""
        return np.asarray(self.own.leads) / HOUR


def draw(shown: Shown) -> dict[str, bytes]:
    """File name -> PNG."""
    return {
        "error_by_lead.png": picture(_error_by_lead, shown),
        "pinball_by_lead.png": picture(_pinball_by_lead, shown),
        "coverage_by_lead.png": picture(_coverage_by_lead, shown),
        "reliability.png": picture(_reliability, shown),
        "sample_forecast.png": picture(_sample, shown),
    }


def _error_by_lead(axes: Axes, shown: Shown) -> None:
    axes.plot(shown.hours, np.nanmean(shown.own.error, axis=0), label="forecaster")
    axes.plot(shown.hours, np.nanmean(shown.persistence.error, axis=0), "--", label="persistence")
    axes.set(xlabel="lead (h)", ylabel="MAE (% of rated)", ylim=(0, None), title="Error by lead")
    axes.legend()


def _pinball_by_lead(axes: Axes, shown: Shown) -> None:
    axes.plot(shown.hours, np.nanmean(shown.own.loss, axis=0), label="forecaster")
    persistence = np.nanmean(shown.persistence.loss, axis=0)
    axes.plot(shown.hours, persistence, "--", label="persistence with the quantiles of its errors")
    title = "Pinball loss by lead, mean over 19 quantiles"
    axes.set(xlabel="lead (h)", ylabel="% of rated", ylim=(0, None), title=title)
    axes.legend()


def _coverage_by_lead(axes: Axes, shown: Shown) -> None:
    axes.plot(shown.hours, 100 * np.nanmean(shown.own.inside, axis=0))
    axes.axhline(100 * (LEVELS[HIGH] - LEVELS[LOW]), color="black", linestyle="--", label="nominal")
    axes.set(xlabel="lead (h)", ylabel="inside P10-P90 (%)", ylim=(0, 100), title="Coverage")
    axes.legend()


def _reliability(axes: Axes, shown: Shown) -> None:
    known = np.isfinite(shown.own.measured)
    below = shown.own.measured[:, :, None] <= shown.own.quantiles
    axes.plot(100 * LEVELS, 100 * below[known].mean(axis=0), "o-", label="forecaster")
    axes.plot([0, 100], [0, 100], color="black", linestyle="--", label="perfect")
    axes.set(
        xlabel="quantile (%)", ylabel="measured below it (%)", title="Reliability, over all leads"
    )
    axes.legend()


def _sample(axes: Axes, shown: Shown) -> None:
    """The forecast from the hour whose outcomes are complete and moved most."""
    moved = np.ptp(shown.own.measured, axis=1)
    row = int(np.argmax(np.where(np.isfinite(moved), moved, -1.0)))
    quantiles = shown.own.quantiles[row]
    for (low, high), shade in zip(BANDS, SHOWN, strict=True):
        label = f"P{100 * LEVELS[low]:.0f}-P{100 * LEVELS[high]:.0f}"
        axes.fill_between(
            shown.hours,
            quantiles[:, low],
            quantiles[:, high],
            alpha=shade,
            color="tab:blue",
            label=label,
        )
    axes.plot(shown.hours, quantiles[:, MEDIAN], color="tab:blue", label="median")
    axes.plot(shown.hours, shown.own.measured[row], color="black", label="measured")
    title = f"Farm, issued {say(int(shown.issue[row]))}"
    axes.set(xlabel="lead (h)", ylabel="power (% of rated)", title=title)
    axes.legend(ncols=5, fontsize="small")
