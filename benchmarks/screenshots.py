"""Pictures of every page, theme and width of a dashboard that runs: `make screenshots`.

Take them of a real run: `wind up` until the challenger is trained, `wind stream --interval 0.05`
until some weeks are replayed. UI_PORT says where the dashboard is, SCREENSHOTS where the pictures
go (default build/screenshots).
"""

import os
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from ml_app_wind_draft.core.config import PROJECT_ROOT, load_settings
from ml_app_wind_draft.dashboard.pages import PAGES

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu"]
WIDTHS = {1440: 900, 820: 1180, 390: 844}
SETTLED_MS = 2500


def main() -> None:
    folder = Path(os.environ.get("SCREENSHOTS") or PROJECT_ROOT / "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    address = load_settings().ui_uri
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for scheme in ("light", "dark"):
            for width, height in WIDTHS.items():
                viewport: ViewportSize = {"width": width, "height": height}
                context = browser.new_context(viewport=viewport, color_scheme=scheme)
                page = context.new_page()
                for each in PAGES:
                    _open(page, f"{address}{each.path}")
                    file = folder / f"{each.key}-{scheme}-{width}.png"
                    page.screenshot(path=file, full_page=True)
                    print(file)
                context.close()
        browser.close()


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#page:not(.loading)", state="attached")
    page.wait_for_timeout(SETTLED_MS)


if __name__ == "__main__":
    main()
