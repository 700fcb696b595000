"""The database goes away and comes back: under every open page, and in the middle of a download."""

from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from ml_app_wind_draft.dashboard.pages import PAGES
from tests.e2e.conftest import FORGETFUL
from tests.e2e.looking import keep_screenshot, open_at, refresh
from tests.e2e.proxy import Proxy

pytestmark = pytest.mark.xdist_group("postgresql")
WITH_DATA = {"farm": "#worst-rows tr", "turbine": "#rose .petal", "status": "#status-rows"}
AGES = ("#live", "#toast", "[id$='-beat']", "[id$='-age']")  # these go on counting
LASTING = f"""() => {{
    const page = document.querySelector("#page").cloneNode(true);
    page.querySelectorAll({", ".join(AGES)!r}).forEach((each) => each.remove());
    return page.innerText;
}}"""
# The second month of a download cannot be read.
BREAKS_OFF = f"""
from ml_app_wind_draft.core.errors import StorageError
from ml_app_wind_draft.dashboard import exports
whole = exports._joined
def joined(storage, *, turbine_id, start, end):
    if start > 1_422_000_000:
        raise StorageError("The database went away.", remedy="Wait.")
    return whole(storage, turbine_id=turbine_id, start=start, end=end)
exports._joined = joined
{FORGETFUL}
"""


def test_with_the_database_down_every_page_keeps_its_data_under_one_toast_and_comes_back(
    page, start, postgresql_farm
):
    farm, url = postgresql_farm
    with Proxy(urlsplit(url).port) as proxy:
        address = start(DATABASE_URL=proxy.rewrite(url)).address
        for each in PAGES:
            open_at(page, address, each.path)
            if each.key in WITH_DATA:
                expect(page.locator(WITH_DATA[each.key]).first).not_to_have_text("\N{EN DASH}")
            page.wait_for_timeout(300)
            before = page.evaluate(LASTING)
            proxy.cut()
            refresh(page)
            toast = page.locator("#toast")
            if each.key != "pipelines":  # it shows nothing of the database
                expect(toast).to_contain_text("The database does not answer")
            expect(page.get_by_role("status")).to_have_count(1)
            assert page.evaluate(LASTING) == before
            assert "Traceback" not in before
            keep_screenshot(page, f"{each.key}-database-down")
            proxy.mend()
            farm.replay(farm.site.step)
            farm.score()
            refresh(page)
            expect(toast).not_to_contain_text("database")
            expect(page.locator("#live")).to_contain_text("live")


def test_with_the_database_down_a_page_opens_and_says_so(page, start, postgresql_farm):
    _, url = postgresql_farm
    with Proxy(urlsplit(url).port) as proxy:
        address = start(DATABASE_URL=proxy.rewrite(url)).address
        proxy.cut()
        for each in ("/", "/turbine/R80711"):
            open_at(page, address, each)
            expect(page.locator("#toast")).to_contain_text("The database does not answer")
        export = "/export/turbine.csv?turbine=R80711&from=2015-01-01&to=2015-01-05"
        for path in (export, "/export/losses.csv"):
            answer = requests.get(address + path, timeout=20)
            assert answer.status_code == 503
            assert "Content-Disposition" not in answer.headers


def take(answer: requests.Response, into: bytearray) -> None:
    for each in answer.iter_content(4096):
        into += each


def test_a_download_that_breaks_off_is_no_whole_file(start, farm):
    address = start(BREAKS_OFF).address
    asked = f"{address}/export/turbine.csv?turbine=R80711&from=2015-01-01&to=2015-03-01"
    came = bytearray()
    plain = requests.get(asked, timeout=20, stream=True, headers={"Accept-Encoding": "identity"})
    with plain, pytest.raises(requests.exceptions.ChunkedEncodingError):
        take(plain, came)
    assert came.decode().splitlines()[-1].startswith("INCOMPLETE: The database went away.")
    with pytest.raises(requests.exceptions.RequestException):  # as a browser asks, compressed
        requests.get(asked, timeout=20).raise_for_status()
