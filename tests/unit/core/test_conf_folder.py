"""Empty means the defaults; a file of one's own takes the place of the default of its name."""

import os
import threading
from pathlib import Path

import pytest

from ml_app_wind_draft.core.conf_folder import with_defaults
from ml_app_wind_draft.core.config import PROJECT_ROOT, load_settings
from ml_app_wind_draft.core.site import load_site


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Folders of links are made here."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def defaults(tmp_path: Path) -> Path:
    return filled(tmp_path / "defaults", {"base/a.yml": "default a", "base/b.yml": "default b"})


def filled(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def read(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_without_defaults_the_folder_is_taken_as_it_is(tmp_path):
    assert with_defaults(tmp_path / "conf", None) == tmp_path / "conf"


@pytest.mark.parametrize("files", [{}, {"local/.gitkeep": ""}], ids=["empty", "kept by git"])
def test_an_empty_folder_means_the_defaults(tmp_path, defaults, files):
    conf = filled(tmp_path / "conf", files)
    assert with_defaults(conf, defaults) == defaults


def test_a_folder_that_is_not_there_means_the_defaults(tmp_path, defaults):
    assert with_defaults(tmp_path / "nowhere", defaults) == defaults


def test_a_complete_folder_is_taken_as_it_is(tmp_path, defaults, temporary):
    conf = filled(tmp_path / "conf", {"base/a.yml": "a", "base/b.yml": "b", "local/c.yml": "c"})
    assert with_defaults(conf, defaults) == conf
    assert not list(temporary.iterdir())


def test_own_files_override_single_defaults(tmp_path, defaults):
    conf = filled(tmp_path / "conf", {"base/b.yml": "own b", "local/c.yml": "own c"})
    assert read(with_defaults(conf, defaults)) == {
        "base/a.yml": "default a",
        "base/b.yml": "own b",
        "local/c.yml": "own c",
    }


def test_a_file_that_is_edited_counts_from_the_next_start_on(tmp_path, defaults):
    conf = filled(tmp_path / "conf", {"base/b.yml": "own b"})
    before = with_defaults(conf, defaults)
    filled(conf, {"base/b.yml": "edited b"})
    assert with_defaults(conf, defaults) == before  # the same links: nothing piles up
    assert read(before)["base/b.yml"] == "edited b"
    filled(conf, {"local/c.yml": "one more"})
    assert read(with_defaults(conf, defaults))["local/c.yml"] == "one more"
    (conf / "base/b.yml").unlink()
    assert read(with_defaults(conf, defaults))["base/b.yml"] == "default b"


def test_a_relative_folder_is_found_from_anywhere(tmp_path, defaults, monkeypatch):
    filled(tmp_path / "conf", {"base/b.yml": "own b"})
    monkeypatch.chdir(tmp_path)
    made = with_defaults(Path("conf"), defaults)
    monkeypatch.chdir(os.sep)
    assert read(made)["base/b.yml"] == "own b"


def test_services_that_start_together_share_one_folder(tmp_path, defaults, temporary):
    conf = filled(tmp_path / "conf", {"base/b.yml": "own b"})
    made: list[Path] = []
    threads = [
        threading.Thread(target=lambda: made.append(with_defaults(conf, defaults)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(threads)
    assert [*temporary.iterdir()] == [*set(made)]


def test_the_settings_look_for_sites_in_both(tmp_path):
    shipped = (PROJECT_ROOT / "conf/base/sites/la_haute_borne.yml").read_text()
    own = shipped.replace("la_haute_borne", "my_farm", 1)
    conf = filled(tmp_path / "conf", {"base/sites/my_farm.yml": own})
    settings = load_settings({"CONF_DIR": str(conf), "CONF_DEFAULTS": str(PROJECT_ROOT / "conf")})
    for name in ("my_farm", "la_haute_borne"):
        assert load_site(name, settings).turbines
