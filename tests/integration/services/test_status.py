import io

import pytest
from rich.console import Console

from ml_app_wind_draft.core.config import Settings
from ml_app_wind_draft.core.site import Site
from ml_app_wind_draft.services.status import check, is_up, say_age, show
from ml_app_wind_draft.storage.data_manager import DataManager, Heartbeat
from tests.integration.services.rows import BATCH, put_batch


class Page(Console):
    """A wide console that keeps what is printed."""

    def __init__(self) -> None:
        super().__init__(file=io.StringIO(), width=200)

    @property
    def text(self) -> str:
        assert isinstance(self.file, io.StringIO)
        return self.file.getvalue()


@pytest.fixture
def page() -> Page:
    return Page()


def test_a_look_at_an_empty_installation_works_and_creates_nothing(
    settings: Settings, page: Page
) -> None:
    show(settings, page)
    assert page.text.count("not yet") == 6
    assert "none yet" in page.text
    assert "does not answer" in page.text
    assert not settings.data_dir.exists()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_services_and_data_are_shown_with_mlflow_down(
    settings: Settings, site: Site, manager: DataManager, database_url: str, page: Page
) -> None:
    put_batch(manager, site, 0)
    manager.beat("app-stream-data", status="idle", message="replaying")
    manager.beat("app-ml-train", status="failed", message="no rows")
    show(settings.model_copy(update={"database_url": database_url}), page)
    for words in (
        "app-stream-data    up, idle",
        "replaying",
        "app-ml-train       failed",
        "no rows",
        f"waiting for a prediction   {BATCH}",
        f"newest row of {site.turbine_ids[0]}",
        "2015-01-01 08:10 UTC",
        "does not answer",
    ):
        assert words in page.text, page.text


def test_a_database_that_cannot_be_read_is_said_and_not_raised(
    settings: Settings, page: Page
) -> None:
    assert settings.sqlite_path is not None
    settings.sqlite_path.parent.mkdir(parents=True)
    settings.sqlite_path.write_bytes(b"no database at all, and longer than 16 bytes")
    show(settings, page)
    assert "cannot be read" in page.text
    assert "Model" in page.text


def test_a_sound_database_passes_the_check_and_a_broken_one_is_told(
    settings: Settings, site: Site, page: Page
) -> None:
    manager = DataManager(settings.database_url)
    manager.init_raw_db_table()
    manager.register_site(site)
    put_batch(manager, site, 0)
    assert check(settings, page)
    assert "agree" in page.text
    with manager._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM to_score WHERE timestamp % 1200 = 0")
    assert not check(settings, page)
    assert "✗" in page.text
    manager.close()


@pytest.mark.parametrize(
    ("status", "age", "up"),
    [("idle", 5, True), ("working", 14, True), ("idle", 60, False), ("stopped", 1, False)],
)
def test_a_service_is_up_while_it_beats_and_has_not_ended(status: str, age: int, up: bool) -> None:
    beat = Heartbeat("app-ui", 1, 0, 1000 - age, None, status, "")
    assert is_up(beat, now=1000) is up


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (119, "119 s"), (300, "5 min"), (7200, "2 h"), (864000, "10 d")],
)
def test_ages_are_for_people(seconds: int, said: str) -> None:
    assert say_age(seconds) == said
