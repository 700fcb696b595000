"""Half an hour of refreshes in a minute or two, and twenty pages at once."""

import gc

import psutil
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import START
from tests.e2e.looking import open_at, open_page, points, refresh, wait_for_lines

TICKS = 300
HEAP = 1_000_000


def heap(page) -> float:
    """What the page holds after a garbage collection, bytes."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


@pytest.mark.timeout(900)
def test_after_300_ticks_memory_is_flat_and_the_chart_is_that_of_a_new_page(
    page, context, start, farm
):
    dashboard = start()
    open_page(page, dashboard.address, "?range=24h")
    wait_for_lines(page)
    process = psutil.Process(dashboard.process.pid)
    heaps, resident = [], []
    for tick in range(TICKS):
        farm.replay(farm.site.step)
        farm.score()
        refresh(page, settle=20)
        if tick % 50 == 49:
            gc.collect()
            heaps.append(heap(page))
            resident.append(process.memory_info().rss)
    assert heaps[-1] - heaps[1] < 2 * HEAP, heaps
    assert resident[-1] <= 250_000_000, resident
    assert resident[-1] - resident[1] < 15_000_000, resident
    other = context.new_page()
    open_page(other, dashboard.address, "?range=24h")
    wait_for_lines(other)
    for uid in ("power", "expected", "wind"):
        assert points(page, uid) == points(other, uid)


@pytest.mark.timeout(600)
def test_twenty_open_pages_all_stay_live(browser: Browser, start, farm):
    dashboard = start(START)
    contexts = [browser.new_context(viewport={"width": 820, "height": 700}) for _ in range(4)]
    paths = ("/", "/turbine/R80711", "/models", "/quality", "/status")
    pages = []
    for context in contexts:
        for path in paths:
            page = context.new_page()
            open_at(page, dashboard.address, path)
            pages.append(page)
    farm.replay(farm.site.step)
    farm.score()
    for page in pages:
        page.bring_to_front()
        expect(page.locator("#live")).to_contain_text("15 Jan, 00:10 UTC", timeout=30_000)
        expect(page.locator("#live")).to_contain_text("live")
    for context in contexts:
        context.close()
