"""From one number to quantiles: the errors that forecasts like this one made where held out.

Split-conformal in its idea (Vovk et al. 2005; Romano et al. 2019): errors are taken from blocks of
days that the fit had not seen. Conditional on the forecast level, by nearest neighbours in its
rank, and on the lead. Quantiles of errors of one neighbourhood never cross.

A standstill - a tenth of all hours is one - stays a standstill among neighbours that forecast a
little more or less, and what moved does not become one. With plain errors such hours would lie
scattered around the lowest power, and the lower quantiles with them.
"""

import base64
import zlib
from dataclasses import dataclass, field

import numpy as np

from ml_app_wind_draft.models.forecast.series import Instants, Values

LEVELS = np.concatenate([[0.005], np.arange(1, 100) / 100, [0.995]])
KNOTS = 41
NEIGHBOURS = 500
LEAST_NEIGHBOURS = 60
SHARE = 0.07  # of all samples, where there are few
STANDSTILL = 0.005  # of capacity, above the lowest power that there is


@dataclass(frozen=True, slots=True)
class Samples:
    """Forecasts of one lead and their errors (measured - forecast), oldest first; [n] each."""

    center: Values
    error: Values


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """Error quantiles [knots, levels] at forecast levels `center` [knots], ascending."""

    center: Values
    quantiles: Values

    def at(self, center: Values) -> Values:
        """Error quantiles [n, levels] for forecasts `center` [n]."""
        right = np.clip(np.searchsorted(self.center, center), 1, len(self.center) - 1)
        low, high = self.center[right - 1], self.center[right]
        share = np.clip((center - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)[:, None]
        return self.quantiles[right - 1] * (1 - share) + self.quantiles[right] * share


@dataclass(frozen=True, slots=True)
class ErrorDistribution:
    """Error quantiles by lead (s) and forecast level; between two leads the nearer counts more.

    `bounds`: the lowest and highest power there is, fractions of capacity.
    """

    samples: dict[int, Samples]
    bounds: tuple[float, float]
    _tables: dict[int, ErrorTable] = field(default_factory=dict, compare=False)

    def quantiles(self, center: Values, lead: Instants, levels: Values) -> Values:
        """[n, len(levels)], ascending in each row; `center` [n], `lead` [n] s, `levels` ascending.

        Levels beyond 0.005 and 0.995 get the outermost value: so few errors say nothing of them.
        """
        known = np.array(sorted(self.samples))
        right = np.clip(np.searchsorted(known, lead), 1, max(1, len(known) - 1))
        low = known[np.minimum(right - 1, len(known) - 1)]
        high = known[np.minimum(right, len(known) - 1)]
        share = np.clip((lead - low) / np.maximum(high - low, 1), 0.0, 1.0)
        errors = np.zeros((len(center), len(LEVELS)))
        for part, weight in ((low, 1 - share), (high, share)):
            for each in np.unique(part[weight > 0]):
                rows = (part == each) & (weight > 0)
                errors[rows] += weight[rows, None] * self._table(int(each)).at(center[rows])
        wanted = level_values(errors, levels)
        return np.maximum.accumulate(np.clip(center[:, None] + wanted, *self.bounds), axis=1)

    def extended(self, lead: int, center: Values, measured: Values) -> "ErrorDistribution":
        """With outcomes that came in since."""
        new = np.isfinite(center) & np.isfinite(measured)
        if lead not in self.samples or not new.any():
            return self
        own = self.samples[lead]
        added = Samples(
            np.concatenate([own.center, center[new]]),
            np.concatenate([own.error, (measured - center)[new]]),
        )
        tables = {key: table for key, table in self._tables.items() if key != lead}
        return ErrorDistribution({**self.samples, lead: added}, self.bounds, tables)

    def lean(self) -> "ErrorDistribution":
        """Its tables alone, which say the same quantiles in a tenth of the memory."""
        none = Samples(np.empty(0), np.empty(0))
        tables = {lead: self._table(lead) for lead in self.samples}
        return ErrorDistribution(dict.fromkeys(self.samples, none), self.bounds, tables)

    def _table(self, lead: int) -> ErrorTable:
        if lead not in self._tables:
            self._tables[lead] = error_table(self.samples[lead], self.bounds[0])
        return self._tables[lead]

    def as_json(self) -> dict[str, object]:
        """What `from_json` reads: samples as 32-bit numbers, compressed."""
        packed = {
            str(lead): {"center": _pack(own.center), "error": _pack(own.error)}
            for lead, own in self.samples.items()
        }
        return {"bounds": list(self.bounds), "samples": packed}

    @classmethod
    def from_json(cls, content: dict) -> "ErrorDistribution":
        """Read what `as_json` wrote."""
        samples = {
            int(lead): Samples(_unpack(own["center"]), _unpack(own["error"]))
            for lead, own in content["samples"].items()
        }
        low, high = content["bounds"]
        return cls(samples, (float(low), float(high)))


def level_values(quantiles: Values, levels: Values) -> Values:
    """[n, len(levels)] out of `quantiles` [n, len(LEVELS)], between the nearest two levels."""
    places = np.interp(levels, LEVELS, np.arange(len(LEVELS)))
    first = np.floor(places).astype(int)
    second = np.minimum(first + 1, len(LEVELS) - 1)
    between = places - first
    return quantiles[:, first] * (1 - between) + quantiles[:, second] * between


def error_table(samples: Samples, lowest: float = -np.inf) -> ErrorTable:
    """Error quantiles at evenly ranked forecast levels, each from its nearest neighbours in rank.

    Neighbours count less with distance (tricube weights, as in local regression). `lowest`: the
    power of a standstill.
    """
    order = np.argsort(samples.center, kind="stable")
    center, error = samples.center[order], samples.error[order]
    measured, moves = center + error, lowest + STANDSTILL
    count = len(center)
    width = min(count, max(LEAST_NEIGHBOURS, min(NEIGHBOURS, int(SHARE * count))))
    places = np.linspace(0, count - 1, min(KNOTS, count))
    levels = np.interp(places, np.arange(count), center)
    rows = []
    for place, level in zip(places, levels, strict=True):
        first = int(np.clip(place - width / 2, 0, count - width))
        near = np.arange(first, first + width)
        reach = max(place - first, first + width - place, 1.0)
        weight = (1 - np.minimum(1.0, np.abs(near - place) / reach) ** 3) ** 3 + 1e-9
        stands = measured[near] < moves
        own = np.where(stands, measured[near] - level, np.maximum(error[near], moves - level))
        rows.append(_weighted_quantiles(own, weight))
    return ErrorTable(levels, np.array(rows))


def _weighted_quantiles(values: Values, weight: Values) -> Values:
    order = np.argsort(values)
    mass = np.cumsum(weight[order])
    return np.interp(LEVELS, (mass - 0.5 * weight[order]) / mass[-1], values[order])


def _pack(values: Values) -> str:
    return base64.b64encode(zlib.compress(values.astype("<f4").tobytes())).decode("ascii")


def _unpack(text: str) -> Values:
    raw = zlib.decompress(base64.b64decode(text))
    return np.frombuffer(raw, "<f4").astype(np.float64)
