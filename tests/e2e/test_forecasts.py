"""The forecast beyond now, in a real browser."""

import csv

import pytest
from playwright.sync_api import Page, expect

from ml_app_wind_draft.models.forecast.units import farm_name
from tests.e2e import forecasts
from tests.e2e.farm import DAY, RATED
from tests.e2e.forecasts import HOUR
from tests.e2e.looking import keep_screenshot, open_at, refresh

PAGES = {"farm": ("/", "farm-chart"), "turbine": ("/turbine/R80736", "chart")}


def plot(chart: str) -> str:
    return f"document.querySelector('#{chart} .js-plotly-plot')"


def drawn(page: Page, chart: str, uid: str) -> dict:
    page.wait_for_function(f"() => {plot(chart)}?.data?.length && {plot(chart)}._fullLayout?.xaxis")
    return page.evaluate(
        f"uid => (({{x, y}}) => ({{x, y}}))({plot(chart)}.data.find(each => each.uid === uid))",
        uid,
    )


def last_shown(page: Page, chart: str) -> float:
    """The right end of the time axis, ms."""
    return page.evaluate(
        f"() => {plot(chart)}._fullLayout.xaxis.r2l({plot(chart)}.layout.xaxis.range[1])"
    )


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_fan_stands_beyond_now(page, start, farm, name, theme):
    path, chart = PAGES[name]
    forecasts.issue(farm, farm.until)
    open_at(page, start().address, f"{path}?theme={theme}")
    page.wait_for_function(
        f"() => {plot(chart)}?.data?.find(each => each.uid === 'forecast')?.y?.length === 48"
    )
    median = drawn(page, chart, "forecast")
    assert median["x"][0] == farm.until * 1000
    assert len(drawn(page, chart, "fan_90")["x"]) == 96
    assert len(drawn(page, chart, "fan_50")["x"]) == 96
    assert last_shown(page, chart) == pytest.approx((farm.until + 2 * DAY) * 1000, abs=HOUR * 1000)
    expect(page.locator("#forecast-note")).to_have_text(
        "Forecast v3, issued 15 Jan, 00:00 UTC, with a perfect weather forecast (reanalysis)"
    )
    keep_screenshot(page, f"forecast_{name}_{theme}")


@pytest.mark.parametrize("name", PAGES)
def test_the_forecast_shown_leaves_as_csv(page, start, farm, name):
    path, _ = PAGES[name]
    open_at(page, start().address, path)
    link = page.locator("#forecast-csv")
    expect(page.locator("#forecast-note")).to_contain_text("No forecast yet")
    expect(link).to_be_hidden()
    forecasts.issue(farm, farm.until)
    refresh(page)
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert len(rows) == 48
    unit = farm_name(farm.site) if name == "farm" else "R80736"
    assert {each["unit"] for each in rows} == {unit}
    assert rows[0]["issue_time (UTC)"] == "2015-01-15T00:00Z"
    assert rows[47]["lead [h]"] == "48"
    assert download.value.suggested_filename.endswith("_20150115T0000Z.csv")


@pytest.mark.parametrize("width", [390, 1440])
def test_note_and_file_of_a_forecast_fit_every_width(page, start, farm, width):
    forecasts.issue(farm, farm.until)
    page.set_viewport_size({"width": width, "height": 844})
    open_at(page, start().address, "/?theme=dark")
    expect(page.locator("#forecast-csv")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    keep_screenshot(page, f"forecast_csv_{width}")


def test_a_short_view_shows_the_next_hours_only(page, start, farm):
    forecasts.issue(farm, farm.until)
    open_at(page, start().address, "/?range=24h")
    drawn(page, "farm-chart", "forecast")
    expect(page.locator("#forecast-note")).to_contain_text("Forecast v3")
    assert last_shown(page, "farm-chart") == pytest.approx(
        (farm.until + 0.4 * DAY) * 1000, abs=1000
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_new_forecast_reaches_the_open_page(page, start, farm, name):
    path, chart = PAGES[name]
    open_at(page, start().address, path)
    expect(page.locator("#forecast-note")).to_have_text(
        "No forecast yet: `wind train` makes the first, after the models."
    )
    assert drawn(page, chart, "forecast")["y"] == []
    forecasts.issue(farm, farm.until, weather="none")
    refresh(page)
    expect(page.locator("#forecast-note")).to_contain_text("from history alone")
    assert len(drawn(page, chart, "forecast")["y"]) == 48
    farm.replay(HOUR)
    farm.score()
    forecasts.issue(farm, farm.until, weather="forecast")
    refresh(page)
    expect(page.locator("#forecast-note")).to_contain_text("01:00 UTC, with weather forecasts")
    assert drawn(page, chart, "forecast")["x"][0] == farm.until * 1000


def test_an_old_forecast_is_said_to_be_old_and_not_drawn(page, start, farm):
    forecasts.issue(farm, farm.until - 3 * HOUR)
    open_at(page, start().address)
    expect(page.locator("#forecast-note")).to_have_text(
        "The newest forecast, issued 14 Jan, 21:00 UTC, is too old to be shown."
    )
    assert drawn(page, "farm-chart", "forecast")["y"] == []


def test_a_past_period_has_no_fan(page, start, farm):
    forecasts.issue(farm, farm.until)
    open_at(page, start().address, "/turbine/R80736?from=2015-01-03&to=2015-01-05")
    expect(page.locator("#chart-about")).to_contain_text("data coverage")
    assert drawn(page, "chart", "forecast")["y"] == []
    expect(page.locator("#forecast-note")).to_have_text("")


def test_the_fan_is_switched_by_its_legend(page, start, farm):
    forecasts.issue(farm, farm.until)
    open_at(page, start().address, "/turbine/R80736")
    drawn(page, "chart", "forecast")
    page.locator(".legend-key", has_text="Forecast").click()
    shown = f"() => {plot('chart')}.data.find(each => each.uid === 'fan_90').visible"
    page.wait_for_function(f"{shown} === false")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_past_forecasts_are_scored_by_lead_beside_persistence(page, start, farm, width, theme):
    issues = [farm.until - hours * HOUR for hours in range(60, 50, -1)]
    for at in issues:
        forecasts.issue(farm, at)
    forecasts.came(farm, [farm.until - hours * HOUR for hours in range(60, 0, -1)], 2460.0)
    page.set_viewport_size({"width": width, "height": 900})
    open_at(page, start().address, f"/?theme={theme}")
    rows = page.locator("#forecast-scores-rows tr")
    expect(rows).to_have_count(6)
    first = rows.first.locator("td")
    expect(first.nth(0)).to_have_text("1 h")
    expect(first.nth(1)).to_have_text("10")
    known = farm.manager.raw_range(issues[0] - HOUR, issues[-1])
    of_hour = known.groupby(known["timestamp"] // HOUR)["power"].sum() / 6
    persistence = 100 * (of_hour - 2460.0).abs().mean() / (4 * RATED)
    expect(first.nth(3)).to_have_text(f"{persistence:.1f}")
    expect(first.nth(4)).to_have_text("+100")  # the median of the first hour is what came
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    keep_screenshot(page, f"forecast_scores_{width}_{theme}")


def test_scores_of_past_forecasts_come_once_and_not_with_every_refresh(page, start, farm):
    for hours in range(60, 50, -1):
        forecasts.issue(farm, farm.until - hours * HOUR)
    forecasts.came(farm, [farm.until - hours * HOUR for hours in range(60, 0, -1)], 2460.0)
    open_at(page, start().address)
    expect(page.locator("#forecast-scores-rows tr")).to_have_count(6)
    for _ in range(2):
        farm.replay(farm.site.step)
        farm.score()
        with page.expect_response("**/_dash-update-component") as answered:
            refresh(page)
        assert "forecast-scores-rows" not in answered.value.text()
