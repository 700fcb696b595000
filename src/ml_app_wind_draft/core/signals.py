"""The signals of a turbine: names, units, plausible ranges, how each may fail. Said once, here."""

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured quantity, as the app stores it.

    `low` and `high` bound what is plausible, in `unit` (`power`: in multiples of rated power).
    `stuck_after` is the number of equal values in a row from which the sensor counts as frozen;
    `None` where a constant value is normal. `rests_at` is a value that may repeat for ever.
    """

    name: str
    unit: str
    iec_tag: str
    title: str
    low: float
    high: float
    stuck_after: int | None = None
    rests_at: float | None = None


SIGNALS: tuple[Signal, ...] = (
    Signal("power", "kW", "WTUR_W", "active power", -0.1, 1.2),
    Signal("wind_speed", "m/s", "WMET_HorWdSpd", "nacelle wind speed", 0, 50, 6, rests_at=0.0),
    Signal("wind_direction", "deg", "WMET_HorWdDir", "wind direction from north", 0, 360, 6),
    Signal(
        "wind_direction_relative",
        "deg",
        "WMET_HorWdDirRel",
        "wind direction relative to the nacelle",
        -180,
        180,
        6,
    ),
    Signal("nacelle_direction", "deg", "WNAC_Dir", "nacelle direction from north", 0, 360),
    Signal("pitch_angle", "deg", "WROT_BlPthAngVal", "blade pitch angle", -10, 95),
    Signal("rotor_speed", "rpm", "WROT_RotSpd", "rotor speed", 0, 60),
    Signal("generator_speed", "rpm", "WGEN_Spd", "generator speed", 0, 3000),
    Signal("ambient_temperature", "°C", "WMET_EnvTmp", "outdoor temperature", -50, 60, 18),
    Signal("air_pressure", "hPa", "WMET_EnvPres", "outdoor air pressure", 500, 1100, 36),
)
SIGNAL_NAMES: tuple[str, ...] = tuple(signal.name for signal in SIGNALS)
SIGNAL_INDEX: dict[str, int] = {name: index for index, name in enumerate(SIGNAL_NAMES)}


class Flag(IntEnum):
    """Why a signal of an accepted row was set to missing."""

    NONE = 0
    OUT_OF_RANGE = 1
    STUCK = 2
    IMPOSSIBLE_COMBINATION = 3
    NOT_A_NUMBER = 4


# unit -> (factor, offset): value in the signal's unit = value * factor + offset
CONVERSIONS: dict[str, dict[str, tuple[float, float]]] = {
    "kW": {"kW": (1, 0), "W": (1e-3, 0), "MW": (1e3, 0)},
    "m/s": {"m/s": (1, 0), "km/h": (1 / 3.6, 0), "mph": (0.44704, 0), "kn": (1852 / 3600, 0)},
    "deg": {"deg": (1, 0), "rad": (57.29577951308232, 0)},
    "rpm": {"rpm": (1, 0), "Hz": (60, 0), "rad/s": (9.549296585513721, 0)},
    "°C": {"°C": (1, 0), "K": (1, -273.15), "°F": (5 / 9, -160 / 9)},
    "hPa": {"hPa": (1, 0), "mbar": (1, 0), "Pa": (1e-2, 0), "kPa": (10, 0)},
}


def signal(name: str) -> Signal:
    """The signal called `name`; a `KeyError` names an unknown one."""
    return SIGNALS[SIGNAL_INDEX[name]]
