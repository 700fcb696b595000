"""The data quality page: what came, what was set aside, gaps, stuck signals."""

import pytest
from playwright.sync_api import Page, expect

from ml_app_wind_draft.core.rows import RejectedRow
from ml_app_wind_draft.ingestion.intake import ingest, ingest_frame
from tests.e2e.farm import DAY, NEW_YEAR, Farm
from tests.e2e.looking import keep_screenshot, open_at, refresh

CELLS = """() => {
    const plot = document.querySelector('#quality-chart .js-plotly-plot');
    return plot?.data?.find(each => each.uid === 'coverage')?.customdata ?? null;
}"""


def aside(reason: str, turbine: str | None, when: int | None, **said: str) -> RejectedRow:
    return RejectedRow(reason, f"why: {reason}", said, turbine, when, line=17)


@pytest.fixture
def troubled(settings, site, farm) -> Farm:
    """The farm with a gap, a stuck sensor, corrected rows and rows set aside."""
    farm.replay(DAY, without=[("R80736", farm.until + 3600, farm.until + 4 * 3600)])
    some = farm._rows[farm._rows["timestamp"].between(farm.until, farm.until + 4 * 3600 - 1)]
    stuck = some.assign(wind_speed=some["wind_speed"].where(some["turbine_id"] != "R80790", 7.25))
    farm.until += 4 * 3600
    ingest_frame(farm.manager, site, stuck, source="test", replayed_until=farm.until)
    again = farm._rows[
        farm._rows["timestamp"].between(NEW_YEAR + 13 * DAY, NEW_YEAR + 13 * DAY + 1)
    ]
    ingest_frame(farm.manager, site, again.assign(power=again["power"] + 5), source="test")
    rejected = [
        aside("bad_timestamp", "R80711", None, Date_time="31.02.2015", P_avg="12,5"),
        aside("off_grid", "R80721", NEW_YEAR + 14 * DAY + 60, Date_time="00:01", P_avg="77"),
        aside("unknown_turbine", "R80712", NEW_YEAR + 14 * DAY, Date_time="00:00", P_avg="88"),
    ]
    ingest(farm.manager, site, [], source="march.csv", rejected=rejected)
    farm.score()
    return farm


def wait_for_cells(page: Page) -> list:
    page.wait_for_function(f"() => ({CELLS})()?.length")
    return page.evaluate(CELLS)


def test_what_came_and_what_did_not_is_shown(page, start, troubled):
    open_at(page, start().address, "/quality")
    cells = wait_for_cells(page)
    lacking = [each for each in cells if each[2]]
    assert [(name, missing) for name, _, missing in lacking] == [("R80736", 18)]
    expect(page.locator("#quality-accepted-note")).to_contain_text("18 missing of")
    expect(page.locator("#quality-updated-value")).to_have_text("4")
    expect(page.locator("#quality-aside-value")).to_have_text("2")
    expect(page.locator("#quality-aside-note")).to_contain_text("1 more without a readable time")
    gap = page.locator("#gaps-rows tr")
    expect(gap).to_have_count(1)
    expect(gap).to_contain_text("15 Jan 2015, 01:00 UTC")
    expect(gap).to_contain_text("3 h")
    stuck = page.locator("#stuck-rows tr").first
    expect(stuck).to_contain_text("nacelle wind speed")
    expect(stuck).to_contain_text("7.2 m/s")
    expect(page.locator("#quality-0-newest")).to_contain_text("16 Jan 2015, 03:50 UTC")
    keep_screenshot(page, "quality")


def test_rows_set_aside_are_found_and_the_search_survives_a_reload(page, start, troubled):
    open_at(page, start().address, "/quality")
    rows = page.locator("#aside-rows tr")
    expect(rows).to_have_count(3)
    page.locator("#quality-search").fill("P_AVG")
    page.locator("#quality-search").fill("31.02")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Date_time=31.02.2015")
    expect(rows).to_contain_text("line 17")
    assert "q=31.02" in page.url
    page.reload()
    expect(page.locator("#quality-search")).to_have_value("31.02")
    expect(rows).to_have_count(1)
    page.locator("#quality-search").fill("")
    expect(rows).to_have_count(3)
    page.locator("#quality-reason").click()
    page.get_by_role("option", name="Off the grid").click()
    expect(rows).to_have_count(1)
    assert "reason=off_grid" in page.url
    page.locator("#quality-search").fill("nowhere")
    expect(page.locator("#aside-empty")).to_contain_text("No row set aside fits")


def test_one_turbine_at_a_time(page, start, troubled):
    open_at(page, start().address, "/quality?of=R80721&span=14d")
    expect(page.locator("#aside-rows tr")).to_have_count(1)
    expect(page.locator("#gaps-empty")).to_contain_text("No gap")
    expect(page.locator("#quality-accepted-value")).to_have_text("100.00")
    expect(page.locator("#quality-about")).to_contain_text("R80721")


def test_a_tick_is_small_and_what_changed_is_shown(page, start, troubled):
    open_at(page, start().address, "/quality")
    wait_for_cells(page)
    sizes = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    for _ in range(4):
        troubled.replay(troubled.site.step)
        troubled.score()
        refresh(page)
    assert max(sizes) <= 2000
    expect(page.locator("#quality-0-newest")).to_contain_text("16 Jan 2015, 04:30 UTC")


def test_without_rows_the_page_teaches(page, start):
    open_at(page, start().address, "/quality")
    expect(page.locator("#aside-empty")).to_contain_text("No row was set aside so far")
    expect(page.locator("#quality-0-state")).to_have_text("No data")
    expect(page.locator("#quality-accepted-note")).to_contain_text("no rows in this span")
