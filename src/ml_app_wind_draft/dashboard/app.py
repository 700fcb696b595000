"""Puts the dashboard together: one Dash app over one reader."""

from pathlib import Path

from dash import Dash
from flask import Flask, Response, jsonify

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.errors import StorageError
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard import exports, shell
from ml_app_wind_draft.dashboard.guard import watch_over
from ml_app_wind_draft.dashboard.login import require_login
from ml_app_wind_draft.dashboard.page import House
from ml_app_wind_draft.dashboard.pages import PAGES
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.dashboard.theme import SCHEME_SCRIPT, css_variables

ASSETS = Path(__file__).parent / "assets"
A_YEAR = 365 * 86400
INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/wind.svg">
<script>
SCHEME
</script>
<style>
VARIABLES
</style>
{%css%}
</head>
<body>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>
"""


def build(reader: Reader, site: Site, settings: Settings) -> Dash:
    """The app, ready to be served; starts nothing."""
    app = Dash(
        "ml_app_wind_draft.dashboard",
        assets_folder=str(ASSETS),
        title=f"Wind power \N{MIDDLE DOT} {site.title}",
        update_title="",
        compress=True,
        serve_locally=True,
        suppress_callback_exceptions=True,  # a page's parts exist while it is looked at
        index_string=INDEX.replace("SCHEME", SCHEME_SCRIPT).replace("VARIABLES", css_variables()),
    )
    app.layout = shell.layout(PAGES, site, settings)
    house = House(reader, site, settings)
    shell.register(app, PAGES, house)
    exports.offer(app.server, house)
    # Dash gives every asset an address that changes with its content.
    app.server.config.update(SEND_FILE_MAX_AGE_DEFAULT=A_YEAR)
    watch_over(app.server, settings)
    require_login(app.server, settings, site.title)
    _answer_health(app.server, reader)
    return app


def _answer_health(server: Flask, reader: Reader) -> None:
    @server.get("/health")
    def health() -> tuple[Response, int]:
        """200 while the database can be read, 503 with the reason while not."""
        try:
            newest = reader.ping()
        except StorageError as error:
            return jsonify(status="database down", reason=str(error)), 503
        return jsonify(status="ok", newest_row=newest), 200
