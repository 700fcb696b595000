"""What `conf/<env>/parameters_training.yml` may say, checked before anything is computed."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ml_app_wind_draft.core.checked import Strict, check

FILE = "parameters_training.yml"
DAY = 86_400


class Choices(Strict):
    """A hyper-parameter that is one of a list."""

    choices: Annotated[list[str | int | float], Field(min_length=1)]


class Range(Strict):
    """A hyper-parameter between two bounds, whole where both bounds are whole."""

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low >= self.high:
            message = f"low ({self.low}) must be below high ({self.high})"
            raise ValueError(message)
        if self.log and self.low <= 0:
            message = f"a logarithmic range must start above 0, not at {self.low}"
            raise ValueError(message)
        return self


class ModelParameters(Strict):
    """One kind of model: parameters held fixed, and the space searched."""

    fixed: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    space: dict[str, Range | Choices] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_once(self) -> "ModelParameters":
        twice = sorted(set(self.fixed) & set(self.space))
        if twice:
            message = f"both fixed and searched: {', '.join(twice)}"
            raise ValueError(message)
        return self


class Search(Strict):
    """How hyper-parameters are looked for."""

    trials: Annotated[int, Field(ge=1)] = 25
    folds: Annotated[int, Field(ge=2, le=12)] = 3
    rows: Annotated[int, Field(ge=1000, description="most rows that a trial reads")] = 40_000
    seed: int = 1
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 30


class Gates(Strict):
    """What a challenger must keep to besides a smaller error."""

    part_margin: Annotated[float, Field(ge=0, description="a turbine or wind bin may be worse")] = (
        0.10
    )
    part_rows: Annotated[int, Field(ge=1, description="normal rows that make such a part")] = 300
    coverage_low: Annotated[float, Field(ge=0, le=1, description="of the P10-P90 band")] = 0.70
    coverage_high: Annotated[float, Field(ge=0, le=1)] = 0.90
    fault_margin: Annotated[float, Field(ge=0, description="faults may be found later")] = 0.10

    @model_validator(mode="after")
    def _ordered(self) -> "Gates":
        if self.coverage_low >= self.coverage_high:
            low, high = self.coverage_low, self.coverage_high
            message = f"coverage_low ({low}) must be below coverage_high ({high})"
            raise ValueError(message)
        return self


class Shadow(Strict):
    """How a model in shadow is judged."""

    least_days: Annotated[int, Field(ge=1, description="with rows that neither has seen")] = 14


class Promotion(Strict):
    """What follows for a challenger that is better and keeps to the gates."""

    shadow_first: Annotated[
        bool, Field(description="it is put into shadow, not promoted; judging there decides")
    ] = False


class TrainingParameters(Strict):
    """All of it."""

    model: Literal["catboost", "random_forest"] = "catboost"
    threads: Annotated[int, Field(ge=1)] = 2
    window_days: Annotated[float, Field(gt=0, description="of event time, to judge on")] = 60
    gap_days: Annotated[float, Field(ge=1, description="between fit and judging")] = 1
    margin: Annotated[float, Field(ge=0, lt=1, description="of the champion's MAE")] = 0.01
    least_rows: Annotated[int, Field(ge=1, description="normal rows to judge on")] = 2000
    gates: Gates = Gates()
    shadow: Shadow = Shadow()
    promotion: Promotion = Promotion()
    search: Search = Search()
    catboost: ModelParameters = ModelParameters()
    random_forest: ModelParameters = ModelParameters()

    @property
    def chosen(self) -> ModelParameters:
        """Those of the configured kind of model."""
        return self.catboost if self.model == "catboost" else self.random_forest

    @property
    def window(self) -> int:
        """`window_days` in seconds."""
        return round(self.window_days * DAY)

    @property
    def gap(self) -> int:
        """`gap_days` in seconds."""
        return round(self.gap_days * DAY)


def read_parameters(content: dict[str, Any]) -> TrainingParameters:
    """Check the `training` section. Raises `ConfigurationError` that names each wrong key."""
    return check(TrainingParameters, content, "training", FILE)
