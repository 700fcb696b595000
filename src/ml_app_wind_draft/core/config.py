"""What the environment says: one frozen object, read once at the start of a process."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ml_app_wind_draft.core.conf_folder import with_defaults
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.secret_files import read_secret

PROJECT_ROOT = Path(os.environ.get("WIND_HOME") or Path(__file__).parents[3])
Port = Annotated[int, Field(ge=1, le=65535)]
# May also come from a file: X_FILE names it, or it lies in SECRETS_DIR under the name in small.
SECRETS = (
    "database_url",
    "mlflow_backend_store_uri",
    "mlflow_tracking_password",
    "ui_password",
    "ui_secret_key",
)


class Settings(BaseModel):
    """Where things are and which ports they use. Each field is read from the variable of its name.

    Paths are absolute; addresses are full URLs. The defaults serve a local run.
    """

    model_config = ConfigDict(frozen=True)

    site: str = Field("la_haute_borne", description="site to show and replay by default")
    database_url: str = Field(
        "", repr=False, description="SQLAlchemy URL; default SQLite under data/"
    )
    mlflow_backend_store_uri: str = Field(
        "", repr=False, description="where MLflow keeps its metadata; default SQLite in mlflow/"
    )
    mlflow_tracking_username: str = Field("admin", description="who the app is to MLflow")
    mlflow_tracking_password: str = Field(
        "", repr=False, description="MLflow's login; without one nobody has to log in there"
    )
    ui_password: str = Field(
        "", repr=False, description="the dashboard's login, plain or hashed; without one it is open"
    )
    ui_secret_key: str = Field(
        "", repr=False, description="signs the dashboard's sessions; without one a start ends them"
    )
    mlflow_tracking_uri: str = Field("", description="where the app reaches MLflow")
    mlflow_ui_uri: str = Field("", description="where the reader's browser reaches MLflow")
    ui_uri: str = Field("", description="where the reader's browser reaches the dashboard")
    kedro_viz_uri: str = Field("", description="where the reader's browser reaches Kedro Viz")
    bind_address: str = Field("127.0.0.1", description="address the local servers listen on")
    published_address: str = Field(
        "", description="where a container's ports are published; default bind_address"
    )
    ui_allowed_hosts: str = Field(
        "", description="more names the dashboard may be called by, with commas between"
    )
    mlflow_port: Port = 5001
    ui_port: Port = 8050
    viz_port: Port = 4141
    kedro_env: str = "local"
    data_dir: Path = PROJECT_ROOT / "data"
    mlflow_dir: Path = PROJECT_ROOT / "mlflow"
    conf_dir: Path = PROJECT_ROOT / "conf"
    conf_defaults: Path | None = Field(
        None, description="configuration for every file that conf_dir does not have"
    )
    viz_site: Path | None = Field(None, description="a picture of the pipelines drawn beforehand")

    @property
    def mlflow_login(self) -> tuple[str, str] | None:
        """Name and password for MLflow, `None` where it asks for none."""
        if not self.mlflow_tracking_password:
            return None
        return self.mlflow_tracking_username, self.mlflow_tracking_password

    @property
    def reachable_at(self) -> str:
        """The address that readers reach: a container binds all of its own and publishes one."""
        return self.published_address or self.bind_address

    @property
    def sqlite_path(self) -> Path | None:
        """The SQLite file, or `None` on another database."""
        prefix = "sqlite:///"
        return (
            Path(self.database_url[len(prefix) :]) if self.database_url.startswith(prefix) else None
        )


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (default: the process's environment).

    Raises `ConfigurationError` that names the variable, its value and what is expected.
    """
    environ = os.environ if environ is None else environ
    given = {
        name: environ[name.upper()] for name in Settings.model_fields if environ.get(name.upper())
    } | {name: secret for name in SECRETS if (secret := read_secret(name.upper(), environ))}
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        variable = str(first["loc"][0]).upper()
        message = f"{variable}={first['input']!r} cannot be used: {first['msg']}."
        raise ConfigurationError(message, remedy=f"Set {variable} to a valid value.") from error
    return settings.model_copy(update=_derived(settings))


def _derived(settings: Settings) -> dict[str, str | Path]:
    local_mlflow = f"http://localhost:{settings.mlflow_port}"
    return {
        "database_url": settings.database_url or f"sqlite:///{settings.data_dir}/sqlite/app.db",
        "mlflow_tracking_uri": settings.mlflow_tracking_uri or local_mlflow,
        "mlflow_ui_uri": settings.mlflow_ui_uri or local_mlflow,
        "ui_uri": settings.ui_uri or f"http://localhost:{settings.ui_port}",
        "kedro_viz_uri": settings.kedro_viz_uri or f"http://localhost:{settings.viz_port}",
        "conf_dir": with_defaults(settings.conf_dir, settings.conf_defaults),
    }
