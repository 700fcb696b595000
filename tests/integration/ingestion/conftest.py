"""A second farm that has nothing in common with the shipped one, and how its files look."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ml_app_wind_draft.core.site import Site, read_site
from ml_app_wind_draft.storage.data_manager import DataManager

SITE_FILE = Path(__file__).parent / "kaelteholm.yml"
QUARTER = timedelta(minutes=15)


class FarmFiles:
    """Writes files as the second farm's SCADA exports them."""

    header = (
        "Anlage;Zeitstempel;Störung;Wind [km/h];Leistung [MW];Außentemperatur [°F];Gondel [rad]"
    )
    rated_mw = {"Nord 1": 3.3, "Süd 1": 0.6, "Süd 2": 5.6}  # noqa: RUF012 - never changed

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, lines: list[str], encoding: str = "cp1252", name: str = "export.csv") -> Path:
        path = self._folder / name
        path.write_bytes("\r\n".join([self.header, *lines, ""]).encode(encoding))
        return path

    def line(self, name: str, start: datetime, number: int = 0, **cells: str) -> str:
        """One line; its stamp is the end of the quarter of an hour, by Berlin's clock."""
        end = (start + QUARTER).astimezone(ZoneInfo("Europe/Berlin"))
        usual = {
            "name": name,
            "stamp": end.strftime("%d.%m.%Y %H:%M"),
            "fault": "",
            "wind": german(self.wind(number) * 3.6),
            "power": german(self.load(number) * self.rated_mw.get(name, 1)),
            "warmth": german(50 + number % 17),
            "nacelle": german((number % 62) / 10),
        }
        return ";".join({**usual, **cells}.values())

    def lines(self, name: str, start: datetime, count: int) -> list[str]:
        return [self.line(name, start + i * QUARTER, i) for i in range(count)]

    def wind(self, number: int) -> float:
        return 3 + (number * 7 % 130) / 10

    def load(self, number: int) -> float:
        return min(1.0, ((self.wind(number) - 3) / 9) ** 2)


def german(number: float) -> str:
    return f"{number:.6f}".replace(".", ",")


@pytest.fixture(scope="session")
def farm() -> Site:
    return read_site(SITE_FILE)


@pytest.fixture
def files(tmp_path: Path) -> FarmFiles:
    return FarmFiles(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DataManager]:
    """An empty SQLite database, for what does not depend on the kind of database."""
    opened = DataManager(f"sqlite:///{tmp_path}/store.db")
    opened.init_raw_db_table()
    yield opened
    opened.close()


@pytest.fixture
def summer() -> datetime:
    return datetime(2021, 7, 1, tzinfo=UTC)
