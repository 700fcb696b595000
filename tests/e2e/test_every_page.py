"""What holds on every page: no axe violation, no sideways scroll, no other host, the keyboard."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ml_app_wind_draft.dashboard.pages import PAGES
from tests.e2e.looking import complaints, keep_screenshot, open_at, point_at_everything, refresh

AXE = Path(__file__).parent / "assets/axe-4.14.1.min.js"
WIDTHS = {1440: 900, 820: 900, 390: 844}
PATHS = [each.path for each in PAGES]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_to_say_and_no_page_scrolls_sideways(browser: Browser, start, farm, scheme):
    dashboard = start()
    said = {}
    for width, height in WIDTHS.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        page = context.new_page()
        for each in PAGES:
            open_at(page, dashboard.address, each.path)
            page.wait_for_timeout(1200)
            keep_screenshot(page, f"{each.key}-{scheme}-{width}")
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width, each.path
            found = violations(page)
            if found:
                said[f"{each.path} at {width}"] = found
        context.close()
    assert not said, "\n".join(f"{where}: {each}" for where, each in said.items())


def violations(page: Page) -> list[str]:
    """What axe-core finds, each with the first place where it does."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {iframes: false})")["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found]


def test_no_page_asks_another_host_or_offers_to_share(page, start, farm, settings):
    address = start().address
    asked: dict[str, set[str]] = {}
    page.on("request", lambda each: asked.setdefault(page.url, set()).add(each.url.split("/")[2]))
    for path in PATHS:
        open_at(page, address, path)
        page.wait_for_timeout(800)
        assert page.locator(".modebar-btn").count() == 0
        assert "Share" not in page.locator("body").inner_text()
    own = address.removeprefix("http://")
    for where, hosts in asked.items():
        # Kedro Viz is the one other address, asked on its own page only
        viz = {f"localhost:{settings.viz_port}"} if where.endswith("/pipelines") else set()
        assert {host for host in hosts if host} <= {own} | viz, where


@pytest.mark.parametrize("path", [each for each in PATHS if each != "/pipelines"])
def test_the_console_stays_silent_while_charts_are_pointed_at(page, start, farm, path):
    said = complaints(page)
    open_at(page, start().address, path)
    page.wait_for_timeout(800)
    point_at_everything(page)
    page.locator("#scheme").click()
    refresh(page)
    point_at_everything(page)
    assert not said


@pytest.mark.parametrize("path", PATHS)
def test_every_card_with_figures_helps_on_hover_and_times_carry_their_zone(page, start, farm, path):
    open_at(page, start().address, f"{path}?zone=site")
    page.wait_for_timeout(800)
    silent = page.evaluate(
        "() => [...document.querySelectorAll('.card h2')]"
        ".filter((each) => !each.title).map((each) => each.innerText)"
    )
    assert not silent
    text = page.locator("body").inner_text()
    bare = re.findall(r"\d\d:\d\d(?! (?:CET|CEST|UTC))\b.{12}", text)
    assert not bare


def test_pages_are_changed_without_loading_and_keep_zone_and_theme(page, start, farm):
    open_at(page, start().address, "/?zone=site&theme=dark")
    page.evaluate("() => (window.stillTheSame = true)")
    for each in PAGES:
        page.get_by_role("navigation", name="Pages").get_by_text(each.title, exact=True).click()
        expect(page.locator(".page-link.here")).to_have_text(each.title)
        page.wait_for_selector("#page:not(.loading)", state="attached")
        assert "zone=site" in page.url
        assert "theme=dark" in page.url
    assert page.evaluate("() => window.stillTheSame")
    page.go_back()
    expect(page.locator(".page-link.here")).to_have_text(PAGES[-2].title)


def test_on_a_telephone_the_name_of_the_page_is_in_view(page, start, farm):
    page.set_viewport_size({"width": 390, "height": 844})
    open_at(page, start().address, "/status")
    box = page.locator(".page-link.here").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


@pytest.mark.parametrize("path", PATHS)
def test_every_control_is_reached_by_keyboard_with_visible_focus(page, start, farm, path):
    open_at(page, start().address, path)
    page.wait_for_timeout(800)
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, input, textarea")].filter(each =>
            each.checkVisibility({visibilityProperty: true, opacityProperty: true})
            && !each.disabled && each.tabIndex >= 0 && each.type !== "radio").length"""
    )
    seen = set()
    for _ in range(wanted + 25):
        page.keyboard.press("Tab")
        where = page.evaluate(
            """() => { const each = document.activeElement;
            if (!each || each === document.body) return null;
            window.seen = window.seen || new Map();
            if (!window.seen.has(each)) window.seen.set(each, window.seen.size);
            const style = getComputedStyle(each), parent = getComputedStyle(each.parentElement);
            const isRadio = each.type === "radio";
            return [window.seen.get(each), isRadio || style.outlineStyle !== "none"
                || style.boxShadow !== "none" || style.borderColor !== parent.borderColor,
                each.outerHTML.slice(0, 120), isRadio]; }"""
        )
        if where is None:
            continue
        assert where[1], f"no visible focus: {where[2]}"
        if not where[3]:
            seen.add(where[0])
    assert len(seen) >= wanted
