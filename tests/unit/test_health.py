"""What each health check takes for well, asked of real servers and real files."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ml_app_wind_draft import health
from ml_app_wind_draft.services.roster import SERVICE_NAMES
from tests.postgresql import free_port

LOOPS = ("app-ml-inference", "app-stream-data")
SEARCH = health.SEARCH
CHAMPION = health.CHAMPION


class Server:
    """Answers as told: path -> status and body; remembers the Host headers it was sent."""

    def __init__(self, answers: dict[str, tuple[int, object]]) -> None:
        self.hosts: list[str] = []
        said = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                said.hosts.append(self.headers["Host"])
                status, body = answers.get(self.path, (404, "no such page"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(
                    body.encode() if isinstance(body, str) else json.dumps(body).encode()
                )

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, tuple[int, object]]], Server]]:
    """Start servers that end with the test."""
    started: list[Server] = []

    def start(answers: dict[str, tuple[int, object]]) -> Server:
        started.append(Server(answers))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where heartbeats lie; no secret of whoever runs the tests is sent to anybody."""
    for name in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_PASSWORD_FILE", "SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WIND_HEARTBEAT_DIR", str(tmp_path))
    return tmp_path


def check(service: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = health.main([service])
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    return code, said


def beat(folder: Path, service: str, *, beat: float = 0, worked: float | None = 0, **more) -> None:
    """A heartbeat file whose beat and work are so many seconds old."""
    now = time.time()
    said = {
        "status": "idle",
        "message": "",
        "interval": 5,
        "beat_at": now - beat,
        "worked_at": None if worked is None else now - worked,
        **more,
    }
    (folder / f"{service}.json").write_text(json.dumps(said))


def test_there_is_a_check_for_each_service():
    assert set(health.CHECKS) == set(SERVICE_NAMES)


@pytest.mark.parametrize("arguments", [[], ["nobody"], ["mlflow", "app-ui"]])
def test_an_unknown_service_is_a_usage_error(arguments, capsys):
    assert health.main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_mlflow_is_asked_through_its_api_by_the_name_that_clients_use(serve, monkeypatch, capsys):
    server = serve({SEARCH: (200, {})})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5001")
    monkeypatch.setenv("MLFLOW_PORT", str(server.port))
    assert check("mlflow", capsys)[0] == 0
    assert server.hosts == ["mlflow:5001"]


def test_mlflow_that_refuses_its_clients_is_unwell_though_its_own_health_page_answers(
    serve, monkeypatch, capsys
):
    server = serve({SEARCH: (403, "Invalid Host header"), "/health": (200, "OK")})
    monkeypatch.setenv("MLFLOW_PORT", str(server.port))
    code, said = check("mlflow", capsys)
    assert code == 1
    assert "403: Invalid Host header" in said


@pytest.mark.parametrize("service", ["mlflow", "app-ui", "kedro-viz", "app-ml-train"])
def test_who_does_not_answer_is_unwell(service, monkeypatch, capsys):
    nobody = free_port()
    for variable in ("MLFLOW_PORT", "UI_PORT", "VIZ_PORT"):
        monkeypatch.setenv(variable, str(nobody))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{nobody}")
    code, said = check(service, capsys)
    assert code == 1
    assert "ConnectionRefusedError" in said


def test_training_is_well_once_a_champion_exists(serve, monkeypatch, folder, capsys):
    server = serve({CHAMPION: (200, {"model_version": {"version": "3"}})})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.port}")
    assert check("app-ml-train", capsys) == (0, "app-ml-train: version 3 is champion\n")
    first = (folder / health.SEEN).stat().st_mtime_ns
    check("app-ml-train", capsys)
    assert (folder / health.SEEN).stat().st_mtime_ns == first  # since when it was seen


def test_training_is_unwell_without_a_champion(serve, monkeypatch, folder, capsys):
    server = serve({CHAMPION: (404, "RESOURCE_DOES_NOT_EXIST")})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.port}")
    assert check("app-ml-train", capsys)[0] == 1
    assert not (folder / health.SEEN).exists()


def test_the_dashboard_is_unwell_when_it_cannot_read_the_database(serve, monkeypatch, capsys):
    well, unwell = serve({"/health": (200, "")}), serve({"/health": (503, "locked")})
    monkeypatch.setenv("UI_PORT", str(well.port))
    assert check("app-ui", capsys)[0] == 0
    monkeypatch.setenv("UI_PORT", str(unwell.port))
    code, said = check("app-ui", capsys)
    assert code == 1
    assert "503: locked" in said


@pytest.mark.parametrize(
    ("graph", "code"),
    [({"nodes": [{}, {}]}, 0), ({"nodes": []}, 1), ({}, 1), ("<html>not a graph", 1)],
)
def test_kedro_viz_is_well_when_its_graph_has_nodes(serve, monkeypatch, capsys, graph, code):
    monkeypatch.setenv("VIZ_PORT", str(serve({"/api/main": (200, graph)}).port))
    assert check("kedro-viz", capsys)[0] == code


@pytest.mark.parametrize("service", LOOPS)
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, 0),
        ({"beat": health.OLDEST_BEAT - 2}, 0),
        ({"beat": health.OLDEST_BEAT + 2}, 1),
        ({"worked": None}, 1),
        ({"worked": health.OLDEST_WORK + 3}, 0),  # within the interval of 5 s on top
        ({"worked": health.OLDEST_WORK + 8}, 1),
        ({"worked": health.OLDEST_WORK + 8, "interval": 60}, 0),
    ],
)
def test_a_loop_is_well_while_it_beats_and_works(folder, capsys, service, said, code):
    beat(folder, service, **said)
    assert check(service, capsys)[0] == code


@pytest.mark.parametrize("service", LOOPS)
def test_a_loop_that_has_said_nothing_is_unwell(service, capsys):
    assert check(service, capsys) == (1, f"{service}: has not said anything yet\n")


def test_the_check_says_what_the_loop_said_last(folder, capsys):
    beat(folder, LOOPS[0], beat=100, status="waiting", message="MLflow is away")
    assert "waiting: MLflow is away" in check(LOOPS[0], capsys)[1]


@pytest.mark.parametrize("text", ["", "{", "{}"])
def test_a_file_that_makes_no_sense_is_unwell_and_no_traceback(folder, capsys, text):
    (folder / f"{LOOPS[0]}.json").write_text(text)
    code, said = check(LOOPS[0], capsys)
    assert code == 1
    assert "no sensible answer" in said


def test_a_check_loads_nothing_but_the_standard_library_and_the_package():
    program = (
        "import sys; import ml_app_wind_draft.health;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(Path(health.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    foreign = set(done.stdout.split()) - sys.stdlib_module_names - {"__main__", "ml_app_wind_draft"}
    assert not foreign
