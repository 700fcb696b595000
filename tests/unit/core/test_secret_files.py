"""Where secrets come from, and that a typing error opens nothing."""

import pytest

from ml_app_wind_draft.core.config import load_settings
from ml_app_wind_draft.core.errors import ConfigurationError
from ml_app_wind_draft.core.secret_files import read_secret


def test_a_secret_is_read_from_the_file_that_a_variable_names(tmp_path):
    (tmp_path / "word").write_text("open sesame\n")
    assert load_settings({"UI_PASSWORD_FILE": f"{tmp_path}/word"}).ui_password == "open sesame"


def test_a_secret_is_found_in_the_folder_of_secrets(tmp_path):
    (tmp_path / "database_url").write_text("postgresql://wind:word@db/wind\n")
    settings = load_settings({"SECRETS_DIR": str(tmp_path), "DATABASE_URL": ""})
    assert settings.database_url == "postgresql://wind:word@db/wind"


def test_the_variable_itself_goes_before_files(tmp_path):
    (tmp_path / "ui_password").write_text("of the file")
    environ = {"SECRETS_DIR": str(tmp_path), "UI_PASSWORD": "of the variable"}
    assert read_secret("UI_PASSWORD", environ) == "of the variable"


def test_a_folder_without_the_file_sets_nothing(tmp_path):
    assert read_secret("UI_PASSWORD", {"SECRETS_DIR": str(tmp_path)}) == ""
    assert read_secret("UI_PASSWORD", {"SECRETS_DIR": f"{tmp_path}/none"}) == ""


def test_only_line_ends_are_taken_off(tmp_path):
    (tmp_path / "word").write_bytes(b" two words \r\n")
    assert read_secret("UI_PASSWORD", {"UI_PASSWORD_FILE": f"{tmp_path}/word"}) == " two words "


def test_a_named_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match=r"UI_PASSWORD_FILE=.*No such file"):
        read_secret("UI_PASSWORD", {"UI_PASSWORD_FILE": f"{tmp_path}/mistyped"})


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_secret_is_an_error(tmp_path, content):
    (tmp_path / "ui_password").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"ui_password (is empty|cannot be read)"):
        read_secret("UI_PASSWORD", {"SECRETS_DIR": str(tmp_path)})


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path):
    (tmp_path / "ui_password").mkdir()
    with pytest.raises(ConfigurationError, match="Is a directory"):
        read_secret("UI_PASSWORD", {"SECRETS_DIR": str(tmp_path)})
