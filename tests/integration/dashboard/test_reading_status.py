"""What the status page reads, on both databases."""

import pytest

from ml_app_wind_draft import __version__
from ml_app_wind_draft.core import clock
from ml_app_wind_draft.dashboard import reading_status
from ml_app_wind_draft.dashboard.models_watch import ModelsWatch
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.dashboard.reading_status import status, versions
from tests.integration.dashboard.test_reader import NoRegistry, replay

START = 1_420_070_400
STEP = 600


@pytest.fixture
def reader(site, manager) -> Reader:
    return Reader(site, manager, ModelsWatch(NoRegistry, seconds=60))


@pytest.fixture
def fresh_versions():
    versions.cache_clear()
    yield
    versions.cache_clear()


def test_before_anything_has_run_there_is_a_database_and_nothing_in_it(reader, site):
    found = status(reader, site)
    assert found.heartbeats == {}
    assert found.replayed_until is None
    assert found.counters.get("raw_rows", 0) == 0
    assert found.database_bytes > 0
    assert abs(found.wall_now - clock.wall_now()) < 60


def test_each_service_is_there_with_its_last_word(reader, manager, site):
    manager.beat("app-stream-data", status="working", message="first")
    manager.beat("app-ml-inference", status="waiting", message="No champion model yet.")
    manager.beat("app-stream-data", status="working", message="second", worked=True)
    found = status(reader, site).heartbeats
    assert set(found) == {"app-stream-data", "app-ml-inference"}
    assert found["app-stream-data"].message == "second"
    assert found["app-stream-data"].worked_at is not None
    assert found["app-ml-inference"].status == "waiting"


def test_rows_work_and_the_clock_of_the_replay_are_told(reader, manager, site):
    replay(manager, site, 10)
    found = status(reader, site)
    assert found.counters["raw_rows"] == found.counters["waiting"] == 40
    assert found.replayed_until == START + 10 * STEP


@pytest.mark.usefixtures("fresh_versions")
def test_a_package_that_is_not_installed_is_passed_over(monkeypatch):
    monkeypatch.setattr(reading_status, "PACKAGES", ("dash", "no-such-package"))
    found = versions()
    assert list(found) == ["ml-app-wind-draft", "Python", "dash"]
    assert found["ml-app-wind-draft"] == __version__
