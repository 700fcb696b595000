"""A weather forecast as it moves through the house."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class WeatherRun:
    """What `source` foresaw at `issued_at` (s UTC, when it could first be known).

    `valid` int64 [n], ascending instants (s UTC); `values` float64 [n, len(variables)], NaN where
    missing, in the units that the source's variables are asked for in.
    """

    source: str
    issued_at: int
    variables: tuple[str, ...]
    valid: NDArray[np.int64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.valid), len(self.variables)):
            message = f"values {self.values.shape} fit neither {len(self.valid)} instants nor names"
            raise ValueError(message)
