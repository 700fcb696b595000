"""Files of settings, checked before anything is computed."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ml_app_wind_draft.core.errors import ConfigurationError


class Strict(BaseModel):
    """Frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Checked = TypeVar("Checked", bound=BaseModel)


def check(model: type[Checked], content: dict[str, Any], section: str, file: str) -> Checked:
    """The `section` of `file`. Raises `ConfigurationError` that names each wrong key."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(
            f"{section}.{'.'.join(map(str, each['loc']))} = {each['input']!r}: {each['msg']}"
            for each in error.errors()
        )
        message = f"{file} cannot be used: {faults}."
        remedy = f"Compare it with conf/base/{file}."
        raise ConfigurationError(message, remedy=remedy) from error
