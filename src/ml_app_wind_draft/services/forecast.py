"""`wind forecast`: train the forecasters, issue forecasts, and say how past ones turned out."""

import csv
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Column, Table

from ml_app_wind_draft.core.clock import FOR_EVER, say
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.models.forecast.units import QUANTILES, capacities, farm_name, members
from ml_app_wind_draft.monitoring.forecast_scores import OLDEST, power_of_hours, scores_by_lead
from ml_app_wind_draft.monitoring.forecast_table import table_lines
from ml_app_wind_draft.services.kedro_project import run_pipeline
from ml_app_wind_draft.storage.data_manager import DataManager

SHOWN = (1, 3, 6, 12, 24, 48)  # hours


def run(
    settings: Settings,
    *,
    train: bool = False,
    scores: bool = False,
    table: Path | None = None,
    console: Console | None = None,
) -> None:
    """Train first where `train`; then issue the farm's forecast and show it, or the `scores`.

    The forecast of every unit is written to `table` (CSV), where one is named. Raises
    `NoChampionError` where no forecaster was trained yet, and `ConfigurationError` where the file
    cannot be written.
    """
    console = console or Console()
    site = load_site(settings.site, settings)
    if train:
        run_pipeline(settings, "forecast_training")
    if not scores:
        run_pipeline(settings, "forecast")
    with DataManager(settings.database_url) as manager:
        manager.init_predictions_db_table()
        if scores:
            _show_scores(console, manager, site)
        else:
            _show_forecast(console, manager, site, table)


def _show_forecast(console: Console, manager: DataManager, site: Site, path: Path | None) -> None:
    unit = farm_name(site)
    issued_at = manager.newest_forecast(unit, HOUR)
    if issued_at is None:
        console.print("Nothing is known of the last days: no forecast was issued.")
        return
    issued = manager.forecasts(unit, HOUR, issued_at, issued_at + 1)
    weather = issued["weather"].iloc[0]
    title = f"{site.title}, issued {say(issued_at)}, weather: {weather}; kW"
    table = Table("hour from", *(QUANTILES[place] for place in (1, 4, 9, 14, 17)), title=title)
    for hour in SHOWN:
        row = issued.iloc[hour - 1]
        cells = [f"{row[QUANTILES[place]]:,.0f}" for place in (1, 4, 9, 14, 17)]
        table.add_row(say(int(row["start"])), *cells)
    console.print(table)
    if path is not None:
        console.print(_write(manager, site, issued_at, path))


def _write(manager: DataManager, site: Site, issued_at: int, path: Path) -> str:
    """All units' hours into a file."""
    units = list(capacities(site))
    issued = [manager.forecasts(unit, HOUR, issued_at, issued_at + 1) for unit in units]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(table_lines(pd.concat(issued)))
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise ConfigurationError(message, remedy="Name another file.") from error
    return f"{len(units)} forecasts of {len(issued[0])} hours, in kW, written to {path}."


def _show_scores(console: Console, manager: DataManager, site: Site) -> None:
    title = (
        "Past forecasts, hourly: MAE, that of persistence, and pinball loss, % of rated;\n"
        "skill against persistence, %; hours in the band P10-P90, %"
    )
    heads = ("lead", "hours", "MAE", "persistence", "skill", "pinball", "in band")
    columns = [Column(each, justify="right") for each in heads]
    table = Table(
        "unit",
        *columns,
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    leads = [HOUR * hour for hour in SHOWN]
    for unit, capacity in capacities(site).items():
        past = manager.forecasts(unit, HOUR, 0, FOR_EVER, leads=leads)
        if past.empty:
            continue
        first, last = int(past["issued_at"].min()), int(past["issued_at"].max())
        turbines = members(site, unit)
        hours = manager.hourly_power(first - OLDEST, last, turbines)
        found = scores_by_lead(past, capacity, power_of_hours(hours, turbines, site.step))
        for own in found.rename_axis("lead").reset_index().to_dict("records"):
            errors = [f"{own[name]:.2f}" for name in ("mae", "persistence_mae")]
            rest = [f"{own[name]:.2f}" for name in ("pinball", "interval_coverage")]
            known = [f"{own['rows']:,.0f}", *errors, f"{own['skill']:+.1f}", *rest]
            table.add_row(unit, f"{own['lead'] // HOUR} h", *known)
    if table.row_count:
        console.print(table)
    else:
        console.print("No forecast has an outcome yet: `wind forecast` issues them hour by hour.")
