"""Whose the folders are, what an empty one becomes, and named volumes in their place."""

from collections.abc import Iterator

import pytest
import requests

from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.docker.installation import LASTING, Installation, folder_of

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]
BUILT = "ml-app-wind-draft:local"
SOMEBODY = 1000
FOLDERS = ("data", "conf", "mlflow")
LESSONS_ENV = """DOCKERHUB_USERNAME={name}
MLFLOW_UI_URI=http://localhost:{port}
KEDRO_VIZ_URI=http://localhost:{port}
"""
# What docs/deployment.md says for Docker Desktop, and security.md for the passwords.
NAMED_VOLUMES = "DATA_VOLUME=data CONF_VOLUME=conf MLFLOW_VOLUME=mlflow SECRETS_VOLUME=secrets"
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"


@pytest.fixture(scope="module")
def bare() -> Iterator[Installation]:
    """Somebody's folder with docker-compose.yml and .env, and nothing else."""
    with folder_of(SOMEBODY) as folder:
        (folder / "docker-compose.yml").write_text(
            (PROJECT_ROOT / "docker-compose.yml").read_text()
        )
        bare = Installation(folder)
        env = LESSONS_ENV.format(name=bare.name, port=bare.ports["MLFLOW"])
        (folder / ".env").write_text(env)
        bare.sh(f"docker tag {BUILT} {bare.name}/ml-app-wind-draft:latest")
        try:
            bare.sh("docker compose up -d --wait", timeout=400)
            yield bare
        finally:
            bare.remove()
            bare.sh(f"docker image rm {bare.name}/ml-app-wind-draft:latest")


def asked(bare: Installation, login: tuple[str, str] | None = None) -> int:
    address = f"http://localhost:{bare.ports['MLFLOW']}{SEARCH}"
    return requests.get(address, auth=login, timeout=10).status_code


def test_an_empty_folder_starts_and_predicts(bare: Installation):
    assert bare.all_well(*LASTING, "app-ml-train")
    bare.wait_for_outcomes(more=4)
    assert list((bare.folder / "conf").iterdir()) == []


def test_the_app_and_the_owner_write_and_delete_what_the_other_made(bare: Installation):
    def as_owner(script: str) -> None:
        bare.as_somebody(SOMEBODY, script)

    for name in FOLDERS:
        bare.inside(
            "app-ui", "sh", "-ec", f"mkdir /app/{name}/theirs; echo 1 >/app/{name}/theirs/a"
        )
        as_owner(f"echo 2 >>{name}/theirs/a; rm -r {name}/theirs; mkdir {name}/own")
        as_owner(f"umask 077; mkdir {name}/own/deep; echo 3 >{name}/own/deep/b")
        bare.inside(
            "app-ui", "sh", "-ec", f"echo 4 >>/app/{name}/own/deep/b; rm -r /app/{name}/own"
        )
    as_owner("cat data/sqlite/app.db mlflow/mlflow.db >/dev/null")


def test_nothing_is_open_to_everybody(bare: Installation):
    for name in FOLDERS:
        for path in (bare.folder / name, *(bare.folder / name).rglob("*")):
            assert not path.stat().st_mode & 0o002, path


def test_the_owner_deletes_everything_once_it_is_down(bare: Installation):
    bare.sh("docker compose down -v")
    assert (bare.folder / "data/sqlite/app.db").exists()
    bare.as_somebody(SOMEBODY, "rm -r data conf mlflow")
    assert sorted(each.name for each in bare.folder.iterdir()) == [
        ".env",
        "docker-compose.yml",
        "secrets",
    ]


def test_named_volumes_take_the_folders_place(bare: Installation):
    env = bare.folder / ".env"
    lines = [*NAMED_VOLUMES.split(), "COMPOSE_PROFILES=auth"]
    env.write_text(env.read_text() + "\n".join(lines) + "\n")
    bare.sh("docker compose up -d --wait", timeout=400)

    bare.wait_for_outcomes()
    assert bare.journal_mode() == "wal"
    mounts = {each["Destination"]: each["Type"] for each in bare.inspect("mlflow")["Mounts"]}
    assert mounts == dict.fromkeys(
        (*(f"/app/{name}" for name in FOLDERS), "/run/secrets"), "volume"
    )
    assert not any((bare.folder / name).exists() for name in FOLDERS)
    assert list((bare.folder / "secrets").iterdir()) == []


def test_passwords_in_a_named_volume_turn_the_logins_on(bare: Installation):
    password = bare.inside("app-ui", "cat", "/run/secrets/mlflow_tracking_password")
    assert asked(bare) == 401
    assert asked(bare, ("admin", password)) == 200


def test_down_keeps_the_named_volumes_and_down_v_removes_them(bare: Installation):
    mine = f"docker volume ls -q --filter label=com.docker.compose.project={bare.name}"
    bare.sh("docker compose down")
    kept = set(bare.sh(mine).split())
    assert kept == {f"{bare.name}_{name}" for name in (*FOLDERS, "secrets")}
    bare.sh("docker compose down -v")
    assert bare.sh(mine) == ""
