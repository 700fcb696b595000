"""MLflow's REST interface, with a short timeout and a bounded retry on every call.

Why not MLflow's own client: it costs 45 MB and 1.5 s in each process that only asks who is champion
(measured beside pandas and CatBoost), waits up to 120 s x 7 unless environment variables of the
whole process say otherwise, and brings its own telemetry. What is used here is the documented
interface, https://mlflow.org/docs/latest/rest-api.html, and the server's artifact proxy; the tests
run against a real server, and MLflow's own loader reads what is written here.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from ml_app_wind_draft.core.errors import RegistryError, RegistryUnavailableError

Json = dict[str, Any]
API = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"
PROXIED = "mlflow-artifacts:/"
CONNECT_TIMEOUT = 2.0
ANSWER_TIMEOUT = 5.0
ARTIFACT_TIMEOUT = 30.0
ATTEMPTS = 2
PAUSE = 0.2
PASSING_STATUS = frozenset({429, 500, 502, 503, 504})
REFUSED_HOST = 403
NOT_LOGGED_IN = 401


class NotThereError(RegistryError):
    """What was asked for does not exist. `code` is MLflow's."""


class MlflowRest:
    """Calls to one MLflow server. Not shared between threads: each has its own.

    Every method raises `RegistryUnavailableError` when the server does not answer in time or is
    itself in trouble, `NotThereError` for what does not exist and `RegistryError` for a refusal.
    """

    def __init__(self, tracking_uri: str, login: tuple[str, str] | None = None) -> None:
        self._address = tracking_uri.rstrip("/")
        self._session = requests.Session()
        self._session.auth = login

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def get(self, path: str, **query: str | int) -> Json:
        """Ask, and ask once more if there is no answer."""
        return self._asked(lambda: self._send("GET", API + path, params=query)).json()

    def post(self, path: str, *, repeat: bool = False, **body: Any) -> Json:
        """Change something; `repeat` where doing so twice does no harm."""
        send: Callable[[], requests.Response] = lambda: self._send("POST", API + path, json=body)  # noqa: E731
        return (self._asked(send) if repeat else send()).json()

    def patch(self, path: str, **body: Any) -> Json:
        """Change part of something; the same twice does no harm."""
        return self._asked(lambda: self._send("PATCH", API + path, json=body)).json()

    def delete(self, path: str, **body: Any) -> Json:
        """Take something away; the same twice does no harm."""
        return self._asked(lambda: self._send("DELETE", API + path, json=body)).json()

    def upload(self, artifact_uri: str, name: str, content: bytes) -> None:
        """Store an artifact through the server; the same twice does no harm."""
        if not artifact_uri.startswith(PROXIED):
            message = f"MLflow keeps its artifacts in {artifact_uri}, out of this app's reach."
            raise RegistryError(message, remedy="Start it with --serve-artifacts.")
        path = quote(f"{artifact_uri.removeprefix(PROXIED).strip('/')}/{name}")
        self._asked(
            lambda: self._send("PUT", ARTIFACTS + path, data=content, timeout=ARTIFACT_TIMEOUT)
        )

    def upload_folder(self, artifact_uri: str, folder: Path) -> None:
        """Store all files under `folder`."""
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            self.upload(artifact_uri, path.relative_to(folder).as_posix(), path.read_bytes())

    def download(self, model: str, version: int, name: str) -> bytes:
        """An artifact of a registered model version, wherever the server keeps it."""
        query: dict[str, str | int] = {"name": model, "version": version, "path": name}
        path = "/model-versions/get-artifact"
        return self._asked(
            lambda: self._send("GET", path, params=query, timeout=ARTIFACT_TIMEOUT)
        ).content

    def _asked(self, send: Callable[[], requests.Response]) -> requests.Response:
        for _ in range(ATTEMPTS - 1):
            try:
                return send()
            except RegistryUnavailableError:
                time.sleep(PAUSE)
        return send()

    def _send(
        self, method: str, path: str, *, timeout: float = ANSWER_TIMEOUT, **content: Any
    ) -> requests.Response:
        try:
            answer = self._session.request(
                method, self._address + path, timeout=(CONNECT_TIMEOUT, timeout), **content
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            message = f"MLflow at {self._address} does not answer ({_reason(error)})."
            raise RegistryUnavailableError(message) from error
        except requests.RequestException as error:
            message = f"MLFLOW_TRACKING_URI={self._address!r} cannot be used: {error}."
            raise RegistryError(message) from error
        if not answer.ok:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: requests.Response) -> RegistryError:
        code, text = _error_of(answer)
        said = f"MLflow at {self._address} said {answer.status_code}: {text}"
        if answer.status_code in PASSING_STATUS:
            return RegistryUnavailableError(said)
        if answer.status_code == NOT_LOGGED_IN:
            remedy = "MLFLOW_TRACKING_PASSWORD_FILE must name a file with its password."
            return RegistryError(said, remedy=remedy)
        if answer.status_code == REFUSED_HOST:
            return RegistryError(said, remedy="Its --allowed-hosts must name this address.")
        # An alias that is not set is an "invalid parameter" to MLflow, not a missing resource.
        if code == "RESOURCE_DOES_NOT_EXIST" or text.startswith("Registered model alias"):
            return NotThereError(said)
        return RegistryError(said)


def _error_of(answer: requests.Response) -> tuple[str, str]:
    try:
        said = answer.json()
    except requests.JSONDecodeError:
        return "", answer.text[:300]
    return str(said.get("error_code", "")), str(said.get("message", ""))[:300]


def _reason(error: Exception) -> str:
    return "timed out" if isinstance(error, requests.Timeout) else "no connection"
