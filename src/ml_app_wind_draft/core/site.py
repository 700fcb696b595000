"""A site: its turbines and how its files are read. One YAML file in `conf/<env>/sites/`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from ml_app_wind_draft.core.checked import Strict
from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings
from ml_app_wind_draft.core.errors import SiteError
from ml_app_wind_draft.core.signals import CONVERSIONS, SIGNAL_INDEX, SIGNALS, signal


class Turbine(Strict):
    """One machine. Power in kW, lengths in m, position in degrees (WGS 84)."""

    rated_power: Annotated[float, Field(gt=0, description="kW")]
    hub_height: Annotated[float, Field(gt=0, description="m above ground")]
    rotor_diameter: Annotated[float | None, Field(gt=0, description="m")] = None
    latitude: Annotated[float | None, Field(ge=-90, le=90)] = None
    longitude: Annotated[float | None, Field(ge=-180, le=180)] = None
    elevation: Annotated[float, Field(description="m above sea level, of the tower's foot")] = 0.0
    manufacturer: str = ""
    model: str = ""
    name_in_files: Annotated[str, Field(description="where files call it otherwise")] = ""
    power_curve: list[tuple[float, float]] = Field(
        default_factory=list, description="the manufacturer's: m/s at 1.225 kg/m³, kW"
    )


class TimeColumn(Strict):
    """The time stamp's column and what a stamp means."""

    column: str
    time_zone: Annotated[str, Field(description="IANA name, for stamps that carry no offset")] = (
        "UTC"
    )
    stamp: Annotated[Literal["start", "end"], Field(description="of the interval")] = "start"
    day_first: bool = False
    format: Annotated[str, Field(description="strptime format; empty: recognised")] = ""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except Exception as error:
            message = f"no time zone is called {name!r}; use an IANA name such as Europe/Paris"
            raise ValueError(message) from error
        return name


class SignalColumn(Strict):
    """A signal's column and the unit its values are in."""

    column: str
    unit: str


class Columns(Strict):
    """Which column holds what. Without `turbine_id` a file is one turbine's, named at import."""

    turbine_id: str | None = None
    timestamp: TimeColumn
    signals: dict[str, SignalColumn]

    @model_validator(mode="after")
    def _known_signals_and_units(self) -> "Columns":
        for name, column in self.signals.items():
            if name not in SIGNAL_INDEX:
                message = f"no signal is called {name!r}; known: {', '.join(SIGNAL_INDEX)}"
                raise ValueError(message)
            units = CONVERSIONS[signal(name).unit]
            if column.unit not in units:
                message = f"unit {column.unit!r} of {name} is unknown; known: {', '.join(units)}"
                raise ValueError(message)
        for needed in ("power", "wind_speed"):
            if needed not in self.signals:
                message = f"the signal {needed!r} has no column, and the app cannot do without it"
                raise ValueError(message)
        return self


class CsvFormat(Strict):
    """How CSV files are written; `None` means: recognise it."""

    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None


class Replay(Strict):
    """Recorded data that stand in for a live feed: what is history, what is replayed."""

    file: Annotated[str, Field(description="relative to the project root")]
    start: Annotated[datetime, Field(description="history ends and the replay begins here")]
    preload_days: Annotated[float, Field(ge=0, description="replayed at once at the start")] = 14
    weather: Annotated[
        str, Field(description="reanalysis beside it, Parquet; relative to the project root")
    ] = ""

    @field_validator("start")
    @classmethod
    def _aware(cls, moment: datetime) -> datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def path(self) -> Path:
        """The file's absolute path."""
        return PROJECT_ROOT / self.file


class Limits(Strict):
    """A site's own plausible range or frozen-sensor length for a signal."""

    low: float | None = None
    high: float | None = None
    stuck_after: int | None = None


class NormalOperation(Strict):
    """The filter for normal operation, by power and pitch.

    Dropped: power <= 0 with wind above `cut_in_wind_speed` (m/s), and pitch above `pitch_limit`
    (deg) with power below `pitched_power_fraction` of rated and wind above `pitched_wind_speed`.
    """

    cut_in_wind_speed: float = 4.5
    pitch_limit: float = 5.0
    pitched_power_fraction: float = 1900 / 2050
    pitched_wind_speed: float = 5.0


class AlarmLimits(Strict):
    """When a rule raises its alarm and when it clears it, in fractions and hours of rows."""

    raise_above: Annotated[float, Field(gt=0)] = 0.05
    raise_after_hours: Annotated[float, Field(ge=0)] = 6
    clear_below: float = 0.03
    clear_after_hours: Annotated[float, Field(ge=0)] = 2

    @model_validator(mode="after")
    def _clears_below_its_limit(self) -> "AlarmLimits":
        if self.clear_below > self.raise_above:
            message = f"clear_below {self.clear_below} lies above raise_above {self.raise_above}"
            raise ValueError(message)
        return self


class Alarms(Strict):
    """The alarm rules' limits. They look at the normal rows of the trailing `window_hours`.

    Below `least_rows` of them they say nothing; without it half of the rows that fit are needed,
    which is 72 at 10 minutes. `under_performance` is silent, too, while expected power is on
    average below `least_expected` of rated power: in a calm a kilowatt is a large share.
    """

    window_hours: Annotated[float, Field(gt=0)] = 24
    least_rows: Annotated[int | None, Field(gt=0)] = None
    least_expected: Annotated[float, Field(ge=0, lt=1)] = 0.0
    under_performance: AlarmLimits = AlarmLimits()
    model_doubt: AlarmLimits = AlarmLimits()


class Site(Strict):
    """A wind farm. Everything the app knows of it comes from here."""

    name: Annotated[str, Field(description="the file's name without .yml")] = ""
    title: str
    licence: Annotated[str, Field(description="shown beside the data")] = ""
    time_zone: Annotated[str, Field(description="site time on the dashboard, IANA name")] = "UTC"
    sampling_minutes: Annotated[int, Field(gt=0)] = 10
    turbines: Annotated[dict[str, Turbine], Field(min_length=1)]
    columns: Columns
    csv: CsvFormat = CsvFormat()
    replay: Replay | None = None
    limits: dict[str, Limits] = Field(default_factory=dict)
    normal_operation: NormalOperation = NormalOperation()
    alarms: Alarms = Alarms()

    @field_validator("limits")
    @classmethod
    def _limits_of_known_signals(cls, limits: dict[str, Limits]) -> dict[str, Limits]:
        for name in limits:
            if name not in SIGNAL_INDEX:
                message = f"no signal is called {name!r}; known: {', '.join(SIGNAL_INDEX)}"
                raise ValueError(message)
        return limits

    @property
    def step(self) -> int:
        """The sampling interval in seconds."""
        return self.sampling_minutes * 60

    @property
    def turbine_ids(self) -> list[str]:
        """In the site file's order."""
        return list(self.turbines)

    @property
    def rated_power(self) -> float:
        """Of the whole farm, kW."""
        return sum(turbine.rated_power for turbine in self.turbines.values())

    def bounds(self, turbine_id: str) -> tuple[list[float], list[float], list[int]]:
        """Plausible low and high of each signal for this turbine, and the frozen-sensor lengths.

        In the order of `SIGNALS` and in their units; a length of 0 means the signal cannot freeze.
        """
        low, high, stuck = [], [], []
        for each in SIGNALS:
            own = self.limits.get(each.name, Limits())
            scale = self.turbines[turbine_id].rated_power if each.name == "power" else 1.0
            low.append((each.low if own.low is None else own.low) * scale)
            high.append((each.high if own.high is None else own.high) * scale)
            frozen = each.stuck_after if own.stuck_after is None else own.stuck_after
            stuck.append((frozen or 0) if each.name in self.columns.signals else 0)
        return low, high, stuck


def load_site(name: str, settings: Settings) -> Site:
    """Read `conf/<env>/sites/<name>.yml`, the current environment before `base`.

    Raises `SiteError` that names the file, the key and the remedy.
    """
    folders = [settings.conf_dir / env / "sites" for env in (settings.kedro_env, "base")]
    path = next((f / f"{name}.yml" for f in folders if (f / f"{name}.yml").exists()), None)
    if path is None:
        known = sorted({each.stem for folder in folders for each in folder.glob("*.yml")})
        message = f"There is no site {name!r} in {folders[-1]}."
        raise SiteError(message, remedy=f"Known sites: {', '.join(known) or 'none'}.")
    return read_site(path)


def read_site(path: Path) -> Site:
    """Read one site file. Raises `SiteError` that names the file, the key and the remedy."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Site.model_validate({**(content or {}), "name": path.stem})
    except yaml.YAMLError as error:
        message = f"{path} is not valid YAML: {error}."
        raise SiteError(message) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}" for each in error.errors()
        )
        message = f"{path} cannot be used: {faults}."
        raise SiteError(message, remedy="docs/sites.md describes every key.") from error
