"""`wind weather`: fetch the newest weather forecast and keep it; write out all that are kept."""

from pathlib import Path

import pandas as pd
from rich.console import Console

from ml_app_wind_draft.core.clock import FOR_EVER, say, wall_now
from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError, SiteError
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.ingestion.weather import OpenMeteo, WeatherProvider
from ml_app_wind_draft.storage.data_manager import DataManager

HOUR = 3600


def run(
    settings: Settings,
    *,
    url: str = "",
    at_most_every: float = 1.0,
    export: Path | None = None,
    provider: WeatherProvider | None = None,
    console: Console | None = None,
) -> None:
    """Fetch and store, unless a forecast of the last `at_most_every` hours is there; then `export`.

    Raises `ConfigurationError` for a site that replays the past, `SiteError` for one without
    positions, and `WeatherError`.
    """
    console = console or Console()
    provider = provider or OpenMeteo(url)
    site = load_site(settings.site, settings)
    with DataManager(settings.database_url) as manager:
        manager.init_raw_db_table()
        if export is None:
            console.print(_fetch(manager, site, provider, at_most_every))
        else:
            console.print(_export(manager, site, provider, export))


def _fetch(
    manager: DataManager, site: Site, provider: WeatherProvider, at_most_every: float
) -> str:
    if site.replay is not None:
        message = f"{site.title} replays the past: a forecast of today says nothing of it."
        remedy = "For recorded data give `wind backtest` a weather table; SITE chooses a live site."
        raise ConfigurationError(message, remedy=remedy)
    kept = manager.weather_span(site.name, provider.name)
    if kept is not None and wall_now() - kept[1] < at_most_every * HOUR:
        return f"The forecast of {say(kept[1])} is younger than {at_most_every:g} h: nothing to do."
    fetched = provider.fetch(*_position(site))
    manager.save_weather(site.name, fetched)
    span = f"{say(int(fetched.valid[0]))} to {say(int(fetched.valid[-1]))}"
    return f"{provider.name}: {len(fetched.valid)} instants, {span}, kept."


def _position(site: Site) -> tuple[float, float]:
    """The middle of the site's turbines."""
    places = [
        (each.latitude, each.longitude)
        for each in site.turbines.values()
        if each.latitude is not None and each.longitude is not None
    ]
    if not places:
        message = f"No turbine of {site.name} has a position."
        remedy = f"Write latitude and longitude into conf/base/sites/{site.name}.yml."
        raise SiteError(message, remedy=remedy)
    return (
        sum(latitude for latitude, _ in places) / len(places),
        sum(longitude for _, longitude in places) / len(places),
    )


def _export(manager: DataManager, site: Site, provider: WeatherProvider, path: Path) -> str:
    runs = manager.weather_runs(site.name, provider.name, 0, FOR_EVER)
    if runs.empty:
        message = f"No weather forecast of {site.name} is kept yet."
        raise ConfigurationError(message, remedy="`wind weather` fetches the newest.")
    for name in ("issued_at", "valid_at"):
        runs[name] = pd.to_datetime(runs[name], unit="s", utc=True)
    runs.to_csv(path, index=False)
    return f"{runs['issued_at'].nunique()} forecasts written to {path}."
