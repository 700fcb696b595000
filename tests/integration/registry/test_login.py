"""A real MLflow that asks for a password, with its metadata in PostgreSQL."""

import psycopg
import pytest
import requests

from ml_app_wind_draft import health
from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.errors import RegistryError
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.services.roster import answers, probe_url, select
from tests.conftest import free_port
from tests.integration.conftest import MlflowServer

PASSWORD = "a-password-for-mlflow"
CLOSED = [
    "/",
    "/api/2.0/mlflow/experiments/search?max_results=1",
    "/ajax-api/2.0/mlflow/experiments/search?max_results=1",
    "/api/2.0/mlflow-artifacts/artifacts",
    "/get-artifact?run_uuid=0&path=x",
    "/model-versions/get-artifact?name=x&version=1&path=x",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory, postgresql_server):
    settings = load_settings(
        {
            "MLFLOW_DIR": str(tmp_path_factory.mktemp("mlflow")),
            "MLFLOW_PORT": str(free_port()),
            "MLFLOW_TRACKING_PASSWORD": PASSWORD,
            "MLFLOW_BACKEND_STORE_URI": f"{postgresql_server}/mlflow-login",
        }
    )
    server = MlflowServer(settings)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def app(settings, server):
    """The app's settings, with that server as its MLflow."""
    return settings.model_copy(
        update={"mlflow_tracking_uri": server.url, "mlflow_tracking_password": PASSWORD}
    )


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("login", [None, ("admin", "not-the-password"), ("nobody", PASSWORD)])
def test_whoever_has_no_password_is_sent_away(server, path, login):
    assert requests.get(server.url + path, auth=login, timeout=10).status_code == 401


def test_the_app_logs_in(app, trained_model):
    with ModelRegistry(app) as registry:
        registry.put(trained_model)
        registry.flush()
        champion = registry.champion()
        assert champion
        assert registry.load(champion.version)


def test_the_app_without_the_password_is_told_what_it_lacks(app):
    with (
        ModelRegistry(app.model_copy(update={"mlflow_tracking_password": ""})) as registry,
        pytest.raises(RegistryError, match="MLFLOW_TRACKING_PASSWORD_FILE"),
    ):
        registry.champion()


def test_the_health_check_and_the_supervisor_log_in(server, app, monkeypatch, tmp_path, capsys):
    url = probe_url(select(["mlflow"])[0], server.settings)
    assert not answers(url)
    assert answers(url, app.mlflow_login)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    monkeypatch.setenv("MLFLOW_PORT", str(server.settings.mlflow_port))
    assert health.main(["mlflow"]) == 1
    assert "401" in capsys.readouterr().out
    (tmp_path / "mlflow_tracking_password").write_text(PASSWORD + "\n")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    assert health.main(["mlflow"]) == 0


def test_a_further_user_may_look_but_not_touch(server):
    admin, guest = ("admin", PASSWORD), ("guest", "a-password-of-a-guest")
    made = {"username": guest[0], "password": guest[1]}
    api = f"{server.url}/api/2.0/mlflow"
    requests.post(f"{api}/users/create", json=made, auth=admin, timeout=10).raise_for_status()
    alias = {"name": "wind_power_predictor", "alias": "champion", "version": "1"}
    looked = requests.get(
        f"{api}/registered-models/get", params={"name": alias["name"]}, auth=guest, timeout=10
    )
    touched = requests.post(f"{api}/registered-models/alias", json=alias, auth=guest, timeout=10)
    assert (looked.status_code, touched.status_code) == (200, 403)


def test_the_metadata_lie_in_the_database(server, postgresql_server):
    plain = postgresql_server.replace("+psycopg", "")
    with psycopg.connect(f"{plain}/mlflow-login") as connection:
        assert connection.execute("SELECT count(*) FROM experiments").fetchone()
    assert not (server.settings.mlflow_dir / "mlflow.db").exists()
