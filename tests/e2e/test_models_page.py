"""The models page over a real MLflow: what it shows, and that it changes the champion."""

import pytest
from playwright.sync_api import Page, expect

from ml_app_wind_draft.registry.client import ModelRegistry
from tests.e2e import versions
from tests.e2e.looking import keep_screenshot, open_at

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
