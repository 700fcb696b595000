"""Open-Meteo against a local server that answers as its documentation says, and worse."""

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from ml_app_wind_draft.__main__ import app
from ml_app_wind_draft.core.config import PROJECT_ROOT, Settings
from ml_app_wind_draft.core.errors import (
    ConfigurationError,
    SiteError,
    WeatherError,
    WeatherUnavailableError,
)
from ml_app_wind_draft.core.weather import WeatherRun
from ml_app_wind_draft.ingestion.weather import OpenMeteo
from ml_app_wind_draft.services import weather
from ml_app_wind_draft.services.backtest_table import Layout, read_units
from ml_app_wind_draft.storage.data_manager import DataManager

MIDNIGHT = 1_767_225_600  # 2026-01-01 UTC
HOURS = 96


def documented(query: dict[str, list[str]]) -> dict[str, object]:
    """The form of https://open-meteo.com/en/docs, section JSON Return Object."""
    variables = query["hourly"][0].split(",")
    return {
        "latitude": float(query["latitude"][0]),
        "longitude": float(query["longitude"][0]),
        "elevation": 411.0,
        "generationtime_ms": 0.2,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "hourly_units": {"time": "unixtime"} | dict.fromkeys(variables, "m/s"),
        "hourly": {
            "time": [MIDNIGHT + 3600 * hour for hour in range(HOURS)],
            **{
                name: [None if hour == 5 else hour / 10 + place for hour in range(HOURS)]
                for place, name in enumerate(variables)
            },
        },
    }


@dataclass
class Server:
    """Answers what is next in `troubles` (status, body), and the documented form after that."""

    url: str = ""
    troubles: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, query: dict[str, list[str]]) -> tuple[int, bytes]:
        self.asked.append(query)
        if self.troubles:
            return self.troubles.pop(0)
        return 200, json.dumps(documented(query)).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    known = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = known.answer(parse_qs(urlsplit(self.path).query))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        known.url = f"http://127.0.0.1:{http.server_port}/v1/forecast"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield known
        http.shutdown()


@pytest.fixture
def live(settings: Settings, tmp_path: Path) -> Settings:
    """A site that is no replay."""
    conf = tmp_path / "conf"
    shutil.copytree(PROJECT_ROOT / "conf" / "base", conf / "base")
    path = conf / "base" / "sites" / "la_haute_borne.yml"
    content = yaml.safe_load(path.read_text("utf-8"))
    del content["replay"]
    path.write_text(yaml.safe_dump(content), "utf-8")
    return settings.model_copy(update={"conf_dir": conf})


def patient(server: Server) -> tuple[OpenMeteo, list[float]]:
    slept: list[float] = []
    return OpenMeteo(server.url, slept.append), slept


def test_the_documented_form_is_read_in_si_units_and_utc(server):
    run = patient(server)[0].fetch(48.45, 5.58)
    assert run.valid.tolist() == [MIDNIGHT + 3600 * hour for hour in range(HOURS)]
    assert run.variables[0] == "wind_speed_80m"
    assert run.values[10, 0] == 1.0
    assert np.isnan(run.values[5]).all()
    (asked,) = server.asked
    assert asked["latitude"] == ["48.45"]
    assert asked["wind_speed_unit"] == ["ms"]
    assert asked["timeformat"] == ["unixtime"]


def test_what_passes_is_tried_again_with_growing_pauses(server):
    server.troubles = [(503, b""), (429, b"slow down")]
    provider, slept = patient(server)
    assert len(provider.fetch(48.45, 5.58).valid) == HOURS
    assert slept == sorted(slept)
    assert len(slept) == 2


def test_trouble_that_stays_is_said_to_be_passing(server):
    server.troubles = [(500, b"")] * 9
    with pytest.raises(WeatherUnavailableError, match="HTTP 500"):
        patient(server)[0].fetch(48.45, 5.58)
    assert len(server.asked) == 3


def test_nobody_there_is_said_to_be_passing():
    with pytest.raises(WeatherUnavailableError, match="does not answer"):
        OpenMeteo("http://127.0.0.1:9/v1/forecast", lambda _: None).fetch(48.45, 5.58)


def test_a_refusal_is_not_tried_again_and_tells_the_reason(server):
    body = b'{"error": true, "reason": "Latitude must be in range of -90 to 90"}'
    server.troubles = [(400, body)]
    with pytest.raises(WeatherError, match="Latitude must be in range"):
        patient(server)[0].fetch(480.0, 5.58)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b"{}", b"[]", b'{"hourly": {"time": [1, 2]}}']
)
def test_an_answer_in_another_form_is_refused(server, body):
    server.troubles = [(200, body)]
    with pytest.raises(WeatherError, match="not as documented"):
        patient(server)[0].fetch(48.45, 5.58)


def test_runs_are_kept_by_issue_time_and_never_replaced(manager: DataManager):
    def run(issued_at: int, value: float) -> WeatherRun:
        valid = MIDNIGHT + 3600 * np.arange(3)
        values = np.array([[value, 1.0], [value, np.nan], [value, 3.0]])
        return WeatherRun("somebody", issued_at, ("speed", "warmth"), valid, values)

    for issued_at, value in ((10, 5.0), (20, 6.0), (10, 99.0)):
        manager.save_weather("farm", run(issued_at, value))
    manager.save_weather("other", run(30, 7.0))
    assert manager.weather_span("farm", "somebody") == (10, 20)
    assert manager.weather_span("farm", "nobody") is None
    found = manager.weather_runs("farm", "somebody", 0, 20)
    assert found["speed"].tolist() == [5.0, 5.0, 5.0]
    assert found["warmth"].tolist() == pytest.approx([1.0, np.nan, 3.0], nan_ok=True)
    assert found["valid_at"].tolist() == [MIDNIGHT, MIDNIGHT + 3600, MIDNIGHT + 7200]
    assert manager.weather_runs("farm", "somebody", 90, 99).empty


def test_a_young_forecast_is_not_fetched_again(server, live):
    console = Console(record=True, width=200)
    for _ in range(2):
        weather.run(live, url=server.url, console=console)
    assert len(server.asked) == 1
    assert "96 instants" in console.export_text(clear=False)
    assert "nothing to do" in console.export_text()
    weather.run(live, url=server.url, at_most_every=0, console=console)
    assert len(server.asked) == 2


def test_what_is_kept_can_be_given_to_a_backtest(server, live, tmp_path, monkeypatch):
    for name, value in (("DATA_DIR", live.data_dir), ("CONF_DIR", live.conf_dir)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("WEATHER_URL", server.url)
    path = tmp_path / "runs.csv"
    for words in (["weather"], ["weather", "--export", str(path)]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    power = pd.date_range("2026-01-01", periods=48, freq="h")
    table = tmp_path / "power.csv"
    pd.DataFrame({"time": power, "kW": 1.0}).to_csv(table, index=False)
    layout = Layout("time", "kW", 2.0, weather_time="valid_at", weather_issued="issued_at")
    units = read_units(table, layout, path, total=True)
    found = units.weather["unit"]
    assert not found.is_perfect
    assert int(found.begins[0]) == MIDNIGHT
    assert found.values[0, 10, found.columns.index("wind_speed_80m")] == pytest.approx(1.0)


def test_a_replay_has_no_use_for_the_forecast_of_today(server, settings):
    with pytest.raises(ConfigurationError, match="replays the past"):
        weather.run(settings, url=server.url)
    assert not server.asked


def test_nothing_to_write_out_and_a_site_without_positions(live, tmp_path, server):
    with pytest.raises(ConfigurationError, match="is kept yet"):
        weather.run(live, export=tmp_path / "runs.csv")
    path = live.conf_dir / "base" / "sites" / "la_haute_borne.yml"
    content = yaml.safe_load(path.read_text("utf-8"))
    for turbine in content["turbines"].values():
        del turbine["latitude"]
    path.write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(SiteError, match="No turbine of la_haute_borne has a position"):
        weather.run(live, url=server.url)
