from collections.abc import Callable, Iterator

import pytest

from ml_app_wind_draft.core.config import Settings
from tests.integration.services.house import WIND, House


@pytest.fixture
def house_of(settings: Settings) -> Iterator[Callable[..., House]]:
    """Starts `wind up` with the services named, on free ports and in empty folders."""
    started: list[House] = []

    def start(*services: str) -> House:
        started.append(House([WIND, "up", *services], settings))
        return started[-1]

    yield start
    for house in started:
        house.end()
