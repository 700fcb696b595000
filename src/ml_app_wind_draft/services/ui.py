"""The dashboard's service: serves the page, and says that it is alive."""

import gc
import logging
import threading

from waitress.server import create_server

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import PortInUseError
from ml_app_wind_draft.core.site import load_site
from ml_app_wind_draft.dashboard.app import build
from ml_app_wind_draft.dashboard.models_watch import ModelsWatch
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.registry.client import ModelRegistry
from ml_app_wind_draft.services.loop import Tick, run_loop
from ml_app_wind_draft.storage.data_manager import DataManager

log = logging.getLogger(__name__)
# it warns of every request that waits a moment, as some do whenever a browser opens the page
logging.getLogger("waitress.queue").setLevel(logging.ERROR)

SERVICE = "app-ui"
THREADS = 4
CONNECTIONS = 1000  # a browser keeps six open, and waitress' own limit is 100
IDLE_SECONDS = 60
BEAT_EVERY = 5.0
ASK_MLFLOW_EVERY = 10.0


def run(settings: Settings) -> None:
    """Serve at `bind_address`:`ui_port` until SIGTERM or Ctrl-C.

    Raises `PortInUseError`. A database or an MLflow that is down is shown on the page, not raised.
    """
    site = load_site(settings.site, settings)
    manager = DataManager(settings.database_url)
    models = ModelsWatch(lambda: ModelRegistry(settings), seconds=ASK_MLFLOW_EVERY)
    reader = Reader(site, manager, models)
    app = build(reader, site, settings)
    try:
        server = create_server(
            app.server,
            host=settings.bind_address,
            port=settings.ui_port,
            threads=THREADS,
            connection_limit=CONNECTIONS,
            asyncore_use_poll=True,  # select() has a limit of its own
            channel_timeout=IDLE_SECONDS,
            ident=None,
        )
    except OSError as error:
        raise PortInUseError(settings.ui_port, "UI_PORT", "the dashboard") from error
    # In a thread of its own: a page that waits for the database does not hold up the way out.
    threading.Thread(target=server.run, name="waitress", daemon=True).start()
    models.start()
    gc.freeze()  # a search for garbage need not look through all the libraries at each turn
    log.info("The dashboard is at %s", settings.ui_uri)

    serving = Tick(message=f"serving {site.title} at {settings.ui_uri}")
    try:
        run_loop(SERVICE, manager, lambda: serving, interval=BEAT_EVERY)
    finally:
        models.stop()
        server.close()
        manager.close()
