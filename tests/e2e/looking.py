"""What tests do with a page: open it, refresh it, read its chart, keep a picture of it."""

import os
from pathlib import Path

from playwright.sync_api import Page

PLOT = "document.querySelector('#chart .js-plotly-plot')"
NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
COMPLAINTS = ("error", "warning", "trace", "assert")
SCREENSHOTS = Path(os.environ.get("SCREENSHOTS", ""))


def open_at(page: Page, address: str, path: str = "/") -> None:
    """Open a page of the dashboard and wait for its first answer."""
    dropped: list[str] = []
    page.on("requestfailed", lambda request: dropped.append(str(request.failure)))
    for _ in range(3):
        dropped.clear()
        page.goto(f"{address}{path}")
        if not any(NETWORK_CHANGED in each for each in dropped):
            break
    page.wait_for_selector("#page:not(.loading)", state="attached")


def open_page(page: Page, address: str, query: str = "", turbine: str = "R80711") -> None:
    """Open a turbine's page."""
    open_at(page, address, f"/turbine/{turbine}{query}")
    page.wait_for_selector("#chart .js-plotly-plot")


def wait_for_lines(page: Page) -> None:
    page.wait_for_function(f"() => {PLOT}?.data?.length && {PLOT}._fullLayout?.xaxis")


def refresh(page: Page, settle: float = 300) -> None:
    """What the page's timer does, at once; comes back when it is drawn, `settle` ms later."""
    with page.expect_response("**/_dash-update-component"):
        page.evaluate("() => dash_clientside.set_props('refresh', {data: performance.now()})")
    page.wait_for_timeout(settle)


def points(page: Page, uid: str) -> dict:
    return page.evaluate(
        f"uid => (({{x, y}}) => ({{x, y}}))({PLOT}.data.find(each => each.uid === uid))", uid
    )


def complaints(page: Page) -> list[str]:
    """Fills with what the browser's console says from now on, but for plain notes."""
    said: list[str] = []
    page.on(
        "console",
        lambda message: said.append(message.text) if message.type in COMPLAINTS else None,
    )
    return said


def point_at_everything(page: Page, steps: int = 24) -> None:
    """Move the pointer over each panel of each chart of the page, from left to right."""
    for panel in page.locator(".js-plotly-plot .draglayer .nsewdrag:visible").all():
        panel.scroll_into_view_if_needed()
        box = panel.bounding_box()
        assert box
        for height in (0.3, 0.8):
            for step in range(1, steps):
                x = box["x"] + box["width"] * step / steps
                page.mouse.move(x, box["y"] + box["height"] * height)
        page.wait_for_timeout(100)


def keep_screenshot(page: Page, name: str) -> None:
    """A picture of the whole page, where the variable SCREENSHOTS names a folder."""
    if SCREENSHOTS.name:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
