"""What `conf/<env>/parameters_forecast.yml` may say, checked before anything is computed."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from ml_app_wind_draft.core.checked import Strict, check
from ml_app_wind_draft.core.digests import digest_of_json
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.models.forecast.model import Boosting, Options

FILE = "parameters_forecast.yml"
DAY = 86_400


class BoostingParameters(Strict):
    """CatBoost's hyper-parameters."""

    iterations: Annotated[int, Field(ge=1)]
    depth: Annotated[int, Field(ge=1, le=12)] = 5
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    l2_leaf_reg: Annotated[float, Field(ge=0)] = 10.0
    rsm: Annotated[float, Field(gt=0, le=1)] = 0.5


class Judging(Strict):
    """What new forecasters are judged on, and what they must keep to."""

    window_days: Annotated[float, Field(ge=5, description="newest days, which no fit sees")] = 28
    gap_days: Annotated[float, Field(ge=1, description="between fit and window")] = 2
    least_hours: Annotated[int, Field(ge=24, description="issue times to judge on")] = 240
    margin: Annotated[float, Field(ge=0, lt=1, description="of pinball loss: not worse")] = 0.02
    part_margin: Annotated[float, Field(ge=0, description="a unit or span of leads, worse")] = 0.10
    coverage_low: Annotated[float, Field(ge=0, le=1, description="of P10-P90")] = 0.70
    coverage_high: Annotated[float, Field(ge=0, le=1)] = 0.90

    @model_validator(mode="after")
    def _ordered(self) -> "Judging":
        if self.coverage_low >= self.coverage_high:
            low, high = self.coverage_low, self.coverage_high
            message = f"coverage_low ({low}) must be below coverage_high ({high})"
            raise ValueError(message)
        return self

    @property
    def window(self) -> int:
        """`window_days` in seconds, whole hours."""
        return round(24 * self.window_days) * 3600

    @property
    def gap(self) -> int:
        """`gap_days` in seconds, whole hours."""
        return round(24 * self.gap_days) * 3600


class ForecastParameters(Strict):
    """All of it."""

    enabled: bool = True
    threads: Annotated[int, Field(ge=1)] = 2
    seed: int = 1
    weather_model: BoostingParameters = BoostingParameters(iterations=300)
    direct_model: BoostingParameters = BoostingParameters(iterations=200)
    judging: Judging = Judging()

    @property
    def options(self) -> Options:
        """As a fit takes them."""
        return Options(
            weather_model=Boosting(**self.weather_model.model_dump()),
            direct_model=Boosting(**self.direct_model.model_dump()),
            threads=self.threads,
            seed=self.seed,
        )


def read_parameters(content: dict[str, Any]) -> ForecastParameters:
    """Check the `forecast` section. Raises `ConfigurationError` that names each wrong key."""
    return check(ForecastParameters, content, "forecast", FILE)


def configuration_digest(parameters: ForecastParameters, site: Site, weather: str) -> str:
    """SHA-256 of everything besides the rows that decides what is trained.

    `weather` is its kind: none, forecast or perfect. Its values grow by the hour at a live site.
    """
    content = {
        "parameters": parameters.model_dump(mode="json", exclude={"threads", "enabled"}),
        "turbines": {name: each.model_dump() for name, each in site.turbines.items()},
        "sampling_minutes": site.sampling_minutes,
        "weather": weather,
    }
    return digest_of_json(content)
