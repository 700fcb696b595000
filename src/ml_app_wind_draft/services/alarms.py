"""`wind alarms`: what the alarm rules say, for a person to read."""

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.monitoring.alarms import UNDER_PERFORMANCE
from ml_app_wind_draft.services.status import stored
from ml_app_wind_draft.storage.data_manager import DataManager


def show(
    settings: Settings,
    start: datetime | None = None,
    end: datetime | None = None,
    turbine_id: str | None = None,
    console: Console | None = None,
) -> None:
    """Print the site's alarms that were on between two instants (all without them), newest first.

    Raises `SiteError` where the site cannot be read.
    """
    console = console or Console()
    site = load_site(settings.site, settings)
    with stored(settings) as manager:
        if manager is None:
            console.print("No data yet: `wind up` or `wind data import` brings them.")
            return
        alarms = manager.alarms(
            0 if start is None else clock.to_epoch(start),
            clock.FOR_EVER if end is None else clock.to_epoch(end),
            site.turbine_ids if turbine_id is None else [turbine_id],
        )
        waiting = [work.turbine_id for work in manager.judging_work(site.turbine_ids)]
        now = _event_time(manager, site)
    if alarms.empty:
        console.print("No alarms.")
    else:
        console.print(_table(alarms, now))
    if waiting:
        names = ", ".join(waiting)
        console.print(f"Rows of {names} are still to be judged; app-ml-inference does it.")


def _table(alarms: pd.DataFrame, now: int) -> Table:
    table = Table("turbine", "alarm", "from (UTC)", "to (UTC)", title="Alarms")
    for name in ("hours", "peak", "kWh below expectation"):
        table.add_column(name, justify="right")
    ordered = alarms.sort_values(["start", "turbine_id"], ascending=[False, True])
    for each in ordered.to_dict("records"):
        table.add_row(*_cells(each, now))
    return table


def _cells(alarm: Mapping[Hashable, Any], now: int) -> list[str]:
    start, is_on = int(alarm["start"]), bool(pd.isna(alarm["end"]))
    end = now if is_on else int(alarm["end"])
    of = "expected" if alarm["rule"] == UNDER_PERFORMANCE else "rated"
    return [
        alarm["turbine_id"],
        alarm["rule"].replace("_", " "),
        clock.say(start).removesuffix(" UTC"),
        "[red]still on[/]" if is_on else clock.say(end).removesuffix(" UTC"),
        f"{max(0, end - start) / 3600:,.1f}",
        f"{alarm['peak']:.1%} of {of}",
        f"{alarm['energy_below_expectation']:,.0f}",
    ]


def _event_time(manager: DataManager, site: Site) -> int:
    newest = max(manager.newest_rows().values(), default=0) + site.step
    return min(newest, clock.now(manager.replayed_until(site.name)))
