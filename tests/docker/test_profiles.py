"""The profiles auth, proxy, postgres and retrain on a real engine, as docs/security.md tells it.

caddy:2 and postgres:17-bookworm are stand-ins where no registry can be reached (stand_ins.py).
"""

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.docker.installation import Installation, train_quickly, wait_for
from tests.docker.stand_ins import available
from tests.postgresql import free_port

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]
BUILT = "ml-app-wind-draft:local"
CHROMIUM = "/usr/bin/chromium"
APP = 10001
SOMEBODY = 4242
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
KIND = "from ml_app_wind_draft.core.config import load_settings as l; print(l().database_url[:10])"


class Profiled(Installation):
    """A folder with one Compose file, its .env, and what the profiles need besides."""

    def __init__(self, folder: Path, file: str, **environ: str) -> None:
        super().__init__(folder, COMPOSE_FILE=file, **environ)
        own = f"http://localhost:{self.ports['MLFLOW']}", f"http://localhost:{self.ports['VIZ']}"
        self.environ = {
            "DOCKERHUB_USERNAME": self.name,
            "MLFLOW_UI_URI": own[0],
            "KEDRO_VIZ_URI": own[1],
            **self.environ,
        }
        for name in (file, "docker/caddy/Caddyfile"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT_ROOT / name, folder / name)
        self.sh(f"docker tag {BUILT} {self.name}/ml-app-wind-draft:latest")

    def choose(self, profiles: str) -> None:
        """Write the line in .env, which is all that a user changes."""
        (self.folder / ".env").write_text(f"COMPOSE_PROFILES={profiles}\n")

    def secret(self, name: str) -> str:
        return self.inside("app-ui", "cat", f"/run/secrets/{name}")

    def login(self) -> tuple[str, str]:
        return "admin", self.secret("mlflow_tracking_password")

    def database(self) -> str:
        """Which kind the app uses."""
        return self.inside("app-ml-inference", "python", "-c", KIND)

    def asked(self, service: str, path: str, login: tuple[str, str] | None = None) -> int:
        """The status that a browser on this machine gets."""
        return requests.get(
            f"http://localhost:{self.ports[service]}{path}",
            auth=login,
            headers={"Accept": "text/html"},
            timeout=10,
            allow_redirects=False,
        ).status_code

    def remove(self) -> None:
        super().remove()
        self.sh(f"docker image rm {self.name}/ml-app-wind-draft:latest")


@pytest.fixture(scope="module")
def door(tmp_path_factory) -> Iterator[Profiled]:
    """An installation of somebody who is not root, with a front door on a port of its own.

    It is run by the Compose file that builds, though the image is built already.
    """
    port = free_port()
    folder = tmp_path_factory.mktemp("door")
    os.chown(folder, SOMEBODY, SOMEBODY)
    installation = Profiled(
        folder,
        "docker-compose.local.yml",
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
    path.write_text(door.inside("proxy", "cat", inside) + "\n")
    return path


def ask(door: Profiled, authority: Path, name: str, path: str, *words: str) -> str:
    """The status that a request through the front door gets; its certificate is checked."""
    port = door.ports["PROXY"]
    curl = [
        *("curl", "--silent", "--show-error", "--output", os.devnull),
        *("--cacert", str(authority), "--resolve", f"{name}:{port}:127.0.0.1"),
        *("--write-out", "%{http_code}", *words, f"https://{name}:{port}{path}"),
    ]
    return door.sh(shlex.join(curl))


def test_without_profiles_nobody_is_asked(door):
    door.sh("docker compose up -d --wait mlflow app-ui")
    assert door.asked("MLFLOW", SEARCH) == 200
    assert door.asked("UI", "/") == 200
    assert set(door.ps()) == {"app-ui", "init", "mlflow"}


def test_a_running_installation_gets_logins_and_a_front_door(door):
    door.choose("auth,proxy")
    door.sh("docker compose up -d --wait")
    assert door.asked("MLFLOW", SEARCH) == 401
    assert door.asked("UI", "/") == 303
    assert door.asked("UI", "/health") == 200
    assert door.asked("MLFLOW", SEARCH, door.login()) == 200
    door.wait_for_outcomes()
    assert door.database() == "sqlite:///"


def test_only_the_app_can_read_the_secrets(door):
    names = {"ui_password", "ui_secret_key", "mlflow_tracking_password"}
    folder = door.folder / "secrets"
    assert {each.name for each in folder.iterdir()} == names
    for each in folder.iterdir():
        seen = each.stat()
        assert (seen.st_mode & 0o777, seen.st_uid) == (0o600, APP)
    assert folder.stat().st_uid == SOMEBODY
    for service in ("mlflow", "app-ui", "app-ml-inference"):
        said = json.dumps(door.inspect(service)) + door.sh(f"docker compose logs {service}")
        said += door.sh(f"docker compose top {service}")
        assert not [name for name in names if door.secret(name) in said]


def test_a_further_start_keeps_the_passwords(door):
    before = door.secret("ui_password")
    door.sh("docker compose up -d --wait")
    assert door.secret("ui_password") == before


def test_all_three_addresses_are_behind_tls(door, authority):
    login = ":".join(door.login())
    assert ask(door, authority, "localhost", "/login") == "200"
    assert ask(door, authority, "localhost", "/") == "303"
    assert ask(door, authority, "mlflow.localhost", SEARCH) == "401"
    assert ask(door, authority, "mlflow.localhost", SEARCH, "--user", login) == "200"
    assert ask(door, authority, "viz.localhost", "/api/main") == "200"


def test_foreign_origins_are_refused_at_the_door_too(door, authority):
    evil = ("--header", "Origin: https://evil.example")
    login = ":".join(door.login())
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
        page.get_by_role("link", name="Models", exact=True).click()
        mlflow = re.compile(rf"^https://mlflow\.localhost:{door.ports['PROXY']}/#/models/")
        expect(page.locator("#champion-link")).to_have_attribute("href", mlflow, timeout=20_000)
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
    door.choose("proxy")
    command = "docker compose run --rm --no-deps -e UI_URI=http://farm:8050 proxy"
    said = door.sh(command, fails=True)
    assert said.splitlines()[-1].endswith("must begin with https:// for the profile proxy.")


def test_logins_go_with_their_files(door):
    door.choose("")
    for each in (door.folder / "secrets").iterdir():
        each.unlink()
    door.sh("docker compose up -d --wait mlflow app-ui")
    assert door.asked("MLFLOW", SEARCH) == 200
    assert door.asked("UI", "/") == 200


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory) -> Iterator[Profiled]:
    installation = Profiled(tmp_path_factory.mktemp("postgres"), "docker-compose.yml")
    train_quickly(installation.folder)
    installation.choose("postgres,retrain")
    with available("postgres:17-bookworm"):
        installation.sh("docker compose up -d --wait")
        yield installation
        installation.remove()


def psql(installation: Profiled, database: str, query: str) -> str:
    words = ("psql", "-h", "/var/run/postgresql", "-U", "wind", "-d", database, "-At", "-c", query)
    return installation.inside("postgres", *words)


def test_all_data_are_in_postgresql(on_postgres):
    on_postgres.wait_for_outcomes()
    assert on_postgres.database() == "postgresql"
    assert int(psql(on_postgres, "wind", "SELECT count(*) FROM predictions")) > 0
    assert int(psql(on_postgres, "mlflow", "SELECT count(*) FROM model_versions")) > 0
    assert not (on_postgres.folder / "data/sqlite").exists()
    assert not (on_postgres.folder / "mlflow/mlflow.db").exists()


def test_postgresql_asks_for_its_password_and_is_reached_from_inside_only(on_postgres):
    code = "import psycopg; psycopg.connect('postgresql://wind:guess@postgres/wind')"
    said = on_postgres.inside("app-ui", "python", "-c", code, fails=True)
    assert "password authentication failed" in said
    container = on_postgres.inspect("postgres")
    host = container["HostConfig"]
    assert not host["PortBindings"]
    assert container["Config"]["User"] == f"{APP}:{APP}"
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["CapAdd"]) == (True, ["ALL"], None)


def test_the_retrainer_waits_for_the_first_training_and_then_for_a_month(on_postgres):
    def said() -> str:
        return on_postgres.sh("docker compose logs app-ml-retrain")

    wait_for("the first training ends", lambda: "Nothing to train" in said(), patience=300)
    assert on_postgres.all_well("app-ml-retrain")
    assert psql(on_postgres, "mlflow", "SELECT max(version) FROM model_versions") == "2"
    beats = psql(
        on_postgres, "wind", "SELECT status FROM heartbeats WHERE service='app-ml-retrain'"
    )
    assert beats == "idle"


def test_nothing_is_lost_between_down_and_up(on_postgres):
    before = on_postgres.outcomes()
    on_postgres.sh("docker compose down")
    on_postgres.sh("docker compose up -d --wait")
    assert on_postgres.outcomes() >= before
    assert psql(on_postgres, "mlflow", "SELECT max(version) FROM model_versions") == "2"
    on_postgres.wait_for_outcomes()
