"""The six services: their names, commands, ports and addresses. Said once, here."""

import base64
import http.client
import urllib.request
from dataclasses import dataclass
from typing import Literal

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import ConfigurationError

PROBE_TIMEOUT = 2.0
PortField = Literal["mlflow_port", "ui_port", "viz_port"]


@dataclass(frozen=True, slots=True)
class Service:
    """One of the six.

    `command` follows `wind`. `port_field` is the setting with the port it listens on. A `one_shot`
    ends by itself and is not restarted. One that `waits_for_mlflow` leaves the processor to those
    that a first prediction needs until MLflow answers. The rest starts at once, but behind MLflow,
    which takes longest.
    """

    name: str
    command: str
    title: str
    port_field: PortField | None = None
    one_shot: bool = False
    waits_for_mlflow: bool = False
    niceness: int = 5

    def port(self, settings: Settings) -> int | None:
        """The port it listens on."""
        return getattr(settings, self.port_field) if self.port_field else None

    @property
    def variable(self) -> str:
        """The environment variable that changes the port."""
        return (self.port_field or "").upper()


# In the order of starting.
SERVICES: tuple[Service, ...] = (
    Service("mlflow", "mlflow", "MLflow", port_field="mlflow_port", niceness=0),
    Service("app-ml-train", "train", "training", one_shot=True),
    Service("app-stream-data", "stream", "data stream"),
    Service("app-ml-inference", "infer", "inference"),
    Service("app-ui", "ui", "dashboard", port_field="ui_port", waits_for_mlflow=True),
    Service("kedro-viz", "viz", "Kedro Viz", port_field="viz_port", waits_for_mlflow=True),
)
SERVICE_NAMES: tuple[str, ...] = tuple(service.name for service in SERVICES)


def select(names: list[str]) -> list[Service]:
    """The services called `names`, all without any; in the order of starting.

    Raises `ConfigurationError` for a name that no service has.
    """
    unknown = [name for name in names if name not in SERVICE_NAMES]
    if unknown:
        message = f"No service is called {unknown[0]!r}."
        raise ConfigurationError(message, remedy=f"The services are {', '.join(SERVICE_NAMES)}.")
    return [service for service in SERVICES if not names or service.name in names]


def address(service: Service, settings: Settings) -> str:
    """Where a reader's browser finds a service that listens on a port."""
    return {
        "mlflow": settings.mlflow_ui_uri,
        "app-ui": settings.ui_uri,
        "kedro-viz": settings.kedro_viz_uri,
    }[service.name]


def probe_url(service: Service, settings: Settings) -> str:
    """What to request on this machine to see that a service really answers.

    MLflow is asked through its API: its `/health` answers while clients are refused.
    """
    host = "127.0.0.1" if settings.bind_address in {"0.0.0.0", "::"} else settings.bind_address  # noqa: S104 - compared, not bound
    path = "/api/2.0/mlflow/experiments/search?max_results=1" if service.name == "mlflow" else "/"
    return f"http://{host}:{service.port(settings)}{path}"


def answers(url: str, login: tuple[str, str] | None = None) -> bool:
    """Whether an HTTP request to `url` succeeds; `login` goes along where it is given."""
    request = urllib.request.Request(url)  # noqa: S310 - our own URL
    if login:
        pair = base64.b64encode(":".join(login).encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
    try:
        with urllib.request.urlopen(request, timeout=PROBE_TIMEOUT) as response:  # noqa: S310
            return response.status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
