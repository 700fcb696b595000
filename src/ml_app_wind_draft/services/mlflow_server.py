"""The MLflow server: runs it, watches it, passes on its lines in the house's format."""

import logging
import os
import re
import secrets
import subprocess
import sys
import threading
from urllib.parse import urlsplit

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import RegistryError
from ml_app_wind_draft.services.loop import Stop, Tick, run_loop
from ml_app_wind_draft.services.processes import stop_groups
from ml_app_wind_draft.services.roster import answers, probe_url, select

log = logging.getLogger(__name__)

SERVICE = "mlflow"
POLL = 5.0
GRACE = 2.0
DATABASE_FILE = "mlflow.db"
BEHIND_MLFLOW = 5  # everybody waits for it at the start
LOCAL_FRONT_DOOR = "mlflow.localhost"  # the proxy's name for it on this machine
QUIETER = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # a dozen more processes that nothing here uses
    "PYTHONWARNINGS": "ignore",  # MLflow's authors' to read
}
# Whoever is not the app's own user may look but not touch. Checking a password takes 0.1 s of
# processor, and the app asks every few seconds: the one worker remembers for a minute.
LOGIN_CONFIGURATION = """[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/basic_auth.db
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
"""
# 2026/11/24 22:52:51 INFO mlflow.store.db.utils: Creating initial MLflow database tables...
MLFLOW_LINE = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?P<level>[A-Z]+)[\s:]+(?P<message>.*)")


def run(settings: Settings) -> None:
    """Run MLflow until SIGTERM or SIGINT; raises `RegistryError` when it ends by itself."""
    prepare(settings)
    with Stop() as stop:
        server = _start(settings)
        os.nice(BEHIND_MLFLOW)
        threading.Thread(target=_pass_on, args=(server,), daemon=True).start()
        try:
            _watch(settings, server, stop)
        finally:
            stop_groups([server.pid], GRACE)
            server.wait()


def prepare(settings: Settings) -> None:
    """Make what `mlflow server` expects: its folder, its database, the rules of its login."""
    settings.mlflow_dir.mkdir(parents=True, exist_ok=True)
    if settings.mlflow_backend_store_uri.startswith("postgres"):
        from ml_app_wind_draft.storage.databases import create_database  # noqa: PLC0415 - slow

        create_database(settings.mlflow_backend_store_uri)
    else:
        # SQLite would let its owner alone write, whatever the folder's rules say.
        (settings.mlflow_dir / DATABASE_FILE).touch()
    if settings.mlflow_login:
        rules = LOGIN_CONFIGURATION.format(folder=settings.mlflow_dir)
        (settings.mlflow_dir / "basic_auth.ini").write_text(rules, encoding="utf-8")


def command(settings: Settings) -> list[str]:
    """The command line of `mlflow server`.

    Artifacts go through the server, so that a client needs only its address. One worker: 2
    processes and 0.5 GiB in place of 15 and 3.3 GiB.
    """
    return [
        *(sys.executable, "-m", "mlflow", "server"),
        *("--host", settings.bind_address),
        *("--port", str(settings.mlflow_port)),
        *("--workers", "1"),
        *("--artifacts-destination", str(settings.mlflow_dir / "mlartifacts")),
        "--serve-artifacts",
        *("--allowed-hosts", ",".join(allowed_hosts(settings))),
        *("--cors-allowed-origins", ",".join(allowed_origins(settings))),
        *("--uvicorn-opts", "--no-access-log --timeout-graceful-shutdown 1"),
        *(("--app-name", "basic-auth") if settings.mlflow_login else ()),
    ]


def environment(settings: Settings) -> dict[str, str]:
    """What `mlflow server` is told in its environment, for there may be secrets in it.

    The metadata lie in SQLite unless a setting says otherwise. With a password for MLflow, its
    server asks for it; its users are in a file of their own.
    """
    metadata = f"sqlite:///{settings.mlflow_dir}/{DATABASE_FILE}"
    told = QUIETER | {"MLFLOW_BACKEND_STORE_URI": settings.mlflow_backend_store_uri or metadata}
    if settings.mlflow_login is None:
        return told
    name, password = settings.mlflow_login
    return told | {
        "MLFLOW_AUTH_CONFIG_PATH": str(settings.mlflow_dir / "basic_auth.ini"),
        "MLFLOW_AUTH_ADMIN_USERNAME": name,
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        # It signs the forms of MLflow's own page only; a start may end them.
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_urlsafe(),
    }


def allowed_hosts(settings: Settings) -> list[str]:
    """Host headers that MLflow accepts: this machine's, the reader's and the app's.

    Each once bare and once with its port, for MLflow compares the whole header. This machine's own
    names come with any port: a container does not know under which it is published.
    """
    hosts = {urlsplit(uri).netloc for uri in (settings.mlflow_ui_uri, settings.mlflow_tracking_uri)}
    hosts |= {"localhost:*", "127.0.0.1:*", LOCAL_FRONT_DOOR}
    if settings.bind_address not in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        hosts.add(f"{settings.bind_address}:{settings.mlflow_port}")
    bare = {host.rpartition(":")[0] or host for host in hosts}
    return sorted(hosts | bare)


def allowed_origins(settings: Settings) -> list[str]:
    """Origins whose pages may call MLflow: its own and the dashboard's."""
    own, dashboard = urlsplit(settings.mlflow_ui_uri), urlsplit(settings.ui_uri)
    port = dashboard.port or settings.ui_port
    dashboards = {f"http://{host}:{port}" for host in ("localhost", own.hostname)}
    dashboards |= {f"{dashboard.scheme}://{dashboard.netloc}"}
    front_door = f"https://{LOCAL_FRONT_DOOR}"
    return sorted({f"{own.scheme}://{own.netloc}", front_door, *dashboards})


def _start(settings: Settings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(settings),
        cwd=settings.mlflow_dir,
        env={**os.environ, **environment(settings)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _watch(settings: Settings, server: subprocess.Popen[str], stop: Stop) -> None:
    # MLflow is importing meanwhile: our own imports cost no time here.
    from ml_app_wind_draft.storage.heartbeats import HeartbeatStore  # noqa: PLC0415

    url = probe_url(select([SERVICE])[0], settings)

    def tick() -> Tick:
        if (code := server.poll()) is not None:
            message = f"MLflow ended by itself with exit code {code}."
            raise RegistryError(message, remedy="Its last lines above say why.")
        return (
            Tick(message="answers")
            if answers(url, settings.mlflow_login)
            else Tick(status="waiting", message="starting")
        )

    with HeartbeatStore(settings.database_url) as manager:
        run_loop(SERVICE, manager, tick, interval=POLL, stop=stop)


def _pass_on(server: subprocess.Popen[str]) -> None:
    for line in server.stdout or ():
        known = MLFLOW_LINE.match(line)
        level = known["level"] if known else "INFO"
        log.log(
            logging.getLevelNamesMapping().get(level, logging.INFO),
            "%s",
            (known["message"] if known else line).rstrip(),
        )
