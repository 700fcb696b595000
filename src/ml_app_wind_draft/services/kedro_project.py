"""The Kedro project inside a service: parameters, catalog and a run, without a session."""

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import WindError

OURS = "ml_app_wind_draft."


def read_parameters(settings: Settings) -> dict[str, Any]:
    """What `conf/base/parameters*.yml` says, overridden by the environment's folder."""
    return _read(settings, "parameters")[0]


def run_pipeline(settings: Settings, name: str) -> None:
    """Do what `kedro run --pipeline NAME` does, with these settings and this process's log.

    A `WindError` of a node or dataset comes out as it is.
    """
    with _own_log():
        from kedro.io import DataCatalog, DatasetError  # noqa: PLC0415 - after the log is guarded
        from kedro.runner import SequentialRunner  # noqa: PLC0415

        from ml_app_wind_draft.pipeline_registry import register_pipelines  # noqa: PLC0415

    entries, parameters = _read(settings, "catalog", "parameters")
    for entry in entries.values():
        if entry["type"].startswith(OURS):
            entry["settings"] = settings
    catalog = DataCatalog.from_config(entries)
    for key, value in parameters.items():
        catalog[f"params:{key}"] = value
    try:
        SequentialRunner().run(register_pipelines()[name], catalog)
    except DatasetError as error:
        raise _reason_of(error) from None


def _read(settings: Settings, *names: str) -> list[dict[str, Any]]:
    """Configurations such as `catalog`, from `conf/base` and the environment's folder over it."""
    with _own_log():
        from kedro.config import OmegaConfigLoader  # noqa: PLC0415

        from ml_app_wind_draft.settings import CONFIG_LOADER_ARGS  # noqa: PLC0415

    with warnings.catch_warnings():
        # Kedro 1.7 calls what OmegaConf has renamed.
        warnings.filterwarnings("ignore", r"register_new_resolver\(\) is deprecated", UserWarning)
        loader = OmegaConfigLoader(
            conf_source=str(settings.conf_dir), env=settings.kedro_env, **CONFIG_LOADER_ARGS
        )
        return [loader[name] for name in names]


def _reason_of(error: BaseException) -> BaseException:
    """The `WindError` that Kedro wrapped, once or twice; the error itself where there is none."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, WindError):
        cause = cause.__cause__
    return cause or error


@contextmanager
def _own_log() -> Generator[None]:
    """Kedro replaces the process's log handlers when it is imported; put them back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
