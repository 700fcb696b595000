"""The turbine page in a real browser, over a real database with recorded rows."""

import csv
import io
import re
import shutil
import signal
from urllib.parse import urlsplit

import pytest
import requests
import yaml
from playwright.sync_api import Page, expect

from ml_app_wind_draft.core.config import PROJECT_ROOT
from ml_app_wind_draft.core.states import NORMAL
from ml_app_wind_draft.dashboard.figures import LEGEND
from ml_app_wind_draft.monitoring.alarms import all_alarms
from tests.e2e.farm import DAY, RATED
from tests.e2e.looking import PLOT, keep_screenshot, open_page, points, refresh, wait_for_lines
from tests.e2e.proxy import Proxy

MAKER = """async () => {
    const plot = () => document.querySelector("#curve .js-plotly-plot");
    while (!plot()?.data?.length) await new Promise((done) => setTimeout(done, 50));
    const { x, y } = plot().data.find((each) => each.uid === "maker");
    return { x, y };
}"""
NAME_OF_FOCUS = """each => {
    if (each.id.startsWith("{")) {
        const {turbine, key, page} = JSON.parse(each.id);
        return turbine || key || page;
    }
    return each.type === "radio" ? each.value : each.id;
}"""


def axis_range(page: Page) -> list:
    return page.evaluate(f"() => {PLOT}.layout.xaxis.range")


def drag_over_chart(page: Page) -> None:
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.3 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], y + 2, steps=10)
    page.mouse.up()
    expect(page.locator("#reset")).to_be_visible()


def test_power_prediction_band_error_and_wind_are_drawn(page, start, farm):
    open_page(page, start().address)
    wait_for_lines(page)
    drawn = {
        uid: points(page, uid)
        for uid in ("power", "expected", "p10", "p90", "error", "error_mean", "wind")
    }
    assert {len(each["y"]) for each in drawn.values()} == {7 * 144}
    for each in drawn.values():
        assert sum(value is not None for value in each["y"]) > 900
    assert max(drawn["power"]["x"]) < farm.until * 1000
    assert points(page, "band")["y"]
    farm.replay(farm.site.step)
    expect(page.locator("#live")).to_contain_text(
        "live \N{MIDDLE DOT} 15 Jan, 00:10 UTC", timeout=15_000
    )
    expect(page.locator("#replay")).to_have_text("replay of 2015")
    expect(page.locator("#power-note")).to_contain_text("UTC")
    expect(page.locator(".tile")).to_have_count(4)
    for card, unit in (("power", "kW"), ("expected", "kW"), ("error", "kW"), ("wind", "m/s")):
        text = page.locator(f".figure:has(#{card}-value)").inner_text()
        assert re.fullmatch(rf"[+\N{{MINUS SIGN}}]?[\d,.]+\s*{unit}", text), text
    keep_screenshot(page, "first-look")


def settled_text(page, place):
    """What stands there once it no longer changes: the chart follows the pointer with a delay."""
    text = None
    while (now := place.text_content()) != text:
        text = now
        page.wait_for_timeout(250)
    return text


def test_a_zoom_a_hidden_line_and_the_pointers_words_survive_refreshes(page, start, farm):
    open_page(page, start().address, "?range=24h")
    wait_for_lines(page)
    page.get_by_role("button", name="Wind speed").click()
    drag_over_chart(page)
    zoomed = axis_range(page)
    before = len(points(page, "power")["x"])
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.4 * box["height"], steps=4)
    said = page.locator("#chart .hoverlayer .legend")
    expect(said).to_contain_text("Measured")
    words = settled_text(page, said)
    for _ in range(6):
        farm.replay(farm.site.step)
        farm.score()
        refresh(page)
        expect(said).to_be_visible()
        assert said.text_content() == words
    assert axis_range(page) == zoomed
    assert points(page, "power")["x"][-1] == (farm.until - farm.site.step) * 1000
    assert len(points(page, "power")["x"]) == before
    assert page.evaluate(f"() => {PLOT}.data.find(each => each.uid === 'wind').visible") is False
    keep_screenshot(page, "zoomed")
    page.locator("#reset").click()
    page.wait_for_timeout(300)
    assert axis_range(page)[1] > farm.until * 1000
    expect(page.locator("#reset")).to_be_hidden()


def test_the_pages_own_timer_refreshes_and_keeps_the_zoom(page, start, farm):
    open_page(page, start().address, "?range=24h")
    wait_for_lines(page)
    drag_over_chart(page)
    zoomed = axis_range(page)
    for _ in range(3):
        farm.replay(farm.site.step)
        farm.score()
        newest = (farm.until - farm.site.step) * 1000
        page.wait_for_function(
            f"newest => {PLOT}.data.find(each => each.uid === 'expected').x.at(-1) === newest",
            arg=newest,
            timeout=15_000,
        )
    assert axis_range(page) == zoomed


def test_a_double_click_ends_the_zoom(page, start, farm):
    open_page(page, start().address, "?range=24h")
    wait_for_lines(page)
    whole = axis_range(page)
    drag_over_chart(page)
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    page.wait_for_timeout(600)
    page.mouse.dblclick(box["x"] + 200, box["y"] + 100)
    expect(page.locator("#reset")).to_be_hidden()
    assert axis_range(page) == whole


def test_a_refresh_is_small_and_ends_in_what_a_new_page_shows(page, context, start, farm):
    address = start().address
    open_page(page, address, "?range=24h")
    wait_for_lines(page)
    sizes = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    for _ in range(10):
        farm.replay(farm.site.step)
        farm.score()
        refresh(page)
    assert sizes
    assert max(sizes) <= 2000
    other = context.new_page()
    open_page(other, address, "?range=24h")
    wait_for_lines(other)
    for uid in ("power", "expected", "error_mean", "wind", "band"):
        assert points(page, uid) == points(other, uid)


def test_a_late_row_and_a_gap_reach_the_open_page(page, start, farm):
    missing = (farm.until + 6 * 600, farm.until + 9 * 600)
    farm.replay(4 * 3600, without=[("R80711", *missing)])
    farm.score()
    open_page(page, start().address, "?range=24h")
    wait_for_lines(page)
    drawn = points(page, "power")
    at = drawn["x"].index(missing[0] * 1000)
    assert drawn["y"][at] is None
    assert missing[0] * 1000 + 600_000 not in drawn["x"]
    farm.add("R80711", *missing)
    farm.score()
    refresh(page)
    assert None not in points(page, "power")["y"]
    assert None not in points(page, "expected")["y"]


def test_the_first_load_is_light_and_asks_no_other_host(page, start, farm):
    sizes, hosts = [], set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.on(
        "requestfinished", lambda request: sizes.append(max(0, request.sizes()["responseBodySize"]))
    )
    address = start().address
    open_page(page, address)
    wait_for_lines(page)
    page.wait_for_timeout(1500)
    own = {host for host in hosts if host}
    assert own == {address.removeprefix("http://")}
    assert sum(sizes) <= 1_300_000
    assert page.locator(".modebar-btn").count() == 0
    assert "Share" not in page.locator("body").inner_text()


def test_turbine_range_and_theme_are_in_the_address_and_survive_a_reload(page, start, farm):
    open_page(page, start().address)
    wait_for_lines(page)
    page.locator(".tile", has_text="R80736").click()
    page.get_by_text("24h", exact=True).click()
    page.locator("#scheme").click()
    expect(page.locator("#chart-title")).to_contain_text("R80736")
    page.wait_for_url(re.compile("theme=dark"))
    assert "/turbine/R80736" in page.url
    assert "range=24h" in page.url
    page.reload()
    expect(page.locator("#chart-title")).to_contain_text("R80736")
    expect(page.locator("#chart-about")).to_contain_text("10-minute means")
    expect(page.locator(".tile-box.chosen")).to_contain_text("R80736")
    assert page.evaluate("() => document.documentElement.dataset.mantineColorScheme") == "dark"
    wait_for_lines(page)
    assert len(points(page, "power")["x"]) == 144


def test_an_address_with_nonsense_shows_the_default(page, start, farm):
    open_page(page, start().address, "?range=99y&theme=pink", turbine="nothing")
    wait_for_lines(page)
    expect(page.locator("#chart-title")).to_contain_text("R80711")
    assert len(points(page, "power")["x"]) == 7 * 144


def test_controls_can_be_reached_by_keyboard_in_visual_order(page, start, farm):
    open_page(page, start().address)
    wait_for_lines(page)
    reached = []
    while "wind" not in reached and len(reached) < 50:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(f"() => ({NAME_OF_FOCUS})(document.activeElement)"))
    pages = ["farm", "turbine", "models", "quality", "pipelines", "status"]
    bar = ["turbine", "7d", "span", "kw", "rows-csv"]
    wanted = [*pages, "utc", "scheme", *bar, *farm.site.turbine_ids, *LEGEND]
    assert [each for each in reached if each in wanted] == wanted


def test_without_data_the_page_says_so(page, start):
    open_page(page, start().address)
    expect(page.locator("#live")).to_contain_text("no data yet")
    expect(page.locator("#chart-note")).to_contain_text("No data yet")
    expect(page.locator(".tile").first).to_contain_text("No data")
    expect(page.locator("#no-model")).to_contain_text("No champion model yet")
    keep_screenshot(page, "no-data")


def test_without_a_model_the_page_shows_measured_power_and_says_so(page, start, farm_without_model):
    open_page(page, start().address)
    wait_for_lines(page)
    expect(page.locator("#no-model")).to_contain_text("No champion model yet")
    expect(page.locator(".tile").first).to_contain_text("Measured")
    assert sum(each is not None for each in points(page, "power")["y"]) > 900
    assert not any(points(page, "expected")["y"])
    keep_screenshot(page, "no-model")
    farm_without_model.crown()
    farm_without_model.score()
    refresh(page)
    expect(page.locator("#no-model")).to_be_hidden()
    assert sum(each is not None for each in points(page, "expected")["y"]) > 900


def test_with_mlflow_down_one_toast_says_so_and_the_page_lives_on(page, start, farm):
    open_page(page, start().address)
    wait_for_lines(page)
    refresh(page)
    toast = page.locator("#toast")
    expect(toast).to_contain_text("MLflow does not answer")
    expect(page.locator("#champion-version")).to_have_text("v1")
    keep_screenshot(page, "mlflow-down")
    page.locator("#hide-toast").click()
    expect(toast).to_be_hidden()
    refresh(page)
    expect(toast).to_be_hidden()


def test_with_the_database_down_the_last_good_data_stay_and_come_back_to_life(
    page, start, postgresql_farm
):
    farm, url = postgresql_farm
    with Proxy(urlsplit(url).port) as proxy:
        dashboard = start(DATABASE_URL=proxy.rewrite(url))
        open_page(page, dashboard.address, "?range=24h")
        wait_for_lines(page)
        before = points(page, "power")
        proxy.cut()
        refresh(page)
        expect(page.locator("#toast")).to_contain_text("The database does not answer")
        assert "Traceback" not in page.locator("body").inner_text()
        assert points(page, "power") == before
        assert requests.get(f"{dashboard.address}/health", timeout=15).status_code == 503
        keep_screenshot(page, "database-down")
        proxy.mend()
        farm.replay(farm.site.step)
        farm.score()
        refresh(page)
        expect(page.locator("#toast")).not_to_contain_text("database")
        assert points(page, "power")["x"][-1] == (farm.until - farm.site.step) * 1000
        assert requests.get(f"{dashboard.address}/health", timeout=15).status_code == 200


def test_a_silent_server_turns_the_badge_stale_and_is_named(page, start, farm):
    dashboard = start()
    open_page(page, dashboard.address)
    wait_for_lines(page)
    farm.replay(farm.site.step)
    expect(page.locator("#live")).to_contain_text("live", timeout=15_000)
    dashboard.process.send_signal(signal.SIGSTOP)
    expect(page.locator("#live")).to_contain_text("stale", timeout=30_000)
    expect(page.locator("#live")).to_have_text(re.compile(r"last sample \d+ s ago"))
    expect(page.locator("#toast")).to_contain_text("server does not answer", timeout=30_000)
    keep_screenshot(page, "stale")
    dashboard.process.send_signal(signal.SIGCONT)
    farm.replay(farm.site.step)
    expect(page.locator("#live")).to_contain_text("live", timeout=20_000)
    expect(page.locator("#toast")).not_to_contain_text("server does not answer")


def test_a_restarted_server_is_found_again(page, start, farm):
    dashboard = start()
    open_page(page, dashboard.address, "?range=24h")
    wait_for_lines(page)
    dashboard.process.send_signal(signal.SIGTERM)
    assert dashboard.process.wait(3) == 0
    page.wait_for_timeout(6000)
    start()
    farm.replay(farm.site.step)
    newest = (farm.until - farm.site.step) * 1000
    page.wait_for_function(
        f"newest => {PLOT}.data.find(each => each.uid === 'power').x.at(-1) === newest",
        arg=newest,
        timeout=30_000,
    )


@pytest.mark.parametrize("width", [1440, 820, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_scrolls_sideways_and_the_chart_is_near(page, start, farm, width, scheme):
    height = 844 if width == 390 else 900
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    open_page(page, start().address, turbine="R80721")
    wait_for_lines(page)
    page.locator("#hide-toast").click(timeout=10_000)
    page.wait_for_timeout(500)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    top = page.locator("#chart").bounding_box()["y"]
    assert top < 2 * height - 300
    keep_screenshot(page, f"{scheme}-{width}")


def test_foreign_names_and_origins_are_refused(start):
    address = start().address
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert requests.get(address, headers=headers, timeout=10).status_code == 403


def shading(page: Page) -> list[tuple[str, int, int]]:
    found = page.evaluate(
        f"() => {PLOT}.layout.shapes.filter(each => (each.name || '').startsWith('alarm:'))"
        ".map(each => [each.name.slice(6), each.x0 / 1000, each.x1 / 1000])"
    )
    return sorted((rule, int(start), int(end)) for rule, start, end in found)


def test_shading_is_the_alarm_table_is_the_rule_in_every_range(page, start, farm):
    farm.weaken("R80736", farm.until, farm.until + 2 * DAY, 0.8)
    farm.replay(4 * DAY)
    farm.score()
    normal = farm.manager.normal_rows("R80736", 0, farm.until, NORMAL)
    ruled = [
        (each.rule, each.start, each.end or farm.until)
        for each in all_alarms(normal, "R80736", farm.site)
    ]
    assert ruled
    stored = farm.manager.alarms(0, farm.until, ["R80736"])
    ends = stored["end"].fillna(farm.until).astype(int)
    assert sorted(zip(stored["rule"], stored["start"], ends, strict=True)) == sorted(ruled)
    address = start().address
    for range_name, span in (("3d", 3 * DAY), ("7d", 7 * DAY), ("90d", 90 * DAY)):
        open_page(page, address, f"?range={range_name}", turbine="R80736")
        wait_for_lines(page)
        seen = [each for each in ruled if each[2] > farm.until - span]
        assert shading(page) == sorted(seen)
        expect(page.locator("#alarms-rows tr")).to_have_count(len(seen))
    expect(page.locator("#alarms-rows tr").first).to_contain_text("UTC")
    keep_screenshot(page, "alarms")


def test_ten_ticks_add_exactly_ten_points_to_every_trace(page, start, farm):
    open_page(page, start().address, "?from=2015-01-14T00:00Z&to=2015-01-16T00:00Z")
    wait_for_lines(page)
    uids = page.evaluate(f"() => {PLOT}.data.map(each => each.uid)")
    for other in ("band", "fan_90", "fan_50", "forecast"):  # polygons, and what lies beyond now
        uids.remove(other)
    before = {uid: points(page, uid) for uid in uids}
    assert {len(each["y"]) for each in before.values()} == {144}
    corners = len(points(page, "band")["x"])
    for tick in range(1, 11):
        farm.replay(farm.site.step)
        farm.score()
        refresh(page, settle=100)
        for uid in uids:
            drawn = points(page, uid)
            assert len(drawn["y"]) == 144 + tick
            assert drawn["x"][-1] == (farm.until - farm.site.step) * 1000
    for uid in uids:
        assert points(page, uid)["y"][:144] == before[uid]["y"]
    assert len(points(page, "band")["x"]) == corners + 2 * 10


def test_the_band_is_named_and_what_lies_beyond_now_looks_different(page, start, farm):
    open_page(page, start().address, "?range=24h")
    wait_for_lines(page)
    expect(page.get_by_role("button", name="P10\N{EN DASH}P90")).to_be_visible()
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.4 * box["height"], steps=4)
    words = page.locator("#chart .hoverlayer .legend")
    expect(words).to_contain_text("P10")
    expect(words).to_contain_text("P90")
    expect(words).to_contain_text("UTC")
    now = farm.until * 1000
    beyond, line = page.evaluate(f"() => {PLOT}.layout.shapes.slice(0, 2)")
    assert beyond["x0"] == line["x0"] == now
    assert axis_range(page)[1] > now
    assert beyond["fillcolor"] != "rgba(0,0,0,0)"
    assert line["line"]["dash"] == "dot"
    expect(page.locator("#chart .annotation", has_text="now")).to_be_visible()
    assert all(max(points(page, uid)["x"]) < now for uid in ("power", "expected", "p90"))


def test_in_a_long_view_only_the_last_bucket_changes(page, start, farm):
    open_page(page, start().address, "?range=30d")
    wait_for_lines(page)
    before = points(page, "power")
    for _ in range(3):
        farm.replay(farm.site.step)
        farm.score()
    refresh(page)
    after = points(page, "power")
    at = dict(zip(after["x"], after["y"], strict=True))
    kept = [x for x in before["x"][:-1] if x in at]
    assert len(kept) >= len(before["x"]) - 2
    known = dict(zip(before["x"], before["y"], strict=True))
    assert all(at[x] == known[x] for x in kept)


def test_times_follow_the_zone_and_say_it(page, start, farm):
    open_page(page, start().address, "?range=24h")
    wait_for_lines(page)
    utc = points(page, "power")["x"]
    page.get_by_text("Site", exact=True).click()
    expect(page.locator("#chart-about")).to_contain_text("times in CET")
    expect(page.locator("#power-note")).to_contain_text("CET")
    expect(page.locator("#live")).to_contain_text("CET", timeout=10_000)
    page.wait_for_function(f"x => {PLOT}.data[1].x[0] === x", arg=utc[0] + 3_600_000)
    assert page.evaluate(f"() => {PLOT}.layout.xaxis.hoverformat").endswith("CET")
    assert "zone=site" in page.url
    page.reload()
    expect(page.locator("#chart-about")).to_contain_text("times in CET")


def test_errors_are_in_kw_or_in_percent_of_rated(page, start, farm):
    open_page(page, start().address, "?range=24h")
    wait_for_lines(page)
    kilowatts = points(page, "error")["y"]
    page.get_by_text("% of rated", exact=True).click()
    expect(page.locator("#error-unit")).to_have_text("% of rated")
    expect(page.locator("#error-note")).to_contain_text("limit 5 %")
    page.wait_for_timeout(300)
    percents = points(page, "error")["y"]
    for kw, pct in zip(kilowatts, percents, strict=True):
        assert (kw is None) == (pct is None)
        assert kw is None or pct == pytest.approx(100 * kw / RATED)
    assert "metric=pct" in page.url


def test_a_free_range_of_the_past_has_no_now_and_leaves_as_csv(page, start, farm):
    address = start().address
    open_page(page, address, "?from=2015-01-03&to=2015-01-05")
    wait_for_lines(page)
    times = points(page, "power")["x"]
    assert (times[0], times[-1]) == (1_420_243_200_000, 1_420_502_400_000 - 600_000)
    assert page.evaluate(f"() => {PLOT}.layout.annotations.at(-1).visible") is False
    expect(page.locator("#span")).to_contain_text("3 Jan 2015")
    sent = requests.get(address + page.locator("#rows-csv").get_attribute("href"), timeout=20)
    rows = list(csv.DictReader(io.StringIO(sent.text)))
    assert len(rows) == 3 * 144
    assert rows[0]["timestamp (UTC, start of interval)"] == "2015-01-03T00:00Z"
    assert float(rows[0]["power [kW]"]) == pytest.approx(points(page, "power")["y"][0], abs=1)
    assert {row["model_version"] for row in rows} == {"1"}
    assert "expected_power_p10 [kW]" in rows[0]
    page.get_by_text("24h", exact=True).click()
    expect(page.locator("#chart-about")).to_contain_text("10-minute")
    assert "from=" not in page.url


def test_curve_and_rose_say_what_they_show(page, start, farm):
    open_page(page, start().address)
    wait_for_lines(page)
    curve = page.evaluate(
        "() => Object.fromEntries(document.querySelector('#curve .js-plotly-plot').data"
        ".map(each => [each.uid, each.x.length]))"
    )
    assert curve["rows"] > 900
    assert curve["bins"] > 15
    assert curve["model"] > 8
    rose = page.locator("#rose svg")
    assert "came most often from" in rose.get_attribute("aria-label")
    assert page.locator("#rose .petal").count() == 16


def test_the_manufacturers_curve_of_the_site_file_is_drawn_and_named(page, start, farm, tmp_path):
    curve = [[3.5, 20], [8, 880], [12, 2000], [14, 2050]]
    shutil.copytree(PROJECT_ROOT / "conf", tmp_path / "conf")
    file = tmp_path / "conf/base/sites/la_haute_borne.yml"
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    said["turbines"]["R80711"]["power_curve"] = curve
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    address = start(CONF_DIR=str(tmp_path / "conf")).address
    open_page(page, address)
    expect(page.locator(".curve-card .key", has_text="Manufacturer")).to_be_visible()
    drawn = page.evaluate(MAKER)
    assert [list(each) for each in zip(drawn["x"], drawn["y"], strict=True)] == curve
    open_page(page, address, turbine="R80721")
    wait_for_lines(page)
    assert page.evaluate(MAKER)["x"] == []
    expect(page.locator(".curve-card .key", has_text="Manufacturer")).to_be_hidden()


def test_nothing_moves_on_the_page_while_it_refreshes(page, start, farm):
    open_page(page, start().address)
    wait_for_lines(page)
    page.wait_for_timeout(1500)
    page.evaluate(
        "() => { window.shift = 0; new PerformanceObserver(list => list.getEntries()"
        ".forEach(each => { window.shift += each.value; })).observe({type: 'layout-shift'}); }"
    )
    for _ in range(5):
        farm.replay(farm.site.step)
        farm.score()
        refresh(page)
        assert page.locator("#page.loading").count() == 0
    assert page.evaluate("() => window.shift") < 0.02
