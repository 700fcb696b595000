"""`wind alarms --calibrate`: how often other settings of the rules would speak, what they find."""

from datetime import datetime

import pandas as pd
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.monitoring.alarm_choice import CHOICES, LOSSES, quickest, weigh
from ml_app_wind_draft.monitoring.alarms import MODEL_DOUBT, UNDER_PERFORMANCE
from ml_app_wind_draft.services.status import stored
from ml_app_wind_draft.storage.data_manager import DataManager

LEAST_DAYS = 60
YEAR = 366 * 86_400
FALSE_ALARMS = 2.0  # a turbine and year: more than that, and nobody looks


def show(
    settings: Settings,
    start: datetime | None = None,
    end: datetime | None = None,
    console: Console | None = None,
) -> None:
    """Weigh the settings on stored predictions of [start, end), by default of the last year.

    Raises `ConfigurationError` where there are fewer than 60 days of them.
    """
    console = console or Console()
    site = load_site(settings.site, settings)
    with stored(settings) as manager:
        if manager is None:
            console.print("No data yet: `wind up` or `wind data import` brings them.")
            return
        until = max(manager.newest_rows().values(), default=0) + site.step
        until = until if end is None else min(until, clock.to_epoch(end))
        begin = until - YEAR if start is None else clock.to_epoch(start)
        rows = _rows(manager, site, begin, until)
    known = rows.loc[rows["expected_power"].notna(), "timestamp"]
    days = (known.max() - known.min()) / 86_400 if len(known) else 0.0
    if days < LEAST_DAYS:
        message = f"{days:.0f} days of predictions that are not in-sample; {LEAST_DAYS} are needed."
        remedy = "Wait for more, or score the past: wind infer --backfill --from ... --to ..."
        raise ConfigurationError(message, remedy=remedy)
    rows = rows[rows["timestamp"] >= known.min()].reset_index(drop=True)
    with Progress(console=Console(stderr=True)) as progress:
        weighed = pd.concat(
            [
                weigh(rows, site, [choice])
                for choice in progress.track(CHOICES, description="running the rules")
            ],
            ignore_index=True,
        )
    console.print(table_of(weighed))
    chosen = quickest(weighed, FALSE_ALARMS)
    if chosen is None:
        console.print(f"All speak more than {FALSE_ALARMS:g} times a turbine and year.")
        return
    console.print(
        f"At most {FALSE_ALARMS:g} a turbine and year, and the most found: in the site file",
        f"    {chosen.as_yaml()}",
        sep="\n",
        highlight=False,
    )


def table_of(weighed: pd.DataFrame) -> Table:
    """What `weigh` gave, for a person to read."""
    table = Table("window", "least expected", title="Alarm settings, limits as they are")
    for name in ("under performance", "model doubt"):
        table.add_column(f"{name}, a turbine and year", justify="right")
    for loss in LOSSES:
        table.add_column(f"loss of {loss:.0%} found", justify="right")
    for each in weighed.to_dict("records"):
        choice = each["choice"]
        table.add_row(
            f"{choice.window_hours:g} h",
            f"{choice.least_expected:.0%} of rated",
            f"{each[UNDER_PERFORMANCE]:.1f}",
            f"{each[MODEL_DOUBT]:.1f}",
            *(f"{each[f'found_{x:.0%}']:.0%}, {each[f'hours_{x:.0%}']:.0f} h" for x in LOSSES),
        )
    return table


def _rows(manager: DataManager, site: Site, start: int, end: int) -> pd.DataFrame:
    """Raw columns with the stored expectation of each row's newest revision."""
    keys = ["turbine_id", "timestamp", "revision"]
    raw = manager.raw_range(start, end, site.turbine_ids)
    said = manager.predictions_range(
        start, end, site.turbine_ids, columns=(*keys, "expected_power")
    )
    return raw.merge(said, on=keys, how="left")
