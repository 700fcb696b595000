"""What is forecast, and how it is called: turbines, the farm, levels. Light to import."""

import numpy as np

from ml_app_wind_draft.core.site import Site

LEVELS = np.arange(1, 20) / 20
QUANTILES = tuple(f"q{round(100 * level):02d}" for level in LEVELS)


def farm_name(site: Site) -> str:
    """What the whole farm is called among the units."""
    return f"farm:{site.name}"


def capacities(site: Site) -> dict[str, float]:
    """Unit -> rated power, kW."""
    own = {name: turbine.rated_power for name, turbine in site.turbines.items()}
    return {**own, farm_name(site): site.rated_power}


def members(site: Site, unit: str) -> list[str]:
    """The turbines that a unit is the sum of."""
    return site.turbine_ids if unit == farm_name(site) else [unit]
