"""The pages Status and Pipelines."""

import http.server
import threading

from playwright.sync_api import expect

from ml_app_wind_draft.core import clock
from tests.e2e.looking import keep_screenshot, open_at

PAGE = b"<!DOCTYPE html><html lang=en><title>viz</title><p id=stand-in>the pipelines</p></html>"


class Viz(http.server.BaseHTTPRequestHandler):
    """Stands in for Kedro Viz: another origin that answers."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format, *args):  # noqa: A002 - its name in the base class
        pass


def test_the_pipelines_appear_when_kedro_viz_answers(page, start, settings):
    open_at(page, start().address, "/pipelines")
    expect(page.locator("#viz-down")).to_be_visible()
    expect(page.locator("#viz-down")).to_contain_text(f"localhost:{settings.viz_port}")
    keep_screenshot(page, "pipelines-down")
    with http.server.ThreadingHTTPServer(("127.0.0.1", settings.viz_port), Viz) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        frame = page.frame_locator("#viz-frame")
        expect(frame.locator("#stand-in")).to_have_text("the pipelines", timeout=20_000)
        expect(page.locator("#viz-down")).to_be_hidden()
        server.shutdown()
    expect(page.locator("#viz-down")).to_be_visible(timeout=40_000)


def test_the_six_services_the_queue_and_the_database_are_shown(page, start, farm):
    farm.manager.beat("app-stream-data", status="working", message="replaying 2015")
    farm.manager.beat("app-ml-train", status="failed", message="no history")
    farm.replay(farm.site.step)
    open_at(page, start().address, "/status")
    expect(page.locator(".service")).to_have_count(6)
    expect(page.locator("#service-app-stream-data-state")).to_have_text("working")
    expect(page.locator("#service-app-stream-data-says")).to_have_text("replaying 2015")
    expect(page.locator("#service-app-ml-train-state")).to_have_text("failed")
    expect(page.locator("#service-mlflow-state")).to_have_text("not seen")
    expect(page.locator("#service-app-ui-beat")).to_contain_text("heartbeat", timeout=15_000)
    expect(page.locator("#status-waiting")).to_have_text("4 rows")
    expect(page.locator("#status-size")).to_contain_text("MB")
    expect(page.locator("#status-clock")).to_have_text("15 Jan 2015, 00:10 UTC (replay)")
    expect(page.locator("main")).to_contain_text("this machine only")
    page.get_by_text("Site", exact=True).first.click()
    expect(page.locator("#status-clock")).to_have_text("15 Jan 2015, 01:10 CET (replay)")
    keep_screenshot(page, "status")


def test_a_service_that_went_silent_is_named(page, start, farm, monkeypatch):
    long_ago = clock.wall_now() - 60
    with monkeypatch.context() as patch:
        patch.setattr(clock, "wall_now", lambda: long_ago)
        farm.manager.beat("app-ml-inference", status="idle", message="4 rows scored")
    open_at(page, start().address, "/status")
    expect(page.locator("#service-app-ml-inference-state")).to_have_text("no heartbeat")
