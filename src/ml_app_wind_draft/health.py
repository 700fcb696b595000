"""Is a service well? `python -m ml_app_wind_draft.health SERVICE`: one line, exit code 0 or 1.

Runs every few seconds in every container, so it imports little but the standard library,
and asks what a user of the service would ask: MLflow its interface under the name that clients
use, the dashboard whether it can read the database, Kedro Viz for a graph with nodes, training
whether there is a champion, and the loops when they last said and did something.
"""

import base64
import http.client
import json
import os
import sys
import time
from urllib.parse import quote, urlsplit

from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.secret_files import read_secret

TIMEOUT = 4.0
# The loops beat every 5 s and look for work every 5 s; a heavy tick may take a few times as long.
OLDEST_BEAT = 30.0
OLDEST_WORK = 60.0
MODEL = "wind_power_predictor"
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
CHAMPION = f"/api/2.0/mlflow/registered-models/alias?name={quote(MODEL)}&alias=champion"
SEEN = "champion-seen"  # tells training that its health was seen, so that it may end


class UnwellError(Exception):
    """Why a service is not well, in one line."""


def check_mlflow() -> str:
    """MLflow answers its clients: with the Host header that they send, not just on `/health`."""
    host = urlsplit(_tracking_uri()).netloc
    port = int(os.environ.get("MLFLOW_PORT", "5001"))
    _ask("127.0.0.1", port, SEARCH, {"Host": host, **_credentials()})
    return f"answers clients that call it {host}"


def check_training() -> str:
    """A champion exists, whoever made it and whether or not training still runs."""
    address = urlsplit(_tracking_uri())
    answer = _ask(address.hostname or "", address.port or 80, CHAMPION, _credentials())
    version = json.loads(answer)["model_version"]["version"]
    folder = heartbeat_folder()
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - pathlib costs a tenth of the check's time
    seen = os.path.join(folder, SEEN)  # noqa: PTH118
    if not os.path.exists(seen):  # noqa: PTH110 - its age is the time since the first look
        open(seen, "w", encoding="utf-8").close()  # noqa: PTH123
    return f"version {version} is champion"


def check_dashboard() -> str:
    """The dashboard answers, and can read the database."""
    port = int(os.environ.get("UI_PORT", "8050"))
    _ask("127.0.0.1", port, "/health", {})
    return "answers and reads the database"


def check_kedro_viz() -> str:
    """The picture is served, and there is something in it."""
    port = int(os.environ.get("VIZ_PORT", "4141"))
    nodes = json.loads(_ask("127.0.0.1", port, "/api/main", {})).get("nodes", [])
    if not nodes:
        message = "the graph has no nodes"
        raise UnwellError(message)
    return f"serves a graph of {len(nodes)} nodes"


def check_loop(service: str) -> str:
    """A loop said something lately, and came through a turn of its work lately."""
    path = os.path.join(heartbeat_folder(), f"{service}.json")  # noqa: PTH118
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            said = json.load(file)
    except FileNotFoundError as error:
        message = "has not said anything yet"
        raise UnwellError(message) from error
    now = time.time()
    state = f"{said['status']}: {said['message']}" if said["message"] else said["status"]
    beat_age = now - said["beat_at"]
    if beat_age > OLDEST_BEAT:
        message = f"last heard of {beat_age:.0f} s ago ({state})"
        raise UnwellError(message)
    if said["worked_at"] is None:
        message = f"has not worked yet ({state})"
        raise UnwellError(message)
    work_age = now - said["worked_at"]
    if work_age > OLDEST_WORK + said["interval"]:
        message = f"last worked {work_age:.0f} s ago ({state})"
        raise UnwellError(message)
    return f"worked {work_age:.0f} s ago ({state})"


CHECKS = {
    "mlflow": check_mlflow,
    "app-ml-train": check_training,
    "app-ml-inference": lambda: check_loop("app-ml-inference"),
    "app-stream-data": lambda: check_loop("app-stream-data"),
    "app-ui": check_dashboard,
    "kedro-viz": check_kedro_viz,
}


def main(arguments: list[str]) -> int:
    """Check one service; 2 where it is not known."""
    check = CHECKS.get(arguments[0]) if len(arguments) == 1 else None
    if check is None:
        sys.stderr.write(f"usage: python -m ml_app_wind_draft.health {{{','.join(CHECKS)}}}\n")
        return 2
    try:
        said, code = check(), 0
    except (UnwellError, ConfigurationError) as error:
        said, code = str(error), 1
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        said, code = f"no sensible answer ({type(error).__name__}: {error})", 1
    sys.stdout.write(f"{arguments[0]}: {said}\n")
    return code


def heartbeat_folder() -> str:
    """Where the loops of this container leave their heartbeats."""
    return os.environ.get("WIND_HEARTBEAT_DIR") or "/tmp/wind"  # noqa: S108 - a container's own


def _tracking_uri() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or "http://localhost:5001"


def _credentials() -> dict[str, str]:
    password = read_secret("MLFLOW_TRACKING_PASSWORD", os.environ)
    if not password:
        return {}
    pair = f"{os.environ.get('MLFLOW_TRACKING_USERNAME') or 'admin'}:{password}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _ask(host: str, port: int, path: str, headers: dict[str, str]) -> bytes:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        said = " ".join(content.decode(errors="replace").split())[:200]
        message = f"{path.partition('?')[0]} answers {answer.status}: {said}"
        raise UnwellError(message)
    return content


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
