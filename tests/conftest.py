"""What every test may ask for: settings in its own folder, the site, a database of each kind."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings, load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.storage.data_manager import DataManager


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        {
            "DATA_DIR": str(tmp_path / "data"),
            "MLFLOW_DIR": str(tmp_path / "mlflow"),
            "CONF_DIR": str(PROJECT_ROOT / "conf"),
            "MLFLOW_PORT": str(free_port()),
            "UI_PORT": str(free_port()),
            "VIZ_PORT": str(free_port()),
        }
    )


@pytest.fixture(scope="session")
def site() -> Site:
    return load_site("la_haute_borne", load_settings({}))


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server; gives the URL of its maintenance database, without the database."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.fail("No PostgreSQL server under /usr/lib/postgresql: apt-get install postgresql")
    # PostgreSQL refuses to run as root
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    folder = Path(f"/tmp/wind-postgresql-{os.getpid()}")  # noqa: S108 - sockets need a short path
    folder.mkdir()
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    port = free_port()

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [binaries[-1] / program, *arguments],
            user=owner.pw_uid,
            group=owner.pw_gid,
            extra_groups=[],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    run("initdb", "-D", f"{folder}/data", "-U", "wind", "-A", "trust", "--no-sync", "-E", "UTF8")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "-D", f"{folder}/data", "-o", options, "-l", f"{folder}/log", "-w", "start")
    try:
        yield f"postgresql+psycopg://wind@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/app.db"
    import psycopg  # noqa: PLC0415 - only these tests need it

    server = request.getfixturevalue("postgresql_server")
    name = f"wind_{abs(hash(str(tmp_path)))}"
    with psycopg.connect(server.replace("+psycopg", "") + "/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    return f"{server}/{name}"


@pytest.fixture
def manager(database_url: str, site: Site) -> Iterator[DataManager]:
    """A database of each kind, with its schema and the shipped site."""
    opened = DataManager(database_url)
    opened.init_raw_db_table()
    opened.register_site(site)
    yield opened
    opened.close()
