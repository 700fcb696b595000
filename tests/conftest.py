"""What every test may ask for: settings in its own folder, the site, a database of each kind."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings, load_settings
from ml_app_wind_draft.core.site import Site, load_site
from ml_app_wind_draft.storage.data_manager import DataManager
from tests import postgresql
from tests.postgresql import free_port


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
def postgresql_server() -> Iterator[str]:
    """A real server; gives its URL without the name of a database."""
    with postgresql.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/app.db"
    server = request.getfixturevalue("postgresql_server")
    return postgresql.new_database(server, f"wind_{uuid.uuid4().hex}")


@pytest.fixture
def manager(database_url: str, site: Site) -> Iterator[DataManager]:
    """A database of each kind, with its schema and the shipped site."""
    opened = DataManager(database_url)
    opened.init_raw_db_table()
    opened.register_site(site)
    yield opened
    opened.close()
