"""The login in a real browser."""

import json

import requests
from playwright.sync_api import Page, expect

from ml_app_wind_draft.dashboard.login import SHORTEST_PASSWORD
from tests.e2e.looking import keep_screenshot, refresh, wait_for_lines

PASSWORD = "gust of wind"
assert len(PASSWORD) >= SHORTEST_PASSWORD


def begin(start, tmp_path, **environ: str) -> str:
    """The dashboard with a password in a file; gives its address."""
    (tmp_path / "ui_password").write_text(PASSWORD + "\n")
    (tmp_path / "ui_secret_key").write_text("a key for tests\n")
    return start(SECRETS_DIR=str(tmp_path), **environ).address


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def test_the_page_opens_with_the_password_and_closes_again(page, start, farm, tmp_path):
    address = begin(start, tmp_path)
    page.goto(f"{address}/turbine/R80711?range=24h")
    expect(page).to_have_title("Log in \N{MIDDLE DOT} La Haute Borne")
    expect(page.get_by_label("Password")).to_be_focused()
    keep_screenshot(page, "login")
    log_in(page, "a mere guess")
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    keep_screenshot(page, "login-refused")
    log_in(page)
    expect(page).to_have_url(f"{address}/turbine/R80711?range=24h")
    wait_for_lines(page)
    refresh(page)
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("wind_session", True, "Lax")
    assert page.evaluate("document.cookie") == ""
    keep_screenshot(page, "logged-in")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(address)
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_session_that_ends_meanwhile_asks_for_the_password(page, start, farm, tmp_path):
    address = begin(start, tmp_path)
    page.goto(f"{address}/turbine")
    log_in(page)
    wait_for_lines(page)
    page.context.clear_cookies()
    page.evaluate("() => dash_clientside.set_props('refresh', {data: performance.now()})")
    expect(page.get_by_label("Password")).to_be_visible()
    log_in(page)
    wait_for_lines(page)


def test_the_login_is_in_the_dashboards_own_look_and_asks_no_other_host(
    browser, start, farm, tmp_path
):
    address = begin(start, tmp_path)
    with browser.new_context(color_scheme="dark", viewport={"width": 390, "height": 700}) as dark:
        page = dark.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        assert {each.split("/")[2] for each in asked} == {address.split("/")[2]}
        styles = "getComputedStyle(document.body)"
        assert page.evaluate(f"() => {styles}.backgroundColor") == "rgb(12, 17, 23)"
        assert page.evaluate(f"() => {styles}.fontFamily").startswith("Inter")
        assert page.evaluate("() => document.fonts.check('16px Inter')")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        keep_screenshot(page, "login-dark")


def test_without_the_password_no_figure_leaves_the_house(start, farm, tmp_path):
    address = begin(start, tmp_path)
    health = requests.get(f"{address}/health", timeout=10)
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    for path in ("/", "/_dash-layout", "/_dash-dependencies", "/_reload-hash"):
        asked = requests.get(address + path, timeout=10, allow_redirects=False)
        assert asked.status_code in {303, 401}, path
        assert "La Haute" not in asked.text
    callback = requests.post(f"{address}/_dash-update-component", data=json.dumps({}), timeout=10)
    assert callback.status_code == 401
