"""What the registry hands in and out. Instants are whole seconds since the epoch, UTC."""

from dataclasses import dataclass, field

from ml_app_wind_draft.models.bundle import Bundle

CHAMPION = "champion"
CHALLENGER = "challenger"
SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that MLflow is told about one training run.

    `score` is the MAE in kW on normal rows of the judging window, the number that models are
    compared by. `training_start` and `training_end` bound the interval starts of the rows that the
    model was fitted on. `data_digest` identifies the rows read (their whole range is `data_start`
    to `data_end`), `configuration_digest` everything else that decides the result. `metrics` are in
    kW unless their name says otherwise. `plots` maps a file name (`power_curve.png`) to PNG bytes.
    The judging window is `window_start` <= interval start <= `window_end`; `importance` says how
    much the model uses each input, in percent.
    """

    kind: str
    training_start: int
    training_end: int
    score: float
    features: tuple[str, ...]
    data_start: int
    data_end: int
    data_rows: int
    data_digest: str
    configuration_digest: str
    parameters: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    plots: dict[str, bytes] = field(default_factory=dict)
    description: str = ""
    importance: dict[str, float] = field(default_factory=dict)
    window_start: int = 0
    window_end: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new model and version `against` on the same `rows` of normal operation: MAE, kW."""

    against: int
    rows: int
    mae: float
    against_mae: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on a new model: `promote` it over version `against` (`None`: no champion yet)?

    It counts only while `against` is still the champion. `why` is written for a person. With
    `shadow` it goes into the champion's shadow instead, to be judged there.
    """

    promote: bool
    against: int | None
    why: str
    comparison: Comparison | None = None
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A fitted model with its record and its judgement: what a training run ends in."""

    bundle: Bundle
    record: RunRecord
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One registered version. `created_at` is wall time; `metrics` holds `score` (kW) and more.

    `verdict` says how it did against the champion of its day. A version that this app did not log
    has kind `unknown` and training range 0 to 0. `importance` is in percent, empty where unknown.
    """

    version: int
    kind: str
    aliases: tuple[str, ...]
    created_at: int
    training_start: int
    training_end: int
    metrics: dict[str, float]
    run_id: str
    url: str
    description: str = ""
    verdict: str = ""
    data_digest: str = ""
    configuration_digest: str = ""
    features: tuple[str, ...] = ()
    importance: dict[str, float] = field(default_factory=dict)
    window_start: int = 0
    window_end: int = 0
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A version and its model, ready to predict."""

    version: ModelVersion
    bundle: Bundle
