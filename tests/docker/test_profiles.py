"""The profiles auth, proxy, postgres and retrain on a real engine, as docs/security.md tells it.

caddy:2 and postgres:17-bookworm are stand-ins where no registry can be reached (stand_ins.py).
"""

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.docker.stand_ins import available
from tests.postgresql import free_port

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]
BUILT = "ml-app-wind-draft:local"
CHROMIUM = "/usr/bin/chromium"
APP = "10001"
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
COUNTERS = """
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.storage.data_manager import DataManager
url = load_settings().database_url
print(url.partition(":")[0], DataManager(url).counters()["predictions"])
"""


def run(*words: str | Path, folder: Path, check: bool = True, **environ: str) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return (done.stdout + done.stderr).strip()


class Installation:
    """A folder with what the docs ask for, under a project name and ports of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.name = f"wind-test-{secrets.token_hex(3)}"
        self.ports = {name: free_port() for name in ("MLFLOW", "UI", "VIZ")}
        shutil.copy(PROJECT_ROOT / "docker-compose.yml", folder)
        (folder / "docker/caddy").mkdir(parents=True)
        shutil.copy(PROJECT_ROOT / "docker/caddy/Caddyfile", folder / "docker/caddy")
        run("docker", "tag", BUILT, f"{self.name}/ml-app-wind-draft:latest", folder=folder)
        self._environ = {
            "COMPOSE_PROJECT_NAME": self.name,
            "DOCKERHUB_USERNAME": self.name,
            "MLFLOW_UI_URI": f"http://localhost:{self.ports['MLFLOW']}",
            "KEDRO_VIZ_URI": f"http://localhost:{self.ports['VIZ']}",
            **{f"{name}_PORT": str(port) for name, port in self.ports.items()},
            **environ,
        }
        self.choose("")

    def choose(self, profiles: str) -> None:
        """Write .env, which is all that a user changes."""
        chosen = self._environ | {"COMPOSE_PROFILES": profiles}
        lines = "".join(f"{name}={value}\n" for name, value in chosen.items())
        (self.folder / ".env").write_text(lines)

    def compose(self, *words: str, check: bool = True) -> str:
        return run("docker", "compose", *words, folder=self.folder, check=check)

    def inspect(self, service: str) -> dict:
        (found,) = json.loads(
            run("docker", "inspect", self.compose("ps", "-aq", service), folder=self.folder)
        )
        return found

    def secret(self, name: str) -> str:
        return self.compose("exec", "app-ui", "cat", f"/run/secrets/{name}")

    def predictions(self) -> tuple[str, int]:
        """Which kind of database the app uses, and how many predictions are in it."""
        said = self.compose("exec", "-T", "app-ml-inference", "python", "-c", COUNTERS)
        kind, count = said.splitlines()[-1].split()
        return kind, int(count)

    def more_predictions(self) -> str:
        """Wait for new ones; gives the kind of database."""
        _, before = self.predictions()
        give_up_at = time.monotonic() + 120
        while True:
            kind, count = self.predictions()
            if count > before:
                return kind
            assert time.monotonic() < give_up_at, self.compose("logs", "--tail=20")
            time.sleep(1)

    def open_to(self, service: str, path: str, login: tuple[str, str] | None = None) -> int:
        """The status that a request on this machine gets."""
        address = f"http://localhost:{self.ports[service]}{path}"
        accept = {"Accept": "text/html"}
        return requests.get(
            address, auth=login, headers=accept, timeout=10, allow_redirects=False
        ).status_code

    def remove(self) -> None:
        self.choose("auth,proxy,postgres,retrain")
        self.compose("down", "--volumes", "--timeout", "3")
        run("docker", "image", "rm", f"{self.name}/ml-app-wind-draft:latest", folder=self.folder)


@pytest.fixture(scope="module")
def door(tmp_path_factory) -> Iterator[Installation]:
    """An installation with a front door on a port of its own."""
    port = free_port()
    installation = Installation(
        tmp_path_factory.mktemp("door"),
        UI_URI=f"https://localhost:{port}",
        MLFLOW_UI_URI=f"https://mlflow.localhost:{port}",
        KEDRO_VIZ_URI=f"https://viz.localhost:{port}",
        PROXY_HTTPS_PORT=str(port),
        PROXY_HTTP_PORT=str(free_port()),
    )
    installation.ports["PROXY"] = port
    with available("caddy:2"):
        yield installation
        installation.remove()


@pytest.fixture(scope="module")
def authority(door) -> Path:
    """The certificate of the installation's own authority, as a user fetches it."""
    path = door.folder / "root.crt"
    inside = "/data/caddy/pki/authorities/local/root.crt"
    path.write_text(door.compose("exec", "proxy", "cat", inside) + "\n")
    return path


def ask(door: Installation, authority: Path, name: str, path: str, *words: str) -> str:
    """The status that a request through the front door gets; its certificate is checked."""
    port = door.ports["PROXY"]
    return run(
        *("curl", "--silent", "--show-error", "--cacert", authority, "--output", "/dev/null"),
        *("--resolve", f"{name}:{port}:127.0.0.1", "--write-out", "%{http_code}", *words),
        f"https://{name}:{port}{path}",
        folder=door.folder,
    )


def test_without_profiles_nobody_is_asked(door):
    door.compose("up", "-d", "--wait", "mlflow", "app-ui")
    assert door.open_to("MLFLOW", SEARCH) == 200
    assert door.open_to("UI", "/") == 200
    assert door.compose("ps", "-a", "--services").split() == ["app-ui", "init", "mlflow"]


def test_a_running_installation_gets_logins_and_a_front_door(door):
    door.choose("auth,proxy")
    door.compose("up", "-d", "--wait")
    assert door.open_to("MLFLOW", SEARCH) == 401
    assert door.open_to("UI", "/") == 303
    assert door.open_to("UI", "/health") == 200
    assert door.open_to("MLFLOW", SEARCH, ("admin", door.secret("mlflow_tracking_password"))) == 200
    assert door.more_predictions() == "sqlite"


def test_only_the_app_can_read_the_secrets(door):
    names = {"ui_password", "ui_secret_key", "mlflow_tracking_password"}
    folder = door.folder / "secrets"
    assert {each.name for each in folder.iterdir()} == names
    for each in folder.iterdir():
        seen = each.stat()
        assert (seen.st_mode & 0o777, str(seen.st_uid)) == (0o600, APP)
    assert folder.stat().st_uid == door.folder.stat().st_uid
    for service in ("mlflow", "app-ui", "app-ml-inference"):
        said = json.dumps(door.inspect(service)) + door.compose("logs", service)
        said += door.compose("top", service)
        assert not [name for name in names if door.secret(name) in said]


def test_a_further_start_keeps_the_passwords(door):
    before = door.secret("ui_password")
    door.compose("up", "-d", "--wait")
    assert door.secret("ui_password") == before


def test_all_three_addresses_are_behind_tls(door, authority):
    login = f"admin:{door.secret('mlflow_tracking_password')}"
    assert ask(door, authority, "localhost", "/login") == "200"
    assert ask(door, authority, "localhost", "/") == "303"
    assert ask(door, authority, "mlflow.localhost", SEARCH) == "401"
    assert ask(door, authority, "mlflow.localhost", SEARCH, "--user", login) == "200"
    assert ask(door, authority, "viz.localhost", "/api/main") == "200"


def test_foreign_origins_are_refused_at_the_door_too(door, authority):
    evil = ("--header", "Origin: https://evil.example")
    login = f"admin:{door.secret('mlflow_tracking_password')}"
    body = ("--json", '{"name": "evil"}', "--user", login)
    create = "/api/2.0/mlflow/experiments/create"
    own = ("--header", f"Origin: https://mlflow.localhost:{door.ports['PROXY']}")
    assert ask(door, authority, "localhost", "/login", *evil) == "403"
    assert ask(door, authority, "mlflow.localhost", create, *body, *evil) == "403"
    assert ask(door, authority, "mlflow.localhost", create, *body, *own) == "200"


def test_a_reader_logs_in_through_the_front_door(door):
    address = f"https://localhost:{door.ports['PROXY']}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(ignore_https_errors=True)
        page.goto(address)
        page.get_by_label("Password").fill(door.secret("ui_password"))
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#page")).not_to_have_class("page loading", timeout=20_000)
        expect(page.locator("a.door").first).to_have_attribute(
            "href", f"https://mlflow.localhost:{door.ports['PROXY']}"
        )
        (cookie,) = page.context.cookies()
        assert (cookie["name"], cookie["secure"]) == ("wind_session", True)
        browser.close()


def test_the_front_door_is_as_closed_as_the_rest(door):
    host = door.inspect("proxy")["HostConfig"]
    assert door.inspect("proxy")["Config"]["User"] == f"{APP}:{APP}"
    assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
    assert [each.removeprefix("CAP_") for each in host["CapAdd"]] == ["NET_BIND_SERVICE"]
    published = [each["HostIp"] for ports in host["PortBindings"].values() for each in ports]
    assert set(published) == {"127.0.0.1"}


def test_plain_addresses_are_refused_in_one_line(door):
    said = door.compose(
        "run", "--rm", "--no-deps", "-e", "UI_URI=http://farm:8050", "proxy", check=False
    )
    assert said.splitlines()[-1].endswith("must begin with https:// for the profile proxy.")


def test_logins_go_with_their_files(door):
    door.choose("")
    for each in (door.folder / "secrets").iterdir():
        each.unlink()
    door.compose("up", "-d", "--wait", "mlflow", "app-ui")
    assert door.open_to("MLFLOW", SEARCH) == 200
    assert door.open_to("UI", "/") == 200


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("postgres"))
    installation.choose("postgres,retrain")
    with available("postgres:17-bookworm"):
        installation.compose("up", "-d", "--wait")
        yield installation
        installation.remove()


def psql(installation: Installation, database: str, query: str) -> str:
    return installation.compose(
        *("exec", "-T", "postgres", "psql", "-h", "/var/run/postgresql", "-U", "wind"),
        *("-d", database, "-At", "-c", query),
    )


def test_all_data_are_in_postgresql(on_postgres):
    assert on_postgres.more_predictions() == "postgresql+psycopg"
    assert int(psql(on_postgres, "wind", "SELECT count(*) FROM predictions")) > 0
    assert psql(on_postgres, "mlflow", "SELECT count(*) FROM model_versions") != "0"
    assert not (on_postgres.folder / "data/sqlite").exists()
    assert not (on_postgres.folder / "mlflow/mlflow.db").exists()


def test_postgresql_asks_for_its_password_and_is_reached_from_inside_only(on_postgres):
    wrong = "postgresql://wind:guess@postgres/wind"
    code = f"import psycopg; psycopg.connect({wrong!r})"
    said = on_postgres.compose("exec", "-T", "app-ui", "python", "-c", code, check=False)
    assert "password authentication failed" in said
    container = on_postgres.inspect("postgres")
    assert container["HostConfig"]["PortBindings"] in ({}, None)
    assert container["Config"]["User"] == f"{APP}:{APP}"
    host = container["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["CapAdd"]) == (True, ["ALL"], None)


def test_nothing_is_lost_between_down_and_up(on_postgres):
    _, before = on_postgres.predictions()
    on_postgres.compose("down", "--timeout", "5")
    on_postgres.compose("up", "-d", "--wait")
    _, after = on_postgres.predictions()
    assert after >= before
    assert on_postgres.more_predictions() == "postgresql+psycopg"


def test_the_retrainer_waits_for_the_first_training_and_then_for_a_month(on_postgres):
    give_up_at = time.monotonic() + 300
    while "Nothing to train" not in on_postgres.compose("logs", "app-ml-retrain"):
        assert time.monotonic() < give_up_at, on_postgres.compose("logs", "app-ml-retrain")
        time.sleep(2)
    assert on_postgres.inspect("app-ml-retrain")["State"]["Status"] == "running"
    assert psql(on_postgres, "mlflow", "SELECT max(version) FROM model_versions") == "2"
    beats = psql(
        on_postgres, "wind", "SELECT status FROM heartbeats WHERE service='app-ml-retrain'"
    )
    assert beats == "idle"
