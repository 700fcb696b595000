"""The pictures of a training run, PNG bytes by file name. No display, no global state."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from ml_app_wind_draft.models.bundle import Bundle
from ml_app_wind_draft.models.corrected import CorrectedCurve
from ml_app_wind_draft.models.power_curve import WIND
from ml_app_wind_draft.pipelines.pictures import picture
from ml_app_wind_draft.pipelines.training.sensitivity import Sensitivity

_SCATTER = 3000


def draw(bundle: Bundle, window: pd.DataFrame, sensitivity: Sensitivity) -> dict[str, bytes]:
    """What a reviewer wants to see of a model.

    `window`: features, `power` (kW) and `normal` of the judging window; normal rows are drawn.
    """
    rows = window[window["normal"]]
    if rows.empty:
        return {}
    rows = pd.concat([rows, bundle.predict(rows)], axis=1)
    rows["residual"] = rows["expected_power"] - rows["power"]
    rows["day"] = pd.to_datetime(rows["timestamp"], unit="s", utc=True).dt.floor("D")
    rows["wind_bin"] = np.floor(rows["wind_speed"] + 0.5)
    plots = {
        "calibration.png": picture(_calibration, rows),
        "error_by_month.png": picture(_error_by_month, rows),
        "error_by_turbine.png": picture(_error_by_turbine, rows),
        "error_by_wind_speed.png": picture(_error_by_wind_speed, rows),
        "power_curve.png": picture(_power_curve, rows),
        "residual_over_time.png": picture(_residual_over_time, rows),
    }
    if not sensitivity.trials.empty:
        plots["fault_sensitivity.png"] = picture(_fault_sensitivity, sensitivity)
    if isinstance(bundle.model, CorrectedCurve):
        plots["importance.png"] = picture(_importance, bundle.model.importance())
    return plots


def _calibration(axes: Axes, rows: pd.DataFrame) -> None:
    inside = rows["power"].between(rows["expected_power_p10"], rows["expected_power_p90"])
    share = (rows["expected_power"] / rows["rated_power"]).clip(0, 1)
    by_power = inside.groupby(np.minimum(share // 0.1, 9)).mean()
    axes.bar(by_power.index * 0.1 + 0.05, by_power * 100, width=0.09, color="tab:blue")
    axes.axhline(80, color="black", linestyle="--", label="nominal 80 %")
    axes.set(
        xlabel="expected power / rated power",
        ylabel="inside P10-P90 (%)",
        ylim=(0, 100),
        title=f"Band: {inside.mean():.1%} of the judging window inside",
    )
    axes.legend()


def _error_by_wind_speed(axes: Axes, rows: pd.DataFrame) -> None:
    _error_by(axes, rows, rows["wind_bin"])
    axes.set(xlabel="wind speed (m/s)", title="Error by wind speed")


def _error_by_month(axes: Axes, rows: pd.DataFrame) -> None:
    _error_by(axes, rows, rows["day"].dt.strftime("%Y-%m"))
    axes.set(title="Error by month")


def _error_by_turbine(axes: Axes, rows: pd.DataFrame) -> None:
    _error_by(axes, rows, rows["turbine_id"])
    axes.set(title="Error by turbine")


def _error_by(axes: Axes, rows: pd.DataFrame, part: pd.Series) -> None:
    errors = rows["residual"].groupby(part)
    mean_size = rows["residual"].abs().groupby(part).mean()
    axes.bar(mean_size.index, mean_size, color="tab:blue", label="MAE")
    axes.plot(mean_size.index, errors.mean(), "o-", color="tab:orange", label="bias")
    axes.set(ylabel="expected - measured (kW)")
    axes.legend()


def _power_curve(axes: Axes, rows: pd.DataFrame) -> None:
    some = rows.iloc[:: -(-len(rows) // _SCATTER)]
    axes.scatter(some[WIND], some["power"], s=3, alpha=0.3, color="gray", label="measured")
    axes.scatter(some[WIND], some["expected_power"], s=3, alpha=0.5, label="expected")
    axes.set(
        xlabel="wind speed at 1.225 kg/m³ (m/s)", ylabel="power (kW)", title="Power over wind speed"
    )
    axes.legend(markerscale=4)


def _residual_over_time(axes: Axes, rows: pd.DataFrame) -> None:
    for turbine, own in rows.groupby("turbine_id"):
        axes.plot(own.groupby("day")["residual"].mean(), label=str(turbine))
    dates = AutoDateLocator()
    axes.xaxis.set_major_locator(dates)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(dates))
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(ylabel="expected - measured (kW)", title="Residual, daily means")
    axes.legend(ncols=4, fontsize="small")


def _fault_sensitivity(axes: Axes, sensitivity: Sensitivity) -> None:
    for fault, trials in reversed(list(sensitivity.trials.groupby("fault", sort=False))):
        name = f"{fault}\n{trials['found'].sum()} of {len(trials)} found"
        axes.scatter(trials["hours"], [name] * len(trials), c=_colours(trials["found"]), s=40)
    axes.set(
        xlabel="hours to the first alarm (red: none as long as it was looked for)",
        xscale="log",
        title="Faults put into the judging window, one turbine at a time",
    )


def _colours(found: pd.Series) -> list[str]:
    return ["tab:blue" if each else "tab:red" for each in found]


def _importance(axes: Axes, importance: dict[str, float]) -> None:
    ordered = sorted(importance.items(), key=lambda pair: pair[1])
    axes.barh([name for name, _ in ordered], [value for _, value in ordered])
    axes.set(xlabel="importance (%)", title="What the correction of the IEC curve uses")
