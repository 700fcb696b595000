"""The dashboard through its real server and a real browser.

Half of it works on the recorded farm, replayed; the server's time on made-up farms of 100,000 and
10 million rows a table. Beside each figure stands what a plain build would take, where that is
known, else the same in a page that does nothing.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
import requests
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import big_farm, farm
from benchmarks.results import Result, at_most
from ml_app_wind_draft.core.config import PROJECT_ROOT
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.dashboard.pages import PAGES
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.farm import DAY, Farm
from tests.postgresql import free_port

SERVE = (
    "from ml_app_wind_draft.core.config import load_settings;"
    "from ml_app_wind_draft.services import ui; ui.run(load_settings())"
)
# Answers are remembered for a second or half a minute; here only within one question.
FORGOTTEN_AFTER = 0.2
FORGETFUL = (
    "from ml_app_wind_draft.dashboard import reader;"
    f"reader.FRESH_SECONDS = reader.LONG_SECONDS = {FORGOTTEN_AFTER};" + SERVE
)
SMALL, LARGE = 100_000, 10_000_000
YEAR_OF_ROWS = 240_000
OPENINGS, TICKS, CHANGES, QUESTIONS, SOAK = 7, 80, 12, 30, 300
OPEN_PAGES, WATCHED_FOR = 20, 60
PATIENCE = 120_000  # ms
PLAIN_BYTES, PUBLIC_TICK = 9_960_000, 40_000
MEGABYTE = 1_000_000
CHART = "document.querySelector('#chart .js-plotly-plot')"
# Resolves two frames after the chart has been drawn next: it is on the screen then.
NEXT_PAINT = f"""act => new Promise(resolve => {{
    const began = performance.now();
    {CHART}.once('plotly_afterplot', () => requestAnimationFrame(() => requestAnimationFrame(
        () => resolve(performance.now() - began))));
    act();
}})"""
REFRESH = "() => dash_clientside.set_props('refresh', {data: performance.now()})"
# The first time a line of the chart has a path; looked for in every frame.
FIRST_LINE = """
(() => {
  const look = () => {
    const line = document.querySelector("#chart .scatterlayer path.js-line");
    if (line && line.getAttribute("d")) window.firstLine = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""


@dataclass(frozen=True)
class Served:
    """A running dashboard."""

    address: str
    process: psutil.Process


def run() -> list[Result]:
    """Every figure of the table "Reach"."""
    return [*_in_the_browser(), *_in_the_server()]


# --- the recorded farm, in a browser


def _in_the_browser() -> list[Result]:
    site = farm.site()
    with ExitStack() as stack:
        manager, path = stack.enter_context(farm.fresh_database(site))
        replayed = Farm(manager, site)
        replayed.load_history()
        replayed.crown()
        replayed.replay(14 * DAY)
        replayed.score()
        served = stack.enter_context(_serve(path))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        year = stack.enter_context(_a_year(site))
        steps: list[Callable[[], list[Result]]] = [
            lambda: _first_load(browser, served.address),
            lambda: _ticks(browser, served.address, replayed),
            lambda: [_changes(browser, year)],
            lambda: [_twenty_pages(browser, served, replayed)],
            lambda: [_soak(browser, served, replayed)],
        ]
        results = []
        for step in steps:
            found = step()
            results += found
            for each in found:
                print(f"  {each.name}: {each.value:,.4g} {each.unit}", flush=True)
        browser.close()
        return results


def _first_load(browser: Browser, address: str) -> list[Result]:
    sizes, times = [], []
    for _ in range(OPENINGS):
        with _page(browser) as page:
            page.add_init_script(FIRST_LINE)
            received = _wire(page)
            page.goto(f"{address}/turbine")
            page.wait_for_function("() => window.firstLine")
            times.append(page.evaluate("() => window.firstLine") / 1000)
            page.wait_for_timeout(500)
            sizes.append(sum(received) / MEGABYTE)
    return [
        at_most("first_load_mb", sizes, "MB", 1.3, PLAIN_BYTES / MEGABYTE),
        at_most("first_chart_s", times, "s", 2, _empty_page(browser, address) / 1000),
    ]


def _empty_page(browser: Browser, address: str) -> float:
    """Milliseconds until a page of the same server with nothing in it is loaded."""
    with _page(browser) as page:
        page.goto(f"{address}/health")
        return page.evaluate("() => performance.getEntriesByType('navigation')[0].duration")


def _ticks(browser: Browser, address: str, replayed: Farm) -> list[Result]:
    """Refresh to paint with a week in view."""
    times, sizes = [], []
    with _page(browser) as page:
        _open_turbine(page, address, "?range=7d")
        page.wait_for_timeout(1000)
        received = _wire(page)
        for _ in range(TICKS):
            replayed.replay(replayed.site.step)
            replayed.score()
            time.sleep(1.1)  # the server remembers its answers for a second
            received.clear()
            times.append(_paint(page, REFRESH))
            page.wait_for_timeout(50)
            sizes.append(sum(received) / 1000)
        points = page.evaluate(f"() => {CHART}.data.find(each => each.uid === 'power').x.length")
        idle = _paint(page, f"() => window.Plotly.redraw({CHART})")
    print(f"  {points:,} points drawn; drawing alone {idle:.0f} ms")
    return [
        _p95("tick_to_paint_p95_ms", times, "ms", 250, idle),
        at_most("tick_kb", sizes, "kB", 2, PUBLIC_TICK / 1000),
    ]


@contextmanager
def _a_year(site: Site) -> Generator[str]:
    """A farm with more than a year of rows and predictions; the address of its dashboard."""
    with farm.fresh_database(site) as (manager, path):
        big_farm.fill(manager, path, site, YEAR_OF_ROWS)
        with _serve(path) as served:
            yield served.address


def _changes(browser: Browser, address: str) -> Result:
    """Another turbine, another range, with a year of rows in view."""
    times = []
    with _page(browser) as page:
        _open_turbine(page, address, "?range=1y")
        idle = _paint(page, f"() => window.Plotly.redraw({CHART})")
        turbines = ["R80721", "R80736", "R80790", "R80711"]
        for i in range(CHANGES):
            page.wait_for_timeout(600)
            turbine = turbines[i % 4]
            times.append(_paint(page, f"() => wind.go({{range: '1y'}}, '/turbine/{turbine}')"))
            page.wait_for_timeout(600)
            page.evaluate("() => wind.go({range: '24h'})")
            page.wait_for_timeout(600)
            times.append(_paint(page, "() => wind.go({range: '1y'})"))
    return at_most("change_to_paint_1y_ms", times, "ms", 500, idle)


def _twenty_pages(browser: Browser, served: Served, replayed: Farm) -> Result:
    paths = [each.path for each in PAGES]
    contexts = [browser.new_context() for _ in range(OPEN_PAGES)]
    asked: list[str] = []
    for i, context in enumerate(contexts):
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(served.address + paths[i % len(paths)])
        page.wait_for_selector("#page:not(.loading)", state="attached")
    first = contexts[0].pages[0]
    first.wait_for_timeout(8000)
    shares = []
    for _ in range(3):
        asked.clear()
        used, began = _cpu(served.process), time.monotonic()
        while time.monotonic() - began < WATCHED_FOR / 3:
            replayed.replay(replayed.site.step)
            replayed.score()
            first.wait_for_timeout(5000)  # lets the browser's events through
        took = time.monotonic() - began
        shares.append(100 * (_cpu(served.process) - used) / took)
        print(f"  {len(asked) / took:.1f} requests/s, {shares[-1]:.0f} % of one core")
        assert len(asked) / took > 0.7 * OPEN_PAGES / 5, "pages do not refresh"
    for context in contexts:
        context.close()
    return at_most("twenty_pages_core_pct", shares, "%", 25, _idle_share(served))


def _idle_share(served: Served) -> float:
    used = _cpu(served.process)
    time.sleep(10)
    return 100 * (_cpu(served.process) - used) / 10


def _soak(browser: Browser, served: Served, replayed: Farm) -> Result:
    held = []
    with _page(browser) as page:
        _open_turbine(page, served.address, "?range=24h")
        for tick in range(SOAK):
            replayed.replay(replayed.site.step)
            replayed.score()
            with page.expect_response("**/_dash-update-component"):
                page.evaluate(REFRESH)
            if tick % 60 == 59:
                held.append(served.process.memory_info().rss / MEGABYTE)
    print(f"  after {SOAK // 5} ticks {held[0]:.0f} MB, after {SOAK} {held[-1]:.0f} MB")
    return at_most("dashboard_rss_mb", held, "MB", 250, _bare_libraries())


def _bare_libraries() -> float:
    libraries = "import dash, dash_mantine_components, pandas, sqlalchemy, waitress, requests"
    child = subprocess.Popen([sys.executable, "-c", f"{libraries}; input()"], stdin=subprocess.PIPE)
    time.sleep(8)
    rss = psutil.Process(child.pid).memory_info().rss / MEGABYTE
    child.communicate(b"\n")
    return rss


# --- made-up farms, asked by hand


def _in_the_server() -> list[Result]:
    """The slowest page's p95 at 10 million rows a table, and the largest ratio to 100,000."""
    site = farm.site()
    asked: dict[int, dict[str, list[float]]] = {}
    floor = 0.0
    for rows in (SMALL, LARGE):
        with farm.fresh_database(site) as (manager, path):
            big_farm.fill(manager, path, site, rows)
            manager.close()
            with _serve(path, FORGETFUL) as served:
                asked[rows] = dict(_questions(served.address))
                floor = median(_asked(served.address, None, 20))
    p95 = {rows: {name: _quantile(each) for name, each in asked[rows].items()} for rows in asked}
    for name, before in p95[SMALL].items():
        after = p95[LARGE][name]
        print(f"  {name:<34} {before:6.1f} ms -> {after:6.1f} ms  x{after / before:.2f}")
    medians = {
        name: median(asked[LARGE][name]) / median(asked[SMALL][name]) for name in asked[SMALL]
    }
    slowest = max(p95[LARGE], key=lambda name: p95[LARGE][name])
    print(f"  slowest: {slowest}")
    return [
        _p95("page_server_p95_ms", asked[LARGE][slowest], "ms", 60, floor),
        replace(
            at_most("page_server_scale_ratio", list(medians.values()), "x", 1.5, 1.0),
            value=round(max(medians.values()), 3),
            met=max(medians.values()) <= 1.5,
        ),
    ]


def _questions(address: str) -> Iterator[tuple[str, list[float]]]:
    """Each page's first answer, and the answer to a refresh."""
    for page in PAGES:
        first = {"page": page.key, "rest": "", "query": {}}
        yield f"{page.title}, first", _asked(address, first, QUESTIONS)
        yield f"{page.title}, refresh", _asked(address, first, QUESTIONS, holding=True)


def _asked(
    address: str, view: dict[str, Any] | None, times: int, *, holding: bool = False
) -> list[float]:
    """Milliseconds of each answer; without a view the time of a request that reads nothing."""
    with requests.Session() as session:
        if view is None:
            return [_timed(lambda: session.get(f"{address}/assets/wind.svg")) for _ in range(times)]
        held = None
        taken = []
        for each in range(times + 2):
            body = {
                "output": "reply.data",
                "outputs": {"id": "reply", "property": "data"},
                "inputs": [
                    {"id": "refresh", "property": "data", "value": each},
                    {"id": "view", "property": "data", "value": view},
                ],
                "state": [{"id": "held", "property": "data", "value": held}],
                "changedPropIds": ["refresh.data"],
            }
            time.sleep(FORGOTTEN_AFTER)
            began = time.perf_counter()
            answer = session.post(f"{address}/_dash-update-component", json=body, timeout=60)
            taken.append(1000 * (time.perf_counter() - began))
            reply = answer.json()["response"]["reply"]["data"]
            assert "database" not in reply["toast"], reply["toast"]
            held = reply.get("held") if holding else None
        return taken[2:]


def _timed(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - began)


# --- tools


@contextmanager
def _serve(database: Path, program: str = SERVE) -> Generator[Served]:
    with tempfile.TemporaryDirectory(prefix="wind-bench-") as folder:
        port = free_port()
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{database}",
            "DATA_DIR": folder,
            "UI_PORT": str(port),
            "MLFLOW_PORT": str(free_port()),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            cwd=PROJECT_ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = f"http://localhost:{port}"
        try:
            _wait_for(f"{address}/health")
            yield Served(address, psutil.Process(process.pid))
        finally:
            process.kill()
            process.wait()


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            requests.get(url, timeout=30).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    message = f"{url} does not answer"
    raise TimeoutError(message)


@contextmanager
def _page(browser: Browser) -> Generator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    try:
        yield context.new_page()
    finally:
        context.close()


def _wire(page: Page) -> list[float]:
    """Bytes over the wire of each answer from here on, heads included."""
    received: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda each: received.append(each["encodedDataLength"]))
    return received


def _open_turbine(page: Page, address: str, query: str) -> None:
    page.goto(f"{address}/turbine/R80711{query}")
    page.wait_for_selector("#page:not(.loading)", state="attached")
    page.wait_for_function(f"() => {CHART}?.data?.length && {CHART}._fullLayout?.xaxis")
    page.wait_for_timeout(500)


def _paint(page: Page, act: str) -> float:
    """Milliseconds from `act` in the page until what it led to is on the screen."""
    return page.evaluate(f"() => ({NEXT_PAINT})({act})")


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _quantile(values: list[float]) -> float:
    return float(np.quantile(values, 0.95))


def _p95(name: str, values: list[float], unit: str, reach: float, baseline: float) -> Result:
    """The 95th percentile; the spread is that of the percentiles of four parts."""
    parts = [_quantile(part.tolist()) for part in np.array_split(values, 4)]
    found = at_most(name, [_quantile(values)], unit, reach, baseline)
    return replace(found, spread=round(max(parts) - min(parts), 3))
