"""What can be had as CSV, on both databases."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.dashboard.app import build
from ml_app_wind_draft.dashboard.models_watch import ModelsWatch
from ml_app_wind_draft.dashboard.reader import Reader
from ml_app_wind_draft.models.forecast.units import LEVELS, QUANTILES
from ml_app_wind_draft.storage.data_manager import ChampionChange
from tests.integration.dashboard.test_reader import NoRegistry
from tests.integration.dashboard.test_reading_farm import DAY, HOUR, START, fill

CHAMPION = ChampionChange("wind_power_predictor", 3, "training", "the first", START - 600)


@pytest.fixture
def browser(site, manager, settings):
    fill(manager, site, until=START + 2 * DAY, without=("R80721", START + HOUR, START + 2 * HOUR))
    manager.record_champion(CHAMPION)
    reader = Reader(site, manager, ModelsWatch(NoRegistry, seconds=60))
    return build(reader, site, settings).server.test_client()


def read(browser, address: str) -> list[dict[str, str]]:
    answer = browser.get(address, headers={"Host": "localhost:8050"})
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_rows_carry_utc_units_and_the_model_version(browser):
    rows = read(
        browser, "/export/turbine.csv?turbine=R80721&from=2015-01-01T00:00Z&to=2015-01-01T03:00Z"
    )
    stamps = [each["timestamp (UTC, start of interval)"] for each in rows]
    assert stamps[0] == "2015-01-01T00:00Z"
    assert len(rows) == 12  # an hour is missing, and no line stands for it
    first = rows[0]
    assert (first["power [kW]"], first["expected_power [kW]"]) == ("900", "1000")
    assert first["model_version"] == "1"
    assert first["air_pressure [hPa]"] == ""


@pytest.mark.parametrize(
    "query", ["", "?turbine=nobody&from=2015-01-01&to=2015-01-02", "?turbine=R80721&from=x&to=y"]
)
def test_a_question_that_makes_no_sense_is_refused(browser, query):
    answer = browser.get(f"/export/turbine.csv{query}", headers={"Host": "localhost:8050"})
    assert answer.status_code == 400


def test_energy_below_expectation_comes_by_month_state_and_with_the_champions_versions(
    browser, site
):
    rows = read(browser, "/export/losses.csv")
    assert [each["turbine_id"] for each in rows] == sorted(site.turbine_ids)
    for each in rows:
        assert each["month (UTC)"] == "2015-01"
        assert each["inferred_state"] == "normal_operation"
        assert each["model_versions"] == "3"
        assert float(each["share_of_expected_in_month [%]"]) == pytest.approx(10, abs=0.01)
    whole = next(each for each in rows if each["turbine_id"] == "R80711")
    assert float(whole["expected_energy [MWh]"]) == pytest.approx(48)


def issue(manager, unit: str, at: int) -> None:
    fan = pd.DataFrame(np.tile(1000 * LEVELS, (48, 1)), columns=list(QUANTILES))
    known = {"unit": unit, "resolution": HOUR, "issued_at": at, "model_version": 7}
    start = at + HOUR * np.arange(48)
    manager.save_forecasts(fan.assign(start=start, weather="perfect", **known))


def test_a_forecast_comes_with_utc_units_and_all_quantiles(browser, manager, site):
    unit = f"farm:{site.name}"
    for at in (START + DAY, START + DAY + HOUR):
        issue(manager, unit, at)
    rows = read(browser, f"/export/forecast.csv?unit={unit}&issued=2015-01-02T00:00Z")
    assert len(rows) == 48
    assert {each["issue_time (UTC)"] for each in rows} == {"2015-01-02T00:00Z"}
    last = rows[-1]
    assert last["valid_time (UTC, start of interval)"] == "2015-01-03T23:00Z"
    assert (last["lead [h]"], last["unit"]) == ("48", unit)
    assert [last[f"{name} [kW]"] for name in (QUANTILES[0], QUANTILES[18])] == ["50", "950"]
    assert (last["weather"], last["model_version"]) == ("perfect", "7")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?unit=nobody&issued=2015-01-02T00:00Z", 400),
        ("?unit=R80711&issued=x", 400),
        ("?unit=R80711&issued=2015-01-02T00:00Z", 404),
    ],
)
def test_a_forecast_that_is_not_there_is_refused(browser, query, status):
    answer = browser.get(f"/export/forecast.csv{query}", headers={"Host": "localhost:8050"})
    assert answer.status_code == status
