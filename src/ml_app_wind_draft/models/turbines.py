"""Values said once per turbine, spread over rows."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.core.site import Site, Turbine


def per_turbine(
    turbine_id: pd.Series, site: Site, value_of: Callable[[Turbine], float]
) -> NDArray[np.float64]:
    """`value_of` each row's turbine, float64 [n].

    Raises `ModelError` when a row's turbine is not in the site file.
    """
    codes, names = pd.factorize(turbine_id)
    unknown = sorted(set(names) - set(site.turbines))
    if unknown:
        message = f"Site {site.name!r} has no turbine {', '.join(map(repr, unknown))}."
        raise ModelError(message, remedy="Add it to the site file, or leave its rows out.")
    values = np.array([value_of(site.turbines[name]) for name in names], dtype=np.float64)
    return values[codes]


def codes_in(turbine_id: pd.Series, known: list[str]) -> NDArray[np.int64]:
    """Each row's place in `known`, int64 [n]; -1 for a turbine that is not there."""
    codes, names = pd.factorize(turbine_id)
    place = {name: index for index, name in enumerate(known)}
    return np.array([place.get(name, -1) for name in names], dtype=np.int64)[codes]
