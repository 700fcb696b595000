from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.services.mlflow_server import (
    allowed_hosts,
    allowed_origins,
    command,
    environment,
)


def test_only_the_hosts_that_clients_send_are_allowed() -> None:
    settings = load_settings(
        {"MLFLOW_UI_URI": "https://farm.example:8443", "MLFLOW_TRACKING_URI": "http://mlflow:5001"}
    )
    assert allowed_hosts(settings) == [
        "127.0.0.1",
        "127.0.0.1:*",
        "127.0.0.1:5001",
        "farm.example",
        "farm.example:8443",
        "localhost",
        "localhost:*",
        "mlflow",
        "mlflow.localhost",
        "mlflow:5001",
    ]


def test_only_mlflow_itself_and_the_dashboard_may_call_from_a_browser() -> None:
    settings = load_settings({"MLFLOW_UI_URI": "http://farm:5001", "UI_PORT": "8051"})
    assert allowed_origins(settings) == [
        "http://farm:5001",
        "http://farm:8051",
        "http://localhost:8051",
        "https://mlflow.localhost",
    ]


def test_metadata_and_artifacts_lie_in_the_mlflow_folder_and_nothing_is_open_to_all() -> None:
    settings = load_settings({"MLFLOW_DIR": "/farm/mlflow", "MLFLOW_PORT": "5005"})
    words = command(settings)
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert words[words.index("--port") + 1] == "5005"
    assert words[words.index("--workers") + 1] == "1"
    backend = environment(settings)["MLFLOW_BACKEND_STORE_URI"]
    assert backend == "sqlite:////farm/mlflow/mlflow.db"
    assert words[words.index("--artifacts-destination") + 1] == "/farm/mlflow/mlartifacts"
    for flag in ("--allowed-hosts", "--cors-allowed-origins"):
        assert not {"*", "*:*"} & set(words[words.index(flag) + 1].split(","))


def test_without_a_password_mlflow_asks_for_none() -> None:
    settings = load_settings({})
    assert "--app-name" not in command(settings)
    assert not [name for name in environment(settings) if "AUTH" in name]


def test_secrets_are_in_no_command_line() -> None:
    settings = load_settings(
        {
            "MLFLOW_TRACKING_PASSWORD": "its-password",
            "MLFLOW_BACKEND_STORE_URI": "postgresql+psycopg://wind:database-password@db/mlflow",
        }
    )
    words = command(settings)
    assert words[words.index("--app-name") + 1] == "basic-auth"
    assert "password" not in " ".join(words)
    assert "password" not in repr(settings)
    told = environment(settings)
    assert told["MLFLOW_AUTH_ADMIN_USERNAME"] == "admin"
    assert told["MLFLOW_AUTH_ADMIN_PASSWORD"] == "its-password"
    assert told["MLFLOW_BACKEND_STORE_URI"].endswith("database-password@db/mlflow")
