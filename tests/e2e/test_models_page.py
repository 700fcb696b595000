"""The models page over a real MLflow: what it shows, and that it changes the champion."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from ml_app_wind_draft.registry.client import ModelRegistry
from tests.e2e import versions
from tests.e2e.farm import NEW_YEAR
from tests.e2e.looking import keep_screenshot, open_at
from tests.e2e.proxy import Proxy

pytestmark = pytest.mark.xdist_group("mlflow")
POINTS = """uid => {
    const plot = document.querySelector('#models-chart .js-plotly-plot');
    const found = plot?.data?.find(each => each.uid === uid);
    return found ? {x: found.x, y: found.y} : null;
}"""


@pytest.fixture
def registered(farm, with_mlflow):
    """The farm with three versions in a real MLflow; gives the environment that names it."""
    versions.register(with_mlflow, farm.manager)
    return {
        "MLFLOW_TRACKING_URI": with_mlflow.mlflow_tracking_uri,
        "MLFLOW_UI_URI": with_mlflow.mlflow_tracking_uri,
    }


@pytest.fixture
def shadowed(farm, with_mlflow, registered):
    """Version 1 is champion again, and has scored the fortnight; 2 errs half as much in shadow."""
    with ModelRegistry(with_mlflow, farm.manager) as registry:
        registry.promote(1, "test", "the farm's rows are its")
        registry.start_shadow(2)
    said = farm.manager.predictions_range(NEW_YEAR, farm.until)
    power = farm.manager.raw_range(NEW_YEAR, farm.until)[["turbine_id", "timestamp", "power"]]
    said = said.merge(power, on=["turbine_id", "timestamp"]).assign(model_version=2)
    nearer = (said["expected_power"] + said["power"]) / 2
    said["expected_power"] = nearer.where(nearer.notna(), said["expected_power"])
    farm.manager.save_shadow_outcomes(said)
    return registered


def row(page: Page, version: int):
    return page.locator("#versions-rows tr", has_text=f"v{version} ")


def test_versions_scores_and_the_trail_are_shown(page, start, registered):
    open_at(page, start(**registered).address, "/models")
    expect(page.locator("#versions-rows tr")).to_have_count(3, timeout=20_000)
    expect(row(page, 2)).to_contain_text("champion")
    expect(row(page, 3)).to_contain_text("challenger")
    expect(row(page, 2)).to_contain_text("29.4")
    expect(row(page, 2)).to_contain_text("rows A")
    expect(row(page, 3)).to_contain_text("rows B")
    expect(page.locator("#details-title")).to_have_text("What v2 uses")
    expect(page.locator("#details-features li")).to_have_count(len(versions.IMPORTANCE))
    expect(page.locator("#details-verdict")).to_contain_text("the same 34,037 rows")
    assert page.evaluate(POINTS, "mae") == {"x": [1, 2, None, 3], "y": [31.67, 29.41, None, 30.1]}
    assert page.evaluate(POINTS, "champion")["x"] == [2]
    expect(page.locator("#trail-rows tr").first).to_contain_text("Better beyond noise.")
    link = row(page, 3).get_by_role("link").get_attribute("href")
    assert link == f"{registered['MLFLOW_UI_URI']}/#/models/wind_power_predictor/versions/3"
    keep_screenshot(page, "models")


def test_a_versions_details_can_be_sent_to_a_colleague(page, start, registered):
    open_at(page, start(**registered).address, "/models")
    row(page, 1).locator("button[data-version]").click(timeout=20_000)
    expect(page.locator("#details-title")).to_have_text("What v1 uses")
    assert "version=1" in page.url
    page.reload()
    expect(page.locator("#details-title")).to_have_text("What v1 uses", timeout=20_000)


def test_promote_and_roll_back_ask_for_a_reason_and_are_written_down(
    page, start, registered, farm, with_mlflow
):
    open_at(page, start(**registered).address, "/models")
    row(page, 3).get_by_role("button", name="Promote version 3").click(timeout=20_000)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Promote version 3")
    page.wait_for_timeout(500)  # it fades in
    keep_screenshot(page, "models-promote")
    page.locator("#promote-confirm").click()
    expect(page.locator("#promote-said")).to_contain_text("Say who you are")
    page.locator("#promote-who").fill("Ada")
    page.locator("#promote-confirm").click()
    expect(page.locator("#promote-said")).to_contain_text("Say why")
    assert champion(with_mlflow) == 2
    page.locator("#promote-why").fill("Better since the anemometers were changed.")
    page.locator("#promote-confirm").click()
    expect(dialog).to_be_hidden()
    expect(row(page, 3)).to_contain_text("champion", timeout=15_000)
    expect(page.locator("#champion-version")).to_have_text("v3")
    trail = page.locator("#trail-rows tr").first
    expect(trail).to_contain_text("Ada (dashboard)")
    expect(trail).to_contain_text("Better since the anemometers were changed.")
    assert champion(with_mlflow) == 3

    row(page, 2).get_by_role("button", name="Roll back to version 2").click()
    expect(dialog).to_contain_text("Roll back to version 2")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert champion(with_mlflow) == 3
    row(page, 2).get_by_role("button", name="Roll back to version 2").click()
    page.locator("#promote-why").fill("Worse in calm weather.")
    page.locator("#promote-confirm").click()
    expect(row(page, 2)).to_contain_text("champion", timeout=15_000)
    history = farm.manager.champion_history()
    assert history["version"].tolist()[-2:] == [3, 2]
    assert history["by"].tolist()[-1] == "Ada (dashboard)"


def champion(settings) -> int:
    with ModelRegistry(settings) as registry:
        found = registry.champion()
    assert found
    return found.version


def test_a_shadow_is_shown_beside_the_champion_and_judged(page, start, shadowed, farm, with_mlflow):
    open_at(page, start(**shadowed).address, "/models")
    card = page.locator("#shadow-place")
    expect(card).to_be_visible(timeout=20_000)
    expect(page.locator("#shadow-version")).to_have_text("v2")
    expect(page.locator("#shadow-facts")).to_contain_text("14 days, that neither had seen")
    expect(page.locator("#shadow-note")).to_contain_text("rows scored since")
    expect(row(page, 2)).to_contain_text("in shadow")
    expect(page.locator("#shadow-chart .js-plotly-plot .point").first).to_be_attached()
    keep_screenshot(page, "models-shadow")
    page.set_viewport_size({"width": 390, "height": 844})
    chart = page.locator("#shadow-chart .main-svg").first.bounding_box()
    assert chart is not None
    assert chart["height"] > 150
    page.wait_for_timeout(1000)  # the charts follow
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    keep_screenshot(page, "models-shadow-narrow")
    page.set_viewport_size({"width": 1440, "height": 900})
    card.get_by_role("button", name="Judge version 2").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("by the rules of training")
    expect(page.locator("#promote-why")).to_be_hidden()
    page.locator("#promote-confirm").click()
    expect(page.locator("#promote-said")).to_contain_text("Say who you are")
    page.locator("#promote-who").fill("Ada")
    page.locator("#promote-confirm").click()
    expect(dialog).to_be_hidden(timeout=60_000)
    expect(page.locator("#champion-version")).to_have_text("v2", timeout=20_000)
    expect(card).to_be_hidden()
    trail = page.locator("#trail-rows tr").first
    expect(trail).to_contain_text("Ada (dashboard)")
    expect(trail).to_contain_text("Judged in shadow on")
    assert champion(with_mlflow) == 2


def test_a_shadow_is_started_and_stopped_from_the_page(page, start, registered, with_mlflow):
    open_at(page, start(**registered).address, "/models")
    row(page, 3).get_by_role("button", name="Put version 3 into shadow").click(timeout=20_000)
    page.locator("#promote-who").fill("Ada")
    page.locator("#promote-confirm").click()
    card = page.locator("#shadow-place")
    expect(card).to_be_visible(timeout=20_000)
    expect(page.locator("#shadow-facts")).to_contain_text("No row yet")
    assert shadow(with_mlflow) == 3
    card.get_by_role("button", name="Judge version 3").click()
    page.locator("#promote-confirm").click()
    expect(page.locator("#promote-said")).to_contain_text("Too early to judge", timeout=60_000)
    page.keyboard.press("Escape")
    card.get_by_role("button", name="Take version 3 out of shadow").click()
    page.locator("#promote-confirm").click()
    expect(card).to_be_hidden(timeout=20_000)
    assert shadow(with_mlflow) is None


def shadow(settings) -> int | None:
    with ModelRegistry(settings) as registry:
        found = registry.shadow()
    return found.version if found else None


def test_where_everybody_could_change_the_champion_nobody_can(page, start, registered):
    dashboard = start(**registered, PUBLISHED_ADDRESS="192.0.2.1")
    open_at(page, dashboard.address, "/models")
    expect(page.locator("#versions-rows tr")).to_have_count(3, timeout=20_000)
    expect(page.get_by_text("Read-only: the dashboard is open to the network")).to_be_visible()
    expect(page.locator("[data-promote]")).to_have_count(0)


def test_mlflow_stops_and_starts_under_an_open_page(page, start, registered, mlflow_server):
    open_at(page, start(**registered).address, "/models")
    expect(page.locator("#versions-rows tr")).to_have_count(3, timeout=20_000)
    mlflow_server.stop()
    expect(page.locator("#toast")).to_contain_text("MLflow does not answer", timeout=40_000)
    expect(page.locator("#versions-rows tr")).to_have_count(3)
    expect(page.locator("#champion-version")).to_have_text("v2")
    mlflow_server.start()
    expect(page.locator("#toast")).to_be_hidden(timeout=40_000)
    expect(page.locator("#versions-rows tr")).to_have_count(3)


def test_without_a_version_the_page_teaches(page, start):
    open_at(page, start().address, "/models")
    expect(page.locator("#no-model")).to_contain_text("No champion model yet")
    expect(page.locator("#trail-empty")).to_contain_text("No champion yet")
    expect(page.locator("#versions-empty")).to_contain_text("MLflow does not answer")
    keep_screenshot(page, "models-none")


def test_with_the_database_down_what_mlflow_says_is_shown_all_the_same(
    page, start, postgresql_farm, with_mlflow
):
    farm, url = postgresql_farm
    versions.register(with_mlflow, farm.manager)
    mlflow = {
        "MLFLOW_TRACKING_URI": with_mlflow.mlflow_tracking_uri,
        "MLFLOW_UI_URI": with_mlflow.mlflow_tracking_uri,
    }
    with Proxy(urlsplit(url).port) as proxy:
        address = start(DATABASE_URL=proxy.rewrite(url), **mlflow).address
        proxy.cut()
        open_at(page, address, "/models")
        expect(page.locator("#toast")).to_contain_text("The database does not answer")
        expect(page.locator("#versions-rows tr")).to_have_count(3, timeout=20_000)
        expect(page.locator("#champion-version")).to_have_text("v2")
        expect(page.locator("#details-title")).to_have_text("What v2 uses")
        expect(page.locator("[data-promote]")).to_have_count(0)
        expect(page.locator("#no-model")).to_be_hidden()
        expect(page.locator("#trail-rows tr")).to_have_count(0)
        keep_screenshot(page, "models-opened-without-database")
        proxy.mend()
        trail = page.locator("#trail-rows tr").first
        expect(trail).to_contain_text("Better beyond noise.", timeout=20_000)
        expect(row(page, 3).get_by_role("button", name="Promote version 3")).to_be_visible()
        expect(page.locator("#champion-note")).to_contain_text("in charge since")
