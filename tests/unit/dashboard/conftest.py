"""A turbine in good order."""

import pytest

from ml_app_wind_draft.dashboard.reader import Current

NOW = 1_421_229_600


@pytest.fixture
def normal() -> Current:
    return Current(
        turbine_id="R80711",
        timestamp=NOW - 600,
        power=1000.0,
        wind_speed=8.0,
        expected=1010.0,
        p10=900.0,
        p90=1100.0,
        scored=True,
        status="predicted",
        reason="",
        state="",
        spark=[],
    )
