"""`wind backtest` on a table of a stranger: other names, scale, delimiter, clock; with gaps."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ml_app_wind_draft.__main__ import app
from ml_app_wind_draft.core.errors import ConfigurationError, ImportFileError, TrainingError
from ml_app_wind_draft.models.forecast.series import HOUR
from ml_app_wind_draft.services import backtest
from ml_app_wind_draft.services.backtest_table import TOTAL, Layout, read_units
from tests.unit.models.forecast.farm import power_of, wind

BERLIN = "Europe/Berlin"
FIRST = pd.Timestamp("2021-02-01", tz="UTC")


def strangers_rows(days: int = 70, units: tuple[str, ...] = ("Nord", "Süd")) -> pd.DataFrame:
    """Megawatts, by local time without an offset, and the wind that was foreseen."""
    speed = wind(days, seed=3)
    utc = pd.date_range(FIRST, periods=len(speed), freq="h")
    random = np.random.default_rng(4)
    parts = []
    for number, unit in enumerate(units):
        power = 3 * np.clip(power_of(speed) + random.normal(0, 0.04, len(speed)), 0, 1)
        foreseen = speed + random.normal(0, 0.3, len(speed)) + number
        parts.append(
            pd.DataFrame(
                {"Anlage": unit, "utc": utc, "Leistung MW": power, "Wind (Prognose)": foreseen}
            )
        )
    table = pd.concat(parts, ignore_index=True)
    table.insert(1, "Zeit", table["utc"].dt.tz_convert(BERLIN).dt.tz_localize(None))
    return table


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rows = strangers_rows().drop(columns="utc")
    rows.loc[100:140, "Leistung MW"] = np.nan  # values missing, and rows missing
    return rows.drop(index=range(300, 330))


@pytest.fixture(scope="module")
def csv(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stranger") / "Anlagen.csv"
    written = table.assign(Zeit=table["Zeit"].dt.strftime("%Y-%m-%d %H:%M"))
    written.to_csv(path, sep=";", decimal=",", index=False)
    return path


def layout(**more: object) -> Layout:
    known = {"time": "Zeit", "power": "Leistung MW", "unit": "Anlage", "capacity": 3.0}
    return Layout(**{**known, "zone": BERLIN, **more})  # ty: ignore[invalid-argument-type] - by the test


@pytest.fixture(scope="module")
def done(csv: Path) -> tuple[Path, str]:
    out = csv.parent / "out"
    words = ["backtest", str(csv), "--time", "Zeit", "--power", "Leistung MW", "--unit", "Anlage"]
    words += ["--capacity", "3", "--time-zone", BERLIN, "--weather", "Wind (Prognose)"]
    words += ["--cut-offs", "2021-04-01,2021-04-07", "--leads", "1,6", "--quantiles", "99"]
    result = CliRunner().invoke(app, [*words, "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out, result.output


def test_every_forecast_is_written_in_the_units_of_the_table(done):
    rows = pd.read_parquet(done[0] / backtest.QUANTILES)
    assert set(rows["unit"]) == {"Nord", "Süd", TOTAL}
    assert not rows.duplicated(["unit", "issued_at", "lead_hours"]).any()
    assert set(rows["lead_hours"]) == {1.0, 6.0}
    quantiles = rows[[name for name in rows if name.startswith("q0")]].to_numpy()
    assert quantiles.shape[1] == 99
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert quantiles[(rows["unit"] == "Nord").to_numpy()].max() <= 3.001
    assert quantiles[(rows["unit"] == TOTAL).to_numpy()].max() > 3.5


def test_what_is_written_as_measured_is_what_was_measured(done):
    rows = pd.read_parquet(done[0] / backtest.QUANTILES)
    truth = strangers_rows()
    own = rows[(rows["unit"] == "Süd") & (rows["lead_hours"] == 6)]
    joined = own.merge(truth[truth["Anlage"] == "Süd"], left_on="start", right_on="utc")
    known = joined["measured"].notna()
    assert known.sum() > 150
    assert joined["measured"][known].tolist() == pytest.approx(
        joined["Leistung MW"][known].tolist()
    )
    assert ((own["start"] - own["issued_at"]).dt.total_seconds() == 5 * HOUR).all()


def test_scores_are_those_of_the_written_quantiles(done):
    rows = pd.read_parquet(done[0] / backtest.QUANTILES)
    table = pd.read_csv(done[0] / backtest.SCORES)
    own = rows[(rows["unit"] == "Nord") & (rows["lead_hours"] == 1) & rows["measured"].notna()]
    score = table[
        (table["unit"] == "Nord") & (table["lead_hours"] == 1) & (table["method"] == backtest.OURS)
    ].iloc[0]
    error = (own["q0.5"] - own["measured"]).abs().mean() / 3 * 100
    assert score["mae"] == pytest.approx(error, rel=0.02)  # some rows have no floor to stand beside
    floors = table[table["method"] != backtest.OURS]
    ours = table[table["method"] == backtest.OURS].set_index(["unit", "lead_hours"])["pinball"]
    for _, floor in floors[floors["lead_hours"] == 6].iterrows():
        assert ours[(floor["unit"], 6.0)] < floor["pinball"]


def test_the_summary_says_that_the_weather_was_a_perfect_forecast(done):
    summary = json.loads((done[0] / backtest.SUMMARY).read_text())
    assert summary["weather_is_a_perfect_forecast"] is True
    assert summary["weather"] == ["Wind (Prognose)"]
    assert len(summary["quantiles"]) == 99
    assert "MAE" in done[1]


def test_the_hour_that_autumn_repeats_and_the_one_that_spring_skips(tmp_path):
    utc = pd.date_range("2021-03-01", "2021-11-30", freq="h", tz="UTC", inclusive="left")
    local = utc.tz_convert(BERLIN).tz_localize(None).strftime("%Y-%m-%dT%H:%M")
    path = tmp_path / "year.csv"
    pd.DataFrame({"Zeit": local, "Leistung MW": np.arange(len(utc)) / 10_000}).to_csv(path)
    history = read_units(path, layout(unit=None), None, total=True).histories["unit"]
    assert history.start == int(utc[0].timestamp())
    assert history.power * 3 * 10_000 == pytest.approx(np.arange(len(utc)))


def test_a_stamp_at_the_end_of_its_interval(csv):
    starts = read_units(csv, layout(), None, total=False)
    ends = read_units(csv, layout(stamp="end"), None, total=False)
    assert ends.histories["Nord"].start == starts.histories["Nord"].start - HOUR


def test_the_total_is_there_where_all_units_are(csv):
    units = read_units(csv, layout(), None, total=True)
    total, nord = units.histories[TOTAL], units.histories["Nord"]
    assert units.capacity[TOTAL] == 6
    assert np.isnan(total.power[np.isnan(nord.power)]).all()
    assert np.isfinite(total.power).sum() > 1000


def test_forecast_runs_with_issue_times_are_no_perfect_forecast(csv, tmp_path):
    path = tmp_path / "weather.csv"
    issued = pd.date_range(FIRST, periods=20, freq="6h")
    runs = pd.DataFrame(
        {"run": run, "valid": run + pd.Timedelta(hours=lead), "speed": float(lead)}
        for run in issued
        for lead in range(12)
    )
    runs.to_csv(path, index=False)
    asked = layout(weather_time="valid", weather_issued="run")
    weather = read_units(csv, asked, path, total=True).weather[TOTAL]
    assert not weather.is_perfect
    assert weather.columns == ("speed",)
    one = int(issued[1].timestamp())
    assert weather.at(np.array([one]), np.array([one + 3 * HOUR]))[0, 0] == 3.0
    assert weather.at(np.array([one - 1]), np.array([one + 3 * HOUR]))[0, 0] == 9.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"power": "Leistung"}, "column 'Leistung': is not there"),
        ({"time": "Anlage"}, "holds times that cannot be read"),
        ({"power": "Anlage"}, "values are no numbers"),
        ({"unit": None}, "repeat the time"),
        ({"zone": "America/New_York"}, "do not exist in America/New_York"),
    ],
)
def test_a_wrong_column_is_named_with_value_and_remedy(csv, change, said):
    with pytest.raises(ImportFileError, match=said) as caught:
        read_units(csv, layout(**change), None, total=True)
    assert "Anlagen.csv" in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_is_none_is_named(tmp_path):
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"nothing")
    with pytest.raises(ImportFileError, match=r"broken\.parquet: cannot be read"):
        read_units(path, layout(), None, total=True)


def test_a_unit_without_capacity_and_a_zone_that_is_none(csv):
    with pytest.raises(ConfigurationError, match="Süd"):
        read_units(csv, layout(capacity={"Nord": 3.0}), None, total=True)
    with pytest.raises(ConfigurationError, match="Berlin"):
        layout(zone="Berlin")


def test_cut_offs_outside_of_the_table_or_too_early_are_refused(csv, tmp_path):
    def plan(cut: str) -> backtest.Plan:
        return backtest.Plan(
            csv, layout(), backtest.parse_cut_offs(cut), (0.5,), (HOUR,), HOUR, tmp_path
        )

    with pytest.raises(ConfigurationError, match="do not lie within"):
        backtest.run(plan("2020-01-01"))
    with pytest.raises(TrainingError, match="At the cut-off 2021-02-20"):
        backtest.run(plan("2021-02-20"))


def test_lists_on_the_command_line():
    assert backtest.parse_levels("3") == (0.25, 0.5, 0.75)
    assert backtest.parse_levels("0.9,0.1") == (0.1, 0.9)
    assert backtest.parse_leads("1-3,6", HOUR) == tuple(HOUR * x for x in (1, 2, 3, 6))
    assert backtest.parse_leads("0.5-1", 600) == (1800, 2400, 3000, 3600)
    assert backtest.parse_capacity("2050") == 2050
    assert backtest.parse_capacity("A=1,B=2.5") == {"A": 1, "B": 2.5}
    months = backtest.parse_cut_offs("2015-01..2015-03")
    assert [pd.Timestamp(each, unit="s").strftime("%m-%d") for each in months] == [
        "01-01",
        "02-01",
        "03-01",
    ]


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (backtest.parse_levels, "0.5,1.5"),
        (backtest.parse_levels, "a"),
        (backtest.parse_capacity, "-3"),
        (backtest.parse_capacity, "A=x"),
        (backtest.parse_cut_offs, "soon"),
        (backtest.parse_cut_offs, "2015-03..2015-01"),
        (lambda text: backtest.parse_leads(text, HOUR), "0.5"),
        (lambda text: backtest.parse_leads(text, HOUR), "x-y"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_an_example(parse, text):
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert caught.value.remedy
