"""What the browser is given lies here, in the version that the server speaks."""

import re
from pathlib import Path

from plotly.offline import get_plotlyjs_version

from ml_app_wind_draft.dashboard.app import ASSETS


def test_the_shipped_plotly_is_of_the_version_that_the_package_has():
    (script,) = ASSETS.glob("plotly-basic-*.min.js")
    version = get_plotlyjs_version()
    assert script.name == f"plotly-basic-{version}.min.js"
    assert f"v{version}" in script.read_text(encoding="utf-8")[:200]


def test_our_own_assets_name_no_other_host():
    for name in ("shell.js", "turbine.js", "shell.css", "wind.svg", "login.js", "../login.html"):
        addresses = set(
            re.findall(r"https?://[^\s'\"`)]+", Path(ASSETS / name).read_text(encoding="utf-8"))
        )
        assert addresses <= {"http://www.w3.org/2000/svg"}
