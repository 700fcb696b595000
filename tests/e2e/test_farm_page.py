"""The farm page in a real browser, over a real database with recorded rows."""

import csv
import io
import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.farm import DAY
from tests.e2e.looking import keep_screenshot, open_at, refresh

CHART = "document.querySelector('#farm-chart .js-plotly-plot')"


def drawn(page: Page, uid: str) -> dict:
    page.wait_for_function(f"() => {CHART}?.data?.length && {CHART}._fullLayout?.xaxis")
    return page.evaluate(
        f"uid => (({{x, y}}) => ({{x, y}}))({CHART}.data.find(each => each.uid === uid))", uid
    )


def cells(page: Page) -> list[list[str]]:
    return page.evaluate(
        "() => [...document.querySelectorAll('.heat-row')]"
        ".map(row => [...row.children].map(each => each.className))"
    )


def test_the_farm_is_seen_at_a_glance(page, start, farm):
    open_at(page, start().address)
    assert len(drawn(page, "power")["y"]) == 7 * 144
    assert sum(each is not None for each in drawn(page, "expected")["y"]) > 900
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(4)
    for index, turbine in enumerate(farm.site.turbine_ids):
        expect(tiles.nth(index)).to_contain_text(turbine)
        expect(tiles.nth(index)).to_contain_text(re.compile(r"24 h: [\d.]+ % \w+ . limit 5 %"))
    assert [len(row) for row in cells(page)] == [56] * 4
    expect(page.locator(".heat-coverage").last).to_have_text(re.compile(r"^\d+\.\d %$"))
    expect(page.locator("#worst-rows tr")).to_have_count(10)
    expect(page.locator("#worst-rows tr").first).to_contain_text("UTC")
    expect(page.locator("#losses-rows tr")).to_have_count(5)
    expect(page.locator("#losses-rows tr").first).to_contain_text("Jan 2015")
    expect(page.locator("#farm-about")).to_contain_text("data coverage")
    page.locator(".heat-row .cell").nth(20).hover()
    expect(page.locator("#heat-says")).to_contain_text(re.compile(r"h from .* UTC: "))


def test_a_tile_opens_the_turbine_and_the_way_back_is_the_browsers(page, start, farm):
    open_at(page, start().address, "/?theme=dark&zone=site")
    page.locator(".tile", has_text="R80736").click()
    expect(page.locator("#chart-title")).to_contain_text("R80736")
    assert re.search(r"/turbine/R80736\?(theme=dark&zone=site|zone=site&theme=dark)$", page.url)
    page.go_back()
    expect(page.locator("#worst-rows tr")).to_have_count(10)
    page.get_by_role("link", name="Turbine", exact=True).click()
    expect(page.locator("#chart-title")).to_contain_text("R80711")
    page.locator(".page-link.here", has_text="Turbine").wait_for()


def test_a_bad_hour_leads_to_its_turbine_at_its_time(page, start, farm):
    open_at(page, start().address)
    first = page.locator("#worst-rows a").first
    turbine = first.inner_text()
    first.click()
    expect(page.locator("#chart-title")).to_contain_text(turbine)
    assert re.search(r"from=2015-01-\d\dT.*&to=2015-01-\d\dT", page.url)


def test_refreshes_are_small_and_end_in_what_a_new_page_shows(page, context, start, farm):
    address = start().address
    open_at(page, address, "/?range=24h")
    drawn(page, "power")
    sizes = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    for _ in range(7):
        farm.replay(farm.site.step)
        farm.score()
        refresh(page)
    assert sizes
    assert max(sizes) <= 2000
    other = context.new_page()
    open_at(other, address, "/?range=24h")
    for uid in ("power", "expected", "band"):
        assert drawn(page, uid) == drawn(other, uid)
    assert cells(page) == cells(other)


def test_losses_leave_as_csv_with_units_states_and_model_versions(start, farm):
    address = start().address
    answer = requests.get(f"{address}/export/losses.csv", timeout=20)
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["turbine_id"] for row in rows} == set(farm.site.turbine_ids)
    assert {row["month (UTC)"] for row in rows} == {"2015-01"}
    assert {row["model_versions"] for row in rows} == {"1"}
    assert {row["inferred_state"] for row in rows} <= {"normal_operation", "not_normal_operation"}
    for row in rows:
        below = float(row["expected_energy [MWh]"]) - float(row["energy [MWh]"])
        assert float(row["energy_below_expectation [MWh]"]) == pytest.approx(below, abs=1e-3)


def test_an_alarm_stands_on_its_tile_in_words(page, start, farm):
    farm.weaken("R80736", farm.until, farm.until + 4 * DAY, 0.8)
    farm.replay(3 * DAY)
    farm.score()
    open_at(page, start().address)
    on = farm.manager.alarms(farm.until - 1, farm.until + 1)
    assert set(on["turbine_id"]) >= {"R80736"}
    for turbine in farm.site.turbine_ids:
        pill = page.locator(".tile", has_text=turbine).locator(".pill")
        expected = "alarm" if (on["turbine_id"] == turbine).any() else "good|watch|calm"
        expect(pill).to_have_class(re.compile(f"pill ({expected})"))
    pill = page.locator(".tile", has_text="R80736").locator(".pill")
    expect(pill).to_have_text(re.compile("Low output|Model doubt"))
    since = page.locator(".tile", has_text="R80736").locator(".tile-alarm")
    expect(since).to_have_text(re.compile(r"since 1[567] Jan, \d\d:\d0 UTC . [\d,]+ kWh below"))
    keep_screenshot(page, "farm-alarm")


def test_without_data_the_farm_says_so(page, start):
    open_at(page, start().address)
    expect(page.locator("#farm-note")).to_contain_text("No data yet")
    expect(page.locator("#losses-empty")).to_contain_text("No whole day")
    expect(page.locator("#worst-empty")).to_be_visible()
    keep_screenshot(page, "farm-no-data")


@pytest.mark.parametrize("width", [1440, 820, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_farm_fits_every_width(page, start, farm, width, scheme):
    height = 844 if width == 390 else 900
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    open_at(page, start().address)
    drawn(page, "power")
    page.locator("#hide-toast").click(timeout=10_000)
    page.wait_for_timeout(300)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.locator("#farm-chart").bounding_box()["y"] < 2 * height - 300
    keep_screenshot(page, f"farm-{scheme}-{width}")
