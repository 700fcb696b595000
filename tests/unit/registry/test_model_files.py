"""What an MLmodel file may ask for."""

import pytest

from ml_app_wind_draft.core.errors import ModelError
from ml_app_wind_draft.registry.model_files import check_file, listed_files


def mlmodel(*files: str) -> bytes:
    listed = ", ".join(f"{name}: abc" for name in files)
    return f"flavors: {{ml_app_wind_draft: {{files: {{{listed}}}}}}}".encode()


def test_files_are_listed_with_their_digests() -> None:
    assert listed_files(mlmodel("bundle/curve.json")) == {"bundle/curve.json": "abc"}


@pytest.mark.parametrize("name", ["bundle/model.pkl", "a.pickle", "b.joblib", "c.cloudpickle"])
def test_a_pickle_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="refused"):
        listed_files(mlmodel(name))


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.json", "/etc/passwd.json"])
def test_a_file_outside_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="outside"):
        listed_files(mlmodel(name))


@pytest.mark.parametrize("content", [b"", b"[]", b"flavors: {sklearn: {pickled_model: model.pkl}}"])
def test_a_model_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="not written by this app"):
        listed_files(content)


def test_a_damaged_file_is_noticed() -> None:
    with pytest.raises(ModelError, match="damaged"):
        check_file("bundle/curve.json", b"{}", "abc")
