"""Faults put into recorded rows, to see how soon the alarm rules find them.

A model with a small error may still hide faults, by following the turbine that fails. So rows that
no model was fitted on are changed as a fault would change them, and the rules are run on both.

Scaling power, as here, is not all that a fault does: with another thrust the wind behind the rotor
changes too, and with it what the nacelle anemometer reads. That response is not reproduced.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_app_wind_draft.core.alarms import Alarm
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.core.states import NORMAL
from ml_app_wind_draft.models.operating_state import states_of
from ml_app_wind_draft.monitoring.alarms import all_alarms

Values = NDArray[np.float64]
Expected = Callable[[pd.DataFrame], pd.Series]

DAY = 86_400
SEEN_FOR_DAYS = 30
ICE_GROWS_DAYS = 10.0
ICE_TAKES = 0.2


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fault does to one signal: `change(values, days since its onset)`."""

    name: str
    signal: str
    change: Callable[[Values, Values], Values]

    def inject(self, rows: pd.DataFrame, turbine_ids: Iterable[str], onset: int) -> pd.DataFrame:
        """`rows` (raw columns, by turbine and time) as these turbines' would be with the fault.

        `onset` in s UTC; rows before it and all other turbines' stay as they are.
        """
        stamps = rows["timestamp"].to_numpy(np.int64)
        values = rows[self.signal].to_numpy(np.float64).copy()
        for turbine_id in turbine_ids:
            hit = (rows["turbine_id"] == turbine_id).to_numpy() & (stamps >= onset)
            values[hit] = self.change(values[hit], (stamps[hit] - onset) / DAY)
        return rows.assign(**{self.signal: values})


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault at these turbines from `onset` on (s UTC), seen for `SEEN_FOR_DAYS`.

    `hours`: from the onset to the first alarm that untouched rows do not have, of one turbine after
    another; NaN where there was none.
    """

    fault: str
    turbine_ids: tuple[str, ...]
    onset: int
    hours: tuple[float, ...]


def derating(share: float) -> Fault:
    """Never more than `share` of what the wind gives: P' = share P."""
    return Fault(f"derating to {share:.0%}", "power", lambda power, _: _scaled(power, share))


def yaw_offset(degrees: float) -> Fault:
    """The nacelle stands askew by so much: P' = P cos³ (Fleming et al., 2014, and others)."""
    share = float(np.cos(np.deg2rad(degrees)) ** 3)
    return Fault(f"yaw offset {degrees:g}°", "power", lambda power, _: _scaled(power, share))


def wind_bias(offset: float) -> Fault:
    """The anemometer reads `offset` m/s too much or too little; a calm stays one."""
    return Fault(
        f"wind sensor {offset:+.1f} m/s",
        "wind_speed",
        lambda wind, _: np.where(wind > 0, np.maximum(wind + offset, 0.0), wind),
    )


def icing() -> Fault:
    """A loss that grows from nothing to a fifth of the power in ten days, and stays."""
    return Fault("icing", "power", lambda power, days: _scaled(power, _iced(days)))


FAULTS: tuple[Fault, ...] = (
    derating(0.90),
    derating(0.95),
    derating(0.98),
    yaw_offset(5),
    yaw_offset(10),
    wind_bias(0.3),
    wind_bias(-0.3),
    Fault("stuck wind sensor", "wind_speed", lambda wind, _: np.full_like(wind, _first(wind))),
    icing(),
)


def try_out(
    faults: Sequence[Fault],
    rows: pd.DataFrame,
    expected: Expected,
    site: Site,
    cases: Sequence[tuple[Sequence[str], int]],
    *,
    look_back: int,
) -> Iterator[Trial]:
    """Inject each fault at each (turbines, onset) and run the rules on faulty and untouched rows.

    `rows`: raw columns of all turbines by turbine and time; from `rules_look_back` before an onset
    on, the model behind `expected` was fitted on none of them. `expected(rows)`: expected power in
    kW with the index of `rows`, NaN where the model says nothing; it gets `look_back` (s) before
    the onset, as far as the model's features look.
    """
    for onset in dict.fromkeys(each for _, each in cases):
        stretch = _Stretch.around(onset, rows, expected, site, look_back)
        for fault in faults:
            for turbine_ids, when in cases:
                if when == onset:
                    yield stretch.trial(fault, tuple(turbine_ids))


def rules_look_back(site: Site) -> int:
    """How long before an onset the rules begin, s: their window is full by then."""
    return round(2 * site.alarms.window_hours * 3600)


def alarms_of(rows: pd.DataFrame, expected: pd.Series, turbine_id: str, site: Site) -> list[Alarm]:
    """The rules over one turbine's normal rows that have an expected power."""
    own = (rows["turbine_id"] == turbine_id).to_numpy() & expected.notna().to_numpy()
    judged = rows[own].assign(expected_power=expected[own])
    normal = judged[states_of(judged, site) == NORMAL]
    return all_alarms(normal[["timestamp", "power", "expected_power"]], turbine_id, site)


def first_new(faulty: Iterable[Alarm], untouched: Sequence[Alarm], onset: int) -> float:
    """When (s UTC) a rule first holds on faulty rows, from `onset` on, that does not hold without.

    Infinite where it never does.
    """
    return min((_uncovered(each, untouched, onset) for each in faulty), default=np.inf)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The rows around an onset, and the alarms that they raise without any fault."""

    onset: int
    rows: pd.DataFrame
    judged: NDArray[np.bool_]
    expected: Expected
    site: Site
    untouched: dict[str, list[Alarm]]

    @classmethod
    def around(
        cls, onset: int, rows: pd.DataFrame, expected: Expected, site: Site, look_back: int
    ) -> "_Stretch":
        near = rows["timestamp"].between(onset - look_back, onset + SEEN_FOR_DAYS * DAY)
        own = rows[near].reset_index(drop=True)
        judged = (own["timestamp"] >= onset - rules_look_back(site)).to_numpy()
        known = expected(own).where(judged)
        alarms = {each: alarms_of(own, known, each, site) for each in site.turbine_ids}
        return cls(onset, own, judged, expected, site, alarms)

    def trial(self, fault: Fault, turbine_ids: tuple[str, ...]) -> Trial:
        faulty = fault.inject(self.rows, turbine_ids, self.onset)
        expected = self.expected(faulty).where(self.judged)
        hours = []
        for each in turbine_ids:
            alarms = alarms_of(faulty, expected, each, self.site)
            when = first_new(alarms, self.untouched[each], self.onset)
            hours.append((when - self.onset) / 3600 if np.isfinite(when) else np.nan)
        return Trial(fault.name, turbine_ids, self.onset, tuple(hours))


def _uncovered(alarm: Alarm, untouched: Iterable[Alarm], onset: int) -> float:
    """The first moment of `alarm` from `onset` on at which the same rule is off without fault."""
    moment = float(max(alarm.start, onset))
    same_rule = (each for each in untouched if each.rule == alarm.rule)
    for other in sorted(same_rule, key=lambda each: each.start):
        if other.start <= moment:
            moment = max(moment, np.inf if other.end is None else float(other.end))
    return moment if alarm.end is None or moment < alarm.end else np.inf


def _scaled(power: Values, share: float | Values) -> Values:
    """What a turbine draws from the grid when it stands still is not less for a fault."""
    return np.where(power > 0, power * share, power)


def _iced(days: Values) -> Values:
    return 1 - ICE_TAKES * np.minimum(days / ICE_GROWS_DAYS, 1.0)


def _first(values: Values) -> float:
    known = values[np.isfinite(values)]
    return float(known[0]) if len(known) else np.nan
