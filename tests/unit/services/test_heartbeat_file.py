"""What a loop leaves for the health check."""

import json
import re
from pathlib import Path

import pytest

from ml_app_wind_draft import health
from ml_app_wind_draft.core import clock
from ml_app_wind_draft.services.heartbeat_file import VARIABLE, HeartbeatFile

LOOP = "app-ml-inference"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "made/when/needed"
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


def test_it_says_status_message_interval_and_both_ages(folder, monkeypatch):
    monkeypatch.setattr(clock, "wall_now", lambda: 1000)
    file = HeartbeatFile(LOOP, interval=5)
    file.worked()
    monkeypatch.setattr(clock, "wall_now", lambda: 1007)
    file.write("idle", "nothing to do")
    assert json.loads((folder / f"{LOOP}.json").read_text()) == {
        "status": "idle",
        "message": "nothing to do",
        "beat_at": 1007,
        "worked_at": 1000,
        "interval": 5,
    }


def test_a_beat_is_not_work(folder):
    file = HeartbeatFile(LOOP, interval=5)
    file.write("starting", "")
    assert json.loads((folder / f"{LOOP}.json").read_text())["worked_at"] is None


def test_the_health_check_understands_it(folder, capsys):
    file = HeartbeatFile(LOOP, interval=5)
    file.write("starting", "")
    assert health.main([LOOP]) == 1
    file.worked()
    file.write("idle", "")
    assert health.main([LOOP]) == 0
    assert re.search(r"worked [01] s ago \(idle\)", capsys.readouterr().out)


def test_a_new_file_takes_the_place_of_the_old_one_whole(folder):
    file = HeartbeatFile(LOOP, interval=5)
    file.write("idle", "")
    path = folder / f"{LOOP}.json"
    with path.open() as reader:  # a check that reads meanwhile
        file.write("busy", "more")
        assert json.load(reader)["status"] == "idle"
    assert json.loads(path.read_text())["status"] == "busy"
    assert [each.name for each in folder.iterdir()] == [path.name]


def test_nothing_is_written_where_no_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    HeartbeatFile(LOOP, interval=5).write("idle", "")
    assert not list(tmp_path.iterdir())
